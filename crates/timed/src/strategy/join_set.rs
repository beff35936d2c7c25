//! `tokio::task::JoinSet`: children spawned into a set, results taken in the order of completion.

use std::marker::PhantomData;

use tokio::task::JoinSet as Set;

use super::{FanOut, Spawner};
use crate::workload::Workload;

/// A `JoinSet` drained by `join_next`.
pub struct JoinSet<S>(PhantomData<S>);

impl<W: Workload, S: Spawner> FanOut<W> for JoinSet<S> {
    async fn run(workload: &W, tasks: usize) -> u64 {
        let mut set = Set::new();
        for index in 0..tasks {
            S::spawn_in(&mut set, workload.child(index));
        }
        let mut sum = 0u64;
        while let Some(output) = set.join_next().await {
            sum = sum.wrapping_add(W::digest(output.expect("a child panicked")));
        }
        sum
    }
}

any_number!(spawning JoinSet);
