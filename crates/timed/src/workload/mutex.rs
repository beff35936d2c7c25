//! `mutex`: children that share one `tokio::sync::Mutex`, and each yields once while it holds it. So they take turns, and each
//! turn ends by waking one child: `join!` then polls all that still wait.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Axes, Entry, Sweep};
use crate::children::{Setup, Workload};
use crate::loops::Loops;

/// What the children share: how often it was held.
pub struct Shared {
    turns: Arc<Mutex<u64>>,
}

impl Workload for Shared {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(true);
    const MOST_JOINED: usize = 64;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Ok(Self { turns: Arc::default() })
    }

    #[inline]
    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let turns = self.turns.clone();
        async move {
            let mut turns = turns.lock().await;
            tokio::task::yield_now().await;
            *turns = turns.wrapping_add(1);
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
        target: "wakeups",
        description: "Each child locks the Mutex that all share, yields once, and gives it back.",
        expectation: "A turn wakes one child, and join! polls all that wait, so that spawn wins from some number on.",
        axes: Axes {
            on_request: true,
            ..Axes::OWN
        },
        scale: Some(Sweep::over_tasks(&[10, 30, 31, 100, 1_000, 10_000, 100_000])),
        ..Entry::of::<Shared>("mutex", &[0])
    }
}
