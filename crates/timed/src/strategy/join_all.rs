//! `join_all` of the futures crate. Up to 30 children it polls all of them on every wake, as join! does;
//! beyond, it is a `FuturesOrdered` (futures-util 0.3, `join_all.rs`, `SMALL`).

use super::counts::{Counts, Polls, growths};
use super::{Kind, formula};
use crate::children::Workload;
use crate::fan_out::FanOut;

/// `join_all` over an iterator of children.
pub struct JoinAll;

impl<W: Workload> FanOut<W> for JoinAll {
    crate::fan_out!(async |workload: &W, count| {
        let outputs = futures_util::future::join_all((0..count.tasks()).map(|index| workload.child(index))).await;
        outputs
            .into_iter()
            .fold(0u64, |sum, output| sum.wrapping_add(W::digest(output)))
    });
}

/// From here on it is a FuturesOrdered.
const LARGE: u64 = 31;

pub(super) const KIND: Kind = Kind {
    counts: Some(Counts {
        yielding: Polls {
            children: formula!(n => 2 * n),
            parent: Some(formula!(n => if n < LARGE { 2 } else { 3 })),
        },
        woken: Polls {
            children: formula!(n => if n < LARGE { n * (n + 3) / 2 } else { 2 * n }),
            parent: Some(formula!(n => n + 1)),
        },
        // Small: the children, and their outputs. Large: a FuturesUnordered, the outputs, which no size is told of, and the
        // heap of outputs that wait for the first child's.
        allocations: formula!(n => if n < LARGE { 2 } else { n + 2 + growths(n) + growths(n - 1) }),
    }),
    ..Kind::ANY_NUMBER
};

any_number!(JoinAll);
