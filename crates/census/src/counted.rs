//! A workload around another that counts: what its children are polled and woken, and what their parent is.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task;

use timed::locked::lock;
use timed::slice::Slice;
use timed::timed_loop::Running;
use timed::workload::Opened;
use timed::{Setup, Workload};

/// Counts of one iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Polls of all children.
    pub child_polls: u64,
    /// Polls of the task, or of `block_on`'s future, that the fan-out is in; those of `block_on` include polls for
    /// nothing.
    pub parent_polls: u64,
    /// Calls of the wakers of the parent and of the children that are tasks; the runtime may answer several by one poll.
    pub wakes: u64,
    /// Children that were polled in another task than their parent.
    pub tasks_spawned: u64,
}

/// Counts since the block began.
#[derive(Debug, Default)]
pub struct Tally {
    child_polls: AtomicU64,
    parent_polls: AtomicU64,
    wakes: AtomicU64,
    tasks_spawned: AtomicU64,
}

impl Tally {
    fn now(&self) -> Counts {
        Counts {
            child_polls: self.child_polls.load(Relaxed),
            parent_polls: self.parent_polls.load(Relaxed),
            wakes: self.wakes.load(Relaxed),
            tasks_spawned: self.tasks_spawned.load(Relaxed),
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

/// The workload that counts.
pub struct Counted {
    inner: Arc<dyn Opened>,
    tally: Arc<Tally>,
    /// When the iteration under way began.
    began: Mutex<Counts>,
    /// The iterations that ended.
    ended: Arc<Mutex<Vec<Counts>>>,
}

impl Counted {
    /// Around `inner`; each iteration's counts go to `ended`.
    pub fn new(inner: Arc<dyn Opened>, ended: Arc<Mutex<Vec<Counts>>>) -> Self {
        Self {
            inner,
            tally: Arc::default(),
            began: Mutex::default(),
            ended,
        }
    }

    /// What it counts into.
    pub fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }
}

impl Workload for Counted {
    type Output = u64;

    // So that the loop tells when an iteration ends; the rest itself is the other workload's.
    const SETTLES: bool = true;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Err("it is made around another workload, by Counted::new".into())
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        Child {
            inner: self.inner.children().boxed_child(index),
            tally: self.tally.clone(),
            parent: task::try_id(),
            begun: false,
            waker: None,
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, _index: usize) -> u64 {
        unreachable!("outputs are compared with the sum that the other workload expects")
    }

    fn before_slice(&self, children_at_once: usize) {
        self.inner.children().before_slice(children_at_once);
        *lock(&self.began) = self.tally.now();
    }

    async fn settle(&self) {
        let (began, now) = (*lock(&self.began), self.tally.now());
        lock(&self.ended).push(Counts {
            child_polls: now.child_polls - began.child_polls,
            // The iteration began within a poll.
            parent_polls: now.parent_polls - began.parent_polls + 1,
            wakes: now.wakes - began.wakes,
            tasks_spawned: now.tasks_spawned - began.tasks_spawned,
        });
        self.inner.children().settle().await;
        *lock(&self.began) = self.tally.now();
    }
}

/// A child that counts.
struct Child {
    inner: Pin<Box<dyn Future<Output = u64> + Send>>,
    tally: Arc<Tally>,
    /// The task in which it was made, if any: at site `block_on` there is none.
    parent: Option<task::Id>,
    begun: bool,
    /// Around the waker of the child's own task, where it has one.
    waker: Option<Arc<Counting>>,
}

impl Future for Child {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let this = &mut *self;
        add(&this.tally.child_polls);
        let in_own_task = task::try_id() != this.parent;
        if !this.begun && in_own_task {
            add(&this.tally.tasks_spawned);
        }
        this.begun = true;
        if in_own_task {
            let waker = Counting::around(&mut this.waker, cx.waker(), &this.tally);
            this.inner.as_mut().poll(&mut Context::from_waker(&waker))
        } else {
            // A wake of it is one of the parent, whose waker counts.
            this.inner.as_mut().poll(cx)
        }
    }
}

/// The loop, in the task that it runs in.
pub struct Parent {
    inner: Running,
    tally: Arc<Tally>,
    waker: Option<Arc<Counting>>,
}

impl Parent {
    /// Around the loop.
    pub fn new(inner: Running, tally: Arc<Tally>) -> Self {
        Self {
            inner,
            tally,
            waker: None,
        }
    }
}

impl Future for Parent {
    type Output = Slice;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Slice> {
        let this = &mut *self;
        add(&this.tally.parent_polls);
        let waker = Counting::around(&mut this.waker, cx.waker(), &this.tally);
        Pin::new(&mut this.inner).poll(&mut Context::from_waker(&waker))
    }
}

/// A waker that counts how often it is called.
struct Counting {
    inner: Waker,
    tally: Arc<Tally>,
}

impl Counting {
    /// The one that was there, if it is around the same waker: else whoever compares wakers would see another at each
    /// poll, and do more than it does without it.
    fn around(kept: &mut Option<Arc<Self>>, inner: &Waker, tally: &Arc<Tally>) -> Waker {
        let kept = match kept {
            Some(kept) if kept.inner.will_wake(inner) => kept,
            other => other.insert(Arc::new(Self {
                inner: inner.clone(),
                tally: tally.clone(),
            })),
        };
        kept.clone().into()
    }
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        add(&self.tally.wakes);
        self.inner.wake_by_ref();
    }
}
