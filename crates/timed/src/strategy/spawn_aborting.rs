//! `tokio::spawn` for each child, its handle in a guard that aborts the child when it is dropped (what `AbortOnDropHandle` of
//! tokio-util is): children end with their parent, as those of join! do.

use std::marker::PhantomData;

use tokio::task::JoinHandle;

use super::counts::spawned;
use super::{Kind, Spawner, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// Spawns into a Vec of handles that abort.
pub struct SpawnAborting<S>(PhantomData<S>);

/// Aborts its child when it is dropped; nothing happens to a child that has ended.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<W: Workload, S: Spawner> FanOut<W> for SpawnAborting<S> {
    crate::fan_out!(async |workload: &W, count| {
        let children = (0..count.tasks()).map(|index| AbortOnDrop(S::spawn(workload.child(index))));
        let handles: Vec<_> = children.collect();
        let mut sum = 0u64;
        for mut handle in handles {
            let output = (&mut handle.0).await;
            sum = sum.wrapping_add(W::digest(output.expect("a child panicked")));
        }
        sum
    });
}

pub(super) const KIND: Kind = Kind {
    // One a task, and the Vec of guards.
    counts: Some(spawned(formula!(n => n + 1))),
    ..Kind::ANY_NUMBER
};

any_number!(spawning SpawnAborting);
