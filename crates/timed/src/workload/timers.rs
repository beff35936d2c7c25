//! `timers`: children that sleep, each for a time of its own between one and two milliseconds: what it takes to keep, fire and
//! await so many timers. Up to some hundreds of children the wait is all that there is.

use std::future::Future;
use std::time::Duration;

use super::{Axes, Entry, Sweep};
use crate::children::{Setup, Workload};
use crate::loops::Loops;

/// Children that sleep.
pub struct Timers {
    /// How long each of them sleeps.
    sleeps: Vec<Duration>,
}

impl Workload for Timers {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(false);
    const MOST_JOINED: usize = 64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let mut random = fastrand::Rng::with_seed(setup.seed);
        let sleep = |_| Duration::from_micros(random.u64(1_000..2_000));
        Ok(Self {
            sleeps: (0..setup.tasks).map(sleep).collect(),
        })
    }

    #[inline]
    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let sleep = self.sleeps[index];
        async move {
            tokio::time::sleep(sleep).await;
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
}

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        target: "scale",
        description: "Each child sleeps for one to two milliseconds.",
        expectation: "Up to some hundreds of children all strategies take as long as the longest sleep, at tokio's resolution of \
                      a millisecond; beyond, as long as their children's turns.",
        lasts: Duration::from_millis(2),
        // With a bound each place waits once more for every child that it gets.
        strategies: Some(&["join", "spawn", "join_all", "join_set", "futures_unordered"]),
        axes: Axes {
            quick: Sweep::over_tasks(&[]),
            default: Sweep::over_tasks(&[]),
            ..Axes::OWN
        },
        // Of 100,000 in one task an iteration takes seconds: JVS_TASKS asks for it.
        scale: Some(Sweep::over_tasks(&[10, 30, 31, 100, 1_000, 10_000])),
        ..Entry::of::<Timers>("timers", &[0])
    }
}
