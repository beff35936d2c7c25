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
    if PENDING.get().is_some() {
        return Ok(());
    }
    let pending = Arc::new(AtomicBool::new(false));
    // In this order: the first signal finds the flag down, and puts it up.
    flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), pending.clone())?;
    flag::register(SIGINT, pending.clone())?;
    let _ = PENDING.set(pending);
    Ok(())
}

/// Whether there was one.
pub fn pending() -> bool {
    PENDING.get().is_some_and(|pending| pending.load(Relaxed))
}
