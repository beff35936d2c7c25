//! `FuturesUnordered`: one task, but each child has a waker of its own, so that a wake polls one child.

use futures_util::StreamExt;

use super::counts::{Counts, Polls};
use super::{Kind, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// `FuturesUnordered`, collected and drained.
pub struct FuturesUnordered;

impl<W: Workload> FanOut<W> for FuturesUnordered {
    crate::fan_out!(async |workload: &W, count| {
        let mut children: futures_util::stream::FuturesUnordered<_> =
            (0..count.tasks()).map(|index| workload.child(index)).collect();
        let mut sum = 0u64;
        while let Some(output) = children.next().await {
            sum = sum.wrapping_add(W::digest(output));
        }
        sum
    });
}

pub(super) const KIND: Kind = Kind {
    counts: Some(Counts {
        yielding: Polls {
            children: formula!(n => 2 * n),
            // In vain once: it lets other tasks run when it has polled as many as it holds (futures-util 0.3,
            // `futures_unordered/mod.rs`, `polled == len`), and the children wake only when all tasks had their turn.
            parent: Some(formula!(_n => 3)),
        },
        woken: Polls {
            children: formula!(n => 2 * n),
            parent: Some(formula!(n => n + 1)),
        },
        // One a child, the queue of those that are ready, and the queue's empty end.
        allocations: formula!(n => n + 2),
    }),
    ..Kind::ANY_NUMBER
};

any_number!(FuturesUnordered);
