//! The load generator: a thread and a blocking connection for each request that can be open at a time.
//!
//! No crate does what is wanted here. Load generators on crates.io are programs, or libraries of *users* who send their next
//! request when the last one is answered (closed loops, some at a fixed pace): where the server stalls they send less, and the
//! stall counts once. Here arrivals are drawn beforehand, as in an open system, and latency counts from the moment at
//! which a request was *due*, whatever kept it from being sent (no coordinated omission).
//!
//! Threads, since the timers of tokio are as coarse as a millisecond, and since one thread that reads and writes costs less
//! CPU time than a runtime; the server's cores are the client's too. The thread that is next in turn holds the schedule and
//! sleeps until its request is due.

mod connection;
mod schedule;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timed::locked::lock;

pub use connection::{Connection, RequestError};
pub use schedule::Schedule;

use crate::histogram::Latencies;
use crate::usage::Usage;

/// What to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// To whom.
    pub address: SocketAddr,
    /// How.
    pub pace: Pace,
    /// The number of the first request; each next one has the next number.
    pub first: u64,
    /// Connections, each of which has one request open at most.
    pub connections: usize,
    /// The body that every answer must have.
    pub expected: Vec<u8>,
    /// Requests to other handlers among them.
    pub disturbance: Option<Disturbance>,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// When they are due.
    Open(Schedule),
    /// As soon as the last one of the connection is answered, for so long and at most so many.
    Closed(Duration, usize),
    /// All at once; they are answered when the backend lets them go.
    Held,
}

/// Every so many requests, one is of another kind: it is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Its path.
    pub path: String,
    /// Its answer.
    pub expected: Vec<u8>,
    /// One in so many.
    pub every: u64,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sent {
    /// Latencies of the requests that were answered as they should be, from the moment at which they were due.
    pub latencies: Latencies,
    /// How much later than due they were sent.
    pub lateness: Latencies,
    /// Seconds from the first to the last.
    pub seconds: f64,
    /// Requests that were not answered as they should be.
    pub failed: u64,
    /// Why the first of them was not.
    pub reason: Option<String>,
    /// Requests that were due while each connection had one open.
    pub waited: u64,
    /// What the load generator used.
    pub usage: Usage,
}

impl Sent {
    /// Adds another's.
    pub fn add(&mut self, other: &Sent) {
        self.latencies.add(&other.latencies);
        self.lateness.add(&other.lateness);
        self.seconds += other.seconds;
        self.failed += other.failed;
        self.reason = self.reason.take().or_else(|| other.reason.clone());
        self.waited += other.waited;
        self.usage = self.usage.plus(other.usage);
    }
}

/// A load generator keeps its connections from job to job.
#[derive(Debug, Default)]
pub struct Load {
    /// To each of the last servers, the latest at the end.
    servers: Vec<(SocketAddr, Vec<Connection>)>,
}

/// Servers to which connections are kept.
const SERVERS: usize = 8;

/// How long before the first request is due all threads are let go: so many take a while to be there.
const AHEAD: Duration = Duration::from_millis(20);

/// What a thread of a job saw; histograms are made of it when all is over, since making them is work that others would wait for.
#[derive(Default)]
struct Seen {
    /// The connection, where it is good for more.
    connection: Option<Connection>,
    /// Latency and lateness of each request, in ns.
    answered: Vec<(u64, u64)>,
    failed: u64,
    reason: Option<String>,
    waited: u64,
    /// When the last answer was there.
    ended: Option<Instant>,
}

/// What the threads of a job share.
struct Shared<'a> {
    job: &'a Job,
    arrivals: Mutex<(usize, Vec<Duration>)>,
    open: AtomicUsize,
    sent: AtomicU64,
    stop: AtomicBool,
    ready: Barrier,
}

impl Load {
    /// Sends what the job says; `answerable` is called when all requests of a job that is [held](Pace::Held) are sent.
    pub fn send(&mut self, job: &Job, answerable: impl FnOnce() + Send) -> Result<Sent, RequestError> {
        let known = self.servers.iter().position(|(address, _)| *address == job.address);
        let mut connections = known.map(|place| self.servers.remove(place).1).unwrap_or_default();
        while connections.len() < job.connections {
            connections.push(Connection::open(job.address)?);
        }
        let sent = if job.pace == Pace::Held {
            hold(job, &mut connections, answerable).map(|()| Sent::default())
        } else {
            Ok(run(job, &mut connections))
        };
        // On those of requests that were given up, answers may still come.
        if sent.is_ok() {
            self.servers.push((job.address, connections));
        }
        if self.servers.len() > SERVERS {
            self.servers.remove(0);
        }
        sent
    }
}

/// Sends a request by each connection, then reads all answers.
fn hold(job: &Job, connections: &mut [Connection], answerable: impl FnOnce()) -> Result<(), RequestError> {
    let connections = &mut connections[..job.connections];
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.send(&path(job.first + number as u64))?;
    }
    answerable();
    for connection in connections {
        connection.receive(&job.expected)?;
    }
    Ok(())
}

/// Sends by so many connections as the job says; those that fail are gone afterwards.
fn run(job: &Job, connections: &mut Vec<Connection>) -> Sent {
    let arrivals = match job.pace {
        Pace::Open(schedule) => schedule.arrivals(),
        _ => Vec::new(),
    };
    let shared = Shared {
        job,
        arrivals: Mutex::new((0, arrivals)),
        open: AtomicUsize::new(0),
        sent: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        ready: Barrier::new(job.connections + 1),
    };
    let before = Usage::here();
    let began = Mutex::new(Instant::now());
    let spare = connections.split_off(job.connections);
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let mut threads = Vec::with_capacity(job.connections);
        for connection in connections.drain(..) {
            let (shared, began) = (&shared, &began);
            threads.push(scope.spawn(move || shared.run(connection, began)));
        }
        *lock(&began) = match job.pace {
            Pace::Open(_) => Instant::now() + AHEAD,
            _ => Instant::now(),
        };
        shared.ready.wait();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let began = *lock(&began);
    let ended = seen.iter().filter_map(|seen| seen.ended).max().unwrap_or(began);
    let mut sent = Sent {
        seconds: ended.saturating_duration_since(began).as_secs_f64(),
        usage: Usage::here().since(before),
        ..Sent::default()
    };
    for mut one in seen {
        for (latency, lateness) in one.answered {
            sent.latencies.record(latency);
            sent.lateness.record(lateness);
        }
        sent.failed += one.failed;
        sent.reason = sent.reason.take().or(one.reason);
        sent.waited += one.waited;
        connections.extend(one.connection.take());
    }
    connections.extend(spare);
    sent
}

fn path(request: u64) -> String {
    format!("/answer/{request}")
}

impl Shared<'_> {
    /// Sends requests until there are no more.
    fn run(&self, mut connection: Connection, began: &Mutex<Instant>) -> Seen {
        // Else a sleep lasts 50 µs longer.
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        self.ready.wait();
        let began = *lock(began);
        let mut mine = Seen::default();
        while let Some((number, due)) = self.next(began) {
            if self.open.fetch_add(1, Relaxed) + 1 == self.job.connections {
                mine.waited += 1;
            }
            let sent = Instant::now();
            let disturbs = self.job.disturbance.as_ref().filter(|other| number % other.every == 0);
            let answered = match disturbs {
                Some(other) => connection.get(&other.path, &other.expected),
                None => connection.get(&path(self.job.first + number), &self.job.expected),
            };
            let ended = Instant::now();
            self.open.fetch_sub(1, Relaxed);
            mine.ended = Some(ended);
            if let Err(error) = answered {
                mine.failed += 1;
                mine.reason.get_or_insert_with(|| error.to_string());
                match Connection::open(self.job.address) {
                    Ok(other) => connection = other,
                    Err(error) => {
                        mine.reason = Some(error.to_string());
                        return mine;
                    }
                }
            } else if disturbs.is_none() {
                let [latency, lateness] = [ended, sent].map(|moment| ns(moment.saturating_duration_since(due)));
                mine.answered.push((latency, lateness));
            }
        }
        mine.connection = Some(connection);
        mine
    }

    /// The next request's number, and when it is due, which is now or was before; `None` where there is none.
    fn next(&self, began: Instant) -> Option<(u64, Instant)> {
        match self.job.pace {
            Pace::Open(_) => {
                let mut arrivals = lock(&self.arrivals);
                let number = arrivals.0;
                let due = began + *arrivals.1.get(number)?;
                arrivals.0 += 1;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                Some((number as u64, due))
            }
            Pace::Closed(time, most) => {
                let number = self.sent.fetch_add(1, Relaxed);
                if number >= most as u64 || self.stop.load(Relaxed) {
                    return None;
                }
                let now = Instant::now();
                if now.duration_since(began) >= time {
                    self.stop.store(true, Relaxed);
                    return None;
                }
                Some((number, now))
            }
            Pace::Held => None,
        }
    }
}

fn ns(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}
