//! The driver of `wake`: the task that fires the signals, and what it shares with those that wait for them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::leaf::Leaf;
use super::parameters::Together;

/// Shuffled orders made for each block, used in turn: more than any branch predictor remembers of one order,
/// few enough to stay in cache for small N.
const ORDERS: usize = 32;

/// Numbers in all orders together at most, so that making them does not take longer than what is measured.
const MOST_IN_ORDERS: usize = 1 << 18;

/// What the children, the driver and the parent that only counts share.
pub(super) struct Shared<L: Leaf> {
    pub(super) signals: Box<[L::Signal]>,
    /// Children of the iteration under way that wait, or have.
    pub(super) waiting: AtomicUsize,
    /// How many the strategy holds at once.
    pub(super) at_once: AtomicUsize,
    pub(super) driver: AtomicWaker,
    pub(super) parent: CountingParent,
}

/// The parent that only counts signals.
#[derive(Default)]
pub(super) struct CountingParent {
    /// Whether it waits in the children's place.
    pub(super) waits: AtomicBool,
    /// Signals that were fired for it since the block began.
    pub(super) fired: AtomicUsize,
    pub(super) waker: AtomicWaker,
}

impl<L: Leaf> Shared<L> {
    /// So many children more wait.
    pub(super) fn begin_to_wait(&self, children: usize) {
        if self.waiting.fetch_add(children, AcqRel) + children >= self.at_once.load(Relaxed) {
            self.driver.wake();
        }
    }
}

/// Fires the signals; one poll, one signal, or as many as come together.
pub(super) struct Driver<L: Leaf> {
    shared: Arc<Shared<L>>,
    together: usize,
    orders: Vec<Vec<u32>>,
    /// The order in use and the position in it.
    order: usize,
    next: usize,
    /// Whether the signals of this order are for the parent that only counts.
    for_parent: bool,
}

impl<L: Leaf> Driver<L> {
    /// Of so many children's signals, of which so many come together.
    pub(super) fn new(shared: Arc<Shared<L>>, together: Together, seed: u64) -> Self {
        let tasks = shared.signals.len();
        let mut random = fastrand::Rng::with_seed(seed);
        let orders = (0..ORDERS.min(MOST_IN_ORDERS / tasks).max(1))
            .map(|_| {
                let mut order: Vec<u32> = (0..tasks as u32).collect();
                random.shuffle(&mut order);
                order
            })
            .collect();
        Self {
            shared,
            together: match together {
                Together::Some(signals) => signals,
                Together::All => tasks,
            },
            orders,
            order: 0,
            next: 0,
            for_parent: false,
        }
    }

    fn fire(&self, index: usize) {
        let shared = &self.shared;
        if self.for_parent {
            shared.parent.fired.fetch_add(1, Release);
            shared.parent.waker.wake();
        } else {
            L::fire(&shared.signals[index]);
        }
    }
}

impl<L: Leaf> Future for Driver<L> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let shared = &this.shared;
        let tasks = shared.signals.len();
        let at_once = shared.at_once.load(Relaxed);
        // As many wait as the strategy holds, or as are left.
        let wanted = (this.next + at_once).min(tasks);
        if shared.waiting.load(Acquire) < wanted {
            shared.driver.register(cx.waker());
            if shared.waiting.load(Acquire) < wanted {
                return Poll::Pending;
            }
        }
        if this.next == 0 {
            this.for_parent = shared.parent.waits.load(Relaxed);
            this.order = (this.order + 1) % this.orders.len();
        }
        let until = (this.next + this.together.min(at_once)).min(tasks);
        if until == tasks {
            // Before the last is fired, since those of the next iteration may then begin to wait.
            shared.waiting.fetch_sub(tasks, AcqRel);
        }
        for place in this.next..until {
            this.fire(if at_once < tasks {
                place
            } else {
                this.orders[this.order][place] as usize
            });
        }
        this.next = until % tasks;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
