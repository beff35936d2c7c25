//! The core that a block of one thread stays on: the round's, or another one while a program of the host shares the round's.
//!
//! A block on a shared core does not count ([`crate::shared_core`]), so that it is better not made. A core that is shared stays so
//! for some tens of milliseconds, and one that is free for longer, whatever the other core is; so a look right before a block tells
//! mostly which it will be in it.

use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

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
        let count = sched_getaffinity(None).map_or(1, |cores| allowed(&cores).count());
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

/// The cores of a set.
fn allowed(cores: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::MAX_CPU).filter(|core| cores.is_set(*core))
}

/// Keeps this thread, and the copies that it makes, on one of the cores that it may use; dropped, it may use all of them again.
pub(super) struct OnOneCore(Option<CpuSet>);

impl OnOneCore {
    /// On the core of that number among those that it may use.
    pub(super) fn stay(number: usize) -> Self {
        let Ok(before) = sched_getaffinity(None) else {
            return Self(None);
        };
        let mut one = CpuSet::new();
        let count = allowed(&before).count();
        if let Some(core) = allowed(&before).nth(number % count.max(1)) {
            one.set(core);
        }
        Self(sched_setaffinity(None, &one).is_ok().then_some(before))
    }
}

impl Drop for OnOneCore {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = sched_setaffinity(None, before);
        }
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
