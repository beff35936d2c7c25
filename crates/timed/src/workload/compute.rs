//! `compute`: a child that hashes its payload, which lies on the heap, and never awaits. The children are
//! independent, so that spawn may win where there is more than one worker; join! runs them one by one.

use std::future::Future;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::entry::WORKER;
use super::{Axes, Entry, Full, Sweep};
use crate::children::{Setup, Workload};
use crate::loops::Loops;

/// One buffer for each child, and the hash that it must return.
pub struct Compute {
    children: Vec<(Arc<[u8]>, u64)>,
    seed: u64,
}

impl Workload for Compute {
    type Output = u64;

    const LOOPS: Loops = Loops::of_suite(true);

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let mut random = fastrand::Rng::with_seed(setup.seed);
        let children = (0..setup.tasks)
            .map(|_| {
                let mut bytes = vec![0; setup.payload_bytes];
                random.fill(&mut bytes);
                let hash = XxHash3_64::oneshot_with_seed(setup.seed, &bytes);
                (bytes.into(), hash)
            })
            .collect();
        Ok(Self {
            children,
            seed: setup.seed,
        })
    }

    #[inline]
    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let bytes = self.children[index].0.clone();
        let seed = self.seed;
        async move { XxHash3_64::oneshot_with_seed(seed, &bytes) }
    }

    #[inline]
    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        self.children[index].1
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    let sweep = |tasks, payloads| Sweep {
        tasks_at: 16 * KIB,
        payloads,
        ..Sweep::over_tasks(tasks)
    };
    Entry {
        description: "Each child hashes its payload and never awaits.",
        expectation: "On one thread both take the same once hashing outweighs composing; with several workers spawn wins \
                      from some payload on, since its children run in parallel.",
        axes: Axes {
            quick: sweep(&[2, 8], &[64 * KIB, MIB]),
            default: sweep(&[2, 4, 8, 16], &[KIB, 64 * KIB, MIB]),
            full: Full::ladder(WORKER),
            ..Axes::OWN
        },
        ..Entry::of::<Compute>("compute", &[64, KIB, 4 * KIB, 16 * KIB, 64 * KIB, MIB])
    }
}
