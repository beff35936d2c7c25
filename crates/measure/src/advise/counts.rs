//! What a fan-out does, counted: how often each unit cost is paid. The formulas are those of the census
//! (`tests/expected/census-release.txt`), where a fan-out's polls, wakes and allocations are counted one by one.

use std::fmt;

use serde::Serialize;

use super::question::Wakes;

/// How a strategy finds out which of its children can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// It polls all unfinished children on every wake.
    Polled,
    /// It polls those that were woken.
    Woken,
    /// Its children are tasks.
    Spawned,
}

/// Up to so many children `join_all` polls all of them on every wake; beyond, it is a `FuturesOrdered` (futures-util 0.3,
/// `join_all.rs`).
pub const SMALL_JOIN_ALL: usize = 30;

/// A strategy as the model knows it: `join_all` is two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Its name, without its bound.
    pub name: String,
    /// How it finds out.
    pub family: Family,
}

impl Kind {
    /// The kind of a strategy over so many children; `None` for a strategy without a model.
    pub fn of(strategy: &str, tasks: usize) -> Option<Self> {
        let name = strategy.split('@').next().unwrap_or(strategy);
        let (name, family) = match name {
            "join" => ("join", Family::Polled),
            "join_all" if tasks <= SMALL_JOIN_ALL => ("join_all", Family::Polled),
            "join_all" => ("join_all, ordered", Family::Woken),
            "futures_unordered" => ("futures_unordered", Family::Woken),
            "buffer_unordered" => ("buffer_unordered", Family::Woken),
            "spawn" => ("spawn", Family::Spawned),
            // With a bound it waits for permits, which is another sum.
            "join_set" if !strategy.contains('@') => ("join_set", Family::Spawned),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            family,
        })
    }

    /// Whether it holds a bounded number of children at once, so that however many there are they stay in the caches.
    fn holds_few(&self) -> bool {
        self.name == "buffer_unordered"
    }
}

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A fan-out: what is made and taken down once.
    FanOut,
    /// The runtime runs out of tasks once and asks its driver.
    IdleTurn,
    /// A wake that comes alone: whoever wakes, and the turn of the task that is woken.
    Signal,
    /// A child, from being made to its result; with its wakes.
    Child,
    /// A poll of a child that still waits.
    Repoll,
    /// A child among so many that they no longer fit into the processor's caches.
    Far,
    /// What a child carries, copied as often as its strategy does.
    Payload,
}

impl Unit {
    /// Those that a fan-out's counts can have: all but the payload.
    pub const PAID: [Self; 6] = [
        Self::FanOut,
        Self::IdleTurn,
        Self::Signal,
        Self::Child,
        Self::Repoll,
        Self::Far,
    ];
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::FanOut => "fan-out",
            Unit::IdleTurn => "idle turn of the runtime",
            Unit::Signal => "wake that comes alone",
            Unit::Child => "child",
            Unit::Repoll => "poll of a child that still waits",
            Unit::Far => "child beyond the caches",
            Unit::Payload => "child's payload",
        })
    }
}

/// Beyond so many children they begin to leave the caches.
pub const NEAR_TASKS: usize = 1_000;

/// Nothing is predicted beyond so many: of 100,000 two runs of the same machine differed by a third in one row of three.
pub const MOST_TASKS: usize = 30_000;

/// So many more, and the weight of [`Unit::Far`] is 1 for each child.
pub const FAR_TASKS: f64 = 100_000.0;

/// Between the caches and memory a child's cost grows by this power of their number.
pub const FAR_POWER: f64 = 0.7;

/// Polls that find a child waiting, of a strategy that polls all unfinished ones on each of their separate wakes: of the
/// N(N+3)/2 polls that the census counts N are first ones, and N find a child woken.
pub fn idle_polls(tasks: usize) -> f64 {
    let n = tasks as f64;
    n * (n - 1.0) / 2.0
}

/// How often each unit cost is paid, for a fan-out whose children wait once at most; the payload apart, whose cost depends on
/// its size.
pub fn counts(kind: &Kind, wakes: Wakes, tasks: usize) -> Vec<(Unit, f64)> {
    let n = tasks as f64;
    let mut counts = vec![(Unit::FanOut, 1.0), (Unit::Child, n)];
    match wakes {
        Wakes::Never => {}
        Wakes::Together => counts.push((Unit::IdleTurn, 1.0)),
        Wakes::Separate => counts.push((Unit::Signal, n)),
        Wakes::InTurn => {}
    }
    if kind.family == Family::Polled && matches!(wakes, Wakes::Separate | Wakes::InTurn) {
        counts.push((Unit::Repoll, idle_polls(tasks)));
    }
    if tasks > NEAR_TASKS && !kind.holds_few() {
        let beyond = (tasks - NEAR_TASKS) as f64 / FAR_TASKS;
        counts.push((Unit::Far, n * beyond.powf(FAR_POWER)));
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_census() {
        // join! of 8, 64, 256 children woken one at a time: 44, 2,144 and 33,152 polls.
        for (tasks, polls) in [(8, 44.0), (64, 2_144.0), (256, 33_152.0)] {
            assert_eq!(2.0 * tasks as f64 + idle_polls(tasks), polls);
        }
        let of = |strategy, wakes, tasks| {
            let counts = counts(&Kind::of(strategy, tasks).expect("it has a sum"), wakes, tasks);
            counts.into_iter().map(|(unit, _)| unit).collect::<Vec<_>>()
        };
        assert!(of("join", Wakes::Separate, 8).contains(&Unit::Repoll));
        assert!(!of("spawn", Wakes::Separate, 8).contains(&Unit::Repoll));
        assert!(!of("join", Wakes::Together, 8).contains(&Unit::Repoll));
        assert!(of("futures_unordered", Wakes::Together, 1_001).contains(&Unit::Far));
        assert!(!of("buffer_unordered@64", Wakes::Together, 1_001).contains(&Unit::Far));
    }

    #[test]
    fn join_all_is_two_strategies() {
        assert_eq!(Kind::of("join_all", 30).map(|kind| kind.family), Some(Family::Polled));
        assert_eq!(Kind::of("join_all", 31).map(|kind| kind.family), Some(Family::Woken));
        assert_eq!(
            Kind::of("buffer_unordered@64", 8).map(|kind| kind.name).as_deref(),
            Some("buffer_unordered")
        );
        assert_eq!(Kind::of("join_set@64", 8), None);
        assert_eq!(Kind::of("sequential", 8), None);
    }
}
