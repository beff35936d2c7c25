//! What a child of `wake` waits on: what polling it costs while it still waits.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;

use crate::chain::chain;
use crate::cpu_speed::step_ns;

/// What a child waits on.
pub trait Leaf: Send + Sync + 'static {
    /// Whether a prediction measures it.
    const CALIBRATED: bool = false;

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
    #[inline]
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
    const CALIBRATED: bool = true;

    type Signal = FlagSignal;
    type Waiting = ();

    fn signal(_: Duration) -> FlagSignal {
        FlagSignal::default()
    }

    #[inline]
    fn begin(_: &FlagSignal) {}

    #[inline]
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

    #[inline]
    fn begin(_: &BusySignal) {}

    #[inline]
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

    #[inline]
    fn begin(signal: &Self::Signal) -> Self::Waiting {
        let (sender, receiver) = oneshot::channel();
        *signal.lock().expect("nobody panics with it") = Some(sender);
        (receiver, false)
    }

    #[inline]
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
