//! Flavor and site: the runtime of a block, and slices driven in it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Runtime};
#[cfg(feature = "local")]
use tokio::runtime::{LocalOptions, LocalRuntime};
use tokio::task::LocalSet;

use crate::case::{Case, Flavor, Site};
use crate::heap::{Displacement, displacing_each};
use crate::slice::Slice;
use crate::stack;
use crate::strategy::Spawning;
use crate::timed_loop::TimedLoop;
use crate::workload::{Opened, Opening};

/// Whether this build has the flavor `local`.
pub const HAS_LOCAL: bool = cfg!(feature = "local");

#[cfg(not(feature = "local"))]
const NO_LOCAL: &str = "this build has no LocalRuntime, which tokio has from 1.51 on";

/// A runtime of some flavor, in which the caller's future and its tasks run; built as `#[tokio::main]` builds it: with the I/O
/// and time drivers on. They cost: whenever a thread of the runtime runs out of tasks it asks the I/O driver for events.
#[derive(Debug)]
pub enum Engine {
    /// Whose tasks are made by `tokio::spawn`.
    Shared(Runtime),
    /// Whose tasks are made by `spawn_local`.
    #[cfg(feature = "local")]
    Local(LocalRuntime),
    /// The same, of a set that the runtime drives.
    Set(LocalSet, Runtime),
}

/// A task that takes turns for ever, each as short as can be. It wakes itself, and not by `yield_now`, which would have the
/// runtime ask the I/O driver for events before each of its turns.
struct AlwaysReady;

impl Future for AlwaysReady {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Which slice comes next: asked and told by [`BlockRuntime::drive`], one slice at a time.
pub trait Schedule: Send + 'static {
    /// The side to run, and its iterations; `None` at the end.
    fn next(&mut self) -> Option<(usize, u64)>;
    /// What that slice measured.
    fn measured(&mut self, side: usize, slice: Slice);
}

/// The runtime of a block, or of several that follow each other in it.
#[derive(Debug)]
pub struct BlockRuntime {
    engine: Engine,
    site: Site,
    // Goes last, as it came first.
    _elsewhere: Displacement,
}

impl BlockRuntime {
    /// A fresh one of a case's flavor and site. Where on the heap what it makes lies follows from the seed.
    ///
    /// # Errors
    ///
    /// Why the system gives none, or that this build has not this flavor.
    pub fn of(case: &Case, seed: u64) -> Result<Self, String> {
        let Case { flavor, site, .. } = *case;
        let elsewhere = Displacement::new(seed);
        let engine = Engine::of(flavor, Some(seed)).map_err(|error| format!("no {flavor} runtime: {error}"))?;
        for _ in 0..site.beside() {
            engine.spawn(AlwaysReady);
        }
        Ok(Self {
            engine,
            site,
            _elsewhere: elsewhere,
        })
    }

    /// Opens a workload in it, lets `begin` make the loops and their schedule, runs the schedule to its end at the runtime's
    /// site, and returns it.
    ///
    /// A slice that panics panics here too.
    ///
    /// # Errors
    ///
    /// Why the workload cannot be opened, or `begin`'s own.
    pub fn drive<S, B>(&self, opening: Opening, begin: B) -> Result<S, String>
    where
        S: Schedule,
        B: FnOnce(Arc<dyn Opened>, Spawning) -> Result<(S, Vec<TimedLoop>), String> + Send + 'static,
    {
        let engine = &self.engine;
        let spawning = engine.spawning();
        if self.site.in_task() {
            let parent = async move {
                let (mut schedule, loops) = begin(opening.await?, spawning)?;
                while let Some((side, iterations)) = schedule.next() {
                    let slice = spawned(loops[side].run(iterations), spawning).await;
                    schedule.measured(side, slice);
                }
                Ok(schedule)
            };
            return engine.block_on(spawned(parent, spawning));
        }
        let (mut schedule, loops) = begin(engine.block_on(opening)?, spawning)?;
        while let Some((side, iterations)) = schedule.next() {
            let slice = engine.block_on(loops[side].run(iterations));
            schedule.measured(side, slice);
        }
        Ok(schedule)
    }
}

/// Runs as a task of the current runtime; its panic panics here too.
pub async fn spawned<F>(task: F, spawning: Spawning) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let handle = match spawning {
        Spawning::Shared => tokio::spawn(task),
        Spawning::Local => tokio::task::spawn_local(task),
    };
    match handle.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the task was cancelled: {error}"),
        },
    }
}

impl Engine {
    /// A fresh runtime.
    ///
    /// # Errors
    ///
    /// Where the system gives none; [`io::ErrorKind::Unsupported`] where this build has not this flavor.
    pub fn new(flavor: Flavor) -> io::Result<Self> {
        Self::of(flavor, None)
    }

    /// The same; for a block its seed, from which follows where its workers' objects and stacks lie.
    fn of(flavor: Flavor, block: Option<u64>) -> io::Result<Self> {
        let mut builder = match flavor {
            Flavor::MultiThread(workers) => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(workers);
                if let Some(seed) = block {
                    builder
                        .thread_stack_size(stack::bytes(seed))
                        .on_thread_start(displacing_each(seed));
                }
                builder
            }
            _ => Builder::new_current_thread(),
        };
        builder.enable_all();
        Ok(match flavor {
            Flavor::CurrentThread | Flavor::MultiThread(_) => Engine::Shared(builder.build()?),
            #[cfg(not(feature = "local"))]
            Flavor::Local => return Err(io::Error::new(io::ErrorKind::Unsupported, NO_LOCAL)),
            #[cfg(feature = "local")]
            Flavor::Local => Engine::Local(builder.build_local(LocalOptions::default())?),
            Flavor::LocalSet => Engine::Set(LocalSet::new(), builder.build()?),
        })
    }

    /// Drives a future on this thread, and all tasks where there is no other.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self {
            Engine::Shared(runtime) => runtime.block_on(future),
            #[cfg(feature = "local")]
            Engine::Local(runtime) => runtime.block_on(future),
            Engine::Set(set, runtime) => set.block_on(runtime, future),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Engine::Shared(runtime) => runtime.spawn(task),
            #[cfg(feature = "local")]
            Engine::Local(runtime) => runtime.spawn_local(task),
            Engine::Set(set, _) => set.spawn_local(task),
        };
    }

    /// How its tasks are made.
    pub fn spawning(&self) -> Spawning {
        match self {
            Engine::Shared(_) => Spawning::Shared,
            #[cfg(feature = "local")]
            Engine::Local(_) => Spawning::Local,
            Engine::Set(..) => Spawning::Local,
        }
    }
}
