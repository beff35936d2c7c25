//! Workloads: what each child does. One file a workload, one line in the list below.

mod began;
mod entry;
#[cfg(feature = "http")]
pub mod fetching;
mod function;
mod inline;
mod opened;

use std::future::Future;
use std::sync::Arc;

use crate::cancelled::Cancelling;
use crate::slice::{TimedLoop, Totals};
use crate::strategy::loops::Loops;

pub use entry::{Axes, Entry, Full, Open, Sweep, Variants};
pub use inline::{INLINE_PAYLOADS, Inline, InlineChild, open_inline};
pub use opened::{Children, MACHINERY, Opened, Opening, erased, open};

use inline::inline_entry;

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

    /// Told before each slice how many children a strategy holds at once: all of them, or one.
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

    /// The same iteration without any composition, where the workload has machinery of its own that runs
    /// inside the slice: what is measured with it is a cost that no strategy can go below.
    fn machinery(self: Arc<Self>) -> Option<TimedLoop> {
        None
    }
}

/// The workload of that name: one of `entries`, or one of their [variants](Variants).
pub fn find(entries: &[Entry], name: &str) -> Option<Entry> {
    if let Some(entry) = entries.iter().find(|entry| entry.name == name) {
        return Some(entry.clone());
    }
    let (base, parameters) = name.split_once('@')?;
    let mut bases = entries.iter().filter(|entry| entry.name == base);
    let variant = bases.find_map(|entry| {
        let variant = (entry.variants?.make)(parameters)?;
        Some(Entry {
            // A target may have made axes of its own.
            target: entry.target,
            axes: Axes {
                on_request: true,
                ..entry.axes
            },
            ..variant
        })
    })?;
    Some(variant)
}

/// Declares the modules and the list of their entries. A module offers `entry() -> Entry`.
macro_rules! workloads {
    ($($(#[doc = $doc:literal])+ $(#[cfg($condition:meta)])? $module:ident;)+) => {
        $($(#[doc = $doc])+ $(#[cfg($condition)])? pub mod $module;)+

        /// All workloads of the bench targets, in the order in which lists and pages show them.
        #[allow(clippy::vec_init_then_push, reason = "some of them may be left out")]
        pub fn all() -> Vec<Entry> {
            let mut all = Vec::new();
            $($(#[cfg($condition)])? all.push($module::entry());)+
            all
        }
    };
}

workloads! {
    /// One `yield_now().await`, the payload alive across it.
    r#yield;
    /// Ready in its first poll.
    ready;
    /// Waits for a signal of its own; the signals are fired one at a time.
    wake;
    /// Holds a Mutex that all share, for one yield.
    mutex;
    /// Hashes its payload, which lies on the heap.
    compute;
    /// Computes in its first child; the others wait for it, or not.
    hot;
    /// Sleeps for a millisecond or two.
    timers;
    /// Is dropped half done.
    cancel;
    /// Fetches a body from the mock server.
    #[cfg(feature = "http")]
    http;
    /// The same from a server that answers late.
    #[cfg(feature = "http")]
    http_delay;
    /// Fetches a JSON document and decodes it.
    #[cfg(feature = "http")]
    http_parse;
    /// Fetches of which one is answered late.
    #[cfg(feature = "http")]
    http_straggler;
}

#[cfg(test)]
mod tests {
    use super::{InlineChild, ready::Ready, r#yield::Yield};

    #[test]
    fn an_inline_payload_is_carried_once() {
        fn sizes<K: InlineChild>() -> [(usize, usize); 2] {
            [
                (size_of_val(&K::child::<64>(0)), 64),
                (size_of_val(&K::child::<4096>(0)), 4096),
            ]
        }
        for (size, payload) in [sizes::<Ready>(), sizes::<Yield>()].concat() {
            assert!((payload..=payload + 32).contains(&size), "{size}");
        }
    }
}
