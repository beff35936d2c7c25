//! The round: one fresh process that sweeps over all cases, and the parent that watches it.
//!
//! The program starts itself again with an argument of its own, writes the plan as one JSON line to the child's standard
//! input and reads one marked JSON line for each event from its standard output; what a user's children print
//! there is passed on to standard error. The child's standard input stays open for as long as the parent lives;
//! its end ends the child, so that no round outlives its parent.

use std::io::{self, BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::block::{self, Block, Shape};
use crate::plan::Item;
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
    /// What to measure, in this order.
    pub items: Vec<Item>,
}

/// What the child says; items by their place in its plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    Begin(usize),
    Block { pair: usize, block: Block },
    Failed(String),
    End,
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
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// The listener had enough.
    #[error(transparent)]
    Listener(E),
    /// No process could be started, or none lived long enough to begin a case.
    #[error("a round's process {0}")]
    Process(String),
}

/// If this process was started as a round, runs it and exits; else returns. Comes first in every `main`.
pub fn run_if_child(entries: &[Entry]) {
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

fn sweep_items(sweep: &Sweep, entries: &[Entry]) -> io::Result<()> {
    // Locked for one line at a time, since children may print as well, from any thread.
    let say = |event: Event| -> io::Result<()> {
        let mut output = io::stdout().lock();
        writeln!(output, "{MARK}{}", serde_json::to_string(&event)?)?;
        output.flush()
    };
    let mut random = fastrand::Rng::with_seed(sweep.seed);
    for (place, item) in sweep.items.iter().enumerate() {
        say(Event::Begin(place))?;
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.name == item.case.workload)
        else {
            say(Event::Failed(format!("no workload {}", item.case.workload)))?;
            continue;
        };
        let mut failed = None;
        'item: for _ in 0..sweep.blocks {
            for (pair, (strategy, reference)) in item.pairs.iter().enumerate() {
                let seed = random.u64(..);
                let measured = catch_unwind(AssertUnwindSafe(|| {
                    block::run(entry, &item.case, strategy, reference, sweep.shape, seed)
                }));
                match measured {
                    Ok(Ok(block)) => say(Event::Block { pair, block })?,
                    Ok(Err(reason)) => failed = Some(reason),
                    Err(_) => {
                        let panic = LAST_PANIC
                            .lock()
                            .unwrap_or_else(|poison| poison.into_inner());
                        failed = Some(panic.replace('\n', " "));
                    }
                }
                if failed.is_some() {
                    break 'item;
                }
            }
        }
        say(failed.map_or(Event::End, Event::Failed))?;
    }
    Ok(())
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
                Said::Event(Event::Begin(place)) => current = Some(place),
                Said::Event(event) => {
                    let Some(place) = current else {
                        break "said something out of turn".to_owned();
                    };
                    let news = match event {
                        Event::Block { pair, block } => News::Block(pair, block),
                        Event::Failed(reason) => News::Failed(reason),
                        _ => News::Done,
                    };
                    if !matches!(news, News::Block(..)) {
                        current = None;
                        done = place + 1;
                    }
                    tell(place, news)?;
                }
                Said::Nothing => break format!("said nothing for {} s", deadline.as_secs()),
                Said::Foreign(line) => eprintln!("{line}"),
                Said::Goodbye => break String::new(),
            }
        };
        let status = process.end();
        let reason = match ended {
            ended if ended.is_empty() => format!("ended with {status}"),
            ended => ended,
        };
        match current {
            Some(place) => {
                let reason = format!("its process {reason}");
                listener(&left.items[place], News::Failed(reason)).map_err(SweepError::Listener)?;
                done = place + 1;
            }
            None if done < left.items.len() => {
                deaths += 1;
                if deaths == MOST_DEATHS_BETWEEN_CASES {
                    return Err(SweepError::Process(format!(
                        "{reason} before its next case, {deaths} times"
                    )));
                }
            }
            None => {}
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
        match self.lines.recv_timeout(deadline) {
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
