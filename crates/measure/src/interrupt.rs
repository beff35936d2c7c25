//! Ctrl-C: the first ends a run politely, the second at once.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The exit code of a program that SIGINT ended, as shells have it: 128 and the signal's number.
pub const EXIT_CODE: u8 = 130;

struct Flags {
    /// Whether there was a SIGINT.
    pending: Arc<AtomicBool>,
    /// Whether the next one ends the process.
    at_once: Arc<AtomicBool>,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();

/// From now on SIGINT is noted; the next one after it ends the process.
///
/// # Errors
///
/// Where the system refuses the handler.
pub fn listen() -> io::Result<()> {
    if let Some(flags) = FLAGS.get() {
        flags.pending.store(false, Relaxed);
        flags.at_once.store(false, Relaxed);
        return Ok(());
    }
    let flags = Flags {
        pending: Arc::default(),
        at_once: Arc::default(),
    };
    // In this order: the first signal finds `at_once` down, and puts it up.
    flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), flags.at_once.clone())?;
    flag::register(SIGINT, flags.at_once.clone())?;
    flag::register(SIGINT, flags.pending.clone())?;
    let _ = FLAGS.set(flags);
    Ok(())
}

/// From now on a SIGINT ends the process: nothing that looks at [`pending`] is under way any more.
pub fn end_at_once() {
    if let Some(flags) = FLAGS.get() {
        flags.at_once.store(true, Relaxed);
    }
}

/// Whether a SIGINT came since [`listen`].
pub fn pending() -> bool {
    FLAGS.get().is_some_and(|flags| flags.pending.load(Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_end_at_once_was_not_interrupted() {
        listen().expect("signals can be listened for");
        end_at_once();
        assert!(!pending());
    }
}
