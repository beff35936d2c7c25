//! `tokio::spawn` for each child, then every handle awaited in the order of spawning.

use std::marker::PhantomData;

use super::counts::spawned;
use super::{Kind, Spawner, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// Spawns into a Vec of handles, as the article's example does.
pub struct Spawn<S>(PhantomData<S>);

impl<W: Workload, S: Spawner> FanOut<W> for Spawn<S> {
    // A handle that is dropped leaves its child to run.
    const STOPS_ON_DROP: bool = false;

    crate::fan_out!(async |workload: &W, count| {
        let handles: Vec<_> = (0..count.tasks())
            .map(|index| S::spawn(workload.child(index)))
            .collect();
        let mut sum = 0u64;
        for handle in handles {
            sum = sum.wrapping_add(W::digest(handle.await.expect("a child panicked")));
        }
        sum
    });
}

pub(super) const KIND: Kind = Kind {
    stops_on_drop: false,
    // One a task, and the Vec of handles.
    counts: Some(spawned(formula!(n => n + 1))),
    ..Kind::ANY_NUMBER
};

any_number!(spawning Spawn);
