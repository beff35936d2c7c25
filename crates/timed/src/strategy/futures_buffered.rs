//! `futures_buffered::join_all`: the children in one slab, each with a waker of its own.

use super::Kind;
use crate::children::Workload;
use crate::fan_out::FanOut;

/// `join_all` over an iterator of children.
pub struct FuturesBuffered;

impl<W: Workload> FanOut<W> for FuturesBuffered {
    crate::fan_out!(async |workload: &W, count| {
        let outputs = futures_buffered::join_all((0..count.tasks()).map(|index| workload.child(index))).await;
        outputs
            .into_iter()
            .fold(0u64, |sum, output| sum.wrapping_add(W::digest(output)))
    });
}

pub(super) const KIND: Kind = Kind::ANY_NUMBER;

any_number!(FuturesBuffered);
