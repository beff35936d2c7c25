//! What children tell of themselves that are dropped half done.

use std::sync::atomic::{AtomicUsize, Ordering::*};

use futures_util::task::AtomicWaker;

/// What children that are cancelled tell of themselves.
#[derive(Debug, Default)]
pub struct Cancelling {
    made: AtomicUsize,
    waiting: AtomicUsize,
    ended: AtomicUsize,
    /// How many wait when the fan-out is half done.
    half: AtomicUsize,
    /// Of the task that makes the fan-outs, and drops them.
    pub(crate) parent: AtomicWaker,
}

impl Cancelling {
    /// A child was made.
    #[inline]
    pub fn made(&self) {
        self.made.fetch_add(1, Relaxed);
    }

    /// A child began to wait for what never comes.
    #[inline]
    pub fn waits(&self) {
        if self.waiting.fetch_add(1, AcqRel) + 1 == self.half.load(Relaxed) {
            self.parent.wake();
        }
    }

    /// A child's destructor ran.
    #[inline]
    pub fn ended(&self) {
        if self.ended.fetch_add(1, AcqRel) + 1 == self.made.load(Relaxed) {
            self.parent.wake();
        }
    }

    /// A new iteration, half done when so many wait.
    #[inline]
    pub(crate) fn begin(&self, half: usize) {
        for count in [&self.made, &self.waiting, &self.ended] {
            count.store(0, Relaxed);
        }
        self.half.store(half, Release);
    }

    /// Whether so many wait.
    #[inline]
    pub(crate) fn is_half_done(&self) -> bool {
        self.waiting.load(Acquire) >= self.half.load(Relaxed)
    }

    /// Whether every destructor ran.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.ended.load(Acquire) == self.made.load(Relaxed)
    }
}
