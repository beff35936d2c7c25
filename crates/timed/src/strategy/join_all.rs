//! `join_all` of the futures crate. Up to 30 children it polls all of them on every wake, as join! does;
//! beyond, it is a `FuturesOrdered` (futures-util 0.3, `join_all.rs`, `SMALL`).

use super::{Count, FanOut};
use crate::workload::Workload;

/// `join_all` over an iterator of children.
pub struct JoinAll;

impl<W: Workload> FanOut<W> for JoinAll {
    async fn run(workload: &W, count: Count) -> u64 {
        let outputs = futures_util::future::join_all((0..count.tasks()).map(|index| workload.child(index))).await;
        outputs
            .into_iter()
            .fold(0u64, |sum, output| sum.wrapping_add(W::digest(output)))
    }
}

any_number!(JoinAll);
