//! One child after the other: no concurrency at all, the line that every other strategy must beat where
//! children wait.

use super::counts::{Counts, Polls};
use super::{Kind, WARM_UP_WITHOUT_HEAP, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// `child.await` in a for loop.
pub struct Sequential;

impl<W: Workload> FanOut<W> for Sequential {
    const AT_ONCE: bool = false;

    crate::fan_out!(async |workload: &W, count| {
        let mut sum = 0u64;
        for index in 0..count.tasks() {
            sum = sum.wrapping_add(W::digest(workload.child(index).await));
        }
        sum
    });
}

const POLLS: Polls = Polls {
    children: formula!(n => 2 * n),
    parent: Some(formula!(n => n + 1)),
};

pub(super) const KIND: Kind = Kind {
    counts: Some(Counts {
        yielding: POLLS,
        woken: POLLS,
        allocations: formula!(_n => 0),
    }),
    warm_up: WARM_UP_WITHOUT_HEAP,
    ..Kind::ANY_NUMBER
};

any_number!(Sequential);
