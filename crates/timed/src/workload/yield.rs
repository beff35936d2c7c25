//! `yield`: a child that yields once to the scheduler, its payload alive across the await. The suite's
//! headline for overhead: nothing folds away, and nothing but composition and scheduling is paid for.

use std::future::Future;
use std::hint::black_box;

use super::{Axes, Entry, InlineChild, Sweep, inline_entry};
use crate::case::Site;

/// The child of this workload.
pub struct Yield;

impl InlineChild for Yield {
    const CALIBRATED: &'static [usize] = &[0, 1 << 10, 4 << 10, 16 << 10];

    fn child<const P: usize>(number: u64) -> impl Future<Output = u64> + Send + 'static {
        let payload = [number as u8; P];
        async move {
            black_box(&payload);
            tokio::task::yield_now().await;
            black_box(&payload);
            black_box(number)
        }
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    let entry = inline_entry::<Yield>("yield");
    Entry {
        axes: Axes {
            // 4 as well: beyond 3 tasks in a row a worker leaves its LIFO slot.
            quick: Sweep {
                tasks: &[1, 4, 8, 64],
                ..entry.axes.quick
            },
            // The same as a busy server has it: no worker is parked.
            also: &[(Site::WorkerBeside(4), 0, 8), (Site::BlockOnBeside(4), 0, 8)],
            ..entry.axes
        },
        description: "Each child yields once: what composing it costs.",
        expectation: "join! wins by a factor: one task is queued and polled twice, where spawn allocates and queues a \
                      task for each child. Large payloads narrow it, since both copy them.",
        ..entry
    }
}
