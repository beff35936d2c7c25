//! A mutex that outlives a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, whether a thread that held it panicked or not: for what no panic leaves half changed.
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
