//! What a fan-out weighs while its children wait: the heap's counts, and the memory of the process that is resident.
//!
//! One thread with the stack that tokio gives a worker, one `current_thread` runtime, one fan-out. A small fan-out comes first,
//! so that the code's pages and what a thread makes once are there before the first reading. The second reading is when each
//! child was polled, waits for its signal, and none has ended. Then all are released and awaited to their end, so that a
//! strategy whose end does not fit on the stack is found too.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};

use crate::{CountingAllocator, Heap, lock};
use timed::strategy::{self, Spawning, Strategy};
use timed::{Setup, Workload};

/// What tokio gives a worker where nothing else is asked for.
pub const STACK_BYTES: usize = 2 << 20;

/// Children of the fan-out that comes before the first reading.
const FEW: usize = 256;

/// What a strategy weighs while its children wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// The strategy.
    pub strategy: String,
    /// Children that waited when it was weighed: all of the fan-out; none had ended.
    pub waiting: usize,
    /// Size of the future of the whole fan-out, in bytes.
    pub future_bytes: usize,
    /// Size of one child's future, in bytes.
    pub child_future_bytes: usize,
    /// Allocations from the moment at which the fan-out's future was made.
    pub allocations: u64,
    /// Bytes that were allocated since then and not freed, the fan-out's own future among them.
    pub live_bytes: u64,
    /// The most bytes that were allocated at once until then, beyond those before.
    pub peak_bytes: u64,
    /// Bytes of the process's memory that became resident since then; null where `/proc` does not tell.
    pub resident_bytes: Option<i64>,
    /// The most bytes of the process that ever were resident, until all children had ended; null where `/proc` does not tell.
    pub peak_resident_bytes: Option<u64>,
    /// What each child adds.
    pub per_child: PerChild,
}

/// What a child that waits adds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PerChild {
    /// Allocations.
    pub allocations: f64,
    /// Bytes allocated and not freed.
    pub live_bytes: f64,
    /// The most bytes at once.
    pub peak_bytes: f64,
    /// Resident bytes.
    pub resident_bytes: Option<f64>,
}

/// Why there is no weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoWeight {
    /// It is compiled for some numbers of children only.
    #[error("it takes its children as macro arguments, and this build has it for {} of them", listed(.0))]
    Arities(Vec<usize>),
    /// It never holds so many.
    #[error("it holds {0} at once")]
    Holds(usize),
    /// Something went wrong.
    #[error("{0}")]
    Failed(String),
}

fn listed(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    words.join(" ")
}

/// Weighs `tasks` children of `strategy` in this process, whose allocator is `heap`.
pub fn weigh_waiting(strategy: Strategy, tasks: usize, heap: &'static CountingAllocator) -> Result<Weight, NoWeight> {
    if let Some(arities) = strategy.kind().arities
        && !arities.contains(&tasks)
    {
        return Err(NoWeight::Arities(arities.to_vec()));
    }
    let failed = |what: &dyn fmt::Display| NoWeight::Failed(what.to_string());
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let weighing = thread.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        runtime.block_on(async {
            let few = strategy.kind().arities.map_or(tasks.min(FEW), |_| tasks);
            fan_out(strategy, few, heap).await?;
            fan_out(strategy, tasks, heap).await
        })
    });
    let weighing = weighing.map_err(|error| failed(&error))?;
    weighing.join().map_err(|_| failed(&"it panicked"))?
}

async fn fan_out(strategy: Strategy, tasks: usize, heap: &'static CountingAllocator) -> Result<Weight, NoWeight> {
    let failed = |what: String| NoWeight::Failed(what);
    let state = Arc::new(State::of(tasks));
    let children = Arc::new(Waiting(state.clone()));
    let timed = strategy::timed_loop(strategy, children.clone(), tasks, Spawning::Shared)
        .ok_or_else(|| failed(format!("there is no {strategy} of {tasks} children")))?;
    // Reading the one allocates, reading the other does not.
    let resident_before = resident();
    heap.reset_peak();
    let before = heap.heap();
    let parent = tokio::spawn(timed.run(1));
    while state.waiting.load(Relaxed) < tasks {
        let held = state.held.load(Relaxed);
        // It is told before the first child is made.
        if held != 0 && held < tasks {
            parent.abort();
            return Err(NoWeight::Holds(held));
        }
        if parent.is_finished() {
            return Err(failed("it ended before its children waited".to_owned()));
        }
        tokio::task::yield_now().await;
    }
    let after = heap.heap();
    let resident_after = resident();
    let ended = state.ended.load(Relaxed);
    if ended > 0 {
        return Err(failed(format!("{ended} children had ended")));
    }
    state.release();
    let slice = parent.await.map_err(|error| failed(error.to_string()))?;
    let expected = (0..tasks).fold(0u64, |sum, index| sum.wrapping_add(children.expected(index)));
    if slice.digest != expected {
        return Err(failed("its outputs are not those of its children".to_owned()));
    }
    let grown = |of: fn(&Heap) -> u64| of(&after) - of(&before);
    let (allocations, live_bytes) = (grown(|heap| heap.allocations), grown(|heap| heap.live));
    let peak_bytes = after.peak - before.live;
    let resident = resident_before.zip(resident_after);
    let resident_bytes = resident.map(|(before, after)| after as i64 - before as i64);
    let each = |whole: u64| whole as f64 / tasks as f64;
    Ok(Weight {
        strategy: strategy.to_string(),
        waiting: tasks,
        future_bytes: timed.fan_out_bytes(),
        child_future_bytes: size_of_val(&children.child(0)),
        allocations,
        live_bytes,
        peak_bytes,
        resident_bytes,
        peak_resident_bytes: in_proc("/proc/self/status", "VmHWM:"),
        per_child: PerChild {
            allocations: each(allocations),
            live_bytes: each(live_bytes),
            peak_bytes: each(peak_bytes),
            resident_bytes: resident_bytes.map(|bytes| bytes as f64 / tasks as f64),
        },
    })
}

/// Memory of this process that is resident, in bytes. Of `smaps_rollup`, which walks the pages: `statm` and `status` add up
/// counters of each CPU that may be behind by hundreds of KiB (proc(5)).
fn resident() -> Option<u64> {
    in_proc("/proc/self/smaps_rollup", "Rss:").or_else(|| in_proc("/proc/self/status", "VmRSS:"))
}

/// A size in a file of `/proc`, in bytes.
fn in_proc(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Children that wait until all are released.
struct Waiting(Arc<State>);

#[derive(Default)]
struct State {
    released: AtomicBool,
    /// Of each child that waits; made before the first reading, so that what children wait on weighs nothing.
    wakers: Mutex<Vec<Option<Waker>>>,
    /// Children that were polled and wait.
    waiting: AtomicUsize,
    ended: AtomicUsize,
    /// How many the strategy holds at once; 0 until it is told.
    held: AtomicUsize,
}

impl State {
    fn of(tasks: usize) -> Self {
        Self {
            wakers: Mutex::new(vec![None; tasks]),
            ..Self::default()
        }
    }

    fn release(&self) {
        self.released.store(true, Relaxed);
        let wakers = std::mem::take(&mut *lock(&self.wakers));
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }
}

/// No larger than it must be, so that what is weighed is the strategy.
struct Child {
    state: Arc<State>,
    index: usize,
    waits: bool,
}

impl Future for Child {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let this = &mut *self;
        if this.state.released.load(Relaxed) {
            this.state.ended.fetch_add(1, Relaxed);
            return Poll::Ready(this.index as u64);
        }
        lock(&this.state.wakers)[this.index] = Some(cx.waker().clone());
        if !this.waits {
            this.state.waiting.fetch_add(1, Relaxed);
        }
        this.waits = true;
        Poll::Pending
    }
}

impl Workload for Waiting {
    type Output = u64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self(Arc::new(State::of(setup.tasks))))
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        Child {
            state: self.0.clone(),
            index,
            waits: false,
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index as u64
    }

    fn before_slice(&self, children_at_once: usize) {
        self.0.held.store(children_at_once, Relaxed);
    }
}
