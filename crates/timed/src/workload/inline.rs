//! Children that carry their payload in their future, at any of some sizes.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::entry::BOTH;
use super::{Axes, Entry, Full, Opening, Sweep, open};
use crate::children::{Setup, Workload};
use crate::loops::{Loops, is_among};

/// A child that carries its payload in its future, at any size.
pub trait InlineChild: Send + Sync + 'static {
    /// The payloads at which a prediction measures it, in bytes.
    const CALIBRATED: &'static [usize];

    /// Makes the child: carries `P` bytes, returns `number`.
    fn child<const P: usize>(number: u64) -> impl Future<Output = u64> + Send + 'static;
}

/// The workload of an [`InlineChild`] with `P` bytes: children numbered from a seed.
pub struct Inline<K, const P: usize> {
    seed: u64,
    kind: PhantomData<K>,
}

impl<K: InlineChild, const P: usize> Workload for Inline<K, P> {
    type Output = u64;
    const INLINE_BYTES: usize = P;
    const LOOPS: Loops = Loops::of_suite(is_among(K::CALIBRATED, P));

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self {
            seed: setup.seed,
            kind: PhantomData,
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        K::child::<P>(self.seed.wrapping_add(index as u64))
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        self.seed.wrapping_add(index as u64)
    }
}

/// The part of an inline workload's entry that is the same for all.
pub(super) fn inline_entry<K: InlineChild>(name: &'static str) -> Entry {
    Entry {
        target: "overhead",
        inline: true,
        axes: Axes {
            // 1 and 64 are the ends; 8 is where payloads are compared.
            quick: Sweep {
                sites: BOTH,
                ..Sweep::over_tasks(&[1, 8, 64])
            },
            default: Sweep {
                payloads: &[64, KIB, 4 * KIB, 16 * KIB],
                sites: BOTH,
                ..Sweep::over_tasks(&[1, 2, 4, 8, 16, 32, 64])
            },
            full: Full::ladder(BOTH),
            ..Axes::OWN
        },
        scale: Some(Sweep::over_tasks(&[10, 30, 31, 100, 1_000, 10_000, 100_000])),
        open: Arc::new(open_inline::<K>),
        ..Entry::of::<Inline<K, 0>>(name, INLINE_PAYLOADS)
    }
}

const KIB: usize = 1 << 10;

/// Lists the inline payloads, and opens an inline workload at each of them.
macro_rules! inline_payloads {
    ($($bytes:literal)+) => {
        /// Payloads that can lie inside a child's future, in bytes: fixed when the suite is compiled.
        pub const INLINE_PAYLOADS: &[usize] = &[$($bytes),+];

        /// Opens an inline workload whose payload is one of [`INLINE_PAYLOADS`].
        pub fn open_inline<K: InlineChild>(setup: Setup) -> Opening {
            match setup.payload_bytes {
                $($bytes => open::<Inline<K, $bytes>>(setup),)+
                other => panic!("no inline payload of {other} bytes is compiled in"),
            }
        }
    };
}

inline_payloads! { 0 64 1024 4096 16384 65536 }
