//! The processes: a server, a backend and a load generator, each this program started again with an argument of its own.
//!
//! The first line of standard input says which of them it is. From then on each line is a question, and each line of standard
//! output an answer; both are JSON. A process ends when its standard input ends, and, on Linux, when the process that
//! started it is killed.

use std::io::{self, BufRead, Write};

use measure::environment::resident_bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use timed::case::Flavor;
use timed::runtime::{Engine, spawned};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::backend::{Backend, Behaviour, listen};
use crate::files;
use crate::handler::{Setup, router};
use crate::load::{Job, Load};
use crate::serving::{Way, serve};
use crate::usage::Usage;

/// The first argument that makes a program one of these processes instead of itself.
pub const ARGUMENT: &str = "--process-of-join-vs-spawn-server";

/// What a process is to be, and for how many connections it must have room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// What it is to be.
    pub role: Role,
    /// Connections that it must be able to have open.
    pub connections: u64,
}

/// What a process is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Role {
    /// The server under test.
    Server {
        /// Its handler.
        setup: Box<Setup>,
        /// Its runtime: a flavor's name.
        flavor: String,
        /// How it serves connections.
        way: Way,
    },
    /// What the server calls.
    Backend(Behaviour),
    /// What calls the server.
    Load,
}

impl Role {
    /// As messages name it.
    pub fn name(&self) -> &'static str {
        match self {
            Role::Server { .. } => "server",
            Role::Backend(_) => "backend",
            Role::Load => "load generator",
        }
    }
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// What it used so far: [`Usage`].
    Usage,
    /// Its resident memory in bytes, where the system tells.
    Resident,
    /// How many calls the backend holds.
    Held,
    /// That the backend holds calls from now on, or lets them go.
    Hold(bool),
    /// That the load generator sends. Of a job that is held there is an answer when all its requests are sent, then as of every
    /// job one when it is over: [`Sent`](crate::load::Sent).
    Send(Box<Job>),
    /// That the server's profiler starts, or, with the id of a measurement, stops and draws its picture; the picture's path.
    Profile(Option<String>),
}

/// What was asked for, or why it is not to be had.
pub type Answer = Result<Value, String>;

/// What a server's process profiles itself by: starts where there is no id, stops and returns the picture's path where there is one.
pub type Profiler = fn(Option<&str>) -> Result<Option<String>, String>;

/// If this process was started as one of these, is that and exits; else returns. Comes first in every `main`.
pub fn run_if_child(profiler: Option<Profiler>) {
    if std::env::args_os().nth(1).is_none_or(|first| first != ARGUMENT) {
        return;
    }
    // The end of standard input tells as much, but not to a process that is stopped in the meantime.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let mut first = String::new();
    let start = match io::stdin().read_line(&mut first) {
        Ok(bytes) if bytes > 0 => serde_json::from_str(&first),
        _ => std::process::exit(0),
    };
    let start = match start {
        Ok(start) => start,
        Err(error) => {
            eprintln!("a process of the server benchmark is started by it, which tells it what to be: {error}");
            std::process::exit(2);
        }
    };
    if let Err(reason) = be(start, profiler) {
        tell(&Err(reason));
    }
    std::process::exit(0);
}

/// An answer of plain data.
fn told(what: impl Serialize) -> Answer {
    Ok(serde_json::to_value(what).expect("answers are plain data"))
}

fn tell(answer: &Answer) {
    let mut line = serde_json::to_vec(answer).expect("answers are plain data");
    line.push(b'\n');
    let mut output = io::stdout().lock();
    // A parent that is gone takes its processes with it.
    if output.write_all(&line).and_then(|()| output.flush()).is_err() {
        std::process::exit(0);
    }
}

fn be(Start { role, connections }: Start, profiler: Option<Profiler>) -> Result<(), String> {
    files::make_room(connections)?;
    match role {
        Role::Server { setup, flavor, way } => {
            let flavor: Flavor = flavor.parse().map_err(|error| format!("{error}"))?;
            let router = router(&setup, flavor.spawns_local(), None)?;
            let engine = Engine::new(flavor).map_err(|error| format!("no {flavor} runtime: {error}"))?;
            let serving = async move {
                let listener = listening(move |ask| match ask {
                    Ask::Profile(id) => {
                        let profiler = profiler.ok_or("this program has no profiler")?;
                        told(profiler(id.as_deref())?)
                    }
                    other => unexpected(&other),
                })?;
                serve(listener, router, way, flavor.spawns_local()).await;
                Ok(())
            };
            // As `#[tokio::main]` builds it, and in a task of it.
            engine.block_on(spawned(serving, engine.spawning()))
        }
        Role::Backend(behaviour) => {
            let backend = Backend::new(behaviour);
            let asked = backend.clone();
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
            runtime.block_on(async {
                let listener = listening(move |ask| match ask {
                    Ask::Held => told(asked.held()),
                    Ask::Hold(holds) => {
                        asked.hold(holds);
                        told(())
                    }
                    other => unexpected(&other),
                })?;
                backend.serve(listener).await;
                Ok(())
            })
        }
        Role::Load => {
            tell(&told(()));
            let mut load = Load::default();
            answer(|ask| match ask {
                Ask::Send(job) => match load.send(&job, || tell(&told(()))) {
                    Ok(sent) => told(sent),
                    Err(error) => Err(error.to_string()),
                },
                other => unexpected(&other),
            });
            Ok(())
        }
    }
}

/// Listens, says where, and from then on answers questions in a thread of its own.
fn listening(questions: impl FnMut(Ask) -> Answer + Send + 'static) -> Result<TcpListener, String> {
    let listening = || {
        let listener = listen()?;
        Ok((listener.local_addr()?, listener))
    };
    let (address, listener) = listening().map_err(|error: io::Error| format!("cannot listen on 127.0.0.1: {error}"))?;
    tell(&told(address));
    std::thread::spawn(move || answer(questions));
    Ok(listener)
}

fn unexpected(ask: &Ask) -> Answer {
    Err(format!("no question for this process: {ask:?}"))
}

/// Answers questions to the end of standard input, then ends the process.
fn answer(mut other: impl FnMut(Ask) -> Answer) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        tell(&match serde_json::from_str(&line) {
            Ok(Ask::Usage) => told(Usage::here()),
            Ok(Ask::Resident) => told(resident_bytes(std::process::id())),
            Ok(ask) => other(ask),
            Err(error) => Err(format!("not a question: {error}")),
        });
    }
    std::process::exit(0);
}
