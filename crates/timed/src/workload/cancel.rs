//! `cancel`: the fan-out is dropped half done. Every second child has ended by then, the others wait for what never comes; timed
//! is from the drop until the destructor of each child has run. Strategies whose children outlive their handles cannot be
//! measured here: nothing ends those children.

use std::future::Future;
use std::sync::Arc;

use super::{Axes, Entry, Full, Sweep, entry::WORKER};
use crate::cancelling::Cancelling;
use crate::children::{Setup, Workload};
use crate::loops::Loops;

/// Children of which half never end.
pub struct Cancel {
    cancelling: Arc<Cancelling>,
    tasks: usize,
}

/// Tells when it is dropped: the destructor that is waited for.
struct Told(Arc<Cancelling>);

impl Drop for Told {
    #[inline]
    fn drop(&mut self) {
        self.0.ended();
    }
}

impl Workload for Cancel {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(false);
    const MOST_JOINED: usize = 64;
    const CANCELS: bool = true;
    // Each iteration is timed on its own.
    const SETTLES: bool = true;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self {
            cancelling: Arc::default(),
            tasks: setup.tasks,
        })
    }

    #[inline]
    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        self.cancelling.made();
        let told = Told(self.cancelling.clone());
        // One child alone is one that waits.
        let waits = index % 2 == 1 || self.tasks == 1;
        async move {
            if waits {
                told.0.waits();
                std::future::pending::<()>().await;
            }
            1
        }
    }

    #[inline]
    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, _index: usize) -> u64 {
        1
    }

    #[inline]
    fn cancelling(&self) -> Option<&Cancelling> {
        Some(&self.cancelling)
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        target: "scale",
        description: "The fan-out is dropped when every second child has ended and the others wait: the time until all their \
                      destructors have run.",
        expectation: "A dropped join! runs destructors and nothing else; an aborted task has to be scheduled once more, so that \
                      each child costs a turn.",
        cancels: true,
        // The children of spawn outlive it.
        strategies: Some(&[
            "join",
            "spawn_aborting",
            "join_all",
            "join_set",
            "futures_unordered",
            "buffer_unordered@64",
        ]),
        axes: Axes {
            quick: Sweep::over_tasks(&[]),
            default: Sweep::over_tasks(&[]),
            full: Full {
                tasks: &[8, 64, 1_000],
                sites: WORKER,
            },
            ..Axes::OWN
        },
        scale: Some(Sweep::over_tasks(&[8, 64, 1_000])),
        ..Entry::of::<Cancel>("cancel", &[0])
    }
}
