//! `tokio::join!` takes its children as macro arguments, so the number of children is fixed when the suite is
//! compiled. Each arity is a type of its own: see [`super`] on why no match over arities may be in async code.

use super::counts::all_polled;
use super::{Kind, WARM_UP_WITHOUT_HEAP, formula};

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

/// `tokio::join!`, told of the order of polls or not.
macro_rules! in_order {
    (() $($children:tt)*) => { tokio::join!($($children)*) };
    ((biased) $($children:tt)*) => { tokio::join!(biased; $($children)*) };
}
pub(super) use in_order;

/// Implements each arity of `$strategy`, lists them in `ARITIES` and in the choice among them; `$order` is what join! is told
/// of the order of polls, and `$most` the most children for a workload of that many, with so many bytes inside each. The second
/// list has those of the feature `suite`: the compiler's time for one is of the square of its children, whatever it is used for.
macro_rules! joins {
    ($strategy:ident, $order:tt, $most:expr, [$($n:literal)+] $([$($large:literal)+])?) => {
        /// The numbers of children for which a `tokio::join!` is compiled in.
        #[cfg(feature = "suite")]
        pub const ARITIES: &[usize] = &[$($n,)+ $($($large,)+)?];
        /// The numbers of children for which a `tokio::join!` is compiled in: with the feature `suite` there are larger ones.
        #[cfg(not(feature = "suite"))]
        pub const ARITIES: &[usize] = &[$($n),+];

        $($crate::strategy::join::arity! { $strategy, $order, $n })+
        $($(
            #[cfg(feature = "suite")]
            $crate::strategy::join::arity! { $strategy, $order, $large }
        )+)?

        pub(super) fn timed_loop<W: $crate::children::Workload>(
            workload: std::sync::Arc<W>,
            count: $crate::fan_out::Count,
            _: $crate::strategy::Spawning,
        ) -> Option<$crate::timed_loop::TimedLoop> {
            match count.tasks() {
                // The condition is a constant, so that what it excludes is not even compiled.
                $($n if const { $n <= $most(W::MOST_JOINED, W::INLINE_BYTES) && W::LOOPS.have_joined($n) } => {
                    $crate::timed_loop::fan_out_loop::<W, $strategy<$n>>(workload, count)
                })+
                $($(
                    #[cfg(feature = "suite")]
                    $large if const { $large <= $most(W::MOST_JOINED, W::INLINE_BYTES) } => {
                        $crate::timed_loop::fan_out_loop::<W, $strategy<$large>>(workload, count)
                    }
                )+)?
                _ => None,
            }
        }
    };
}
pub(super) use joins;

/// One arity.
macro_rules! arity {
    ($strategy:ident, $order:tt, $n:literal) => {
        seq_macro::seq!(I in 0..$n {
            impl<W: $crate::children::Workload> $crate::fan_out::FanOut<W> for $strategy<$n> {
                $crate::fan_out!(async |workload: &W, _count| {
                    let (#(output~I,)*) = $crate::strategy::join::in_order!($order #(workload.child(I),)*);
                    let mut sum = 0u64;
                    #(sum = sum.wrapping_add(W::digest(output~I));)*
                    sum
                });
            }
        });
    };
}
pub(super) use arity;

joins! { Join, (), most_joined, [1 2 3 4 6 8 10 12 16 24 32 48 64] [96 128 256] }

pub(super) const KIND: Kind = Kind {
    arities: Some(ARITIES),
    counts: Some(all_polled(formula!(_n => 0))),
    warm_up: WARM_UP_WITHOUT_HEAP,
    ..Kind::ANY_NUMBER
};
