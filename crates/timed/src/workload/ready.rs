//! `ready`: a child that is complete in its first poll. What remains is the price of composing it; a pure
//! ready child folds away in join! more than in spawn, which is a finding and not the headline.

use std::future::Future;
use std::hint::black_box;

use super::{Entry, InlineChild, inline_entry};
use crate::case::Case;

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

/// Few spawned children are up to a tenth faster beside `join!` than alone: presumably the heap is in another state then, since most of
/// such an iteration is malloc's (docs/METHODOLOGY.md, "Against programs that run one strategy").
fn is_mostly_malloc(case: &Case) -> bool {
    case.site.in_task() && case.payload.0 == 0 && case.tasks <= 8
}

pub(super) fn entry() -> Entry {
    Entry {
        apart: is_mostly_malloc,
        description: "Each child is complete at once. Such children fold away in some strategies more than in others: \
                      read this beside yield.",
        expectation: "join! wins everywhere, by more the more children there are: a spawned child is allocated and \
                      queued, one of join! is a branch.",
        ..inline_entry::<Ready>("ready")
    }
}
