//! A fan-out that watches its children while it polls them: what of its time is theirs, and who wakes whom.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use timed::locked::lock;

use crate::workload::Opened;

/// What the clock is read around.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clock {
    /// Each poll of a child.
    Poll,
    /// All polls of a turn.
    Turn,
}

/// What was seen of a fan-out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Polls of its parent after the first.
    pub(super) turns: u64,
    /// Polls of children that followed a wake.
    pub(super) followed: u64,
    /// Wakes that came while another child was polled.
    pub(super) by_sibling: u64,
    /// Time in which children were made.
    pub(super) made_ns: f64,
    /// Time in polls that were first or followed a wake; of [`Clock::Turn`], in all of them.
    pub(super) work_ns: f64,
    /// Polls that found a child waiting, and their time.
    pub(super) idle: u64,
    pub(super) idle_ns: f64,
    /// Time between the parent's polls.
    pub(super) between_ns: f64,
}

/// A child's waker: notes the wake, and wakes the parent.
struct Noting {
    index: usize,
    woken: AtomicBool,
    shared: Arc<Noted>,
}

struct Noted {
    parent: Mutex<Waker>,
    /// The child that is being polled; `NONE` for none.
    polled: AtomicUsize,
    by_sibling: AtomicU64,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let polled = self.shared.polled.load(Relaxed);
        if !self.woken.swap(true, Relaxed) && polled != NONE && polled != self.index {
            self.shared.by_sibling.fetch_add(1, Relaxed);
        }
        let parent = lock(&self.shared.parent).clone();
        parent.wake();
    }
}

/// No child's number.
const NONE: usize = usize::MAX;

type Child = Pin<Box<dyn Future<Output = u64> + Send>>;

/// A fan-out that watches its children.
pub(super) struct FanOut {
    children: Vec<(Option<Child>, Arc<Noting>, Waker)>,
    shared: Arc<Noted>,
    clock: Clock,
    seen: Seen,
    ended: Option<Instant>,
}

impl FanOut {
    pub(super) fn new(opened: &dyn Opened, tasks: usize, clock: Clock) -> Self {
        let shared = Arc::new(Noted {
            parent: Mutex::new(Waker::noop().clone()),
            polled: AtomicUsize::new(NONE),
            by_sibling: AtomicU64::new(0),
        });
        let place = |index| {
            let noting = Arc::new(Noting {
                index,
                // Its first poll is for a reason too.
                woken: AtomicBool::new(true),
                shared: shared.clone(),
            });
            let waker = Waker::from(noting.clone());
            (None, noting, waker)
        };
        let mut children: Vec<(Option<Child>, Arc<Noting>, Waker)> = (0..tasks).map(place).collect();
        let factory = opened.children();
        let began = Instant::now();
        for (index, (child, ..)) in children.iter_mut().enumerate() {
            *child = Some(factory.boxed_child(index));
        }
        let seen = Seen {
            made_ns: began.elapsed().as_nanos() as f64,
            ..Seen::default()
        };
        Self {
            children,
            shared,
            clock,
            seen,
            ended: None,
        }
    }
}

impl Future for FanOut {
    type Output = Seen;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Seen> {
        let this = &mut *self;
        let first = this.ended.is_none();
        if let Some(ended) = this.ended {
            this.seen.between_ns += ended.elapsed().as_nanos() as f64;
            this.seen.turns += 1;
        }
        lock(&this.shared.parent).clone_from(cx.waker());
        let mut waiting = false;
        let turn = Instant::now();
        for (child, noting, waker) in &mut this.children {
            let Some(future) = child else { continue };
            let woken = noting.woken.swap(false, Relaxed);
            this.shared.polled.store(noting.index, Relaxed);
            let began = (this.clock == Clock::Poll).then(Instant::now);
            match future.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Ready(digest) => {
                    std::hint::black_box(digest);
                    *child = None;
                }
                Poll::Pending => waiting = true,
            }
            let ns = began.map_or(0.0, |began| began.elapsed().as_nanos() as f64);
            this.shared.polled.store(NONE, Relaxed);
            if woken {
                this.seen.work_ns += ns;
                this.seen.followed += u64::from(!first);
            } else {
                this.seen.idle += 1;
                this.seen.idle_ns += ns;
            }
        }
        if this.clock == Clock::Turn {
            this.seen.work_ns += turn.elapsed().as_nanos() as f64;
        }
        this.ended = Some(Instant::now());
        if waiting {
            return Poll::Pending;
        }
        this.seen.by_sibling = this.shared.by_sibling.load(Relaxed);
        Poll::Ready(this.seen)
    }
}
