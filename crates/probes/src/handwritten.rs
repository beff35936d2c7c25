//! The suite's loops again, as one would write them by hand for one measurement: literal `tokio::join!` calls,
//! and spawns into a Vec awaited in order. Only the children are shared. `selfcheck` measures them against the
//! suite's cells, in the same rounds: what differs would be the suite's own doing.

use std::hint::black_box;
use std::time::{Duration, Instant};

use seq_macro::seq;

use crate::Setup;
use crate::slice::Slice;
use crate::timed_loop::{TimedLoop, timed_loop};
use crate::usage::Usage;
use crate::workload::InlineChild;

/// The hand-written loop of that name; `None` where there is none.
pub(crate) fn timed_loop_of<K: InlineChild>(strategy: &str, setup: Setup) -> Option<TimedLoop> {
    let Setup { tasks, seed, .. } = setup;
    Some(match (strategy, tasks, setup.payload_bytes) {
        ("hand_join", 1, 0) => timed_loop(move |n| join_1::<K, 0>(seed, n)),
        ("hand_join", 8, 0) => timed_loop(move |n| join_8::<K, 0>(seed, n)),
        ("hand_join", 64, 0) => timed_loop(move |n| join_64::<K, 0>(seed, n)),
        ("hand_join", 1, 4096) => timed_loop(move |n| join_1::<K, 4096>(seed, n)),
        ("hand_join", 8, 4096) => timed_loop(move |n| join_8::<K, 4096>(seed, n)),
        ("hand_join", 64, 4096) => timed_loop(move |n| join_64::<K, 4096>(seed, n)),
        ("hand_spawn", _, 0) => timed_loop(move |n| spawn::<K, 0>(seed, tasks, n)),
        ("hand_spawn", _, 4096) => timed_loop(move |n| spawn::<K, 4096>(seed, tasks, n)),
        _ => return None,
    })
}

/// One untimed iteration, then the timed ones: as every slice.
macro_rules! timed {
    ($iterations:expr, $digest:ident, $body:block) => {{
        let (mut wall, mut usage) = (Duration::ZERO, Usage::default());
        let mut $digest = 0u64;
        for pass in [1, $iterations] {
            $digest = 0;
            let before = Usage::now();
            let start = Instant::now();
            for _ in 0..pass $body
            wall = start.elapsed();
            usage = Usage::since(&before);
        }
        Slice {
            wall,
            usage,
            digest: $digest,
            ..Slice::default()
        }
    }};
}

async fn join_1<K: InlineChild, const P: usize>(seed: u64, iterations: u64) -> Slice {
    timed!(iterations, digest, {
        let seed = black_box(seed);
        let (o0,) = tokio::join!(K::child::<P>(seed));
        digest += black_box(o0);
    })
}

async fn join_8<K: InlineChild, const P: usize>(seed: u64, iterations: u64) -> Slice {
    timed!(iterations, digest, {
        let seed = black_box(seed);
        let (o0, o1, o2, o3, o4, o5, o6, o7) = tokio::join!(
            K::child::<P>(seed),
            K::child::<P>(seed + 1),
            K::child::<P>(seed + 2),
            K::child::<P>(seed + 3),
            K::child::<P>(seed + 4),
            K::child::<P>(seed + 5),
            K::child::<P>(seed + 6),
            K::child::<P>(seed + 7)
        );
        digest += black_box(o0 + o1 + o2 + o3 + o4 + o5 + o6 + o7);
    })
}

// What seq! writes out is what one would write by hand, 64 times.
seq!(I in 0..64 {
    #[allow(clippy::identity_op, reason = "the first of 64 lines adds 0")]
    async fn join_64<K: InlineChild, const P: usize>(seed: u64, iterations: u64) -> Slice {
        timed!(iterations, digest, {
            let seed = black_box(seed);
            let (#(o~I,)*) = tokio::join!(#(K::child::<P>(seed + I),)*);
            digest += black_box(0 #(+ o~I)*);
        })
    }
});

async fn spawn<K: InlineChild, const P: usize>(seed: u64, tasks: usize, iterations: u64) -> Slice {
    timed!(iterations, digest, {
        let seed = black_box(seed);
        let handles: Vec<_> = (0..tasks as u64)
            .map(|index| tokio::spawn(K::child::<P>(seed + index)))
            .collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.expect("a child panicked");
        }
        digest += black_box(sum);
    })
}
