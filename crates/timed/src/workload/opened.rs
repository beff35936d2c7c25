//! A workload that is set up, its type erased.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::children::{Setup, Workload};
use crate::strategy::{self, Spawning};
use crate::timed_loop::TimedLoop;

/// A workload that is set up, its type erased: what a block measures.
pub trait Opened: Send + Sync {
    /// The timed loop of a strategy; `None` where the strategy cannot have this number of tasks.
    fn timed_loop(&self, strategy: &str, spawning: Spawning) -> Option<TimedLoop>;
    /// The wrapping sum of the digests of one iteration's outputs.
    fn expected_digest(&self) -> u64;
    /// [`Workload::failure_reason`].
    fn failure_reason(&self) -> Option<String>;
    /// Its children, for counting.
    fn children(&self) -> &dyn Children;
    /// The [`Workload`] itself, for whoever knows its type and has loops beside the suite's: an [`erased`] of its own would
    /// compile every loop of the workload again.
    fn workload(&self) -> Arc<dyn Any + Send + Sync>;
}

/// The children of a workload that is set up, their type erased: what a census counts, and nothing that is timed.
pub trait Children: Send + Sync {
    /// [`Workload::child`], and the digest of its output.
    fn boxed_child(&self, index: usize) -> Pin<Box<dyn Future<Output = u64> + Send>>;
    /// Size of a child's future, in bytes.
    fn child_bytes(&self) -> usize;
    /// [`Workload::before_slice`].
    fn before_slice(&self, children_at_once: usize);
    /// [`Workload::settle`].
    fn settle(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

struct Typed<W> {
    workload: Arc<W>,
    tasks: usize,
    machinery: Option<Machinery<W>>,
}

/// The same iteration without any composition, of a workload that has machinery of its own that runs inside the slice: what is
/// measured with it is a cost that no strategy can go below.
pub type Machinery<W> = fn(Arc<W>) -> Option<TimedLoop>;

/// The name under which the workload's own machinery is measured, in place of a strategy.
pub const MACHINERY: &str = "machinery";

impl<W: Workload> Opened for Typed<W> {
    fn timed_loop(&self, strategy: &str, spawning: Spawning) -> Option<TimedLoop> {
        let workload = self.workload.clone();
        if strategy == MACHINERY {
            return self.machinery.and_then(|machinery| machinery(workload));
        }
        strategy::timed_loop(strategy.parse().ok()?, workload, self.tasks, spawning)
    }

    fn expected_digest(&self) -> u64 {
        (0..self.tasks).fold(0, |sum: u64, index| sum.wrapping_add(self.workload.expected(index)))
    }

    fn failure_reason(&self) -> Option<String> {
        self.workload.failure_reason()
    }

    fn children(&self) -> &dyn Children {
        self
    }

    fn workload(&self) -> Arc<dyn Any + Send + Sync> {
        self.workload.clone()
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

    fn settle(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.workload.settle())
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
    Arc::new(Typed {
        workload,
        tasks,
        machinery: None,
    })
}

/// The same of one that has machinery of its own.
pub fn erased_with<W: Workload>(workload: Arc<W>, tasks: usize, machinery: Machinery<W>) -> Arc<dyn Opened> {
    Arc::new(Typed {
        workload,
        tasks,
        machinery: Some(machinery),
    })
}
