//! What children are: the trait that every workload implements.

use std::future::Future;

use crate::cancelling::Cancelling;
use crate::loops::Loops;
use crate::slice::Totals;

/// What a workload is made for: one case, on the runtime of one block.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Children of one iteration.
    pub tasks: usize,
    /// Bytes each child carries.
    pub payload_bytes: usize,
    /// Seeds whatever the workload draws at random; below 2^32, differs from block to block.
    pub seed: u64,
}

/// What each child does: implement it to have a child of your own measured (`examples/own_project/benches/cached.rs`).
///
/// One value serves all iterations of one block, with every strategy of the pair, on that block's runtime.
pub trait Workload: Send + Sync + Sized + 'static {
    /// What one child returns.
    type Output: Send + 'static;

    /// Bytes of payload inside the child's future, known at compile time; 0 where the payload is on the heap.
    const INLINE_BYTES: usize = 0;

    /// The most children of a `join!` that is compiled for this workload. A `join!` of each number of
    /// [`join::ARITIES`](crate::strategy::join::ARITIES) up to it is a type of its own, and large where children are; the numbers
    /// above 64 take the feature `suite`.
    const MOST_JOINED: usize = 256;

    /// Which of its loops are compiled: those of every strategy, of children of your own.
    const LOOPS: Loops = Loops::All;

    /// Whether the workload [settles](Workload::settle) between iterations; then each is timed on its own.
    const SETTLES: bool = false;

    /// Whether fan-outs of it are dropped half done, and what is timed is how long that takes: see
    /// [`cancelling`](Workload::cancelling).
    const CANCELS: bool = false;

    /// Makes ready, inside the block's runtime and before anything is timed. The error becomes the reason
    /// for which the case is recorded as failed.
    fn set_up(setup: Setup) -> impl Future<Output = Result<Self, String>> + Send;

    /// Makes child `index` of an iteration: called once for each child, inside the timed slice.
    fn child(&self, index: usize) -> impl Future<Output = Self::Output> + Send + 'static;

    /// A number that stands for an output. Called inside the timed slice, so it should cost next to nothing;
    /// the wrapping sum over all children of a slice is compared with [`expected`](Workload::expected).
    fn digest(output: Self::Output) -> u64;

    /// The digest that child `index` must return.
    fn expected(&self, index: usize) -> u64;

    /// Told before each slice how many children the strategy holds at once: all, as many as its bound allows, or one
    /// (`sequential`). Not called where it [cancels](Workload::CANCELS).
    fn before_slice(&self, _children_at_once: usize) {}

    /// What the workload counts beside the clock; asked right before and right after the timed iterations of each
    /// slice.
    fn totals(&self) -> Totals {
        Totals::default()
    }

    /// Awaited after each iteration, outside its time, where [`SETTLES`](Workload::SETTLES): lets come to its end what an
    /// iteration leaves behind, where the next would else meet it.
    fn settle(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// What its children tell of themselves, where it [cancels](Workload::CANCELS).
    fn cancelling(&self) -> Option<&Cancelling> {
        None
    }

    /// Why outputs were other than expected, if the workload knows: the reason for which the case failed.
    fn failure_reason(&self) -> Option<String> {
        None
    }
}
