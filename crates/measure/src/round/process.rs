//! A round's process, as its parent sees it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::protocol::{ARGUMENT, Event, MARK, Task};
use super::{Measured, Resident, SweepError};
use crate::environment::resident_bytes;
use crate::interrupt;

/// An environment variable of random length in each round: it moves the stack, and whatever else depends on
/// the size of the environment (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously
/// Wrong!", ASPLOS 2009).
const PADDING: &str = "JOIN_VS_SPAWN_PADDING";

pub(super) const MOST_PADDING: usize = 4096;

/// How often the parent looks whether it was interrupted, where its round says nothing.
const LOOK: Duration = Duration::from_millis(100);

/// What came of a task.
pub(super) enum Answer {
    /// And the processes of its mock servers.
    Block(Measured, Vec<u32>),
    /// For this reason; what its process is good for now nobody knows.
    Failed(String),
    Interrupted,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Of children that wait for the mock server.
    OfRequest(Duration),
    /// Of any others.
    OfProcess(Duration),
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Patience::OfRequest(limit) | Patience::OfProcess(limit) => limit,
        }
    }

    /// What is to be said when it is over.
    fn over(self) -> String {
        let seconds = self.limit().as_secs_f64();
        match self {
            Patience::OfRequest(_) => format!("a request was not answered within {seconds} s"),
            Patience::OfProcess(_) => format!("its process said nothing for {seconds} s"),
        }
    }
}

/// What came from the child.
enum Said {
    Event(Event),
    Silent,
    Gone,
    Interrupted,
}

/// A round's process; killed when dropped.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<Vec<u8>>,
}

impl Process {
    /// Starts a process and waits until it is ready; the inner error says how it ended instead.
    pub(super) fn start<E>(
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
        Ok(Self { child, input, lines })
    }

    /// Tells it what to measure; an [`answer`](Self::answer) comes for each block.
    pub(super) fn ask(&mut self, task: &Task) {
        let mut line = serde_json::to_vec(task).expect("a task is plain data");
        line.push(b'\n');
        // A child that is dead is noticed by its silence.
        let _ = self.input.write_all(&line);
    }

    /// What came of the next block that it was asked for.
    pub(super) fn answer(&mut self, patience: Patience) -> Answer {
        match self.next(patience.limit()) {
            Said::Event(Event::Block {
                block,
                servers,
                core_ns,
            }) => Answer::Block(Measured { block, core_ns }, servers),
            Said::Event(Event::Failed(reason)) => Answer::Failed(reason),
            Said::Event(Event::Ready) => Answer::Failed("its process began anew".into()),
            Said::Silent => Answer::Failed(patience.over()),
            Said::Gone => Answer::Failed(format!("its process ended with {}", self.end())),
            Said::Interrupted => Answer::Interrupted,
        }
    }

    /// How it ended, if it has.
    pub(super) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok()?
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

    pub(super) fn resident(&self, servers: &[u32]) -> Option<Resident> {
        let servers: Vec<u64> = servers.iter().filter_map(|pid| resident_bytes(*pid)).collect();
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

/// The event in a line of the child's output, if it is one: behind the last mark, since an event has none in itself, and what a
/// user's child printed before it may.
fn event(line: &[u8]) -> Option<Event> {
    let mark = line.iter().rposition(|byte| *byte == MARK)?;
    serde_json::from_slice(&line[mark + 1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_behind_whatever_a_child_printed() {
        let said = b"caf\xe9 \xff\x1e\"ready\"\n";
        assert!(matches!(event(said), Some(Event::Ready)));
        assert!(matches!(event(b"\x1efield\x1e\x1e\"ready\"\n"), Some(Event::Ready)));
        assert!(event(b"caf\xe9 \xff\n").is_none());
        assert!(event(b"\x1e{\"block\"\n").is_none());
    }
}
