//! When an iteration began, for workloads that tell when a part of it was over.

use std::sync::atomic::{AtomicU64, Ordering::*};
use std::time::Instant;

/// The start of the iteration under way. One task writes it, any thread reads it.
pub(super) struct Began {
    epoch: Instant,
    /// In ns since the epoch.
    at: AtomicU64,
}

impl Began {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
            at: AtomicU64::new(0),
        }
    }

    /// It begins now.
    #[inline]
    pub(super) fn now(&self) {
        self.at.store(self.ns(), Release);
    }

    /// How long ago that was, in ns.
    #[inline]
    pub(super) fn elapsed_ns(&self) -> u64 {
        self.ns() - self.at.load(Acquire)
    }

    #[inline]
    fn ns(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }
}
