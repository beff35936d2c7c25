//! Work that is like what a runtime does with its tasks, timed by itself: what tells whether another program shares the core
//! (`shared_core` of jvs-measure). It stands here to be compiled as tasks are: jvs-measure is optimized less.

use std::array;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::time::Instant;

/// As large and as aligned as a small task of tokio's.
#[repr(align(128))]
struct Taskish {
    state: AtomicU64,
    child: [AtomicU64; 24],
}

/// So many are written, queued and run, one after the other.
const TASKS: usize = 8;

/// Fan-outs that are timed: some tens of microseconds.
const FAN_OUTS: usize = 200;

/// How long it takes to write, queue and run what is like a task, in ns, on this core now: the median of many. Allocates nothing,
/// so that what follows finds the heap as it was.
// Not to be compiled again by a caller that is optimized less.
#[inline(never)]
pub fn task_ns() -> f64 {
    let tasks: [Taskish; TASKS] = array::from_fn(|_| Taskish {
        state: AtomicU64::new(0),
        child: array::from_fn(|_| AtomicU64::new(0)),
    });
    let mut times = [0.0; FAN_OUTS];
    for time in &mut times {
        let began = Instant::now();
        let mut queue = [0; TASKS];
        for (place, task) in black_box(&tasks).iter().enumerate() {
            for word in &task.child {
                word.store(place as u64, Relaxed);
            }
            task.state.store(1, Release);
            queue[(place * 5) % TASKS] = place;
        }
        for place in black_box(queue) {
            let task = &tasks[place];
            // To running, what it does, to done.
            task.state.fetch_add(1, AcqRel);
            let sum = task
                .child
                .iter()
                .fold(0, |sum: u64, word| sum ^ word.load(Relaxed).rotate_left(7));
            task.state.fetch_xor(black_box(sum) | 3, AcqRel);
        }
        *time = began.elapsed().as_nanos() as f64 / TASKS as f64;
    }
    times.sort_unstable_by(f64::total_cmp);
    times[FAN_OUTS / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_takes_time() {
        let ns = task_ns();
        assert!(ns > 0.0 && ns.is_finite(), "{ns}");
    }
}
