//! What is asked: children, what they wait for, and the runtime.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::case::{Case, Flavor, ParseError, Site};

crate::stats::words! {
    /// How the wakes of a fan-out's children come.
    pub enum Wakes {
        /// Children never wait.
        Never = "never",
        /// Those of all children come before the first of them is polled again: sockets that are ready together, `yield_now`.
        Together = "together",
        /// One at a time, in any order: what is woken runs before the next comes.
        Separate = "separate",
        /// One at a time, each by the child before it: a `Mutex` that all share.
        InTurn = "in_turn",
    }
}

impl Wakes {
    /// The workload of the suite whose children are woken so; `None` where its children's time says nothing of others: those
    /// of `ready` fold away in `join!`, those of `cancel` are dropped, and fetches take the time of their server.
    pub fn of_workload(workload: &str) -> Option<Self> {
        Some(match workload {
            "compute" => Self::Never,
            "yield" | "timers" => Self::Together,
            "wake" => Self::Separate,
            "mutex" => Self::InTurn,
            _ => return None,
        })
    }
}

/// The flavor and the site: unit costs are those of one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The kind of runtime.
    pub flavor: Flavor,
    /// Where the fan-out runs.
    pub site: Site,
}

impl Scope {
    /// That of a case.
    pub fn of(case: &Case) -> Self {
        Self {
            flavor: case.flavor,
            site: case.site,
        }
    }

    /// Whether fan-outs there wake threads: then times have modes of their own, and no sum describes them.
    pub fn wakes_threads(self) -> bool {
        !self.flavor.has_one_thread() && (self.flavor.workers() > 1 || !self.site.in_task())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.flavor, self.site)
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Scope {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (flavor, site) = text.split_once('/').ok_or_else(|| ParseError {
            text: text.to_owned(),
            wanted: "a flavor and a site, FLAVOR/SITE",
        })?;
        Ok(Self {
            flavor: flavor.parse()?,
            site: site.parse()?,
        })
    }
}

/// A fan-out that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Question {
    /// Where it runs.
    pub scope: Scope,
    /// Its children.
    pub tasks: usize,
    /// How they are woken.
    pub wakes: Wakes,
    /// How often each child is woken, where it waits at all.
    pub times: f64,
    /// Bytes that each child carries in its future.
    pub payload: usize,
    /// CPU time of each child's own work, in ns, over all of its polls.
    pub work_ns: f64,
    /// What a poll of a child that still waits costs beyond a look at a flag, in ns.
    pub idle_ns: f64,
    /// How long the children wait, all at once, in ns: for a server, for a timer. Negative where a probe found that less passes
    /// between the polls of their parent than with children of the suite.
    pub wait_ns: f64,
}

impl Question {
    /// What the children themselves take, in ns, however they are awaited on one thread.
    pub fn own_ns(&self) -> f64 {
        self.wait_ns.max(0.0) + self.work_ns * self.tasks as f64
    }
}
