//! `Join` of the futures-concurrency crate over a Vec of children, each with a waker of its own.

use futures_concurrency::future::Join;

use super::Kind;
use crate::children::Workload;
use crate::fan_out::FanOut;

/// `Vec::join`.
pub struct FuturesConcurrency;

impl<W: Workload> FanOut<W> for FuturesConcurrency {
    crate::fan_out!(async |workload: &W, count| {
        let children: Vec<_> = (0..count.tasks()).map(|index| workload.child(index)).collect();
        let outputs = children.join().await;
        outputs
            .into_iter()
            .fold(0u64, |sum, output| sum.wrapping_add(W::digest(output)))
    });
}

pub(super) const KIND: Kind = Kind::ANY_NUMBER;

any_number!(FuturesConcurrency);
