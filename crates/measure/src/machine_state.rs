//! The state of the machine, looked at before each round: how fast it computes, and how long it takes to wake a thread.
//! Both dwell for seconds to minutes on a virtual machine, and move what is measured.

use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::cpu_speed;
use crate::stats::median;

/// The state of the machine when a round began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The layout that the round ran, from 0.
    pub layout: usize,
    /// How long a step of a fixed piece of work takes, in ns.
    pub step_ns: f64,
    /// How long it takes to wake a parked thread of another core or of this one, in ns: half of a round trip between two
    /// threads that park (a futex), the median of many.
    pub wake_ns: f64,
}

impl State {
    /// As it is now.
    pub fn now(layout: usize) -> Self {
        Self {
            layout,
            step_ns: cpu_speed::step_ns(),
            wake_ns: wake_ns(),
        }
    }
}

/// Round trips that are timed, after as many that are not.
const TRIPS: u32 = 200;

fn wake_ns() -> f64 {
    let turn = AtomicU32::new(0);
    let wait_for = |wanted: u32| {
        while turn.load(Acquire) != wanted {
            thread::park();
        }
    };
    let [one, other] = two_cores();
    let asking = || {
        stay_on(one);
        let here = thread::current();
        let mut times = Vec::new();
        thread::scope(|scope| {
            let answers = scope.spawn(|| {
                stay_on(other);
                for trip in 0..2 * TRIPS {
                    wait_for(2 * trip + 1);
                    turn.store(2 * trip + 2, Release);
                    here.unpark();
                }
            });
            for trip in 0..2 * TRIPS {
                let began = Instant::now();
                turn.store(2 * trip + 1, Release);
                answers.thread().unpark();
                wait_for(2 * trip + 2);
                if trip >= TRIPS {
                    times.push(began.elapsed().as_nanos() as f64 / 2.0);
                }
            }
        });
        times
    };
    // In a thread of its own, so that this one may go on wherever it was.
    let times = thread::scope(|scope| scope.spawn(asking).join().unwrap_or_default());
    median(&times)
}

/// The first two cores that this thread may use. On the same core one thread runs when the other parks, and nothing is woken.
/// Elsewhere than on Linux the kernel chooses.
fn two_cores() -> [Option<usize>; 2] {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity};
        let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        [cores.next(), cores.next()]
    }
    #[cfg(not(target_os = "linux"))]
    [None, None]
}

/// Keeps the current thread, and those that it starts, on a core.
fn stay_on(core: Option<usize>) {
    #[cfg(target_os = "linux")]
    if let Some(core) = core {
        let mut one = rustix::thread::CpuSet::new();
        one.set(core);
        let _ = rustix::thread::sched_setaffinity(None, &one);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = core;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waking_a_thread_takes_time() {
        let state = State::now(3);
        assert_eq!(state.layout, 3);
        assert!(state.step_ns > 0.0 && state.wake_ns > 0.0, "{state:?}");
    }
}
