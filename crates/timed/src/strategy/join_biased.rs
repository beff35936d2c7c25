//! `tokio::join!(biased; …)`: children are polled in the order in which they are written, where join! begins with another one
//! each time (tokio, `macros/join.rs`). A few numbers of children, without payloads, since each is a type of its own.

use super::counts::all_polled;
use super::join::joins;
use super::{Kind, WARM_UP_WITHOUT_HEAP, formula};

/// `tokio::join!(biased; …)` of `N` children.
pub struct JoinBiased<const N: usize>;

/// Children that carry nothing only.
const fn most(most: usize, inline_bytes: usize) -> usize {
    if inline_bytes == 0 { most } else { 0 }
}

joins! { JoinBiased, (biased), most, [1 2 4 8 16 32 64] }

pub(super) const KIND: Kind = Kind {
    arities: Some(ARITIES),
    inline_payloads: false,
    counts: Some(all_polled(formula!(_n => 0))),
    warm_up: WARM_UP_WITHOUT_HEAP,
    ..Kind::ANY_NUMBER
};
