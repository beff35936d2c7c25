//! `tokio::join!` takes its children as macro arguments, so the number of children is fixed when the suite is
//! compiled. Each arity is a type of its own: see [`super`] on why no match over arities may be in async code.

use std::sync::Arc;

use seq_macro::seq;

use super::{FanOut, Spawning};
use crate::slice::{TimedLoop, fan_out_loop};
use crate::workload::Workload;

/// The most bytes of inline payload that one join! may hold: half of a tokio worker's default stack of 2 MiB,
/// through which the state passes when the task that holds it is spawned.
pub const MAX_STATE_BYTES: usize = 1 << 20;

/// The most children of a `join!` that carry a payload inside them: from here on their sizes, and not their number, are what
/// is measured, and each such `join!` is large to compile.
const MOST_WITH_PAYLOAD: usize = 64;

/// The most children of a `join!` that is compiled for a workload that may have `most`, each with so many bytes inside it.
pub const fn most_joined(most: usize, inline_bytes: usize) -> usize {
    if inline_bytes == 0 {
        return most;
    }
    let by_state = MAX_STATE_BYTES / inline_bytes;
    let by_payload = if most < MOST_WITH_PAYLOAD {
        most
    } else {
        MOST_WITH_PAYLOAD
    };
    if by_state < by_payload { by_state } else { by_payload }
}

/// `tokio::join!` of `N` children.
pub struct Join<const N: usize>;

/// Implements each arity, and lists them in [`ARITIES`] and in the choice among them.
macro_rules! ladder {
    ($($n:literal)+) => {
        /// The numbers of children for which a `tokio::join!` is compiled in.
        pub const ARITIES: &[usize] = &[$($n),+];

        $(seq!(I in 0..$n {
            impl<W: Workload> FanOut<W> for Join<$n> {
                async fn run(workload: &W, _tasks: usize) -> u64 {
                    let (#(output~I,)*) = tokio::join!(#(workload.child(I),)*);
                    let mut sum = 0u64;
                    #(sum = sum.wrapping_add(W::digest(output~I));)*
                    sum
                }
            }
        });)+

        pub(super) fn timed_loop<W: Workload>(
            workload: Arc<W>,
            tasks: usize,
            _: Spawning,
        ) -> Option<Box<dyn TimedLoop>> {
            match tasks {
                // The condition is a constant, so that what it excludes is not even compiled.
                $($n if const { $n <= most_joined(W::MOST_JOINED, W::INLINE_BYTES) } => {
                    Some(fan_out_loop::<W, Join<$n>>(workload, tasks))
                })+
                _ => None,
            }
        }
    };
}

ladder! { 1 2 3 4 6 8 10 12 16 24 32 48 64 96 128 256 }
