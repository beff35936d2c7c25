//! What is collected of a group or of a way to serve, a round at a time: its server processes in turns.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use crate::load::{Disturbance, Schedule};
use crate::plan::{Disturbed, Group, Served};
use crate::stand::{Rounds, Stand, Subject, Window, rate};
use crate::trouble::Trouble;

/// How long a closed loop is measured in each process.
pub(super) const GREATEST: Duration = Duration::from_millis(150);

/// How long the greatest throughput is measured by which the levels are set.
pub const CAPACITY: Duration = Duration::from_millis(800);

/// The least time of a window in an open loop, in seconds: several times a latency, so that queues are as long as they get.
pub(super) const LEAST: f64 = 0.2;

/// Requests a second where neighbours are timed: a fraction of what the server could serve.
const NEIGHBOURS_LOAD: f64 = 0.2;

/// Disturbances a second: so few that two at the same time are rare.
const DISTURBANCES: f64 = 8.0;

/// What is collected of a group.
pub(crate) struct Collected<'a> {
    pub(super) group: &'a Group,
    /// What each strategy's server is, the reference first.
    subjects: Vec<Subject>,
    stand: Stand,
    /// Requests a second that the reference can serve.
    pub(super) greatest: f64,
    /// By strategy and level; behind the last strategy, the reference's copy.
    pub(super) windows: Vec<Vec<Rounds>>,
    /// By strategy: of each process.
    pub(super) resident: Vec<Vec<f64>>,
    pub(super) failed: Option<String>,
}

/// What is collected of a way.
pub(super) struct CollectedWay<'a> {
    pub(super) served: &'a Served,
    stand: Stand,
    /// Requests a second.
    pub(super) rate: f64,
    /// By what disturbs.
    pub(super) windows: Vec<Rounds>,
    pub(super) failed: Option<String>,
}

/// Why a window cannot be used at all.
fn failure(window: &Window) -> Option<String> {
    let sent = &window.sent;
    match &sent.reason {
        Some(reason) => Some(format!("{} requests failed: {reason}", sent.failed)),
        None if window.requests() == 0 => Some("no request was answered".to_owned()),
        None => None,
    }
}

/// A window that can be used; `id` is what it is of.
pub(super) fn usable(window: Window, id: &dyn Display) -> Result<Window, Trouble> {
    match failure(&window) {
        None => Ok(window),
        Some(reason) => Err(Trouble::Failed(format!("the server: {id}: {reason}"))),
    }
}

/// A seed of its own for each use.
fn seed(seed: u64, round: usize, place: usize) -> u64 {
    crate::delay::draw(seed, round as u64, place as u64).u64(..)
}

/// The number of the first request of a window: no two windows of a process have requests in common.
fn first(round: usize, place: usize) -> u64 {
    ((round as u64) << 32) | ((place as u64) << 24)
}

impl<'a> Collected<'a> {
    /// Starts the stand, and sees how much the reference can serve.
    pub(crate) fn begin(group: &'a Group, subjects: Vec<Subject>, program: &Path, seed: u64) -> Result<Self, Trouble> {
        let mut stand = Stand::new(program, &group.shape, seed, subjects.len() + 1)?;
        let mut server = stand.serve(&subjects[0])?;
        let greatest = stand.greatest(&mut server, CAPACITY)?;
        Ok(Self {
            group,
            greatest: greatest.throughput(),
            windows: vec![vec![Rounds::default(); group.levels.len()]; subjects.len() + 1],
            resident: vec![Vec::new(); subjects.len() + 1],
            failed: failure(&greatest),
            subjects,
            stand,
        })
    }

    /// A process of each strategy, and one more of the reference; under each load all of them have requests in turns, there and
    /// back (ABCCBA), and begin in another order from round to round.
    pub(crate) fn round(&mut self, round: usize, in_window: usize, run_seed: u64) -> Result<(), Trouble> {
        let group = self.group;
        let strategies = self.subjects.len();
        let mut servers = Vec::new();
        let mut order: Vec<usize> = (0..=strategies).collect();
        order.rotate_left(round % (strategies + 1));
        if round / (strategies + 1) % 2 == 1 {
            order.reverse();
        }
        for (place, subject) in self.subjects.iter().chain(&self.subjects[..1]).enumerate() {
            let mut server = self.stand.serve(subject)?;
            let at_once = at_once(&subject.strategy, group.shape.tasks);
            let bytes = self.stand.resident_per_request(&mut server, at_once)?;
            self.resident[place].extend(bytes);
            servers.push(server);
        }
        for (place, level) in group.levels.iter().enumerate() {
            let mut both = vec![Window::default(); strategies + 1];
            for (turn, subject) in order.iter().chain(order.iter().rev()).enumerate() {
                let server = &mut servers[*subject];
                let window = match rate(*level, self.greatest) {
                    None => self.stand.greatest(server, GREATEST)?,
                    Some(rate) => {
                        // The same arrivals and delays for all, others on the way back.
                        let way = 2 * place + turn / (strategies + 1);
                        let schedule = Schedule {
                            seed: seed(run_seed, round, way),
                            rate,
                            requests: in_window.max((rate * LEAST) as usize),
                        };
                        self.stand.open(server, schedule, first(round, way), None)?
                    }
                };
                both[*subject].add(&usable(window, &group.shape.case(*level))?);
            }
            for (subject, window) in both.into_iter().enumerate() {
                self.windows[subject][place].push(&window);
            }
        }
        Ok(())
    }
}

/// How many of a request's calls are under way at the same time.
fn at_once(strategy: &str, tasks: usize) -> usize {
    let bound = strategy.parse().ok().and_then(measure::strategy::Strategy::bound);
    match strategy {
        "sequential" => 1,
        _ => tasks.min(bound.unwrap_or(usize::MAX)),
    }
}

impl<'a> CollectedWay<'a> {
    /// Starts the stand, and sees how much a server can serve where no rate is given.
    pub(super) fn begin(served: &'a Served, rate: Option<f64>, program: &Path, seed: u64) -> Result<Self, Trouble> {
        let mut stand = Stand::new(program, &served.shape(), seed, 1)?;
        let mut failed = None;
        let rate = match rate {
            Some(rate) => rate,
            None => {
                let mut server = stand.serve(&Subject::strategy("join"))?;
                let greatest = stand.greatest(&mut server, CAPACITY)?;
                failed = failure(&greatest);
                NEIGHBOURS_LOAD * greatest.throughput()
            }
        };
        Ok(Self {
            served,
            stand,
            rate,
            windows: vec![Rounds::default(); served.disturbed.len()],
            failed,
        })
    }

    /// One process, quiet and disturbed in turns.
    pub(super) fn round(&mut self, round: usize, in_window: usize, run_seed: u64) -> Result<(), Trouble> {
        let served = self.served;
        let subject = Subject {
            way: served.way,
            ..Subject::strategy("join")
        };
        let mut server = self.stand.serve(&subject)?;
        let mut order: Vec<usize> = (0..served.disturbed.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            let other = |path: &str, expected: &str| Disturbance {
                path: path.to_owned(),
                expected: expected.as_bytes().to_vec(),
                every: (self.rate / DISTURBANCES).ceil().max(1.0) as u64,
            };
            let disturbance = match served.disturbed[place] {
                Disturbed::Not => None,
                Disturbed::Blocked => Some(other("/block/10", "blocked")),
                Disturbed::InPlace => Some(other("/block_in_place/10", "blocked")),
                Disturbed::Computed => Some(other("/compute/1000", "computed")),
            };
            let schedule = Schedule {
                seed: seed(run_seed, round, place),
                rate: self.rate,
                requests: in_window.max((self.rate * LEAST) as usize),
            };
            let window = self
                .stand
                .open(&mut server, schedule, first(round, place), disturbance.as_ref())?;
            self.windows[place].push(&usable(window, &served.way)?);
        }
        Ok(())
    }
}
