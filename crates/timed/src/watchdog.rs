//! Watches from outside the runtime that measuring goes on: a runtime that hangs, or that waits for an answer that
//! never comes, cannot notice by its own timers in every case, and a timer for each request would be measured with
//! it.
//!
//! Blocks [`beat`] when they begin and before each slice; a thread that sleeps most of the time looks how long ago
//! that was. Only what is [`armed`](arm) is watched.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// When the last beat was; `None` while nothing is watched.
static LAST: Mutex<Option<Instant>> = Mutex::new(None);

fn last() -> std::sync::MutexGuard<'static, Option<Instant>> {
    LAST.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// Watches from now on.
pub fn arm() {
    *last() = Some(Instant::now());
}

/// Watches no more.
pub fn disarm() {
    *last() = None;
}

/// Measuring goes on.
pub fn beat() {
    if let Some(last) = &mut *last() {
        *last = Instant::now();
    }
}

/// Calls `silent`, once, when what is armed has not beaten for `limit`.
pub fn watch(limit: Duration, silent: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(limit / 10);
            if last().is_some_and(|last| last.elapsed() > limit) {
                return silent();
            }
        }
    });
}
