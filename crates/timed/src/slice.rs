//! A slice: a timed run of iterations, timed inside the task that makes them.
//!
//! The timed loop of each strategy × workload × arity × payload is a future type of its own, so that no wider state lies in
//! it than in code that a user would write for that case. It is boxed as `dyn Future` before the slice begins, and the box is
//! what is spawned as a task (site `worker`) or given to `block_on`: one indirect call for each poll of the parent, beside
//! the queue or the park that lies between two polls. Without the box each of some 400 loops would have a task of each of
//! tokio's two schedulers compiled for it (docs/METHODOLOGY.md has what that is in code).

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::cancelled::cancelled_fan_outs;
use crate::numbers::interquartile_mean;
use crate::strategy::{Count, FanOut, at_once};
use crate::usage::Usage;
use crate::workload::Workload;

/// What a slice measured.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Wall time of the timed iterations.
    pub wall: Duration,
    /// ns that an iteration took, where each was timed on its own: the mean of the middle half, so that an iteration
    /// during which the machine did something else for milliseconds does not stand for the others.
    pub typical_ns: Option<f64>,
    /// What the whole process used over the same stretch.
    pub usage: Usage,
    /// The wrapping sum of the digests of all outputs of the timed iterations.
    pub digest: u64,
    /// The workload's own totals right before the timed iterations.
    pub before: Totals,
    /// And right after them.
    pub after: Totals,
}

/// What a workload counts beside the clock, since it was set up; `None` what it does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// CPU time of the server that it talks to.
    pub server_cpu: Option<Duration>,
    /// Connections that it opened.
    pub connections: Option<u64>,
    /// Time from each iteration's start until the parent had the first result, summed up.
    pub first_result: Option<Duration>,
    /// Time from each iteration's start until the parent had all results but one, summed up.
    pub all_but_one: Option<Duration>,
    /// Time from each iteration's start until the siblings of its hot child had ended, summed up.
    pub siblings: Option<Duration>,
}

impl Totals {
    /// Adds what grew between two readings.
    pub fn add(&mut self, before: &Totals, after: &Totals) {
        let add = |total: &mut Option<Duration>, before: Option<Duration>, after| {
            if let (Some(before), Some(after)) = (before, after) {
                *total = Some(total.unwrap_or_default() + Duration::saturating_sub(after, before));
            }
        };
        add(&mut self.server_cpu, before.server_cpu, after.server_cpu);
        add(&mut self.first_result, before.first_result, after.first_result);
        add(&mut self.all_but_one, before.all_but_one, after.all_but_one);
        add(&mut self.siblings, before.siblings, after.siblings);
        if let (Some(before), Some(after)) = (before.connections, after.connections) {
            self.connections = Some(self.connections.unwrap_or(0) + after.saturating_sub(before));
        }
    }
}

/// A timed loop while it runs: what a task or `block_on` is given. It is `Send`, so that one type serves all flavors.
pub type Running = Pin<Box<dyn Future<Output = Slice> + Send>>;

/// A timed loop, ready to run any number of iterations on any site of its flavor.
///
/// It is called once a slice; what runs inside the slice is monomorphic.
pub trait TimedLoop: Send + Sync {
    /// The loop over so many iterations.
    fn run(&self, iterations: u64) -> Running;
    /// Size of the future of one fan-out, in bytes; 0 where there is none.
    fn fan_out_bytes(&self) -> usize;
}

/// The memory of a loop's future, between its slices.
type Place<Fut> = Arc<Mutex<Option<Pin<Box<Option<Fut>>>>>>;

/// A loop made by a closure: iterations in, future out.
struct Looped<F, Fut> {
    make: F,
    fan_out_bytes: usize,
    /// Where its future lies, in every slice: of two strategies' futures the one would else leave a hole of its own size, in which the
    /// other's tasks would lie, and no program that uses one strategy has that hole. It is made with the loop: made later, it would lie
    /// behind the other's tasks, which then are not the last ones on the heap.
    place: Place<Fut>,
}

impl<F, Fut> Looped<F, Fut> {
    fn new(make: F, fan_out_bytes: usize) -> Self {
        Self {
            make,
            fan_out_bytes,
            place: Arc::new(Mutex::new(Some(Box::pin(None)))),
        }
    }
}

/// A loop's future in its place, which it gives back.
struct InPlace<Fut> {
    place: Place<Fut>,
    /// Until it is dropped.
    future: Option<Pin<Box<Option<Fut>>>>,
}

impl<Fut: Future<Output = Slice>> Future for InPlace<Fut> {
    type Output = Slice;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Slice> {
        let future = self.future.as_mut().and_then(|future| future.as_mut().as_pin_mut());
        future.expect("a future until it is dropped").poll(context)
    }
}

impl<Fut> Drop for InPlace<Fut> {
    fn drop(&mut self) {
        if let (Some(mut future), Ok(mut place)) = (self.future.take(), self.place.lock()) {
            future.set(None);
            *place = Some(future);
        }
    }
}

impl<F, Fut> TimedLoop for Looped<F, Fut>
where
    F: Fn(u64) -> Fut + Send + Sync,
    Fut: Future<Output = Slice> + Send + 'static,
{
    fn run(&self, iterations: u64) -> Running {
        let place = self.place.lock().ok().and_then(|mut place| place.take());
        let mut future = place.unwrap_or_else(|| Box::pin(None));
        future.set(Some((self.make)(iterations)));
        Box::pin(InPlace {
            place: self.place.clone(),
            future: Some(future),
        })
    }

    fn fan_out_bytes(&self) -> usize {
        self.fan_out_bytes
    }
}

/// Makes a [`TimedLoop`] of an `async fn(iterations) -> Slice` that times itself.
pub fn timed_loop<F, Fut>(make: F) -> Box<dyn TimedLoop>
where
    F: Fn(u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Slice> + Send + 'static,
{
    Box::new(Looped::new(make, 0))
}

/// The size of what a function returns, without calling it.
fn size_of_returned<A, B, R>(_: impl Fn(A, B) -> R) -> usize {
    size_of::<R>()
}

/// The suite's timed loop: fan-outs of so many children of `workload`, awaited by `F`; of a workload that
/// [cancels](Workload::CANCELS), dropped half done, and `None` where that does not end the children.
pub fn fan_out_loop<W: Workload, F: FanOut<W>>(workload: Arc<W>, count: Count) -> Option<Box<dyn TimedLoop>> {
    let fan_out_bytes = size_of_returned(F::run);
    // The conditions are constants, so that the other loops are not even compiled.
    if const { W::CANCELS && F::STOPS_ON_DROP } {
        let make = move |iterations| cancelled_fan_outs::<W, F>(workload.clone(), count, iterations);
        Some(Box::new(Looped::new(make, fan_out_bytes)))
    } else if const { W::CANCELS } {
        None
    } else if const { W::SETTLES } {
        let make = move |iterations| settling_fan_outs::<W, F>(workload.clone(), count, iterations);
        Some(Box::new(Looped::new(make, fan_out_bytes)))
    } else {
        let make = move |iterations| fan_outs::<W, F>(workload.clone(), count, iterations);
        Some(Box::new(Looped::new(make, fan_out_bytes)))
    }
}

/// A slice begins with this part of its iterations, and one, that are not timed.
const UNTIMED: u64 = 8;

/// How many iterations a slice of so many runs, those that are not timed included, where its workload does not settle.
pub const fn executed(iterations: u64) -> u64 {
    iterations + 1 + iterations / UNTIMED
}

async fn fan_outs<W: Workload, F: FanOut<W>>(workload: Arc<W>, count: Count, iterations: u64) -> Slice {
    workload.before_slice(at_once::<W, F>(count));
    let mut digest = 0;
    let mut before = Totals::default();
    let mut usage = Usage::default();
    let mut start = Instant::now();
    // The first pass is not timed: it touches the memory that this slice's task was given, and fills the caches, which may
    // hold what the other strategy left. One loop for both passes, since a second await of the same future would widen the state.
    for pass in [executed(iterations) - iterations, iterations] {
        digest = 0;
        before = workload.totals();
        usage = Usage::now();
        start = Instant::now();
        for _ in 0..pass {
            let output = F::run(black_box(&*workload), count).await;
            digest = black_box(output).wrapping_add(digest);
        }
    }
    let wall = start.elapsed();
    Slice {
        wall,
        typical_ns: None,
        usage: Usage::since(&usage),
        digest,
        before,
        after: workload.totals(),
    }
}

/// Bytes that the loop of a workload that settles between iterations allocates for each iteration: its time, and a copy that is sorted.
pub const SETTLING_BYTES: u64 = 16;

/// The same where the workload settles between iterations: each is timed on its own, and a slow first one among them
/// counts for nothing. A loop of its own, since the other's iterations are too short for a clock around each.
async fn settling_fan_outs<W: Workload, F: FanOut<W>>(workload: Arc<W>, count: Count, iterations: u64) -> Slice {
    workload.before_slice(at_once::<W, F>(count));
    let mut digest = 0u64;
    let mut each_ns = Vec::with_capacity(iterations as usize);
    let mut wall = Duration::ZERO;
    let before = workload.totals();
    let usage = Usage::now();
    for _ in 0..iterations {
        let start = Instant::now();
        let output = F::run(black_box(&*workload), count).await;
        let time = start.elapsed();
        wall += time;
        each_ns.push(time.as_nanos() as f64);
        digest = black_box(output).wrapping_add(digest);
        workload.settle().await;
    }
    let usage = Usage::since(&usage);
    Slice {
        wall,
        typical_ns: Some(interquartile_mean(&each_ns)),
        usage,
        digest,
        before,
        after: workload.totals(),
    }
}
