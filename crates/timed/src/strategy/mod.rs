//! Strategies: how N children are awaited together. One file a strategy, one line in the list below.

use std::future::Future;
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::slice::TimedLoop;
use crate::workload::Workload;

/// A way to await the children of one iteration.
///
/// The code in `run` is what a user would write: the suite's loop adds nothing to it.
pub trait FanOut<W: Workload>: Send + Sync + 'static {
    /// Whether all children are started before the first is awaited to its end.
    const ALL_AT_ONCE: bool = true;

    /// Makes `tasks` children, awaits them all, and returns the wrapping sum of their digests.
    fn run(workload: &W, tasks: usize) -> impl Future<Output = u64> + Send;
}

/// Which spawn the flavor calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spawning {
    /// `tokio::spawn`.
    Shared,
    /// `tokio::task::spawn_local`, on the `local` flavor.
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

/// `timed_loop` of a strategy that takes any number of children: one that polls them itself, or (`spawning`) one
/// that spawns them as the flavor calls for.
macro_rules! any_number {
    ($strategy:ident) => {
        pub(super) fn timed_loop<W: $crate::workload::Workload>(
            workload: std::sync::Arc<W>,
            tasks: usize,
            _: super::Spawning,
        ) -> Option<Box<dyn $crate::slice::TimedLoop>> {
            Some($crate::slice::fan_out_loop::<W, $strategy>(workload, tasks))
        }
    };
    (spawning $strategy:ident) => {
        pub(super) fn timed_loop<W: $crate::workload::Workload>(
            workload: std::sync::Arc<W>,
            tasks: usize,
            spawning: super::Spawning,
        ) -> Option<Box<dyn $crate::slice::TimedLoop>> {
            use $crate::slice::fan_out_loop;
            Some(match spawning {
                super::Spawning::Shared => fan_out_loop::<W, $strategy<super::Shared>>(workload, tasks),
                super::Spawning::Local => fan_out_loop::<W, $strategy<super::Local>>(workload, tasks),
            })
        }
    };
}

/// Declares the modules, [`NAMES`] and the choice among them. A module is named as its strategy and offers
/// `timed_loop::<W>(workload, tasks, spawning)` (`any_number!` makes one): `None` for a number of tasks that it
/// cannot have.
macro_rules! strategies {
    ($($(#[$doc:meta])* $module:ident;)+) => {
        $($(#[$doc])* pub mod $module;)+

        /// All strategies, in the order in which tables show them.
        pub const NAMES: &[&str] = &[$(stringify!($module)),+];

        /// The timed loop of a strategy over a workload, chosen here, outside the timed code: an arity
        /// matched inside one async fn would make every arity carry the widest one's state.
        pub fn timed_loop<W: Workload>(
            strategy: &str,
            workload: Arc<W>,
            tasks: usize,
            spawning: Spawning,
        ) -> Option<Box<dyn TimedLoop>> {
            match strategy {
                $(stringify!($module) => $module::timed_loop(workload, tasks, spawning),)+
                _ => None,
            }
        }
    };
}

strategies! {
    /// `tokio::join!`: all children polled by the parent's task.
    join;
    /// `tokio::spawn` for each child, every handle awaited in order.
    spawn;
    /// `futures::future::join_all`: a Vec of children polled by the parent's task.
    join_all;
    /// `tokio::task::JoinSet`: children spawned, results taken as they come.
    join_set;
    /// `futures::stream::FuturesUnordered`: children polled by the parent's task, each on its own wake.
    futures_unordered;
    /// One child after the other: what it costs to have no concurrency.
    sequential;
}
