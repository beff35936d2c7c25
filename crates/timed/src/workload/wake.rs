//! `wake`: each child waits for a signal of its own, and the signals come one at a time.
//!
//! A driver task fires one child's signal in each of its polls, in a shuffled order made beforehand, and puts
//! itself at the end of the run queue, so that the runtime runs the woken task before the next signal. On
//! `current_thread`, in a spawned task, that is exact: join! is polled once for each signal and polls every
//! unfinished child, N + N(N+1)/2 = N(N+3)/2 child polls in all, where spawn makes 2N. With several workers the
//! driver races with the woken task, two signals may share one poll, and the count is an upper bound; so it is in
//! `block_on`, whose future tokio does not poll in its turn among the tasks.
//!
//! Two parameters stand behind `@` in its name, `wake@SIGNALS_LEAF`: how many signals come together, before what they woke is
//! polled (a number, or `all`), and what a child waits on (`leaf.rs`): what polling it costs while it still waits. A strategy
//! with a bound holds only some children at once; then signals come in the order of the children, to one that waits.

mod driver;
pub mod leaf;
mod parameters;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use super::entry::{Variants, WORKER};
use super::{Axes, Entry, Full, Open, Opening, Sweep, erased_with};
use crate::case::Case;
use crate::children::{Setup, Workload};
use crate::fan_out::{Count, FanOut};
use crate::loops::Loops;
use crate::timed_loop::{TimedLoop, fan_out_loop};
use driver::{CountingParent, Driver, Shared};
use leaf::{Busy, Flag, Leaf, Oneshot};
use parameters::PARAMETERS;
pub use parameters::{LeafKind, Parameters, Together};

/// A child: waits for its signal, returns its number.
pub struct Child<L: Leaf> {
    shared: Arc<Shared<L>>,
    index: usize,
    number: u64,
    waits: bool,
    waiting: L::Waiting,
}

impl<L: Leaf> Future for Child<L> {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let this = &mut *self;
        let (shared, waits) = (&this.shared, &mut this.waits);
        let begun = || {
            if !*waits {
                *waits = true;
                shared.begin_to_wait(1);
            }
        };
        L::poll(&shared.signals[this.index], &mut this.waiting, cx, begun).map(|()| this.number)
    }
}

/// Signals and their driver, which lives as long as the block's runtime.
pub struct Wake<L: Leaf = Flag> {
    shared: Arc<Shared<L>>,
    seed: u64,
    leaf: PhantomData<L>,
}

impl<L: Leaf> Wake<L> {
    fn with(setup: Setup, together: Together, idle: Duration) -> Self {
        let tasks = setup.tasks;
        let shared = Arc::new(Shared {
            signals: (0..tasks).map(|_| L::signal(idle)).collect(),
            waiting: AtomicUsize::new(0),
            at_once: AtomicUsize::new(tasks),
            driver: AtomicWaker::new(),
            parent: CountingParent::default(),
        });
        tokio::spawn(Driver::new(shared.clone(), together, setup.seed));
        Self {
            shared,
            seed: setup.seed,
            leaf: PhantomData,
        }
    }
}

impl<L: Leaf> Workload for Wake<L> {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(L::CALIBRATED);

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self::with(setup, Together::Some(1), Duration::ZERO))
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        Child {
            waiting: L::begin(&self.shared.signals[index]),
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
        self.shared.at_once.store(children_at_once, Release);
    }
}

/// The driver, the wakes and the parent's polls, without children: a parent that waits for all signals, with
/// one look at a counter in each of its polls.
struct MachineryAlone;

fn machinery<L: Leaf>(wake: Arc<Wake<L>>) -> Option<TimedLoop> {
    let tasks = wake.shared.signals.len();
    fan_out_loop::<Wake<L>, MachineryAlone>(wake, Count::of(tasks))
}

impl<L: Leaf> FanOut<Wake<L>> for MachineryAlone {
    crate::fan_out!(async |wake: &Wake<L>, count| {
        let tasks = count.tasks();
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
    });
}

/// On several workers the driver and the woken task run at once. In block_on even one thread's order is another: tokio polls
/// the main future when the run queue is empty or after 61 tasks, not in its turn among the tasks
/// (current_thread/mod.rs, `CoreGuard::block_on`).
fn driver_races(case: &Case) -> &'static [&'static str] {
    if case.flavor.workers() > 1 || !case.site.in_task() {
        &["driver_races"]
    } else {
        &[]
    }
}

fn open_with<L: Leaf>(setup: Setup, together: Together, idle: Duration) -> Opening {
    Box::pin(async move {
        let wake = Arc::new(Wake::<L>::with(setup, together, idle));
        Ok(erased_with(wake, setup.tasks, machinery))
    })
}

/// The parameters that a workload's name carries; `None` where it is another workload's.
pub fn parameters(workload: &str) -> Option<Parameters> {
    match workload.split_once('@') {
        None => (workload == NAME).then_some(Parameters::USUAL),
        Some((NAME, text)) => text.parse().ok(),
        Some(_) => None,
    }
}

const NAME: &str = "wake";

/// What opens it with these parameters, its machinery with it.
#[inline]
fn opening(Parameters { together, leaf }: Parameters) -> Open {
    match leaf {
        LeafKind::Flag => Arc::new(move |setup| open_with::<Flag>(setup, together, Duration::ZERO)),
        LeafKind::Oneshot => Arc::new(move |setup| open_with::<Oneshot>(setup, together, Duration::ZERO)),
        LeafKind::Busy(idle) => Arc::new(move |setup| open_with::<Busy>(setup, together, idle)),
    }
}

/// The entry with these parameters: measured where it is asked for by name.
#[inline]
fn variant(text: &str) -> Option<Entry> {
    Some(Entry {
        name: format!("{NAME}@{text}").into(),
        open: opening(text.parse().ok()?),
        variants: None,
        ..entry()
    })
}

/// `join!` polls up to thousands of unfinished children in an iteration, other ones in each poll: a processor needs some milliseconds to
/// learn in which order, and as long for one child alone (docs/METHODOLOGY.md, "The steady state").
const WARM_UP: Duration = Duration::from_millis(5);

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        target: "wakeups",
        description: "Each child waits for a signal of its own, and the signals come one at a time.",
        expectation: "join! wins with few children and spawn beyond some dozens: every wake makes join! poll all \
                      unfinished children, N(N+3)/2 polls against 2N.",
        machinery: true,
        open: opening(Parameters::USUAL),
        warm_up: WARM_UP,
        axes: Axes {
            quick: Sweep::over_tasks(&[8, 32, 48, 128]),
            default: Sweep::over_tasks(&[1, 4, 8, 16, 24, 32, 48, 64, 128, 256]),
            full: Full::ladder(WORKER),
            ..Axes::OWN
        },
        scale: Some(Sweep::over_tasks(&[10, 30, 31, 100, 1_000, 10_000, 100_000])),
        flags: driver_races,
        variants: Some(Variants {
            wanted: PARAMETERS,
            make: variant,
        }),
        ..Entry::of::<Wake>(NAME, &[0])
    }
}
