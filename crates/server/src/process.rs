//! A process of the benchmark, as the one that started it sees it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use measure::interrupt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::role::{ARGUMENT, Answer, Ask, Start};
use crate::trouble::Trouble;

/// How often it is looked whether there was an interrupt.
const LOOK: Duration = Duration::from_millis(100);

/// How long the answer to a small question may take.
pub const SMALL: Duration = Duration::from_secs(10);

/// A process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Process {
    /// Starts it, and waits for what it says when it is ready.
    pub fn start<T: DeserializeOwned>(program: &Path, start: &Start) -> Result<(Self, T), Trouble> {
        let name = start.role.name();
        let not_started = |error: io::Error| Trouble::Failed(format!("the {name} could not be started: {error}"));
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut process = Self {
            name,
            child,
            input,
            lines,
        };
        process.say(start);
        let ready = process.hear(SMALL)?;
        Ok((process, ready))
    }

    /// Asks what is soon answered.
    pub fn ask<T: DeserializeOwned>(&mut self, ask: &Ask) -> Result<T, Trouble> {
        self.say(ask);
        self.hear(SMALL)
    }

    /// Asks, or tells what to be, and does not wait for the answer.
    pub fn say(&mut self, what: &impl Serialize) {
        let line = serde_json::to_string(what).expect("questions are plain data");
        // A process that is gone is noticed by its silence.
        let _ = self.input.write_all(format!("{line}\n").as_bytes());
    }

    /// The next answer, which may take so long; what else is printed is passed on.
    pub fn hear<T: DeserializeOwned>(&mut self, patience: Duration) -> Result<T, Trouble> {
        let began = Instant::now();
        loop {
            if interrupt::pending() {
                return Err(Trouble::Interrupted);
            }
            let left = patience.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Ok(line) => match serde_json::from_str::<Answer>(&line) {
                    Ok(answer) => {
                        let answer = answer.map_err(|reason| self.failed(&reason))?;
                        let wrong = |error| self.failed(&format!("its answer is none: {error}"));
                        return serde_json::from_value(answer).map_err(wrong);
                    }
                    Err(_) => eprintln!("{line}"),
                },
                Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Trouble::Failed(format!(
                        "the {} said nothing for {patience:.0?}",
                        self.name
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.child.kill();
                    let status = self.child.wait();
                    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    return Err(Trouble::Failed(format!("the {}'s process ended: {status}", self.name)));
                }
            }
        }
    }

    /// It does not do what it is there for.
    pub fn failed(&self, reason: &str) -> Trouble {
        Trouble::Failed(format!("the {}: {reason}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
