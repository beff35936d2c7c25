//! Fan-outs that are dropped half done: how long until the destructor of every child has run.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::children::Workload;
use crate::fan_out::{Count, FanOut, at_once};
use crate::numbers::interquartile_mean;
use crate::slice::Slice;
use crate::usage::Usage;

/// Each fan-out is polled until every second child has ended and the others wait, as many at once as the strategy holds; then it
/// is dropped. Timed is from the drop until the last destructor has run, which includes one reading of the clock.
pub(crate) async fn cancelled_fan_outs<W: Workload, F: FanOut<W>>(
    workload: Arc<W>,
    count: Count,
    iterations: u64,
) -> Slice {
    let cancelling = workload.cancelling().expect("the workload cancels");
    // Every second child waits, or the only one.
    let half = (count.tasks() / 2).max(1).min(at_once::<W, F>(count));
    let expected = (0..count.tasks()).fold(0, |sum: u64, index| sum.wrapping_add(workload.expected(index)));
    let mut each_ns = Vec::with_capacity(iterations as usize);
    let mut wall = Duration::ZERO;
    let mut usage = Usage::default();
    let mut digest = 0u64;
    for _ in 0..iterations {
        cancelling.begin(half);
        let mut fan_out = pin!(Some(F::run(black_box(&*workload), count)));
        poll_fn(|cx| {
            cancelling.parent.register(cx.waker());
            if !cancelling.is_half_done()
                && let Some(fan_out) = fan_out.as_mut().as_pin_mut()
            {
                // It cannot end, since half of its children cannot.
                let _ = fan_out.poll(cx);
            }
            match cancelling.is_half_done() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        let before = Usage::now();
        let start = Instant::now();
        fan_out.set(None);
        poll_fn(|cx| {
            if cancelling.is_over() {
                return Poll::Ready(());
            }
            cancelling.parent.register(cx.waker());
            match cancelling.is_over() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        let time = start.elapsed();
        usage.add(&Usage::since(&before));
        wall += time;
        each_ns.push(time.as_nanos() as f64);
        digest = digest.wrapping_add(expected);
    }
    Slice {
        wall,
        typical_ns: Some(interquartile_mean(&each_ns)),
        usage,
        digest,
        ..Slice::default()
    }
}
