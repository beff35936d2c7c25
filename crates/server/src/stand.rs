//! The test stand: a backend, a load generator and servers, each a process, and what is asked of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::backend::{Behaviour, HELD};
use crate::content;
use crate::handler::{Injected, Setup};
use crate::load::{Disturbance, Job, Pace, Schedule, Sent};
use crate::point::{Level, Shape};
use crate::process::{Process, SMALL};
use crate::role::{Ask, Role, Start};
use crate::serving::Way;
use crate::trouble::Trouble;
use crate::usage::Usage;

/// Connections between load generator and server: requests that can be open at a time.
pub const CONNECTIONS: usize = 128;

/// Connections of a closed loop: enough that there is always a request to work on.
const CLOSED: usize = 64;

/// Requests that are open while resident memory is read.
const OPEN: usize = 100;

/// How long is warmed up before anything is measured.
const WARM_UP: Duration = Duration::from_millis(40);

/// The number of the first request of a warm-up: none that is counted has it.
pub(crate) const WARMING: u64 = 1 << 42;

/// The requests before a schedule's, which are not counted.
pub(crate) fn warm_up(schedule: &Schedule) -> Schedule {
    Schedule {
        seed: !schedule.seed,
        requests: (schedule.rate * WARM_UP.as_secs_f64()).ceil() as usize,
        ..*schedule
    }
}

/// What is under test.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The strategy's id.
    pub strategy: String,
    /// How connections are served.
    pub way: Way,
    /// What is added on purpose.
    pub injected: Injected,
}

impl Subject {
    /// A strategy as it is.
    pub fn strategy(strategy: &str) -> Self {
        Self {
            strategy: strategy.to_owned(),
            way: Way::TaskPerConnection,
            injected: Injected::default(),
        }
    }
}

/// What was seen in a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// By the load generator.
    pub sent: Sent,
    /// What the server used.
    pub server: Usage,
    /// What the backend used.
    pub backend: Usage,
}

impl Window {
    /// Adds another.
    pub fn add(&mut self, other: &Window) {
        self.sent.add(&other.sent);
        self.server = self.server.plus(other.server);
        self.backend = self.backend.plus(other.backend);
    }

    /// Requests that were answered as they should be.
    pub fn requests(&self) -> u64 {
        self.sent.latencies.count()
    }

    /// CPU time of the server per request, in ns.
    pub fn cpu_ns(&self) -> f64 {
        self.server.cpu.as_nanos() as f64 / self.requests().max(1) as f64
    }

    /// Requests a second.
    pub fn throughput(&self) -> f64 {
        self.requests() as f64 / self.sent.seconds
    }
}

/// What is compared of a window: one value a round is enough for intervals.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Time until half of the requests were answered, in ns.
    pub p50_ns: f64,
    /// Time until 99% of them were, in ns.
    pub p99_ns: f64,
    /// CPU time of the server per request, in ns.
    pub cpu_ns: f64,
    /// 1 over requests a second, in ns.
    pub per_request_ns: f64,
}

impl Figures {
    fn of(window: &Window) -> Self {
        Self {
            p50_ns: window.sent.latencies.quantile(0.5),
            p99_ns: window.sent.latencies.quantile(0.99),
            cpu_ns: window.cpu_ns(),
            per_request_ns: 1e9 / window.throughput(),
        }
    }
}

/// Windows of many rounds: of each its figures, and all of them together, since a window's histograms are large.
#[derive(Debug, Clone, Default)]
pub struct Rounds {
    /// Of each round.
    pub figures: Vec<Figures>,
    /// All together.
    pub all: Window,
}

impl Rounds {
    /// Adds a round.
    pub fn push(&mut self, window: &Window) {
        self.figures.push(Figures::of(window));
        self.all.add(window);
    }
}

/// The stand of a shape.
#[derive(Debug)]
pub struct Stand {
    program: PathBuf,
    shape: Shape,
    seed: u64,
    backend: Process,
    /// Where the backend listens.
    calls: SocketAddr,
    load: Process,
    expected: Vec<u8>,
}

/// Connections that a server has at most: of its clients, and for the calls of each of their requests.
fn of_a_server(tasks: usize) -> u64 {
    (CONNECTIONS * (tasks + 1)) as u64
}

/// The most that any process of a stand has where so many servers live at the same time: the backend's, or the load generator's,
/// which keep theirs to all of them.
pub fn connections(tasks: usize, servers: usize) -> u64 {
    of_a_server(tasks).max((servers * CONNECTIONS * tasks.max(1)) as u64)
}

impl Stand {
    /// Starts backend and load generator, for so many servers at the same time.
    pub fn new(program: &Path, shape: &Shape, seed: u64, servers: usize) -> Result<Self, Trouble> {
        let behaviour = Behaviour {
            delay: shape.delay,
            seed,
            fault: None,
        };
        let start = |role, connections: usize| Start {
            role,
            connections: connections as u64,
        };
        let backend = start(Role::Backend(behaviour), servers * CONNECTIONS * shape.tasks);
        let (backend, calls) = Process::start(program, &backend)?;
        let (load, ()) = Process::start(program, &start(Role::Load, servers * CONNECTIONS))?;
        Ok(Self {
            backend,
            calls,
            load,
            program: program.to_owned(),
            seed,
            expected: content::expected(shape.tasks, shape.bytes),
            shape: shape.clone(),
        })
    }

    /// Starts a server, and warms it up.
    pub fn serve(&mut self, subject: &Subject) -> Result<Server, Trouble> {
        let setup = Setup {
            strategy: subject.strategy.clone(),
            tasks: self.shape.tasks,
            bytes: self.shape.bytes,
            backend: self.calls,
            refusing: None,
            seed: self.seed,
            injected: subject.injected,
            fault: None,
        };
        let start = Start {
            role: Role::Server {
                setup: Box::new(setup),
                flavor: self.shape.flavor.to_string(),
                way: subject.way,
            },
            connections: of_a_server(self.shape.tasks),
        };
        let (process, address) = Process::start(&self.program, &start)?;
        let server = Server { process, address };
        self.send(self.job(&server, Pace::Closed(WARM_UP, 400), 0, 8))?;
        Ok(server)
    }

    /// Resident bytes that an open request adds to the server, its connections included; `None` where the system does not
    /// tell. `at_once` children of a request are called at the same time.
    pub fn resident_per_request(&mut self, server: &mut Server, at_once: usize) -> Result<Option<f64>, Trouble> {
        let held = (OPEN * at_once) as u64;
        let () = self.backend.ask(&Ask::Hold(true))?;
        let before: Option<u64> = server.process.ask(&Ask::Resident)?;
        let job = self.job(server, Pace::Held, HELD, OPEN);
        self.load.say(&Ask::Send(Box::new(job)));
        let () = self.load.hear(SMALL)?;
        let began = Instant::now();
        loop {
            let came: u64 = self.backend.ask(&Ask::Held)?;
            if came >= held {
                break;
            }
            if began.elapsed() > Duration::from_secs(10) {
                return Err(self.backend.failed(&format!("{came} of {held} calls came within 10 s")));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let after = server.process.ask(&Ask::Resident)?;
        let () = self.backend.ask(&Ask::Hold(false))?;
        let _: Sent = self.load.hear(Duration::from_secs(20))?;
        let grown = |(before, after): (u64, u64)| after.saturating_sub(before) as f64 / OPEN as f64;
        Ok(before.zip(after).map(grown))
    }

    /// The greatest throughput, measured for so long.
    pub fn greatest(&mut self, server: &mut Server, time: Duration) -> Result<Window, Trouble> {
        self.send(self.job(server, Pace::Closed(WARM_UP, usize::MAX), 1 << 40, CLOSED))?;
        let job = self.job(server, Pace::Closed(time, usize::MAX), 1 << 41, CLOSED);
        self.window(server, job)
    }

    /// So many requests at a rate; those of the warm-up are not counted.
    pub fn open(
        &mut self,
        server: &mut Server,
        schedule: Schedule,
        first: u64,
        disturbance: Option<&Disturbance>,
    ) -> Result<Window, Trouble> {
        self.send(self.job(server, Pace::Open(warm_up(&schedule)), WARMING, CONNECTIONS))?;
        let job = Job {
            disturbance: disturbance.cloned(),
            ..self.job(server, Pace::Open(schedule), first, CONNECTIONS)
        };
        self.window(server, job)
    }

    /// Begins and ends a profile around an open loop; returns the picture's path.
    pub fn profile(&mut self, server: &mut Server, schedule: Schedule, id: &str) -> Result<Option<String>, Trouble> {
        let job = self.job(server, Pace::Open(schedule), 0, CONNECTIONS);
        let _: Option<String> = server.process.ask(&Ask::Profile(None))?;
        self.window(server, job)?;
        server.process.ask(&Ask::Profile(Some(id.to_owned())))
    }

    /// Sends, and sees what it took.
    fn window(&mut self, server: &mut Server, job: Job) -> Result<Window, Trouble> {
        let before: (Usage, Usage) = (server.process.ask(&Ask::Usage)?, self.backend.ask(&Ask::Usage)?);
        let sent = self.send(job)?;
        let after: (Usage, Usage) = (server.process.ask(&Ask::Usage)?, self.backend.ask(&Ask::Usage)?);
        Ok(Window {
            sent,
            server: after.0.since(before.0),
            backend: after.1.since(before.1),
        })
    }

    fn send(&mut self, job: Job) -> Result<Sent, Trouble> {
        let lasts = match job.pace {
            Pace::Open(schedule) => Duration::from_secs_f64(schedule.requests as f64 / schedule.rate),
            Pace::Closed(time, _) => time,
            Pace::Held => Duration::ZERO,
        };
        self.load.say(&Ask::Send(Box::new(job)));
        self.load.hear(lasts * 2 + Duration::from_secs(30))
    }

    /// Requests to a server, none of which disturbs others.
    fn job(&self, server: &Server, pace: Pace, first: u64, connections: usize) -> Job {
        Job {
            address: server.address,
            pace,
            first,
            connections,
            expected: self.expected.clone(),
            disturbance: None,
        }
    }
}

/// A server under test; several may live at a time, of which one has requests.
#[derive(Debug)]
pub struct Server {
    process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Where a level is an open loop, its rate for that throughput.
pub fn rate(level: Level, greatest: f64) -> Option<f64> {
    match level {
        Level::Percent(percent) => Some(greatest * f64::from(percent) / 100.0),
        Level::Max => None,
    }
}
