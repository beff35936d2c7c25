//! `ready`: a child that is complete in its first poll. What remains is the price of composing it; a pure
//! ready child folds away in join! more than in spawn, which is a finding and not the headline.

use std::future::Future;
use std::hint::black_box;

use super::{Entry, InlineChild, inline_entry};

/// The child of this workload.
pub struct Ready;

impl InlineChild for Ready {
    const CALIBRATED: &'static [usize] = &[0];

    fn child<const P: usize>(number: u64) -> impl Future<Output = u64> + Send + 'static {
        let payload = [number as u8; P];
        async move {
            black_box(&payload);
            black_box(number)
        }
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        description: "Each child is complete at once. Such children fold away in some strategies more than in others: \
                      read this beside yield.",
        expectation: "join! wins everywhere, by more the more children there are: a spawned child is allocated and \
                      queued, one of join! is a branch.",
        ..inline_entry::<Ready>("ready")
    }
}
