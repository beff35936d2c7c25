//! A process of the benchmark, as the one that started it sees it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use measure::interrupt;

use crate::load::{Job, Sent};
use crate::role::{ARGUMENT, Ask, Role, Told};
use crate::usage::Usage;

/// How often it is looked whether there was an interrupt.
const LOOK: Duration = Duration::from_millis(100);

/// How long the answer to a small question may take.
const SMALL: Duration = Duration::from_secs(10);

/// A process that does not do what it is there for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("the {0} could not be started: {1}")]
    Start(&'static str, io::Error),
    /// It says why.
    #[error("the {0}: {1}")]
    Failed(&'static str, String),
    /// It is gone.
    #[error("the {0}'s process ended: {1}")]
    Gone(&'static str, String),
    /// It says nothing.
    #[error("the {0} said nothing for {1:.0?}")]
    Silent(&'static str, Duration),
    /// There was a Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// A process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<String>,
    address: Option<SocketAddr>,
}

impl Process {
    /// Starts it, and waits until it is ready.
    pub fn start(program: &Path, role: &Role) -> Result<Self, ProcessError> {
        let name = match role {
            Role::Server { .. } => "server",
            Role::Backend { .. } => "backend",
            Role::Load { .. } => "load generator",
        };
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| ProcessError::Start(name, error))?;
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
            address: None,
        };
        process.say(&serde_json::to_string(role).expect("roles are plain data"));
        match process.next(SMALL)? {
            Told::Ready(address) => process.address = address,
            other => return Err(process.unexpected(&other)),
        }
        Ok(process)
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr, ProcessError> {
        self.address
            .ok_or_else(|| ProcessError::Failed(self.name, "it does not say where it listens".to_owned()))
    }

    /// What it used so far.
    pub fn usage(&mut self) -> Result<Usage, ProcessError> {
        match self.ask(&Ask::Usage)? {
            Told::Usage(usage) => Ok(usage),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Its resident memory, in bytes.
    pub fn resident(&mut self) -> Result<Option<u64>, ProcessError> {
        match self.ask(&Ask::Resident)? {
            Told::Resident(bytes) => Ok(bytes),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Calls that a backend holds.
    pub fn held(&mut self) -> Result<u64, ProcessError> {
        match self.ask(&Ask::Held)? {
            Told::Held(calls) => Ok(calls),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Asks for what is answered by being done; returns the path of what was made.
    pub fn does(&mut self, ask: &Ask) -> Result<Option<String>, ProcessError> {
        match self.ask(ask)? {
            Told::Done(made) => Ok(made),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Has a load generator send a job, which may take so long.
    pub fn send(&mut self, job: &Job, patience: Duration) -> Result<Sent, ProcessError> {
        self.begin(job);
        self.sent(patience)
    }

    /// Begins a job.
    pub fn begin(&mut self, job: &Job) {
        let ask = Ask::Send(Box::new(job.clone()));
        self.say(&serde_json::to_string(&ask).expect("questions are plain data"));
    }

    /// Waits until all requests of a job that is held are sent.
    pub fn answerable(&mut self) -> Result<(), ProcessError> {
        match self.next(SMALL)? {
            Told::Answerable => Ok(()),
            other => Err(self.unexpected(&other)),
        }
    }

    /// What came of the job that was begun.
    pub fn sent(&mut self, patience: Duration) -> Result<Sent, ProcessError> {
        match self.next(patience)? {
            Told::Sent(sent) => Ok(*sent),
            other => Err(self.unexpected(&other)),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Result<Told, ProcessError> {
        self.say(&serde_json::to_string(ask).expect("questions are plain data"));
        self.next(SMALL)
    }

    fn say(&mut self, line: &str) {
        // A process that is gone is noticed by its silence.
        let _ = self.input.write_all(format!("{line}\n").as_bytes());
    }

    fn next(&mut self, patience: Duration) -> Result<Told, ProcessError> {
        let began = Instant::now();
        loop {
            if interrupt::pending() {
                return Err(ProcessError::Interrupted);
            }
            let left = patience.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(Told::Failed(reason)) => return Err(ProcessError::Failed(self.name, reason)),
                    Ok(told) => return Ok(told),
                    Err(_) => eprintln!("{line}"),
                },
                Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                Err(RecvTimeoutError::Timeout) => return Err(ProcessError::Silent(self.name, patience)),
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.child.kill();
                    let status = self.child.wait();
                    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    return Err(ProcessError::Gone(self.name, status));
                }
            }
        }
    }

    fn unexpected(&self, told: &Told) -> ProcessError {
        ProcessError::Failed(self.name, format!("it said {told:?}, which is no answer"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
