//! `StreamExt::buffer_unordered` of the futures crate: a stream of children of which so many as the bound allows are held in a
//! `FuturesUnordered`, each on its own wake; the next is taken when one ends.

use futures_util::StreamExt;

use super::counts::{Counts, Polls};
use super::{Bound, Kind, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// A bounded stream, drained.
pub struct BufferUnordered;

impl<W: Workload> FanOut<W> for BufferUnordered {
    crate::fan_out!(async |workload: &W, count| {
        let children = futures_util::stream::iter((0..count.tasks()).map(|index| workload.child(index)));
        let mut children = children.buffer_unordered(count.bound());
        let mut sum = 0u64;
        while let Some(output) = children.next().await {
            sum = sum.wrapping_add(W::digest(output));
        }
        sum
    });
}

pub(super) const KIND: Kind = Kind {
    bound: Bound::Needed,
    counts: Some(Counts {
        yielding: Polls {
            children: formula!(n => 2 * n),
            // As a FuturesUnordered for each bound's worth of children.
            parent: Some(formula!(n, b => 2 * n.div_ceil(b) + 1)),
        },
        woken: Polls {
            children: formula!(n => 2 * n),
            parent: Some(formula!(n => n + 1)),
        },
        // As a FuturesUnordered, however few it holds at once.
        allocations: formula!(n => n + 2),
    }),
    ..Kind::ANY_NUMBER
};

any_number!(BufferUnordered);
