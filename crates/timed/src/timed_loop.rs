//! Timed loops: what a slice runs, timed inside the task that makes the iterations.
//!
//! The timed loop of each strategy × workload × arity × payload is a future type of its own, so that no wider state lies in
//! it than in code that a user would write for that case. It lies in a box of its own, and [`Running`], which points to it, is
//! what is spawned as a task (site `worker`) or given to `block_on`: one indirect call for each poll of the parent, beside
//! the queue or the park that lies between two polls. Without it each of some 800 loops would have a task of each of
//! tokio's two schedulers compiled for it (docs/METHODOLOGY.md has what that is in code).

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::cancelled::cancelled_fan_outs;
use crate::children::Workload;
use crate::fan_out::{Count, FanOut, at_once};
use crate::locked::lock;
use crate::numbers::interquartile_mean;
use crate::slice::{Slice, Totals};
use crate::usage::Usage;

/// A timed loop, ready to run any number of iterations on any site of its flavor.
///
/// It is called once a slice; what runs inside the slice is monomorphic.
pub struct TimedLoop {
    place: Place,
    fan_out_bytes: usize,
}

/// Where a loop and the future of its slice lie, in every slice: of two strategies' futures the one would else leave a hole of its own
/// size, in which the other's tasks would lie, and no program that uses one strategy has that hole. It is made with the loop: made later,
/// it would lie behind the other's tasks, which then are not the last ones on the heap. Empty while a slice runs.
type Place = Arc<Mutex<Option<Looping>>>;

/// A loop, by who times it.
enum Looping {
    /// [`Running`] does, around the poll that begins and the one that ends: the loop is iterations and nothing else.
    Watched {
        looped: Box<dyn Looped<u64>>,
        workload: Arc<dyn Around>,
        children_at_once: usize,
    },
    /// The loop does itself.
    Itself(Box<dyn Looped<Slice>>),
}

/// What a workload is asked and told around a slice.
trait Around: Send + Sync {
    fn before_slice(&self, children_at_once: usize);
    fn totals(&self) -> Totals;
}

impl<W: Workload> Around for W {
    fn before_slice(&self, children_at_once: usize) {
        Workload::before_slice(self, children_at_once);
    }

    fn totals(&self) -> Totals {
        Workload::totals(self)
    }
}

/// What is compiled for each loop beside the loop itself, so no more than what needs its type.
trait Looped<T>: Send {
    /// Makes the future of so many iterations.
    fn begin(&mut self, iterations: u64);
    /// Polls it.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<T>;
    /// Drops it.
    fn end(&mut self);
}

/// A loop made by a closure: iterations in, future out.
struct Made<F, Fut> {
    make: F,
    future: Pin<Box<Option<Fut>>>,
}

impl<F, Fut> Looped<Fut::Output> for Made<F, Fut>
where
    F: Fn(u64) -> Fut + Send,
    Fut: Future + Send,
{
    fn begin(&mut self, iterations: u64) {
        self.future.set(Some((self.make)(iterations)));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Fut::Output> {
        match self.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(context),
            None => unreachable!("it is polled between its begin and its end"),
        }
    }

    fn end(&mut self) {
        self.future.set(None);
    }
}

fn made<F, Fut>(make: F) -> Box<dyn Looped<Fut::Output>>
where
    F: Fn(u64) -> Fut + Send + 'static,
    Fut: Future + Send + 'static,
{
    Box::new(Made {
        make,
        future: Box::pin(None),
    })
}

impl TimedLoop {
    fn of(looping: Looping, fan_out_bytes: usize) -> Self {
        Self {
            place: Arc::new(Mutex::new(Some(looping))),
            fan_out_bytes,
        }
    }

    /// The loop over so many iterations.
    ///
    /// # Panics
    ///
    /// While a slice of it runs.
    pub fn run(&self, iterations: u64) -> Running {
        let mut looping = lock(&self.place).take().expect("one slice of a loop at a time");
        match &mut looping {
            Looping::Watched {
                looped,
                workload,
                children_at_once,
            } => {
                workload.before_slice(*children_at_once);
                looped.begin(executed(iterations) - iterations);
            }
            Looping::Itself(looped) => looped.begin(iterations),
        }
        Running {
            looping: Some(looping),
            watch: None,
            timed: false,
            iterations,
            place: self.place.clone(),
        }
    }

    /// Size of the future of one fan-out, in bytes; 0 where there is none.
    pub fn fan_out_bytes(&self) -> usize {
        self.fan_out_bytes
    }
}

/// A slice while it runs: what a task or `block_on` is given. One type serves all loops and, being `Send`, all flavors.
///
/// The first iterations are not timed: they touch the memory that this slice's task was given, and fill the caches, which may
/// hold what the other strategy left.
pub struct Running {
    /// Until it is dropped.
    looping: Option<Looping>,
    /// Since the iterations under way began.
    watch: Option<Watch>,
    /// Whether these are the timed ones.
    timed: bool,
    iterations: u64,
    place: Place,
}

impl Future for Running {
    type Output = Slice;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Slice> {
        let this = &mut *self;
        let (looped, workload) = match this.looping.as_mut().expect("a loop until it is dropped") {
            Looping::Itself(looped) => return looped.poll(context),
            Looping::Watched { looped, workload, .. } => (looped, workload),
        };
        loop {
            let watch = this.watch.get_or_insert_with(|| Watch::start(workload.totals()));
            let Poll::Ready(digest) = looped.poll(context) else {
                return Poll::Pending;
            };
            let wall = watch.start.elapsed();
            if this.timed {
                return Poll::Ready(Slice {
                    wall,
                    typical_ns: None,
                    usage: Usage::since(&watch.usage),
                    digest,
                    before: watch.before,
                    after: workload.totals(),
                });
            }
            looped.begin(this.iterations);
            (this.watch, this.timed) = (None, true);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut looping) = self.looping.take() {
            match &mut looping {
                Looping::Watched { looped, .. } => looped.end(),
                Looping::Itself(looped) => looped.end(),
            }
            *lock(&self.place) = Some(looping);
        }
    }
}

/// What is read right before iterations.
struct Watch {
    before: Totals,
    usage: Usage,
    start: Instant,
}

impl Watch {
    /// The clock is read last.
    fn start(before: Totals) -> Self {
        Self {
            before,
            usage: Usage::now(),
            start: Instant::now(),
        }
    }
}

/// Makes a [`TimedLoop`] of an `async fn(iterations) -> Slice` that times itself.
pub fn timed_loop<F, Fut>(make: F) -> TimedLoop
where
    F: Fn(u64) -> Fut + Send + 'static,
    Fut: Future<Output = Slice> + Send + 'static,
{
    TimedLoop::of(Looping::Itself(made(make)), 0)
}

/// The size of what a function returns, without calling it.
fn size_of_returned<A, B, R>(_: impl Fn(A, B) -> R) -> usize {
    size_of::<R>()
}

/// The suite's timed loop: fan-outs of so many children of `workload`, awaited by `F`; of a workload that
/// [cancels](Workload::CANCELS), dropped half done, and `None` where that does not end the children.
pub fn fan_out_loop<W: Workload, F: FanOut<W>>(workload: Arc<W>, count: Count) -> Option<TimedLoop> {
    let fan_out_bytes = size_of_returned(F::run);
    // The conditions are constants, so that the other loops are not even compiled.
    let looping = if const { W::CANCELS && F::STOPS_ON_DROP } {
        Looping::Itself(made(move |iterations| {
            cancelled_fan_outs::<W, F>(workload.clone(), count, iterations)
        }))
    } else if const { W::CANCELS } {
        return None;
    } else if const { W::SETTLES } {
        Looping::Itself(made(move |iterations| {
            settling_fan_outs::<W, F>(workload.clone(), count, iterations)
        }))
    } else {
        Looping::Watched {
            workload: workload.clone(),
            children_at_once: at_once::<W, F>(count),
            looped: made(move |iterations| F::repeated(workload.clone(), count, iterations)),
        }
    };
    Some(TimedLoop::of(looping, fan_out_bytes))
}

/// A slice begins with this part of its iterations, and one, that are not timed.
const UNTIMED: u64 = 8;

/// How many iterations a slice of so many runs, those that are not timed included, where its workload does not settle.
pub const fn executed(iterations: u64) -> u64 {
    iterations + 1 + iterations / UNTIMED
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
