//! The state of the machine, looked at before each round: how fast it computes, how fast it does what tasks are made of, and how
//! long it takes to wake a thread. They dwell for seconds to minutes on a virtual machine, and move what is measured.

use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use timed::cpu_speed;

use crate::one_core::OnOneCore;
use crate::shared_core;
use crate::stats::median;

/// The state of the machine when a round began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The layout that the round ran, from 0.
    pub layout: usize,
    /// How long a step of a fixed piece of work takes, in ns. It is a chain of which each step waits for the one before, so that
    /// another program on the same core slows it hardly.
    pub step_ns: f64,
    /// How long it takes to write, queue and run what is like a task, in ns, on the core where cases of one thread are
    /// measured: the median of many. What another program on the same core slows. Null in records that do not have it.
    #[serde(default)]
    pub task_ns: Option<f64>,
    /// How long it takes to wake a parked thread of another core or of this one, in ns: half of a round trip between two
    /// threads that park (a futex), the median of many.
    pub wake_ns: f64,
}

impl State {
    /// As it is now; `core` is the number of the one where cases of one thread are measured, among those that may be used.
    pub fn now(layout: usize, core: usize) -> Self {
        Self {
            layout,
            step_ns: cpu_speed::step_ns(),
            task_ns: Some(task_ns(core)),
            wake_ns: wake_ns(),
        }
    }
}

/// How often it is looked at, whether the core is shared: a millisecond or two.
const LOOKS: usize = 20;

/// On the core of that number, among those that may be used.
fn task_ns(core: usize) -> f64 {
    let _stays = OnOneCore::stay(core);
    let times: Vec<f64> = (0..LOOKS).map(|_| shared_core::task_ns()).collect();
    median(&times)
}

/// Round trips that are timed, after as many that are not.
const TRIPS: u32 = 60;

fn wake_ns() -> f64 {
    let turn = AtomicU32::new(0);
    let wait_for = |wanted: u32| {
        while turn.load(Acquire) != wanted {
            thread::park();
        }
    };
    let here = thread::current();
    let mut times = Vec::new();
    thread::scope(|scope| {
        // Before this thread stays on a core, which those that it starts then would stay on as well. On the same core one thread
        // runs when the other parks, and nothing is woken.
        let answers = scope.spawn(|| {
            let _stays = OnOneCore::stay(1);
            for trip in 0..2 * TRIPS {
                wait_for(2 * trip + 1);
                turn.store(2 * trip + 2, Release);
                here.unpark();
            }
        });
        let _stays = OnOneCore::stay(0);
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
    median(&times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_takes_time() {
        let state = State::now(3, 7);
        assert_eq!(state.layout, 3);
        assert!(state.step_ns > 0.0 && state.wake_ns > 0.0, "{state:?}");
        assert!(state.task_ns.is_some_and(|ns| ns > 0.0), "{state:?}");
    }
}
