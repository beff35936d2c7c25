//! `hot`: the first child computes without a pause, for as long as its parameter says (`hot@1us` to `hot@10000us`); the others
//! yield once. How long do they wait for it? Under strategies that poll all children in one task they wait it out; a spawned
//! sibling may run on another worker.

use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::time::{Duration, Instant};

use super::began::Began;
use super::entry::{Variants, WORKER, parse_duration};
use super::{Axes, Entry, Full, Opening, Sweep, erased};
use crate::children::{Setup, Workload};
use crate::loops::Loops;
use crate::slice::Totals;

/// A hot child and its siblings.
pub struct Hot {
    burst: Duration,
    siblings: Arc<Siblings>,
}

/// When the siblings of an iteration ended.
struct Siblings {
    /// How many there are.
    number: u64,
    began: Began,
    /// Of the iteration under way, how many ended.
    ended: AtomicU64,
    /// Time from each iteration's start to the end of its last sibling, over all of them, in ns.
    total: AtomicU64,
}

impl Siblings {
    #[inline]
    fn begin(&self) {
        self.ended.store(0, Relaxed);
        self.began.now();
    }

    #[inline]
    fn ends(&self) {
        if self.ended.fetch_add(1, AcqRel) + 1 == self.number {
            self.total.fetch_add(self.began.elapsed_ns(), Relaxed);
        }
    }
}

/// Computes until the time is over.
#[inline]
fn compute(burst: Duration) {
    let start = Instant::now();
    let mut value = 1;
    while start.elapsed() < burst {
        value = crate::chain::chain(black_box(value), 64);
    }
    black_box(value);
}

impl Hot {
    fn with(setup: Setup, burst: Duration) -> Self {
        Self {
            burst,
            siblings: Arc::new(Siblings {
                number: setup.tasks as u64 - 1,
                began: Began::new(),
                ended: AtomicU64::new(0),
                total: AtomicU64::new(0),
            }),
        }
    }
}

impl Workload for Hot {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(false);
    const MOST_JOINED: usize = 64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self::with(setup, USUAL))
    }

    #[inline]
    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        if index == 0 {
            self.siblings.begin();
        }
        let (burst, siblings) = (self.burst, self.siblings.clone());
        async move {
            if index == 0 {
                compute(burst);
            } else {
                tokio::task::yield_now().await;
                siblings.ends();
            }
            index as u64
        }
    }

    #[inline]
    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index as u64
    }

    fn totals(&self) -> Totals {
        let total = Duration::from_nanos(self.siblings.total.load(Relaxed));
        Totals {
            siblings: (self.siblings.number > 0).then_some(total),
            ..Totals::default()
        }
    }
}

/// The burst where none is asked for.
const USUAL: Duration = Duration::from_micros(100);
const SHORTEST: Duration = Duration::from_micros(1);
const LONGEST: Duration = Duration::from_millis(10);

/// An iteration is so long that the usual time has a dozen of them, too few for spawned siblings to come to their steady state
/// (docs/METHODOLOGY.md, "Against programs that run one strategy").
const WARM_UP: Duration = Duration::from_millis(5);

#[inline]
fn variant(text: &str) -> Option<Entry> {
    let burst = parse_duration(text).filter(|burst| (SHORTEST..=LONGEST).contains(burst) && *burst != USUAL)?;
    let open = move |setup: Setup| -> Opening {
        Box::pin(async move { Ok(erased(Arc::new(Hot::with(setup, burst)), setup.tasks)) })
    };
    Some(Entry {
        name: format!("hot@{text}").into(),
        open: Arc::new(open),
        lasts: burst,
        variants: None,
        ..entry()
    })
}

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        target: "wakeups",
        description: "The first child computes for 100 µs without a pause, the others yield once.",
        expectation: "The whole takes the same with every strategy; the siblings of the hot child wait for it where all children \
                      are polled in one task, and on one thread everywhere.",
        lasts: USUAL,
        warm_up: WARM_UP,
        axes: Axes {
            quick: Sweep::over_tasks(&[8]),
            default: Sweep::over_tasks(&[8]),
            full: Full {
                tasks: &[2, 8, 64],
                sites: WORKER,
            },
            ..Axes::OWN
        },
        variants: Some(Variants {
            wanted: "hot@BURST, the first child's time, from 1us to 10000us, as in hot@10us",
            make: variant,
        }),
        ..Entry::of::<Hot>("hot", &[0])
    }
}
