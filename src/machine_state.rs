//! The state of the machine, looked at before each round: how fast it computes, and how long it takes to wake a thread.
//! Both dwell for seconds to minutes on a virtual machine, and move what is measured.

use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::clock;
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
            step_ns: clock::step_ns(),
            wake_ns: wake_ns(),
        }
    }
}

/// Round trips that are timed, after as many that are not.
const TRIPS: u32 = 300;

fn wake_ns() -> f64 {
    let turn = AtomicU32::new(0);
    let here = thread::current();
    let wait_for = |wanted: u32| {
        while turn.load(Acquire) != wanted {
            thread::park();
        }
    };
    let mut times = Vec::new();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for trip in 0..2 * TRIPS {
                wait_for(2 * trip + 1);
                turn.store(2 * trip + 2, Release);
                here.unpark();
            }
        });
        for trip in 0..2 * TRIPS {
            let began = Instant::now();
            turn.store(2 * trip + 1, Release);
            other.thread().unpark();
            wait_for(2 * trip + 2);
            if trip >= TRIPS {
                times.push(began.elapsed().as_nanos() as f64 / 2.0);
            }
        }
    });
    median(&times)
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
