//! What a strategy counts on one thread, as formulas: in each strategy's file, so that its documentation is what
//! `census --formulas` checks.

use std::fmt;

/// A count of one iteration: of the number of children `n` and, where the strategy has one, of its bound `b`.
#[derive(Clone, Copy)]
pub struct Formula {
    text: &'static str,
    of: fn(u64, u64) -> u64,
}

impl Formula {
    /// Made by [`formula!`](super::formula).
    pub(crate) const fn new(text: &'static str, of: fn(u64, u64) -> u64) -> Self {
        Self { text, of }
    }

    /// Its value for so many children.
    pub fn of(&self, tasks: usize, bound: Option<usize>) -> u64 {
        (self.of)(tasks as u64, bound.unwrap_or(tasks) as u64)
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A formula in `n` and `b` that is shown as it is written.
macro_rules! formula {
    ($n:ident => $formula:expr) => {
        formula!($n, _b => $formula)
    };
    ($n:ident, $b:ident => $formula:expr) => {
        $crate::strategy::counts::Formula::new(stringify!($formula), |$n, $b| $formula)
    };
}
pub(crate) use formula;

/// Polls of one iteration.
#[derive(Debug, Clone, Copy)]
pub struct Polls {
    /// Of all children.
    pub children: Formula,
    /// Of the task that the fan-out is in; `None` where the runtime decides when it runs between spawned children.
    pub parent: Option<Formula>,
}

/// What one iteration does on `current_thread`, in a spawned task, where children carry nothing.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Where each child yields once.
    pub yielding: Polls,
    /// Where the children's wakes come one at a time.
    pub woken: Polls,
    /// Allocations, where each child yields once.
    pub allocations: Formula,
}

/// How often a place that holds at most `most` things moves, which begins with 4 and doubles: a Vec's growth (alloc,
/// `raw_vec`), counting the first allocation.
pub(super) fn growths(most: u64) -> u64 {
    u64::from(most.max(4).next_power_of_two().ilog2()) - 1
}

/// Children that are all polled in each poll of the parent: join!, and what is built like it.
pub(super) const fn all_polled(allocations: Formula) -> Counts {
    Counts {
        yielding: Polls {
            children: formula!(n => 2 * n),
            parent: Some(formula!(_n => 2)),
        },
        woken: Polls {
            children: formula!(n => n * (n + 3) / 2),
            parent: Some(formula!(n => n + 1)),
        },
        allocations,
    }
}

/// Children that are tasks: each is polled when it is woken.
pub(super) const fn spawned(allocations: Formula) -> Counts {
    let polls = Polls {
        children: formula!(n => 2 * n),
        parent: None,
    };
    Counts {
        yielding: polls,
        woken: polls,
        allocations,
    }
}
