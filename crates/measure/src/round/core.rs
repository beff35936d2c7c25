//! The core that a block of one thread stays on: the round's, or another one while a program of the host shares the round's.
//!
//! A block on a shared core does not count ([`crate::shared_core`]), so that it is better not made. A core that is shared stays so
//! for some tens of milliseconds, and one that is free for longer, whatever the other core is; so a look right before a block tells
//! mostly which it will be in it.

use std::time::{Duration, Instant};

use crate::one_core::{OnOneCore, allowed};
use crate::shared_core;

/// How long a block waits for a free core: after that it is measured where it is, and does not count.
const WAITS: Duration = Duration::from_millis(20);

/// The core that a process measures on.
#[derive(Debug, Default)]
pub(super) struct FreeCore {
    /// Where it went while its round's core was shared: its number among those that may be used.
    moved_to: Option<usize>,
}

impl FreeCore {
    /// The core for the next block, of those that may be used: `asked`, or the one that this process moved to. Where no look at it takes as
    /// little as `free_ns`, that of a free core, the next one that is free, or none after a while. `rested` says whether it is to be
    /// kept busy first.
    pub(super) fn choose(&mut self, asked: usize, free_ns: Option<f64>, rested: bool) -> usize {
        let mut core = self.moved_to.unwrap_or(asked);
        if rested {
            warm(core);
        }
        let Some(free_ns) = free_ns else {
            return core;
        };
        let count = allowed();
        let is_free = |core: usize| {
            let _stays = OnOneCore::stay(core);
            shared_core::task_ns() <= free_ns
        };
        let began = Instant::now();
        while !is_free(core) {
            if let Some(other) = (1..count)
                .map(|step| (core + step) % count)
                .find(|other| is_free(*other))
            {
                warm(other);
                self.moved_to = Some(other);
                core = other;
            }
            if began.elapsed() > WAITS {
                break;
            }
        }
        core
    }
}

/// How long a core that has rested is kept busy before it measures.
const WARM_UP: Duration = Duration::from_millis(20);

/// Keeps a core busy until it is as fast as one that has been busy for long.
fn warm(core: usize) {
    let _stays = OnOneCore::stay(core);
    let began = Instant::now();
    while began.elapsed() < WARM_UP {
        std::hint::black_box(timed::chain::chain(1, 1000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_core_is_kept_and_a_shared_one_is_left_or_waited_for() {
        let mut core = FreeCore::default();
        assert_eq!(core.choose(1, None, false), 1, "before anything is known");
        assert_eq!(core.choose(1, Some(f64::INFINITY), false), 1, "all are free");
        assert_eq!(core.moved_to, None);
        // No core is as fast as that.
        let began = Instant::now();
        assert_eq!(core.choose(0, Some(0.0), false), 0);
        assert!(began.elapsed() >= WAITS, "{:?}", began.elapsed());
        // Where it went it stays.
        core.moved_to = Some(1);
        assert_eq!(core.choose(0, Some(f64::INFINITY), false), 1);
    }
}
