//! A delay of known size: a chain of operations, each of which needs the result of the one before, between two gates that
//! no load may pass.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::fan_out::FanOut;
use crate::slice::Totals;
use crate::{Setup, Workload};
use timed::chain::chain;

/// A workload whose strategies may be made slower by a chain.
pub(crate) struct Delayed<W> {
    inner: Arc<W>,
    length: u64,
    sum: u64,
    gate: AtomicU64,
}

impl<W: Workload> Delayed<W> {
    /// `inner`, to be delayed by a chain of that length in each iteration of so many children.
    pub(crate) fn new(inner: Arc<W>, tasks: usize, length: u64) -> Self {
        let expected = |sum: u64, index| sum.wrapping_add(inner.expected(index));
        Self {
            sum: (0..tasks).fold(0, expected),
            inner,
            length,
            gate: AtomicU64::new(0),
        }
    }

    /// Runs the chain: it begins when `sum` is known, and nothing that reads memory begins before its end, since both ends
    /// are read-modify-write operations that wait for the one and hold up the other. A length of 0 is no delay at all.
    fn delay(&self, sum: u64) {
        if self.length > 0 {
            let start = self.gate.fetch_add(sum, SeqCst);
            self.gate.fetch_add(chain(start, self.length), SeqCst);
        }
    }
}

impl<W: Workload> Workload for Delayed<W> {
    type Output = W::Output;
    const INLINE_BYTES: usize = W::INLINE_BYTES;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let inner = Arc::new(W::set_up(setup).await?);
        Ok(Self::new(inner, setup.tasks, 0))
    }

    fn child(&self, index: usize) -> impl Future<Output = W::Output> + Send + 'static {
        self.inner.child(index)
    }

    fn digest(output: W::Output) -> u64 {
        W::digest(output)
    }

    fn expected(&self, index: usize) -> u64 {
        self.inner.expected(index)
    }

    fn before_slice(&self, children_at_once: usize) {
        self.inner.before_slice(children_at_once);
    }

    fn totals(&self) -> Totals {
        self.inner.totals()
    }
}

/// A strategy, and then the delay: with a length of 0 the same machine code without it.
pub(crate) struct AndDelay<F>(F);

impl<W: Workload, F: FanOut<Delayed<W>>> FanOut<Delayed<W>> for AndDelay<F> {
    timed::fan_out!(async |workload: &Delayed<W>, count| {
        let sum = F::run(workload, count).await;
        workload.delay(sum);
        sum
    });
}

/// The delay and nothing else: its size, measured on its own.
pub(crate) struct DelayAlone;

impl<W: Workload> FanOut<Delayed<W>> for DelayAlone {
    timed::fan_out!(async |workload: &Delayed<W>, _count| {
        let sum = black_box(workload.sum);
        workload.delay(sum);
        sum
    });
}
