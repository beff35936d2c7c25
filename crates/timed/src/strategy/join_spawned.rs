//! `tokio::join!` of handles: each child spawned, the handles awaited by one join!, as tokio's documentation of `join!`
//! recommends where children shall run in parallel. Its number of children is fixed when it is compiled, as join!'s is.
//!
//! The join! is over handles alone, so that it stands in a function of its own: compiled once for both spawns and all workloads
//! whose children return the same.

use std::marker::PhantomData;
use std::sync::Arc;

use seq_macro::seq;
use tokio::task::{JoinError, JoinHandle};

use super::counts::{Counts, Polls, spawned};
use super::{Kind, Spawner, Spawning, formula};
use crate::children::Workload;
use crate::fan_out::{Count, FanOut};
use crate::timed_loop::{TimedLoop, fan_out_loop};

/// `tokio::join!` of the handles of `N` children.
pub struct JoinSpawned<const N: usize, S>(PhantomData<S>);

/// A `tokio::join!` of `N` handles.
struct Handles<const N: usize>;

macro_rules! ladder {
    ($($n:literal)+) => {
        /// The numbers of children for which it is compiled in.
        pub const ARITIES: &[usize] = &[$($n),+];

        $(seq!(I in 0..$n {
            impl Handles<$n> {
                async fn join<T>([#(handle~I,)*]: [JoinHandle<T>; $n]) -> [Result<T, JoinError>; $n] {
                    let (#(output~I,)*) = tokio::join!(#(handle~I,)*);
                    [#(output~I,)*]
                }
            }

            impl<W: Workload, S: Spawner> FanOut<W> for JoinSpawned<$n, S> {
                // A handle that is dropped leaves its child to run.
                const STOPS_ON_DROP: bool = false;

                crate::fan_out!(async |workload: &W, _count| {
                    let handles = std::array::from_fn(|index| S::spawn(workload.child(index)));
                    let outputs = Handles::<$n>::join(handles).await;
                    let mut sum = 0u64;
                    for output in outputs {
                        sum = sum.wrapping_add(W::digest(output.expect("a child panicked")));
                    }
                    sum
                });
            }
        });)+

        pub(super) fn timed_loop<W: Workload>(
            workload: Arc<W>,
            count: Count,
            spawning: Spawning,
        ) -> Option<TimedLoop> {
            match (count.tasks(), spawning) {
                $(
                    ($n, Spawning::Shared) if const { $n <= W::MOST_JOINED && W::INLINE_BYTES == 0 } => {
                        fan_out_loop::<W, JoinSpawned<$n, super::Shared>>(workload, count)
                    }
                    ($n, Spawning::Local) if const { $n <= W::MOST_JOINED && W::INLINE_BYTES == 0 } => {
                        fan_out_loop::<W, JoinSpawned<$n, super::Local>>(workload, count)
                    }
                )+
                _ => None,
            }
        }
    };
}

ladder! { 1 2 4 8 16 32 64 }

pub(super) const KIND: Kind = Kind {
    arities: Some(ARITIES),
    stops_on_drop: false,
    inline_payloads: false,
    counts: Some(Counts {
        woken: Polls {
            children: formula!(n => 2 * n),
            // In each poll all handles of children that have not ended.
            parent: Some(formula!(n => n + 1)),
        },
        // One a task; the handles stand in join!'s own state.
        ..spawned(formula!(n => n))
    }),
    ..Kind::ANY_NUMBER
};
