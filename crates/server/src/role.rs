//! The processes: a server, a backend and a load generator, each this program started again with an argument of its own.
//!
//! The first line of standard input says which of them it is. From then on each line is a question, and each line of standard
//! output an answer; both are JSON. A process ends when its standard input ends, and, on Linux, when the process that
//! started it is killed.

use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::sync::mpsc;

use axum::Router;
use measure::environment::resident_bytes;
use serde::{Deserialize, Serialize};
use timed::case::Flavor;
use timed::runtime::{Engine, spawned};
use tokio::runtime::Builder;

use crate::backend::{Backend, Behaviour, listen};
use crate::files;
use crate::handler::{Setup, router};
use crate::load::{Job, Load, Sent};
use crate::serving::{Way, serve};
use crate::usage::Usage;

/// The first argument that makes a program one of these processes instead of itself.
pub const ARGUMENT: &str = "--process-of-join-vs-spawn-server";

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
        /// Connections that it must be able to have open.
        connections: u64,
    },
    /// What the server calls.
    Backend {
        /// What it does.
        behaviour: Behaviour,
        /// Connections that it must be able to have open.
        connections: u64,
    },
    /// What calls the server.
    Load {
        /// Connections that it must be able to have open.
        connections: u64,
    },
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// What it used so far.
    Usage,
    /// Its resident memory.
    Resident,
    /// How many calls the backend holds.
    Held,
    /// That the backend holds calls from now on, or lets them go.
    Hold(bool),
    /// That the load generator sends.
    Send(Box<Job>),
    /// That the server's profiler starts.
    StartProfile,
    /// That it stops, and draws the picture of the measurement with this id.
    StopProfile(String),
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// It is ready, and listens here where it listens at all.
    Ready(Option<SocketAddr>),
    /// What it used so far.
    Usage(Usage),
    /// In bytes.
    Resident(Option<u64>),
    /// Calls that are held.
    Held(u64),
    /// All requests of a job that is held are sent.
    Answerable,
    /// What came of a job.
    Sent(Box<Sent>),
    /// It is done; with the path of the picture where there is one.
    Done(Option<String>),
    /// It is not, for this reason.
    Failed(String),
}

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
    let role = match io::stdin().read_line(&mut first) {
        Ok(bytes) if bytes > 0 => serde_json::from_str(&first),
        _ => std::process::exit(0),
    };
    let role = match role {
        Ok(role) => role,
        Err(error) => {
            eprintln!("a process of the server benchmark is started by it, which tells it what to be: {error}");
            std::process::exit(2);
        }
    };
    if let Err(reason) = be(role, profiler) {
        tell(&Told::Failed(reason));
    }
    std::process::exit(0);
}

fn tell(told: &Told) {
    let mut line = serde_json::to_vec(told).expect("answers are plain data");
    line.push(b'\n');
    let mut output = io::stdout().lock();
    // A parent that is gone takes its processes with it.
    if output.write_all(&line).and_then(|()| output.flush()).is_err() {
        std::process::exit(0);
    }
}

fn be(role: Role, profiler: Option<Profiler>) -> Result<(), String> {
    let room = |connections| files::make_room(connections).map_err(|error| error.to_string());
    match role {
        Role::Server {
            setup,
            flavor,
            way,
            connections,
        } => {
            room(connections)?;
            let flavor: Flavor = flavor.parse().map_err(|error| format!("{error}"))?;
            let router = router(&setup, flavor.spawns_local(), None).map_err(|error| error.to_string())?;
            run_server(flavor, router, way, move || {
                answer(|ask| match ask {
                    Ask::StartProfile => match profiler {
                        Some(profiler) => profiled(profiler(None)),
                        None => Told::Failed("this program has no profiler".to_owned()),
                    },
                    Ask::StopProfile(id) => match profiler {
                        Some(profiler) => profiled(profiler(Some(&id))),
                        None => Told::Failed("this program has no profiler".to_owned()),
                    },
                    other => unexpected(&other),
                });
            })
        }
        Role::Backend { behaviour, connections } => {
            room(connections)?;
            let backend = Backend::new(behaviour);
            let asked = backend.clone();
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
            runtime.block_on(async {
                let listener = listen().map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?;
                tell(&Told::Ready(listener.local_addr().ok()));
                std::thread::spawn(move || {
                    answer(|ask| match ask {
                        Ask::Held => Told::Held(asked.held()),
                        Ask::Hold(holds) => {
                            asked.hold(holds);
                            Told::Done(None)
                        }
                        other => unexpected(&other),
                    });
                });
                backend.serve(listener).await;
                Ok(())
            })
        }
        Role::Load { connections } => {
            room(connections)?;
            tell(&Told::Ready(None));
            let mut load = Load::default();
            answer(|ask| match ask {
                Ask::Send(job) => match load.send(&job, || tell(&Told::Answerable)) {
                    Ok(sent) => Told::Sent(Box::new(sent)),
                    Err(error) => Told::Failed(error.to_string()),
                },
                other => unexpected(&other),
            });
            Ok(())
        }
    }
}

fn profiled(profiled: Result<Option<String>, String>) -> Told {
    profiled.map_or_else(Told::Failed, Told::Done)
}

fn unexpected(ask: &Ask) -> Told {
    Told::Failed(format!("no question for this process: {ask:?}"))
}

/// Answers questions to the end of standard input, then ends the process.
fn answer(mut other: impl FnMut(Ask) -> Told) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let told = match serde_json::from_str(&line) {
            Ok(Ask::Usage) => Told::Usage(Usage::here()),
            Ok(Ask::Resident) => Told::Resident(resident_bytes(std::process::id())),
            Ok(ask) => other(ask),
            Err(error) => Told::Failed(format!("not a question: {error}")),
        };
        tell(&told);
    }
    std::process::exit(0);
}

/// Serves on a runtime of that flavor, as `#[tokio::main]` builds it, and calls `listening` in a thread of its own.
fn run_server(
    flavor: Flavor,
    router: Router,
    way: Way,
    listening: impl FnOnce() + Send + 'static,
) -> Result<(), String> {
    let error = |error: io::Error| format!("no {flavor} runtime: {error}");
    let (ready, address) = mpsc::channel();
    let serving = async move |local: bool| {
        let listener = listen().map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?;
        let _ = ready.send(listener.local_addr().ok());
        serve(listener, router, way, local).await;
        Ok(())
    };
    std::thread::spawn(move || {
        if let Ok(address) = address.recv() {
            tell(&Told::Ready(address));
            listening();
        }
    });
    let engine = Engine::new(flavor).map_err(error)?;
    engine.block_on(spawned(serving(flavor.spawns_local()), engine.spawning()))
}
