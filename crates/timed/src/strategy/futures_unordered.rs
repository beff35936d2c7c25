//! `FuturesUnordered`: one task, but each child has a waker of its own, so that a wake polls one child.

use futures_util::StreamExt;

use super::{Count, FanOut};
use crate::workload::Workload;

/// `FuturesUnordered`, collected and drained.
pub struct FuturesUnordered;

impl<W: Workload> FanOut<W> for FuturesUnordered {
    async fn run(workload: &W, count: Count) -> u64 {
        let mut children: futures_util::stream::FuturesUnordered<_> =
            (0..count.tasks()).map(|index| workload.child(index)).collect();
        let mut sum = 0u64;
        while let Some(output) = children.next().await {
            sum = sum.wrapping_add(W::digest(output));
        }
        sum
    }
}

any_number!(FuturesUnordered);
