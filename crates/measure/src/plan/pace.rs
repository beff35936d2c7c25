//! How a case is measured: the shape of its blocks, and in how many of a run's rounds it takes part.

use std::time::Duration;

use crate::block::{Shape, wakes_threads};
use crate::case::Case;
use crate::matrix::Matrix;
use crate::record::FEWEST_SAMPLES;
use crate::settings::{ROUNDS, RunSettings};
use crate::stats::FEWEST_ROUNDS;
use crate::workload::Entry;

/// How a case is measured: the shape of its blocks, and in how many of a run's rounds it takes part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Of each block.
    pub shape: Shape,
    /// The share of the rounds, from 0 to 1.
    pub share: f64,
    /// Whether each strategy has a runtime of its own.
    pub own_runtime: bool,
    /// Whether a block counts only where its core was nobody else's ([`crate::shared_core`]): those of one thread, being short.
    pub free_core: bool,
    /// Quads of every block at least, so that all rounds together make the samples that Criterion takes.
    pub fewest_quads: usize,
}

/// From so many children on an iteration takes milliseconds: each strategy then has few blocks, in a runtime of its own.
const MANY: usize = 10_000;

/// What settles sooner than this settles as long as ever in a run that has too little time.
const LEAST_SETTLE: Duration = Duration::from_millis(5);

/// The share of a run's rounds that is so many where it has as many as no variable changes.
const fn share_of(rounds: usize) -> f64 {
    rounds as f64 / ROUNDS as f64
}

impl Pace {
    /// The pace of a case in a run of so many rounds.
    ///
    /// Each strategy has a runtime of its own. On one thread it has settled in what the strategy's file says, or the workload's. Where threads are
    /// woken, it takes the kernel a tenth of a second to settle where they run (docs/METHODOLOGY.md, "The steady state"); so cases share
    /// a runtime that has settled, and take part in few rounds.
    pub fn of(case: &Case, entry: &Entry, settings: &RunSettings) -> Self {
        let quick = settings.matrix == Matrix::Quick;
        // A quad makes two samples of each side.
        let fewest_quads = FEWEST_SAMPLES.div_ceil(2 * settings.rounds);
        let own = |settle_ms: u64, settle_again_ms: u64, slice_us, quads, share| Self {
            shape: Shape {
                settle: Duration::from_millis(settle_ms),
                settle_again: Duration::from_millis(settle_again_ms),
                slice: Duration::from_micros(slice_us),
                quads,
            },
            share,
            own_runtime: true,
            free_core: false,
            fewest_quads,
        };
        if entry.served {
            // Client and server share a core at first; the kernel has them on one each only after some 50 ms.
            return match quick {
                true => own(10, 10, 5_000, 3, 0.3),
                false => own(60, 60, 4_000, 2, share_of(15)),
            };
        }
        if case.tasks >= MANY {
            // One iteration is long against whatever a runtime has to settle.
            return own(0, 0, 0, 1, share_of(FEWEST_ROUNDS));
        }
        let several = case.flavor.workers() > 1;
        // Most differences are read from a task on one thread; the others confirm them.
        let share = match (case.flavor.has_one_thread(), case.site.in_task()) {
            _ if quick => 1.0,
            (true, true) => 1.0,
            (false, _) => 0.4,
            (true, false) => 0.15,
        };
        let one_thread = Self {
            shape: Shape::ONE_THREAD.settling(entry.warm_up),
            share,
            own_runtime: !settings.one_runtime,
            free_core: true,
            fewest_quads,
        };
        // Blocks that wake threads differ from each other by far more than slices of one do, so that they are short and many.
        match (wakes_threads(case), several && case.site.in_task(), quick) {
            (false, ..) => one_thread,
            (true, false, true) => own(15, 5, 2_500, 2, 0.3),
            (true, false, false) => own(40, 5, 2_000, 1, share_of(15)),
            (true, true, true) => own(40, 5, 5_000, 2, 0.3),
            (true, true, false) => own(100, 5, 2_000, 1, share_of(35)),
        }
    }

    /// Whether cases share a runtime of each strategy that has settled.
    pub(crate) fn shares_settled(&self) -> bool {
        self.own_runtime && self.shape.settle_again < self.shape.settle
    }

    /// Of a run that has too little time for this one.
    pub(super) fn lean(mut self) -> Self {
        self.shape.quads = 1;
        self.shape.settle = (self.shape.settle / 4).max(LEAST_SETTLE).min(self.shape.settle);
        self.shape.settle_again = self.shape.settle_again.min(self.shape.settle);
        self
    }

    /// In how many of so many rounds: six at least, where there are as many.
    pub fn rounds(&self, of: usize) -> usize {
        let share = (self.share * of as f64).ceil() as usize;
        share.max(FEWEST_ROUNDS).min(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_blocks_take_part_in_few_rounds_but_six() {
        let pace = Pace {
            shape: Shape::ONE_THREAD,
            share: 0.2,
            own_runtime: true,
            free_core: false,
            fewest_quads: 1,
        };
        assert_eq!([1, 6, 10, 40, 100].map(|rounds| pace.rounds(rounds)), [1, 6, 6, 8, 20]);
    }
}
