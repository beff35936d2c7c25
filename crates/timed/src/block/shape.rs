//! How long and how many the slices of a block are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::strategy::WARM_UP;

/// How long and how many the slices of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// How long each side runs in a fresh runtime before anything is timed.
    pub settle: Duration,
    /// How long in one that an earlier block has settled; no less where no other block is to be measured in it.
    pub settle_again: Duration,
    /// Wall time that a slice should last; a slice is never less than one iteration.
    pub slice: Duration,
    /// Quads of slices, so that each side has twice as many slices.
    pub quads: usize,
}

impl Shape {
    /// Of cases of one thread. Slices of 60 µs are long against the clock, and so short that few are interrupted; of four quads the
    /// highest and the lowest do not count. More of them would tell more about one process than the next one confirms: processes of the
    /// same program differ by percents, and a block of three times as many takes half as long again and scatters hardly less
    /// (docs/METHODOLOGY.md, "The steady state").
    pub const ONE_THREAD: Shape = Shape {
        settle: WARM_UP,
        settle_again: WARM_UP,
        slice: Duration::from_micros(60),
        quads: 4,
    };

    /// The same, where each side runs for so long before it is measured.
    pub fn settling(self, settle: Duration) -> Self {
        Self {
            settle,
            settle_again: settle,
            ..self
        }
    }

    /// Of a block in a runtime that an earlier one has settled.
    pub fn again(self) -> Self {
        Self {
            settle: self.settle_again,
            ..self
        }
    }

    /// How many quads a block has whose slices last `slice`: a block of slices that outlast what they should, being one
    /// iteration, has one.
    pub fn quads_of(&self, slice: Duration) -> usize {
        let whole = self.slice.as_secs_f64() * self.quads as f64;
        let affordable = (whole / slice.as_secs_f64().max(f64::MIN_POSITIVE)).ceil() as usize;
        self.quads.min(affordable.max(1))
    }

    /// About how long a block with so many sides takes, of iterations that last `iteration` at least: each slice has an
    /// iteration more, which is not timed, and a runtime is made and ended.
    pub fn lasts(&self, sides: usize, iteration: Duration) -> Duration {
        let slice = self.slice.max(iteration);
        let each = self.settle.max(2 * iteration) + (slice + iteration) * (2 * self.quads_of(slice) as u32);
        each * sides as u32 + Duration::from_micros(500)
    }
}

/// Whether a case uses more than one thread, so that its strategies wake threads: each then has a runtime of its own, since
/// what one does to the threads is felt by the other.
pub fn wakes_threads(case: &Case) -> bool {
    !case.flavor.has_one_thread() && (case.flavor.workers() > 1 || !case.site.in_task())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_that_wake_threads_have_runtimes_of_their_own() {
        for (case, wakes) in [
            ("yield/current_thread/block_on/0B/8", false),
            ("yield/local/worker/0B/8", false),
            ("yield/multi_thread_1/worker/0B/8", false),
            ("yield/multi_thread_1/block_on/0B/8", true),
            ("yield/multi_thread_2/worker/0B/8", true),
        ] {
            let parsed = case.parse().expect("an id");
            assert_eq!(wakes_threads(&parsed), wakes, "{case}");
        }
    }
}
