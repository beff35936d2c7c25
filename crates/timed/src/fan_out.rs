//! What a strategy is: a way to await the children of one iteration.

use std::future::Future;
use std::sync::Arc;

use crate::children::Workload;

/// How many children an iteration has, and how many of them a strategy with a bound holds at once. No wider than one number,
/// so that a strategy without a bound carries nothing for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    tasks: u32,
    bound: u32,
}

impl Count {
    /// So many children, without a bound.
    ///
    /// # Panics
    ///
    /// Where their number does not fit into 32 bits.
    pub fn of(tasks: usize) -> Self {
        Self {
            tasks: tasks.try_into().expect("a case has at most a million children"),
            bound: u32::MAX,
        }
    }

    /// The same with at most so many held at once, where there is a bound.
    pub fn within(self, bound: Option<u32>) -> Self {
        Self {
            bound: bound.unwrap_or(u32::MAX),
            ..self
        }
    }

    /// The children.
    pub fn tasks(self) -> usize {
        self.tasks as usize
    }

    /// The most children that are held at once.
    pub fn bound(self) -> usize {
        self.bound as usize
    }

    /// Whether there is a bound.
    pub fn is_bounded(self) -> bool {
        self.bound != u32::MAX
    }
}

/// A way to await the children of one iteration.
///
/// [`fan_out!`](crate::fan_out!) writes both functions from one body, which is what a user would write: the suite's loop adds nothing
/// to it.
pub trait FanOut<W: Workload>: Send + Sync + 'static {
    /// Whether children are started before the first is awaited to its end: all of them, or as many as the bound allows.
    const AT_ONCE: bool = true;

    /// Whether children end when the fan-out is dropped.
    const STOPS_ON_DROP: bool = true;

    /// Makes the children, awaits them all, and returns the wrapping sum of their digests.
    fn run(workload: &W, count: Count) -> impl Future<Output = u64> + Send;

    /// The same so many times, one after the other, and the wrapping sum of what they return: everything that is timed, and nothing
    /// else.
    fn repeated(workload: Arc<W>, count: Count, iterations: u64) -> impl Future<Output = u64> + Send;
}

/// Both functions of a [`FanOut`], from the body of one fan-out. In `repeated` it stands inside the loop, as in code that is written
/// for one measurement: a future of its own for each fan-out made a `join!` of one child that is ready take a fifth longer
/// (docs/METHODOLOGY.md, "The slice").
#[macro_export]
macro_rules! fan_out {
    (async |$workload:ident: &$of:ty, $count:ident| $body:block) => {
        async fn run($workload: &$of, $count: $crate::fan_out::Count) -> u64 $body

        async fn repeated(shared: std::sync::Arc<$of>, $count: $crate::fan_out::Count, iterations: u64) -> u64 {
            let mut digest = 0u64;
            for _ in 0..iterations {
                let $workload = std::hint::black_box(&*shared);
                let output: u64 = $body;
                digest = std::hint::black_box(output).wrapping_add(digest);
            }
            digest
        }
    };
}

/// How many children `F` holds at once.
pub(crate) fn at_once<W: Workload, F: FanOut<W>>(count: Count) -> usize {
    if F::AT_ONCE {
        count.tasks().min(count.bound())
    } else {
        1
    }
}
