//! `wake`: each child waits for a signal of its own, and the signals come one at a time.
//!
//! A driver task fires one child's signal in each of its polls, in a shuffled order made beforehand, and puts
//! itself at the end of the run queue, so that the runtime runs the woken task before the next signal. On
//! `current_thread`, in a spawned task, that is exact: join! is polled once for each signal and polls every
//! unfinished child, N + N(N+1)/2 = N(N+3)/2 child polls in all, where spawn makes 2N. With several workers the
//! driver races with the woken task, two signals may share one poll, and the count is an upper bound; so it is in
//! `block_on`, whose future tokio does not poll in its turn among the tasks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::entry::WORKER;
use super::{Axes, Entry, Full, Setup, Sweep, Workload};
use crate::case::{Case, Site};
use crate::slice::{TimedLoop, fan_out_loop};
use crate::strategy::FanOut;

/// Shuffled orders made for each block, used in turn: more than any branch predictor remembers of one order,
/// few enough to stay in cache for small N.
const ORDERS: usize = 32;

/// One child's signal.
#[derive(Default)]
struct Signal {
    fired: AtomicBool,
    waker: AtomicWaker,
}

struct Shared {
    signals: Box<[Signal]>,
    /// Children that wait, and have not been counted by the driver yet.
    waiting: AtomicUsize,
    /// The child that began to wait last: the one to fire where children come one at a time.
    latest: AtomicUsize,
    /// How many must wait before the driver fires: all children, or one.
    gather: AtomicUsize,
    driver: AtomicWaker,
    parent: CountingParent,
}

/// The parent that only counts signals.
#[derive(Default)]
struct CountingParent {
    /// Whether it waits in the children's place.
    waits: AtomicBool,
    /// Signals that were fired for it since the block began.
    fired: AtomicUsize,
    waker: AtomicWaker,
}

impl Shared {
    fn begin_to_wait(&self, children: usize) {
        if self.waiting.fetch_add(children, AcqRel) + children == self.gather.load(Relaxed) {
            self.driver.wake();
        }
    }
}

/// Fires the signals; one poll, one signal.
struct Driver {
    shared: Arc<Shared>,
    orders: Vec<Vec<usize>>,
    /// The order in use and the position in it; at the end of it the driver waits for children.
    order: usize,
    next: usize,
    /// Whether the signals of this order are for the parent that only counts.
    for_parent: bool,
}

impl Driver {
    fn fire(&self, index: usize) {
        let shared = &self.shared;
        if self.for_parent {
            shared.parent.fired.fetch_add(1, Release);
            shared.parent.waker.wake();
        } else {
            let signal = &shared.signals[index];
            signal.fired.store(true, Release);
            signal.waker.wake();
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let tasks = this.shared.signals.len();
        if this.next == tasks {
            this.shared.driver.register(cx.waker());
            let gather = this.shared.gather.load(Relaxed);
            if this.shared.waiting.load(Acquire) < gather {
                return Poll::Pending;
            }
            this.shared.waiting.fetch_sub(gather, AcqRel);
            this.for_parent = this.shared.parent.waits.load(Relaxed);
            if gather < tasks {
                this.fire(this.shared.latest.load(Relaxed));
                // The child that may wait next does so only when it is polled after this.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.order = (this.order + 1) % this.orders.len();
            this.next = 0;
        }
        this.fire(this.orders[this.order][this.next]);
        this.next += 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A child: waits for its signal, returns its number.
pub struct Child {
    shared: Arc<Shared>,
    index: usize,
    number: u64,
    waits: bool,
}

impl Future for Child {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let this = &mut *self;
        let signal = &this.shared.signals[this.index];
        // As a leaf future does: look, register, look again.
        if !signal.fired.load(Acquire) {
            signal.waker.register(cx.waker());
            if !this.waits {
                this.waits = true;
                this.shared.latest.store(this.index, Relaxed);
                this.shared.begin_to_wait(1);
            }
            if !signal.fired.load(Acquire) {
                return Poll::Pending;
            }
        }
        signal.fired.store(false, Relaxed);
        Poll::Ready(this.number)
    }
}

/// Signals and their driver, which lives as long as the block's runtime.
pub struct Wake {
    shared: Arc<Shared>,
    seed: u64,
}

impl Workload for Wake {
    type Output = u64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            signals: (0..setup.tasks).map(|_| Signal::default()).collect(),
            waiting: AtomicUsize::new(0),
            latest: AtomicUsize::new(0),
            gather: AtomicUsize::new(setup.tasks),
            driver: AtomicWaker::new(),
            parent: CountingParent::default(),
        });
        let mut random = fastrand::Rng::with_seed(setup.seed);
        let orders = (0..ORDERS)
            .map(|_| {
                let mut order: Vec<usize> = (0..setup.tasks).collect();
                random.shuffle(&mut order);
                order
            })
            .collect();
        tokio::spawn(Driver {
            shared: shared.clone(),
            orders,
            order: 0,
            next: setup.tasks,
            for_parent: false,
        });
        Ok(Self {
            shared,
            seed: setup.seed,
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        Child {
            shared: self.shared.clone(),
            index,
            number: self.seed.wrapping_add(index as u64),
            waits: false,
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        self.seed.wrapping_add(index as u64)
    }

    fn before_slice(&self, children_at_once: usize) {
        self.shared.gather.store(children_at_once, Release);
    }

    fn machinery(self: Arc<Self>) -> Option<Box<dyn TimedLoop>> {
        let tasks = self.shared.signals.len();
        Some(fan_out_loop::<Wake, MachineryAlone>(self, tasks))
    }
}

/// The driver, the wakes and the parent's polls, without children: a parent that waits for all signals, with
/// one look at a counter in each of its polls.
struct MachineryAlone;

impl FanOut<Wake> for MachineryAlone {
    async fn run(wake: &Wake, tasks: usize) -> u64 {
        let parent = &wake.shared.parent;
        // No signal is on its way here: those of the last iteration were all counted before it ended.
        let done = parent.fired.load(Acquire) + tasks;
        parent.waits.store(true, Relaxed);
        let mut begun = false;
        std::future::poll_fn(|cx| {
            // In every poll, as any leaf future: a waker that is registered while the driver is still at its
            // last wake is not kept, but woken at once.
            parent.waker.register(cx.waker());
            if !begun {
                begun = true;
                wake.shared.begin_to_wait(tasks);
            }
            if parent.fired.load(Acquire) < done {
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        parent.waits.store(false, Relaxed);
        (0..tasks).fold(0, |sum: u64, index| sum.wrapping_add(wake.expected(index)))
    }
}

/// On several workers the driver and the woken task run at once. In block_on even one thread's order is another: tokio polls
/// the main future when the run queue is empty or after 61 tasks, not in its turn among the tasks
/// (current_thread/mod.rs, `CoreGuard::block_on`).
fn driver_races(case: &Case) -> &'static [&'static str] {
    if case.flavor.workers() > 1 || case.site == Site::BlockOn {
        &["driver_races"]
    } else {
        &[]
    }
}

pub(super) fn entry() -> Entry {
    Entry {
        target: "wakeups",
        description: "Each child waits for a signal of its own, and the signals come one at a time.",
        expectation: "join! wins with few children and spawn beyond some dozens: every wake makes join! poll all \
                      unfinished children, N(N+3)/2 polls against 2N.",
        machinery: true,
        axes: Axes {
            quick: Sweep::over_tasks(&[8, 32, 48, 128]),
            default: Sweep::over_tasks(&[1, 4, 8, 16, 24, 32, 48, 64, 128, 256]),
            full: Full::ladder(WORKER),
            ..Axes::OWN
        },
        flags: driver_races,
        ..Entry::of::<Wake>("wake", &[0])
    }
}
