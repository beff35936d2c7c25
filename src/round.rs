//! The round: one fresh process that sweeps over all cases, and the parent that watches it.
//!
//! The program starts itself again with an argument of its own, writes the plan as one JSON line to the child's standard
//! input and reads one marked JSON line for each event from its standard output; what a user's children print
//! there is passed on to standard error. The child's standard input stays open for as long as the parent lives;
//! its end ends the child, so that no round outlives its parent.
//!
//! A case that fails leaves its process in a state that nobody knows, so the round goes on in a new one.

use std::io::{self, BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::block::{self, Block, Shape};
use crate::clock;
use crate::environment::resident_bytes;
use crate::http::server;
use crate::interrupt;
use crate::plan::Item;
use crate::watchdog;
use crate::workload::Entry;

/// The first argument that makes the program a round instead of itself.
const ARGUMENT: &str = "--round-of-join-vs-spawn";

/// An environment variable of random length in each round: it moves the stack, and whatever else depends on
/// the size of the environment (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously
/// Wrong!", ASPLOS 2009).
const PADDING: &str = "JOIN_VS_SPAWN_PADDING";
const MOST_PADDING: usize = 4096;

/// How often a round's process may die outside of any case before the run gives up.
const MOST_DEATHS_BETWEEN_CASES: usize = 3;

/// How often the parent looks whether it was interrupted, where its round says nothing.
const LOOK: Duration = Duration::from_millis(100);

/// Comes before each event, wherever a user's own output left the line: ASCII's record separator.
const MARK: char = '\u{1e}';

/// What one round has to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {
    /// Seed of the orders and the data of this round.
    pub seed: u64,
    /// How its slices are cut.
    pub shape: Shape,
    /// Blocks of each pair.
    pub blocks: usize,
    /// How long a slice may last, where children wait for the mock server.
    pub patience: Duration,
    /// What to measure, in this order.
    pub items: Vec<Item>,
}

/// Resident memory of a round's processes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// The round's own.
    pub round: u64,
    /// Its mock server's, where it has one.
    pub server: Option<u64>,
}

impl Resident {
    /// As it is now; `None` where the platform does not tell.
    fn now() -> Option<Self> {
        Some(Self {
            round: resident_bytes(std::process::id())?,
            server: server::started().and_then(|server| resident_bytes(server.pid())),
        })
    }
}

/// What the child says; items by their place in its plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Begin(usize),
    Block {
        pair: usize,
        block: Block,
    },
    /// The last event of its process.
    Failed(String),
    End,
    /// After the first item of the process, and after its last.
    Resident(Resident),
    /// How long a step of a fixed piece of work takes, in ns; at the same times.
    Step(f64),
}

/// What the parent learns of an item.
#[derive(Debug)]
pub enum News {
    /// A block of the pair of that place.
    Block(usize, Block),
    /// All its blocks are there.
    Done,
    /// It cannot be measured, for this reason.
    Failed(String),
    /// Memory of the processes after it, which is the first or the last of its process.
    Resident(Resident),
    /// How long a step of a fixed piece of work takes, in ns, in its process now.
    Step(f64),
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// The listener had enough.
    #[error(transparent)]
    Listener(E),
    /// The user had enough.
    #[error("interrupted")]
    Interrupted,
    /// No process could be started, or none lived long enough to begin a case.
    #[error("a round's process {0}")]
    Process(String),
}

/// If this process was started as a round or as a mock server, is that and exits; else returns. Comes first in
/// every `main`.
pub fn run_if_child(entries: &[Entry]) {
    server::run_if_server();
    if std::env::args().nth(1).as_deref() != Some(ARGUMENT) {
        return;
    }
    let mut plan = String::new();
    let mut input = BufReader::new(io::stdin());
    let sweep: Sweep = match input
        .read_line(&mut plan)
        .map(|_| serde_json::from_str(&plan))
    {
        Ok(Ok(sweep)) => sweep,
        other => {
            eprintln!(
                "a round is started by the suite, with a plan on its standard input: {other:?}"
            );
            std::process::exit(2);
        }
    };
    std::thread::spawn(move || {
        // Blocks until the parent closes the pipe or dies; uses no CPU time meanwhile.
        let _ = io::copy(&mut input, &mut io::sink());
        std::process::exit(3);
    });
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC
            .lock()
            .unwrap_or_else(|poison| poison.into_inner()) = panic.to_string();
    }));
    // A parent that is gone takes its round with it, by whichever end of the pipes is noticed first.
    let said = sweep_items(&sweep, entries);
    std::process::exit(if said.is_ok() { 0 } else { 3 });
}

/// What the panic hook of a round heard last: the reason of a case that panicked.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Tells the parent. Locked for one line at a time, since children may print as well, from any thread.
fn say(event: Event) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{MARK}{}", serde_json::to_string(&event)?)?;
    output.flush()
}

/// The items of a sweep, up to the first that fails.
fn sweep_items(sweep: &Sweep, entries: &[Entry]) -> io::Result<()> {
    let patience = sweep.patience;
    watchdog::watch(patience, move || {
        let told = say(Event::Failed(format!(
            "a request was not answered within {} s",
            patience.as_secs_f64()
        )));
        std::process::exit(if told.is_ok() { 0 } else { 3 });
    });
    let mut random = fastrand::Rng::with_seed(sweep.seed);
    for (place, item) in sweep.items.iter().enumerate() {
        say(Event::Begin(place))?;
        let measured = match entries
            .iter()
            .find(|entry| entry.name == item.case.workload)
        {
            Some(entry) => {
                if entry.served {
                    watchdog::arm();
                }
                measure(item, entry, sweep, &mut random)?
            }
            None => Err(format!("no workload {}", item.case.workload)),
        };
        watchdog::disarm();
        if let Err(reason) = measured {
            return say(Event::Failed(reason));
        }
        if place == 0 || place + 1 == sweep.items.len() {
            say(Event::Step(clock::step_ns()))?;
            if let Some(resident) = Resident::now() {
                say(Event::Resident(resident))?;
            }
        }
        say(Event::End)?;
    }
    Ok(())
}

/// The blocks of one item, or the reason for which there are none.
fn measure(
    item: &Item,
    entry: &Entry,
    sweep: &Sweep,
    random: &mut fastrand::Rng,
) -> io::Result<Result<(), String>> {
    for _ in 0..sweep.blocks {
        for (pair, (strategy, reference)) in item.pairs.iter().enumerate() {
            let seed = random.u64(..);
            let measured = catch_unwind(AssertUnwindSafe(|| {
                block::run(entry, &item.case, strategy, reference, sweep.shape, seed)
            }));
            match measured {
                Ok(Ok(block)) => say(Event::Block { pair, block })?,
                Ok(Err(reason)) => return Ok(Err(reason)),
                Err(_) => {
                    let panic = LAST_PANIC.lock();
                    let panic = panic.unwrap_or_else(|poison| poison.into_inner());
                    return Ok(Err(panic.replace('\n', " ")));
                }
            }
        }
    }
    Ok(Ok(()))
}

/// Runs one round: tells `listener` what comes in, and goes on without an item whose process dies, or says
/// nothing for `deadline`.
pub fn sweep<E>(
    sweep: Sweep,
    deadline: Duration,
    mut listener: impl FnMut(&Item, News) -> Result<(), E>,
) -> Result<(), SweepError<E>> {
    let mut padding = fastrand::Rng::with_seed(sweep.seed);
    let mut left = sweep;
    let mut deaths = 0;
    while !left.items.is_empty() {
        let mut process = Process::start(&left, &"x".repeat(padding.usize(..MOST_PADDING)))
            .map_err(|error| SweepError::Process(format!("could not be started: {error}")))?;
        let mut done = 0;
        let mut current: Option<usize> = None;
        let ended = loop {
            let mut tell = |place: usize, news| {
                listener(&left.items[place], news).map_err(SweepError::Listener)
            };
            match process.next(deadline) {
                Said::Interrupted => break None,
                Said::Event(Event::Begin(place)) => current = Some(place),
                Said::Event(event) => {
                    let Some(place) = current else {
                        break Some("said something out of turn".to_owned());
                    };
                    let (news, over, last) = match event {
                        Event::Block { pair, block } => (News::Block(pair, block), false, false),
                        Event::Resident(resident) => (News::Resident(resident), false, false),
                        Event::Step(ns) => (News::Step(ns), false, false),
                        Event::Failed(reason) => (News::Failed(reason), true, true),
                        _ => (News::Done, true, false),
                    };
                    if over {
                        current = None;
                        done = place + 1;
                    }
                    tell(place, news)?;
                    if last {
                        break None;
                    }
                }
                Said::Nothing => {
                    break Some(format!("said nothing for {} s", deadline.as_secs()));
                }
                Said::Foreign(line) => eprintln!("{line}"),
                Said::Goodbye => break Some(String::new()),
            }
        };
        let status = process.end();
        // A round that the same signal ended has not failed.
        if interrupt::pending() {
            return Err(SweepError::Interrupted);
        }
        // A process that ended as it should, after its last item or a failed one, needs no reason.
        let reason = ended.map(|said| {
            if said.is_empty() {
                format!("ended with {status}")
            } else {
                said
            }
        });
        match (current, reason) {
            (Some(place), reason) => {
                let reason = format!("its process {}", reason.unwrap_or_default());
                listener(&left.items[place], News::Failed(reason)).map_err(SweepError::Listener)?;
                done = place + 1;
            }
            (None, Some(reason)) if done < left.items.len() => {
                deaths += 1;
                if deaths == MOST_DEATHS_BETWEEN_CASES {
                    return Err(SweepError::Process(format!(
                        "{reason} before its next case, {deaths} times"
                    )));
                }
            }
            _ => {}
        }
        left.items.drain(..done);
        left.seed = left.seed.wrapping_add(1);
    }
    Ok(())
}

enum Said {
    Event(Event),
    /// What the children of a workload print.
    Foreign(String),
    Nothing,
    Goodbye,
    /// Nothing: the user had enough.
    Interrupted,
}

/// A round's process; killed when dropped.
struct Process {
    child: Child,
    /// Never written to again: its being open is what keeps the child alive.
    _input: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Process {
    fn start(plan: &Sweep, padding: &str) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .env(PADDING, padding)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut line = serde_json::to_string(plan)?;
        line.push('\n');
        // A child that is already dead is noticed by its silence.
        let _ = input.write_all(line.as_bytes());
        Ok(Self {
            child,
            _input: input,
            lines,
        })
    }

    fn next(&mut self, deadline: Duration) -> Said {
        let began = Instant::now();
        let said = loop {
            if interrupt::pending() {
                return Said::Interrupted;
            }
            let left = deadline.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                said => break said,
            }
        };
        match said {
            Ok(line) => match line
                .split_once(MARK)
                .map(|(_, event)| serde_json::from_str(event))
            {
                Some(Ok(event)) => Said::Event(event),
                _ => Said::Foreign(line),
            },
            Err(RecvTimeoutError::Timeout) => Said::Nothing,
            Err(RecvTimeoutError::Disconnected) => Said::Goodbye,
        }
    }

    /// Makes sure that it is gone, and says how it went.
    fn end(&mut self) -> String {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // It closed its standard output and is about to exit, or it hangs.
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        self.child
            .wait()
            .map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
