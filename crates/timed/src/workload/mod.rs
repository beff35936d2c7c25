//! Workloads: what each child does. One file a workload, one line in the list below.

pub mod fetching;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::slice::{TimedLoop, Totals};
use crate::strategy::{self, Spawning};

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

/// What each child does: implement it to have a child of your own measured (`examples/own_child.rs`).
///
/// One value serves all iterations of one block, with every strategy of the pair, on that block's runtime.
pub trait Workload: Send + Sync + Sized + 'static {
    /// What one child returns.
    type Output: Send + 'static;

    /// Bytes of payload inside the child's future, known at compile time; 0 where the payload is on the heap.
    const INLINE_BYTES: usize = 0;

    /// Whether the workload [rests](Workload::rest) between iterations; then each is timed on its own.
    const RESTS: bool = false;

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

    /// Awaited after each iteration, outside its time, where [`RESTS`](Workload::RESTS): lets come to its end what an
    /// iteration leaves behind, where the next would else meet it.
    fn rest(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Why outputs were other than expected, if the workload knows: the reason for which the case failed.
    fn complaint(&self) -> Option<String> {
        None
    }

    /// The same iteration without any composition, where the workload has machinery of its own that runs
    /// inside the slice: what is measured with it is a cost that no strategy can go below.
    fn machinery(self: Arc<Self>) -> Option<Box<dyn TimedLoop>> {
        None
    }
}

/// A workload that is set up, its type erased: what a block measures.
pub trait Opened: Send + Sync {
    /// The timed loop of a strategy; `None` where the strategy cannot have this number of tasks.
    fn timed_loop(&self, strategy: &str, spawning: Spawning) -> Option<Box<dyn TimedLoop>>;
    /// The wrapping sum of the digests of one iteration's outputs.
    fn expected_digest(&self) -> u64;
    /// [`Workload::complaint`].
    fn complaint(&self) -> Option<String>;
    /// Its children, for counting.
    fn children(&self) -> &dyn Children;
}

/// The children of a workload that is set up, their type erased: what a census counts, and nothing that is timed.
pub trait Children: Send + Sync {
    /// [`Workload::child`], and the digest of its output.
    fn boxed_child(&self, index: usize) -> Pin<Box<dyn Future<Output = u64> + Send>>;
    /// Size of a child's future, in bytes.
    fn child_bytes(&self) -> usize;
    /// [`Workload::before_slice`].
    fn before_slice(&self, children_at_once: usize);
    /// [`Workload::rest`].
    fn rest(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

struct Typed<W> {
    workload: Arc<W>,
    tasks: usize,
}

/// The name under which the workload's own machinery is measured, in place of a strategy.
pub const MACHINERY: &str = "machinery";

impl<W: Workload> Opened for Typed<W> {
    fn timed_loop(&self, strategy: &str, spawning: Spawning) -> Option<Box<dyn TimedLoop>> {
        let workload = self.workload.clone();
        if strategy == MACHINERY {
            return workload.machinery();
        }
        strategy::timed_loop(strategy, workload, self.tasks, spawning)
    }

    fn expected_digest(&self) -> u64 {
        (0..self.tasks).fold(0, |sum: u64, index| {
            sum.wrapping_add(self.workload.expected(index))
        })
    }

    fn complaint(&self) -> Option<String> {
        self.workload.complaint()
    }

    fn children(&self) -> &dyn Children {
        self
    }
}

impl<W: Workload> Children for Typed<W> {
    fn boxed_child(&self, index: usize) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        let child = self.workload.child(index);
        Box::pin(async move { W::digest(child.await) })
    }

    fn child_bytes(&self) -> usize {
        size_of_val(&self.workload.child(0))
    }

    fn before_slice(&self, children_at_once: usize) {
        self.workload.before_slice(children_at_once);
    }

    fn rest(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.workload.rest())
    }
}

/// A workload being set up.
pub type Opening = Pin<Box<dyn Future<Output = Result<Arc<dyn Opened>, String>> + Send>>;

/// Sets up `W` with its type erased.
pub fn open<W: Workload>(setup: Setup) -> Opening {
    Box::pin(async move { Ok(erased(Arc::new(W::set_up(setup).await?), setup.tasks)) })
}

/// A workload that is set up for so many children, its type erased.
pub fn erased<W: Workload>(workload: Arc<W>, tasks: usize) -> Arc<dyn Opened> {
    Arc::new(Typed { workload, tasks })
}

/// A workload as the rest of the suite knows it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name in ids.
    pub name: &'static str,
    /// The payloads that it can carry, in bytes.
    pub payloads: &'static [usize],
    /// Whether the payload lies inside the child's future.
    pub inline: bool,
    /// Whether its iteration has machinery of its own, measured as [`MACHINERY`].
    pub machinery: bool,
    /// Whether it talks to the [mock server](crate::http::server): then silence is watched inside the process too.
    pub served: bool,
    /// Whether it [rests](Workload::RESTS) between iterations.
    pub rests: bool,
    /// What an iteration lasts at least, to tell how long a run takes.
    pub lasts: Duration,
    /// Sets it up for a case.
    pub open: fn(Setup) -> Opening,
}

impl Entry {
    /// A workload whose payload, if any, lies on the heap.
    pub fn of<W: Workload>(name: &'static str, payloads: &'static [usize]) -> Self {
        Self {
            name,
            payloads,
            inline: false,
            machinery: false,
            served: false,
            rests: W::RESTS,
            lasts: Duration::ZERO,
            open: open::<W>,
        }
    }
}

/// A child that carries its payload in its future, at any size.
pub trait InlineChild: Send + Sync + 'static {
    /// Makes the child: carries `P` bytes, returns `number`.
    fn child<const P: usize>(number: u64) -> impl Future<Output = u64> + Send + 'static;
}

/// The workload of an [`InlineChild`] with `P` bytes: children numbered from a seed.
pub struct Inline<K, const P: usize> {
    seed: u64,
    kind: PhantomData<K>,
}

impl<K: InlineChild, const P: usize> Workload for Inline<K, P> {
    type Output = u64;
    const INLINE_BYTES: usize = P;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self {
            seed: setup.seed,
            kind: PhantomData,
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        K::child::<P>(self.seed.wrapping_add(index as u64))
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        self.seed.wrapping_add(index as u64)
    }
}

fn inline_entry<K: InlineChild>(name: &'static str) -> Entry {
    Entry {
        name,
        payloads: INLINE_PAYLOADS,
        inline: true,
        machinery: false,
        served: false,
        rests: false,
        lasts: Duration::ZERO,
        open: open_inline::<K>,
    }
}

/// Lists the inline payloads, and opens an inline workload at each of them.
macro_rules! inline_payloads {
    ($($bytes:literal)+) => {
        /// Payloads that can lie inside a child's future, in bytes: fixed when the suite is compiled.
        pub const INLINE_PAYLOADS: &[usize] = &[$($bytes),+];

        /// Opens an inline workload whose payload is one of [`INLINE_PAYLOADS`].
        pub fn open_inline<K: InlineChild>(setup: Setup) -> Opening {
            match setup.payload_bytes {
                $($bytes => open::<Inline<K, $bytes>>(setup),)+
                other => panic!("no inline payload of {other} bytes is compiled in"),
            }
        }
    };
}

inline_payloads! { 0 64 1024 4096 16384 65536 }

/// Declares the modules and the list of their entries. A module offers `entry() -> Entry`.
macro_rules! workloads {
    ($($(#[$doc:meta])* $module:ident;)+) => {
        $($(#[$doc])* pub mod $module;)+

        /// All workloads of the bench targets.
        pub fn all() -> Vec<Entry> {
            vec![$($module::entry()),+]
        }
    };
}

workloads! {
    /// Ready in its first poll.
    ready;
    /// One `yield_now().await`, the payload alive across it.
    r#yield;
    /// Waits for a signal of its own; the signals are fired one at a time.
    wake;
    /// Hashes its payload, which lies on the heap.
    compute;
    /// Fetches a body from the mock server.
    http;
    /// The same from a server that answers late.
    http_delay;
    /// Fetches a JSON document and decodes it.
    http_parse;
    /// Fetches of which one is answered late.
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
