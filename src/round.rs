//! The round: fresh processes, of one layout, that measure blocks one at a time as their parent tells them.
//!
//! The program starts itself again with an argument of its own. The parent writes a task as one JSON line to the child's
//! standard input, and reads the answer as one marked JSON line from its standard output; what a user's children print
//! there is passed on to standard error. Between blocks the child waits for its standard input, whose end ends it; on Linux
//! the parent's death ends it at once. So it needs no thread beside those of the runtimes that it measures: in a process
//! that has, or had, a second thread even current_thread is slower, by 3 to 13%.
//!
//! A case that fails leaves its process in a state that nobody knows, so the round goes on in a new one.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::block::{self, Block, Shape};
use crate::case::{Case, Flavor};
use crate::environment::resident_bytes;
use crate::http::server;
use crate::interrupt;
use crate::layouts::Layouts;
use crate::workload::Entry;

/// The first argument that makes the program a round instead of itself.
const ARGUMENT: &str = "--round-of-join-vs-spawn";

/// An environment variable of random length in each round: it moves the stack, and whatever else depends on
/// the size of the environment (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously
/// Wrong!", ASPLOS 2009).
const PADDING: &str = "JOIN_VS_SPAWN_PADDING";
const MOST_PADDING: usize = 4096;

/// How often a round's process may end before it is ready until the run gives up.
const MOST_DEATHS: usize = 3;

/// How often the parent looks whether it was interrupted, where its round says nothing.
const LOOK: Duration = Duration::from_millis(100);

/// Comes before each answer, wherever a user's own output left the line: ASCII's record separator.
const MARK: u8 = 0x1e;

/// One block to measure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Job {
    /// Of which case.
    pub case: Case,
    /// One strategy alone, or two in one runtime.
    pub strategies: Vec<String>,
    /// Whether in the round's second process, which has another layout: the copy that a noise floor is made of.
    pub copy: bool,
}

/// What one round has to do.
#[derive(Debug)]
pub struct Sweep<'a> {
    /// Seed of the orders and the data of this round.
    pub seed: u64,
    /// The number of its layout.
    pub layout: usize,
    /// The programs.
    pub layouts: &'a Layouts,
    /// Jobs that are done one after the other, in any order; groups come in any order.
    pub groups: Vec<Vec<(Job, Shape)>>,
    /// How long a block may last.
    pub deadline: Duration,
    /// How long one may last whose children wait for the mock server.
    pub patience: Duration,
    /// When the round is to stop, done or not.
    pub until: Option<Instant>,
}

/// Resident memory of a round's processes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// The round's own.
    pub round: u64,
    /// That of its mock servers, where it has some.
    pub server: Option<u64>,
}

/// What the parent says to the child.
#[derive(Debug, Serialize, Deserialize)]
struct Task {
    job: Job,
    shape: Shape,
    seed: u64,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Event {
    /// It waits for tasks.
    Ready,
    Block {
        block: Box<Block>,
        /// Its mock servers' processes.
        servers: Vec<u32>,
    },
    /// The last event of its process.
    Failed(String),
}

/// What the parent learns.
#[derive(Debug)]
pub enum News {
    /// A job's block.
    Block(Box<Block>),
    /// The case's last job of this round is done.
    Done,
    /// The case cannot be measured, for this reason.
    Failed(String),
    /// Memory of the process that measured a case, and of its servers.
    Resident(Resident),
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
    /// No process could be started, or none lived long enough to take a task.
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
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    raise_stack_limit();
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC
            .lock()
            .unwrap_or_else(|poison| poison.into_inner()) = panic.to_string();
    }));
    // A parent that is gone takes its round with it, by whichever end of the pipes is noticed first.
    let said = answer_tasks(entries);
    std::process::exit(if said.is_ok() { 0 } else { 3 });
}

/// A join! of a MiB passes through the main thread's stack, which may be limited to as much. On Linux the main thread's
/// stack grows up to the limit of the moment, so that it can be raised from inside.
fn raise_stack_limit() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const WANTED: u64 = 64 << 20;
        let limit = getrlimit(Resource::Stack);
        if limit.current.is_some_and(|current| current < WANTED) {
            let current = Some(limit.maximum.map_or(WANTED, |most| most.min(WANTED)));
            let _ = setrlimit(Resource::Stack, Rlimit { current, ..limit });
        }
    }
}

/// What the panic hook of a round heard last: the reason of a case that panicked.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Tells the parent. Locked for one line at a time, since children may print as well, from any thread.
fn say(event: &Event) -> io::Result<()> {
    let mut line = vec![MARK];
    serde_json::to_writer(&mut line, event)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Measures what it is told to, up to the first failure or the end of standard input.
fn answer_tasks(entries: &[Entry]) -> io::Result<()> {
    say(&Event::Ready)?;
    let mut input = io::stdin().lock();
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let task: Task = match serde_json::from_str(&line) {
            Ok(task) => task,
            Err(error) => {
                eprintln!("a round is started by the suite, which tells it what to do: {error}");
                std::process::exit(2);
            }
        };
        match measure(&task, entries) {
            Ok(block) => say(&Event::Block {
                block: Box::new(block),
                servers: server::started(),
            })?,
            Err(reason) => return say(&Event::Failed(reason)),
        }
    }
}

/// The block, or the reason for which there is none.
fn measure(task: &Task, entries: &[Entry]) -> Result<Block, String> {
    let Job {
        case, strategies, ..
    } = &task.job;
    let entry = entries.iter().find(|entry| entry.name == case.workload);
    let entry = entry.ok_or_else(|| format!("no workload {}", case.workload))?;
    let strategies: Vec<&str> = strategies.iter().map(String::as_str).collect();
    catch_unwind(AssertUnwindSafe(|| {
        block::run(entry, case, &strategies, task.shape, task.seed)
    }))
    .unwrap_or_else(|_| {
        let panic = LAST_PANIC.lock();
        let panic = panic.unwrap_or_else(|poison| poison.into_inner());
        Err(panic.replace('\n', " "))
    })
}

/// Whether a case is measured in the process that has one thread.
fn one_thread(case: &Case) -> bool {
    matches!(case.flavor, Flavor::CurrentThread | Flavor::Local)
}

/// Runs one round: tells `listener` what comes in, and goes on without a case whose process dies, or is silent for too
/// long. `served` says whether a case's children wait for the mock server.
pub fn sweep<E>(
    sweep: Sweep<'_>,
    served: impl Fn(&Case) -> bool,
    mut listener: impl FnMut(&Case, Option<&Job>, News) -> Result<(), E>,
) -> Result<(), SweepError<E>> {
    let mut random = fastrand::Rng::with_seed(sweep.seed);
    let mut left: HashMap<Case, usize> = HashMap::new();
    for (job, _) in sweep.groups.iter().flatten() {
        *left.entry(job.case.clone()).or_default() += 1;
    }
    // What has one thread and what has several are measured in processes of their own.
    let (single, several): (Vec<_>, Vec<_>) = sweep
        .groups
        .into_iter()
        .partition(|group| one_thread(&group[0].0.case));
    let mut kinds = [single, several];
    random.shuffle(&mut kinds);
    let mut deaths = 0;
    for mut groups in kinds {
        random.shuffle(&mut groups);
        let mut processes: [Option<Process>; 2] = [None, None];
        for mut group in groups {
            random.shuffle(&mut group);
            for (job, shape) in group {
                if !left.contains_key(&job.case) {
                    continue;
                }
                if sweep.until.is_some_and(|until| Instant::now() > until) {
                    return Ok(());
                }
                let place = usize::from(job.copy);
                let process = loop {
                    if let Some(process) = &mut processes[place] {
                        break process;
                    }
                    let number = sweep.layout + place * sweep.layouts.count().div_ceil(2);
                    let program = sweep.layouts.program(number);
                    let padding = "x".repeat(random.usize(..MOST_PADDING));
                    match Process::start(program, &padding, sweep.deadline)? {
                        Ok(process) => processes[place] = Some(process),
                        Err(reason) => {
                            deaths += 1;
                            if deaths == MOST_DEATHS {
                                return Err(SweepError::Process(reason));
                            }
                        }
                    }
                };
                let waits = served(&job.case);
                let patience = if waits {
                    sweep.patience
                } else {
                    sweep.deadline
                };
                let task = Task {
                    job,
                    shape,
                    seed: random.u64(..),
                };
                let answer = process.ask(&task, patience);
                let Task { job, .. } = task;
                let tell = SweepError::Listener;
                let failed = match answer {
                    Answer::Interrupted => return Err(SweepError::Interrupted),
                    Answer::Block(block, servers) => {
                        if let (true, Some(resident)) = (waits, process.resident(&servers)) {
                            listener(&job.case, None, News::Resident(resident)).map_err(tell)?;
                        }
                        listener(&job.case, Some(&job), News::Block(block)).map_err(tell)?;
                        None
                    }
                    Answer::Failed(reason) => Some(reason),
                    Answer::Silent if waits => Some(format!(
                        "a request was not answered within {} s",
                        patience.as_secs_f64()
                    )),
                    Answer::Silent => Some(format!(
                        "its process said nothing for {} s",
                        patience.as_secs()
                    )),
                    Answer::Gone => Some(format!("its process ended with {}", process.end())),
                };
                // A round that the same signal ended has not failed.
                if interrupt::pending() {
                    return Err(SweepError::Interrupted);
                }
                if let Some(reason) = failed {
                    processes[place] = None;
                    left.remove(&job.case);
                    listener(&job.case, None, News::Failed(reason)).map_err(tell)?;
                } else if let Some(jobs) = left.get_mut(&job.case) {
                    *jobs -= 1;
                    if *jobs == 0 {
                        listener(&job.case, None, News::Done).map_err(tell)?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// One block in a process that measures nothing else; the error says why there is none.
pub(crate) fn measure_solo(
    program: &Path,
    job: Job,
    shape: Shape,
    seed: u64,
    deadline: Duration,
) -> Result<Block, String> {
    let padding = "x".repeat(fastrand::Rng::with_seed(seed).usize(..MOST_PADDING));
    let started = Process::start::<std::convert::Infallible>(program, &padding, deadline);
    let mut process = started.map_err(|error| error.to_string())??;
    let task = Task { job, shape, seed };
    match process.ask(&task, deadline) {
        Answer::Block(block, _) => Ok(*block),
        Answer::Failed(reason) => Err(reason),
        Answer::Silent => Err(format!(
            "its process said nothing for {} s",
            deadline.as_secs()
        )),
        Answer::Gone => Err(format!("its process ended with {}", process.end())),
        Answer::Interrupted => Err("interrupted".into()),
    }
}

/// What came of a task.
enum Answer {
    Block(Box<Block>, Vec<u32>),
    Failed(String),
    Silent,
    Gone,
    Interrupted,
}

/// What came from the child.
enum Said {
    Event(Event),
    Silent,
    Gone,
    Interrupted,
}

/// A round's process; killed when dropped.
struct Process {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<Vec<u8>>,
}

impl Process {
    /// Starts a process and waits until it is ready; the inner error says how it ended instead.
    fn start<E>(
        program: &Path,
        padding: &str,
        deadline: Duration,
    ) -> Result<Result<Self, String>, SweepError<E>> {
        let mut process = Self::spawn(program, padding)
            .map_err(|error| SweepError::Process(format!("could not be started: {error}")))?;
        Ok(match process.next(deadline) {
            Said::Event(Event::Ready) => Ok(process),
            Said::Interrupted => return Err(SweepError::Interrupted),
            Said::Silent => Err(format!("said nothing for {} s", deadline.as_secs())),
            Said::Event(event) => Err(format!("said {event:?} before it was ready")),
            Said::Gone => {
                let status = process.end();
                if interrupt::pending() {
                    return Err(SweepError::Interrupted);
                }
                Err(format!("ended with {status} before its first case"))
            }
        })
    }

    fn spawn(program: &Path, padding: &str) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .env(PADDING, padding)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                let read = output.read_until(b'\n', &mut line);
                if !read.is_ok_and(|bytes| bytes > 0) || sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            input,
            lines,
        })
    }

    fn ask(&mut self, task: &Task, patience: Duration) -> Answer {
        let mut line = serde_json::to_vec(task).expect("a task is plain data");
        line.push(b'\n');
        // A child that is dead is noticed by its silence.
        let _ = self.input.write_all(&line);
        match self.next(patience) {
            Said::Event(Event::Block { block, servers }) => Answer::Block(block, servers),
            Said::Event(Event::Failed(reason)) => Answer::Failed(reason),
            Said::Event(Event::Ready) => Answer::Failed("its process began anew".into()),
            Said::Silent => Answer::Silent,
            Said::Gone => Answer::Gone,
            Said::Interrupted => Answer::Interrupted,
        }
    }

    /// The next event; what else is printed is passed on.
    fn next(&mut self, patience: Duration) -> Said {
        let began = Instant::now();
        loop {
            if interrupt::pending() {
                return Said::Interrupted;
            }
            let left = patience.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                Err(RecvTimeoutError::Timeout) => return Said::Silent,
                Err(RecvTimeoutError::Disconnected) => return Said::Gone,
                Ok(line) => match event(&line) {
                    Some(event) => return Said::Event(event),
                    None => eprintln!("{}", String::from_utf8_lossy(&line).trim_end()),
                },
            }
        }
    }

    fn resident(&self, servers: &[u32]) -> Option<Resident> {
        let servers: Vec<u64> = servers
            .iter()
            .filter_map(|pid| resident_bytes(*pid))
            .collect();
        Some(Resident {
            round: resident_bytes(self.child.id())?,
            server: (!servers.is_empty()).then(|| servers.iter().sum()),
        })
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

/// The event in a line of the child's output, if it is one.
fn event(line: &[u8]) -> Option<Event> {
    let mark = line.iter().position(|byte| *byte == MARK)?;
    serde_json::from_slice(&line[mark + 1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_behind_whatever_a_child_printed() {
        let said = b"caf\xe9 \xff\x1e\"ready\"\n";
        assert!(matches!(event(said), Some(Event::Ready)));
        assert!(event(b"caf\xe9 \xff\n").is_none());
        assert!(event(b"\x1e{\"block\"\n").is_none());
    }
}
