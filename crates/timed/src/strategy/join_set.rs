//! `tokio::task::JoinSet`: children spawned into a set, results taken in the order of completion. With a bound, each child
//! holds a permit of a semaphore, and none is spawned before there is one: as tokio's documentation of `Semaphore` has it,
//! "Limit the number of … tasks".

use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet as Set;

use super::counts::{Counts, Formula, Polls, spawned};
use super::{Bound, Kind, Spawner, Spawning, formula};
use crate::children::Workload;
use crate::fan_out::{Count, FanOut};
use crate::timed_loop::{TimedLoop, fan_out_loop};

/// A `JoinSet` drained by `join_next`.
pub struct JoinSet<S>(PhantomData<S>);

impl<W: Workload, S: Spawner> FanOut<W> for JoinSet<S> {
    crate::fan_out!(async |workload: &W, count| {
        let mut set = Set::new();
        for index in 0..count.tasks() {
            S::spawn_in(&mut set, workload.child(index));
        }
        let mut sum = 0u64;
        while let Some(output) = set.join_next().await {
            sum = sum.wrapping_add(W::digest(output.expect("a child panicked")));
        }
        sum
    });
}

/// The same with a permit for each child.
pub struct Permitted<S>(PhantomData<S>);

impl<W: Workload, S: Spawner> FanOut<W> for Permitted<S> {
    crate::fan_out!(async |workload: &W, count| {
        let permits = Arc::new(Semaphore::new(count.bound()));
        let mut set = Set::new();
        for index in 0..count.tasks() {
            let permit = permits.clone().acquire_owned().await;
            let permit = permit.expect("nobody closes the semaphore");
            let child = workload.child(index);
            S::spawn_in(&mut set, async move {
                let output = child.await;
                drop(permit);
                output
            });
        }
        let mut sum = 0u64;
        while let Some(output) = set.join_next().await {
            sum = sum.wrapping_add(W::digest(output.expect("a child panicked")));
        }
        sum
    });
}

const fn counts(allocations: Formula, woken: Option<Formula>) -> Counts {
    Counts {
        woken: Polls {
            children: formula!(n => 2 * n),
            parent: woken,
        },
        ..spawned(allocations)
    }
}

pub(super) const KIND: Kind = Kind {
    bound: Bound::Optional,
    // A task and an entry of the set's list a child, and the list.
    counts: Some(counts(formula!(n => 2 * n + 1), Some(formula!(n => n + 1)))),
    // And the semaphore. Its parent waits for permits, too, and how often depends on the order of tasks.
    bounded_counts: Some(counts(formula!(n => 2 * n + 2), None)),
    ..Kind::ANY_NUMBER
};

pub(super) fn timed_loop<W: Workload>(workload: Arc<W>, count: Count, spawning: Spawning) -> Option<TimedLoop> {
    use super::{Local, Shared};
    match (spawning, count.is_bounded()) {
        (Spawning::Shared, false) => fan_out_loop::<W, JoinSet<Shared>>(workload, count),
        (Spawning::Local, false) => fan_out_loop::<W, JoinSet<Local>>(workload, count),
        (Spawning::Shared, true) => fan_out_loop::<W, Permitted<Shared>>(workload, count),
        (Spawning::Local, true) => fan_out_loop::<W, Permitted<Local>>(workload, count),
    }
}
