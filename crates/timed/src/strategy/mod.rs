//! Strategies: how N children are awaited together. One file a strategy, one line in the list below.

pub mod counts;

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::case::ParseError;
use crate::children::Workload;
use crate::fan_out::Count;
use crate::timed_loop::TimedLoop;
use counts::Counts;
pub(crate) use counts::formula;

/// Which spawn the flavor calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spawning {
    /// `tokio::spawn`.
    Shared,
    /// `tokio::task::spawn_local`, on the flavors `local` and `local_set`.
    Local,
}

/// [`Spawning`] as a type, so that the timed loop has no branch on it.
pub trait Spawner: Send + Sync + 'static {
    /// Spawns a child as a task.
    fn spawn<F>(child: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static;

    /// Spawns a child as a task of a set.
    fn spawn_in<F>(set: &mut JoinSet<F::Output>, child: F) -> AbortHandle
    where
        F: Future<Output: Send> + Send + 'static;
}

/// `tokio::spawn`.
pub struct Shared;

impl Spawner for Shared {
    fn spawn<F>(child: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(child)
    }

    fn spawn_in<F>(set: &mut JoinSet<F::Output>, child: F) -> AbortHandle
    where
        F: Future<Output: Send> + Send + 'static,
    {
        set.spawn(child)
    }
}

/// `tokio::task::spawn_local`.
pub struct Local;

impl Spawner for Local {
    fn spawn<F>(child: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::task::spawn_local(child)
    }

    fn spawn_in<F>(set: &mut JoinSet<F::Output>, child: F) -> AbortHandle
    where
        F: Future<Output: Send> + Send + 'static,
    {
        set.spawn_local(child)
    }
}

/// Whether a strategy has a bound on the children that it holds at once: a number behind `@` in its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It holds them all.
    Never,
    /// With or without.
    Optional,
    /// Always.
    Needed,
}

/// What is known of a strategy beside its loops.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Whether it takes a bound.
    pub bound: Bound,
    /// The numbers of children that it is compiled for; `None` for any.
    pub arities: Option<&'static [usize]>,
    /// Whether its children end when it is dropped: [`FanOut::STOPS_ON_DROP`](crate::fan_out::FanOut::STOPS_ON_DROP).
    pub stops_on_drop: bool,
    /// Whether it is compiled also for children that carry a payload inside their future.
    pub inline_payloads: bool,
    /// How long a process of one thread runs it before it is measured.
    pub warm_up: Duration,
    /// What it counts; `None` where nothing is claimed.
    pub counts: Option<Counts>,
    /// What it counts with a bound, where that is not the same.
    pub bounded_counts: Option<Counts>,
}

/// How long a process of one thread runs a strategy before it is measured: its pages are made, its heap takes its shape, and the
/// processor learns which way the allocator goes.
pub const WARM_UP: Duration = Duration::from_micros(1_500);

/// The same of one that allocates nothing: there is no heap to take its shape (docs/METHODOLOGY.md, "Against programs that run one
/// strategy").
pub(crate) const WARM_UP_WITHOUT_HEAP: Duration = Duration::from_micros(250);

impl Kind {
    /// Of a strategy that takes any number of children, all at once.
    pub(crate) const ANY_NUMBER: Self = Self {
        bound: Bound::Never,
        arities: None,
        stops_on_drop: true,
        inline_payloads: true,
        warm_up: WARM_UP,
        counts: None,
        bounded_counts: None,
    };
}

/// `timed_loop` of a strategy that takes any number of children: one that polls them itself, or (`spawning`) one that spawns
/// them as the flavor calls for.
macro_rules! any_number {
    ($strategy:ident) => {
        pub(super) fn timed_loop<W: $crate::children::Workload>(
            workload: std::sync::Arc<W>,
            count: super::Count,
            _: super::Spawning,
        ) -> Option<$crate::timed_loop::TimedLoop> {
            $crate::timed_loop::fan_out_loop::<W, $strategy>(workload, count)
        }
    };
    (spawning $strategy:ident) => {
        pub(super) fn timed_loop<W: $crate::children::Workload>(
            workload: std::sync::Arc<W>,
            count: super::Count,
            spawning: super::Spawning,
        ) -> Option<$crate::timed_loop::TimedLoop> {
            use $crate::timed_loop::fan_out_loop;
            match spawning {
                super::Spawning::Shared => fan_out_loop::<W, $strategy<super::Shared>>(workload, count),
                super::Spawning::Local => fan_out_loop::<W, $strategy<super::Local>>(workload, count),
            }
        }
    };
}

/// Declares the modules, [`NAMES`] and the choice among them. A module is named as its strategy and offers `KIND` and
/// `timed_loop::<W>(workload, count, spawning)` (`any_number!` makes one): `None` for a number of tasks that it cannot have.
macro_rules! strategies {
    ($($(#[doc = $doc:literal])+ $(#[cfg($condition:meta)])? $module:ident;)+) => {
        $($(#[doc = $doc])+ $(#[cfg($condition)])? pub mod $module;)+

        /// All strategies, in the order in which tables show them.
        pub const NAMES: &[&str] = &[$($(#[cfg($condition)])? stringify!($module)),+];

        fn kind(name: &str) -> Option<(&'static str, Kind)> {
            $($(#[cfg($condition)])?
            if name == stringify!($module) {
                return Some((stringify!($module), $module::KIND));
            })+
            None
        }

        /// The timed loop of a strategy over a workload; `None` where none is compiled for so many children, or it cannot end those
        /// of a workload that cancels. Chosen here, outside the timed code: an arity
        /// matched inside one async fn would make every arity carry the widest one's state.
        pub fn timed_loop<W: Workload>(
            strategy: Strategy,
            workload: Arc<W>,
            tasks: usize,
            spawning: Spawning,
        ) -> Option<TimedLoop> {
            let count = Count::of(tasks).within(strategy.bound);
            match strategy.name {
                $($(#[cfg($condition)])?
                // The condition is a constant, so that what it excludes is not even compiled.
                stringify!($module) if const { W::LOOPS.have(stringify!($module)) } => {
                    $module::timed_loop(workload, count, spawning)
                })+
                _ => None,
            }
        }
    };
}

strategies! {
    /// `tokio::join!`: all children polled by the parent's task.
    join;
    /// `tokio::join!(biased; …)`: always polled in the order in which they are written.
    join_biased;
    /// `tokio::join!` of the handles of spawned children, as tokio's documentation recommends for parallel work.
    join_spawned;
    /// `tokio::spawn` for each child, every handle awaited in order.
    spawn;
    /// The same, with handles that abort their child when they are dropped.
    spawn_aborting;
    /// `futures::future::join_all`: a Vec of children polled by the parent's task.
    join_all;
    /// `tokio::task::JoinSet`: children spawned, results taken as they come; with a bound, by permits of a semaphore.
    join_set;
    /// `futures::stream::FuturesUnordered`: children polled by the parent's task, each on its own wake.
    futures_unordered;
    /// `StreamExt::buffer_unordered`: a FuturesUnordered of as many children as the bound allows.
    buffer_unordered;
    /// `futures_buffered::join_all`: each child on its own wake, in one allocation.
    #[cfg(feature = "more-strategies")]
    futures_buffered;
    /// `futures_concurrency`'s `Vec::join`: each child on its own wake, in a Vec.
    #[cfg(feature = "more-strategies")]
    futures_concurrency;
    /// One child after the other: what it costs to have no concurrency.
    sequential;
}

/// A strategy, and its bound where it has one: what an id says between payload and tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strategy {
    name: &'static str,
    bound: Option<u32>,
}

/// The bound with which a strategy that needs one is measured where none is asked for.
const USUAL_BOUND: u32 = 64;

/// The greatest bound: as many as a case can have children.
const GREATEST_BOUND: u32 = crate::case::MAX_TASKS as u32;

impl Strategy {
    /// All strategies, in the order of [`NAMES`]; with a bound of 64 where they need one.
    pub fn all() -> impl Iterator<Item = Strategy> {
        NAMES.iter().filter_map(|name| kind(name)).map(|(name, kind)| Strategy {
            name,
            bound: (kind.bound == Bound::Needed).then_some(USUAL_BOUND),
        })
    }

    /// What can be asked for: the names, with `@BOUND` where a bound belongs to them.
    pub fn wanted() -> String {
        let shown = NAMES
            .iter()
            .filter_map(|name| kind(name))
            .map(|(name, kind)| match kind.bound {
                Bound::Never => name.to_owned(),
                Bound::Optional => format!("{name} {name}@BOUND"),
                Bound::Needed => format!("{name}@BOUND"),
            });
        let shown: Vec<String> = shown.collect();
        format!("{} (BOUND: children at once, 1 to {GREATEST_BOUND})", shown.join(" "))
    }

    /// Its name, without the bound.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The most children that it holds at once, where it has a bound.
    pub fn bound(self) -> Option<usize> {
        self.bound.map(|bound| bound as usize)
    }

    /// Its place among [`NAMES`], and its bound: the order of tables.
    pub fn place(self) -> (usize, Option<u32>) {
        let place = NAMES.iter().position(|name| *name == self.name);
        (place.unwrap_or(usize::MAX), self.bound)
    }

    /// What is known of it.
    pub fn kind(self) -> Kind {
        let mut kind = kind(self.name).expect("it was made from a name").1;
        // A bound changes what is counted where a strategy is another one with it.
        if let (Some(_), Some(counts)) = (self.bound, kind.bounded_counts) {
            kind.counts = Some(counts);
        }
        kind
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bound {
            None => f.write_str(self.name),
            Some(bound) => write!(f, "{}@{bound}", self.name),
        }
    }
}

impl FromStr for Strategy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = |wanted| ParseError {
            text: text.to_owned(),
            wanted,
        };
        let (name, bound) = match text.split_once('@') {
            None => (text, None),
            Some((name, bound)) => (name, Some(bound)),
        };
        let (name, kind) = kind(name).ok_or_else(|| error("a strategy"))?;
        let bound = match (kind.bound, bound) {
            (Bound::Never, Some(_)) => return Err(error("a strategy that has a bound")),
            (Bound::Needed, None) => return Err(error("a strategy with its bound, such as buffer_unordered@64")),
            (_, None) => None,
            (_, Some(bound)) => {
                let number = bound
                    .parse()
                    .ok()
                    .filter(|number: &u32| (1..=GREATEST_BOUND).contains(number) && number.to_string() == bound);
                Some(number.ok_or_else(|| error("a strategy whose bound is a number from 1 to 1000000"))?)
            }
        };
        Ok(Strategy { name, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategys_id_round_trips_and_has_one_spelling() {
        for text in [
            "join",
            "join_set",
            "join_set@1",
            "join_set@64",
            "buffer_unordered@1000000",
        ] {
            assert_eq!(
                text.parse::<Strategy>().map(|strategy| strategy.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            "joins",
            "join@8",
            "spawn@",
            "buffer_unordered",
            "buffer_unordered@",
            "buffer_unordered@0",
            "buffer_unordered@064",
            "buffer_unordered@+4",
            "buffer_unordered@1000001",
            "join_set@64@64",
        ] {
            assert!(text.parse::<Strategy>().is_err(), "{text}");
        }
        assert_eq!(Strategy::all().count(), NAMES.len());
    }
}
