//! Ctrl-C: the first ends a run politely, the second at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The exit code of a program that SIGINT ended, as shells have it: 128 and the signal's number.
pub const EXIT_CODE: u8 = 130;

static PENDING: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on SIGINT is noted; the next one after it ends the process.
pub fn listen() -> io::Result<()> {
    if let Some(pending) = PENDING.get() {
        pending.store(false, Relaxed);
        return Ok(());
    }
    let pending = Arc::new(AtomicBool::new(false));
    // In this order: the first signal finds the flag down, and puts it up.
    flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), pending.clone())?;
    flag::register(SIGINT, pending.clone())?;
    let _ = PENDING.set(pending);
    Ok(())
}

/// From now on a SIGINT ends the process: nothing that looks at [`pending`] is under way any more.
pub fn end_at_once() {
    if let Some(pending) = PENDING.get() {
        pending.store(true, Relaxed);
    }
}

/// Whether there was one.
pub fn pending() -> bool {
    PENDING.get().is_some_and(|pending| pending.load(Relaxed))
}
