//! Watches from outside the runtime that measuring goes on: a runtime that hangs, or that waits for an answer that
//! never comes, cannot notice by its own timers in every case, and a timer for each request would be measured with
//! it.
//!
//! Blocks [`beat`] when they begin and before each slice; a thread that sleeps most of the time looks how long ago
//! that was. Only what is [`armed`](arm) is watched.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::locked::lock;

/// When the last beat was; `None` while nothing is watched.
static LAST: Mutex<Option<Instant>> = Mutex::new(None);

/// Watches from now on.
pub fn arm() {
    *lock(&LAST) = Some(Instant::now());
}

/// Watches no more.
pub fn disarm() {
    *lock(&LAST) = None;
}

/// Measuring goes on.
pub fn beat() {
    if let Some(last) = &mut *lock(&LAST) {
        *last = Instant::now();
    }
}

/// Calls `silent`, once, when what is armed has not beaten for `limit`.
pub fn watch(limit: Duration, silent: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(limit / 10);
            if lock(&LAST).is_some_and(|last| last.elapsed() > limit) {
                return silent();
            }
        }
    });
}
