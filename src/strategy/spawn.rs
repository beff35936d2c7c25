//! `tokio::spawn` for each child, then every handle awaited in the order of spawning.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{FanOut, Local, Shared, Spawner, Spawning, fan_out_loop};
use crate::slice::TimedLoop;
use crate::workload::Workload;

/// Spawns into a Vec of handles, as the article's example does.
pub struct Spawn<S>(PhantomData<S>);

impl<W: Workload, S: Spawner> FanOut<W> for Spawn<S> {
    async fn run(workload: &W, tasks: usize) -> u64 {
        let handles: Vec<_> = (0..tasks)
            .map(|index| S::spawn(workload.child(index)))
            .collect();
        let mut sum = 0u64;
        for handle in handles {
            sum = sum.wrapping_add(W::digest(handle.await.expect("a child panicked")));
        }
        sum
    }
}

pub(super) fn timed_loop<W: Workload>(
    workload: Arc<W>,
    tasks: usize,
    spawning: Spawning,
) -> Option<Box<dyn TimedLoop>> {
    Some(spawning_loop!(Spawn, workload, tasks, spawning))
}
