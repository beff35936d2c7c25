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
//! polled (a number, or `all`), and what a child waits on ([`Leaf`]): what polling it costs while it still waits. A strategy
//! with a bound holds only some children at once; then signals come in the order of the children, to one that waits.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;

use super::entry::{Variants, WORKER};
use super::{Axes, Entry, Full, Opening, Setup, Sweep, Workload, erased};
use crate::case::Case;
use crate::chain::chain;
use crate::slice::{TimedLoop, fan_out_loop};
use crate::strategy::{Count, FanOut};

/// Shuffled orders made for each block, used in turn: more than any branch predictor remembers of one order,
/// few enough to stay in cache for small N.
const ORDERS: usize = 32;

/// Numbers in all orders together at most, so that making them does not take longer than what is measured.
const MOST_IN_ORDERS: usize = 1 << 18;

/// What a child waits on.
pub trait Leaf: Send + Sync + 'static {
    /// The end that the driver fires.
    type Signal: Send + Sync;
    /// The end in the child.
    type Waiting: Send + Unpin;

    /// A child's signal, made once for a block; polls of a child that waits last so much longer.
    fn signal(idle: Duration) -> Self::Signal;

    /// Called when the child is made.
    fn begin(signal: &Self::Signal) -> Self::Waiting;

    /// Fires the child's signal.
    fn fire(signal: &Self::Signal);

    /// Whether it was fired; if not, the child is woken when it is. `begun` is called once it waits.
    fn poll(signal: &Self::Signal, waiting: &mut Self::Waiting, cx: &mut Context<'_>, begun: impl FnOnce())
    -> Poll<()>;
}

/// A flag and an `AtomicWaker`, as small leaf futures have them.
pub struct Flag;

/// One child's flag.
#[derive(Default)]
pub struct FlagSignal {
    fired: AtomicBool,
    waker: AtomicWaker,
}

impl FlagSignal {
    fn fire(&self) {
        self.fired.store(true, Release);
        self.waker.wake();
    }

    fn poll(&self, cx: &mut Context<'_>, begun: impl FnOnce()) -> Poll<()> {
        // As a leaf future does: look, register, look again.
        if !self.fired.load(Acquire) {
            self.waker.register(cx.waker());
            begun();
            if !self.fired.load(Acquire) {
                return Poll::Pending;
            }
        }
        self.fired.store(false, Relaxed);
        Poll::Ready(())
    }
}

impl Leaf for Flag {
    type Signal = FlagSignal;
    type Waiting = ();

    fn signal(_: Duration) -> FlagSignal {
        FlagSignal::default()
    }

    fn begin(_: &FlagSignal) {}

    fn fire(signal: &FlagSignal) {
        signal.fire();
    }

    fn poll(signal: &FlagSignal, (): &mut (), cx: &mut Context<'_>, begun: impl FnOnce()) -> Poll<()> {
        signal.poll(cx, begun)
    }
}

/// The same, with work in every poll that finds it not fired: what a leaf with much to look at costs.
pub struct Busy;

/// A flag, and how much work a look at it is.
pub struct BusySignal {
    flag: FlagSignal,
    steps: u64,
}

/// ns of a step of [`chain`]: of several measurements the shortest, since whatever disturbs one makes it longer.
fn step_ns() -> f64 {
    const STEPS: u64 = 5_000;
    let measure = |_| {
        let start = Instant::now();
        std::hint::black_box(chain(std::hint::black_box(1), STEPS));
        start.elapsed().as_nanos() as f64 / STEPS as f64
    };
    (0..5).map(measure).fold(f64::INFINITY, f64::min)
}

impl Leaf for Busy {
    type Signal = BusySignal;
    type Waiting = ();

    fn signal(idle: Duration) -> BusySignal {
        static STEP_NS: std::sync::OnceLock<f64> = std::sync::OnceLock::new();
        let steps = idle.as_nanos() as f64 / STEP_NS.get_or_init(step_ns);
        BusySignal {
            flag: FlagSignal::default(),
            steps: steps.round() as u64,
        }
    }

    fn begin(_: &BusySignal) {}

    fn fire(signal: &BusySignal) {
        signal.flag.fire();
    }

    fn poll(signal: &BusySignal, (): &mut (), cx: &mut Context<'_>, begun: impl FnOnce()) -> Poll<()> {
        let polled = signal.flag.poll(cx, begun);
        if polled.is_pending() {
            std::hint::black_box(chain(1, signal.steps));
        }
        polled
    }
}

/// A `tokio::sync::oneshot`, made anew with each child. It takes part in tokio's budget for cooperation: one task gets 128
/// results in one poll, and then has to wait for its next turn.
pub struct Oneshot;

impl Leaf for Oneshot {
    type Signal = Mutex<Option<oneshot::Sender<()>>>;
    type Waiting = (oneshot::Receiver<()>, bool);

    fn signal(_: Duration) -> Self::Signal {
        Mutex::default()
    }

    fn begin(signal: &Self::Signal) -> Self::Waiting {
        let (sender, receiver) = oneshot::channel();
        *signal.lock().expect("nobody panics with it") = Some(sender);
        (receiver, false)
    }

    fn fire(signal: &Self::Signal) {
        let sender = signal.lock().expect("nobody panics with it").take();
        // A receiver that is gone has nobody to tell.
        let _ = sender.expect("a child that waits has a sender").send(());
    }

    fn poll(
        _: &Self::Signal,
        (receiver, waits): &mut Self::Waiting,
        cx: &mut Context<'_>,
        begun: impl FnOnce(),
    ) -> Poll<()> {
        let polled = Pin::new(receiver)
            .poll(cx)
            .map(|received| received.expect("it was fired"));
        if polled.is_pending() && !*waits {
            *waits = true;
            begun();
        }
        polled
    }
}

struct Shared<L: Leaf> {
    signals: Box<[L::Signal]>,
    /// Children of the iteration under way that wait, or have.
    waiting: AtomicUsize,
    /// How many the strategy holds at once.
    at_once: AtomicUsize,
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

impl<L: Leaf> Shared<L> {
    fn begin_to_wait(&self, children: usize) {
        if self.waiting.fetch_add(children, AcqRel) + children >= self.at_once.load(Relaxed) {
            self.driver.wake();
        }
    }
}

/// Fires the signals; one poll, one signal, or as many as come together.
struct Driver<L: Leaf> {
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

/// How many signals come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// So many.
    Some(usize),
    /// As many as wait.
    All,
}

/// What stands behind `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Signals that come before what they woke is polled.
    pub together: Together,
    /// What a child waits on.
    pub leaf: LeafKind,
}

/// A kind of leaf by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// [`Flag`].
    Flag,
    /// [`Oneshot`].
    Oneshot,
    /// [`Busy`]: polls of one that waits last so much longer.
    Busy(Duration),
}

/// The longest that a poll of a child that waits can be told to last.
const LONGEST_POLL: Duration = Duration::from_millis(1);

/// What the parameters can be.
const PARAMETERS: &str = "wake@SIGNALS or wake@SIGNALS_LEAF, SIGNALS that come together from 1 to 1000000 or `all`, LEAF `oneshot`,      or what polling a child that waits costs, from 1ns to 1000us, as in wake@1_100ns";

impl Parameters {
    const USUAL: Self = Self {
        together: Together::Some(1),
        leaf: LeafKind::Flag,
    };
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.together {
            Together::Some(signals) => write!(f, "{signals}")?,
            Together::All => f.write_str("all")?,
        }
        match self.leaf {
            LeafKind::Flag => Ok(()),
            LeafKind::Oneshot => f.write_str("_oneshot"),
            LeafKind::Busy(idle) => {
                let ns = idle.as_nanos();
                match ns % 1000 {
                    0 => write!(f, "_{}us", ns / 1000),
                    _ => write!(f, "_{ns}ns"),
                }
            }
        }
    }
}

impl FromStr for Parameters {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (together, leaf) = match text.split_once('_') {
            None => (text, None),
            Some((together, leaf)) => (together, Some(leaf)),
        };
        let together = match together {
            "all" => Together::All,
            number => {
                let number = number.parse().map_err(|_| ())?;
                if !(1..=crate::case::MAX_TASKS).contains(&number) {
                    return Err(());
                }
                Together::Some(number)
            }
        };
        let leaf = match leaf {
            None => LeafKind::Flag,
            Some("oneshot") => LeafKind::Oneshot,
            Some(idle) => {
                let idle = super::entry::parse_duration(idle).ok_or(())?;
                if idle.is_zero() || idle > LONGEST_POLL {
                    return Err(());
                }
                LeafKind::Busy(idle)
            }
        };
        let parameters = Self { together, leaf };
        // One spelling for one value, or the same case would have two ids.
        if parameters.to_string() == text && parameters != Self::USUAL {
            Ok(parameters)
        } else {
            Err(())
        }
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
        let mut random = fastrand::Rng::with_seed(setup.seed);
        let orders = (0..ORDERS.min(MOST_IN_ORDERS / tasks).max(1))
            .map(|_| {
                let mut order: Vec<u32> = (0..tasks as u32).collect();
                random.shuffle(&mut order);
                order
            })
            .collect();
        tokio::spawn(Driver {
            shared: shared.clone(),
            together: match together {
                Together::Some(signals) => signals,
                Together::All => tasks,
            },
            orders,
            order: 0,
            next: 0,
            for_parent: false,
        });
        Self {
            shared,
            seed: setup.seed,
            leaf: PhantomData,
        }
    }
}

impl<L: Leaf> Workload for Wake<L> {
    type Output = u64;

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

    fn machinery(self: Arc<Self>) -> Option<Box<dyn TimedLoop>> {
        let tasks = self.shared.signals.len();
        fan_out_loop::<Wake<L>, MachineryAlone>(self, Count::of(tasks))
    }
}

/// The driver, the wakes and the parent's polls, without children: a parent that waits for all signals, with
/// one look at a counter in each of its polls.
struct MachineryAlone;

impl<L: Leaf> FanOut<Wake<L>> for MachineryAlone {
    async fn run(wake: &Wake<L>, count: Count) -> u64 {
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
    }
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
    Box::pin(async move { Ok(erased(Arc::new(Wake::<L>::with(setup, together, idle)), setup.tasks)) })
}

/// The entry with these parameters: measured where it is asked for by name.
fn variant(text: &str) -> Option<Entry> {
    let Parameters { together, leaf } = text.parse().ok()?;
    Some(Entry {
        name: format!("wake@{text}").into(),
        open: match leaf {
            LeafKind::Flag => Arc::new(move |setup| open_with::<Flag>(setup, together, Duration::ZERO)),
            LeafKind::Oneshot => Arc::new(move |setup| open_with::<Oneshot>(setup, together, Duration::ZERO)),
            LeafKind::Busy(idle) => Arc::new(move |setup| open_with::<Busy>(setup, together, idle)),
        },
        axes: Axes {
            on_request: true,
            ..entry().axes
        },
        variants: None,
        ..entry()
    })
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
        scale: Some(Sweep::over_tasks(&[10, 30, 31, 100, 1_000, 10_000, 100_000])),
        flags: driver_races,
        variants: Some(Variants {
            wanted: PARAMETERS,
            make: variant,
        }),
        ..Entry::of::<Wake>("wake", &[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_round_trip_and_have_one_spelling() {
        for text in [
            "2",
            "all",
            "1_oneshot",
            "all_oneshot",
            "1_100ns",
            "4_1us",
            "1000000_1000us",
        ] {
            assert_eq!(
                text.parse::<Parameters>().map(|known| known.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            "1",
            "0",
            "01",
            "+2",
            "1000001",
            "every",
            "1_",
            "1_flag",
            "1_0ns",
            "1_1000ns",
            "1_1001us",
            "1_1ms",
            "1_1.5us",
            "1_oneshot_2",
            "1:oneshot",
        ] {
            assert_eq!(text.parse::<Parameters>(), Err(()), "{text}");
        }
    }
}
