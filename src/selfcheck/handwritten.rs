//! The suite's loops again, as one would write them by hand for one measurement: literal `tokio::join!` calls,
//! and spawns into a Vec awaited in order. Only the children are shared. `selfcheck` measures them against the
//! suite's cells, in the same rounds: what differs would be the suite's own doing.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::case::{Case, Flavor, Payload, Site};
use crate::plan::Item;
use crate::slice::{Slice, TimedLoop, Totals, process_cpu_time, timed_loop};
use crate::workload::{InlineChild, Setup};

/// Hand-written loops, and the suite's strategies that they are compared with.
pub(super) const PAIRS: [(&str, &str); 2] = [("hand_join", "join"), ("hand_spawn", "spawn")];
const TASKS: [usize; 3] = [1, 8, 64];
const PAYLOADS: [usize; 2] = [0, 4096];
const FLAVORS: [Flavor; 2] = [Flavor::CurrentThread, Flavor::MultiThread(1)];

/// What is compared: every cell in a spawned task.
pub(super) fn items() -> Vec<Item> {
    let pairs = PAIRS.map(|(hand, suite)| (hand.to_owned(), suite.to_owned()));
    let mut items = Vec::new();
    for workload in ["ready", "yield"] {
        for flavor in FLAVORS {
            for payload in PAYLOADS {
                for tasks in TASKS {
                    items.push(Item {
                        case: Case {
                            workload: workload.to_owned(),
                            flavor,
                            site: Site::Worker,
                            payload: Payload(payload),
                            tasks,
                        },
                        pairs: pairs.to_vec(),
                    });
                }
            }
        }
    }
    items
}

/// The hand-written loop of that name; `None` where there is none.
pub(super) fn timed_loop_of<K: InlineChild>(strategy: &str, setup: Setup) -> Option<Box<dyn TimedLoop>> {
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
        let (mut wall, mut cpu) = (Duration::ZERO, Duration::ZERO);
        let mut $digest = 0u64;
        for pass in [1, $iterations] {
            $digest = 0;
            let cpu_start = process_cpu_time();
            let start = Instant::now();
            for _ in 0..pass $body
            wall = start.elapsed();
            cpu = process_cpu_time().saturating_sub(cpu_start);
        }
        Slice {
            wall,
            typical_ns: None,
            cpu,
            digest: $digest,
            before: Totals::default(),
            after: Totals::default(),
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

async fn join_64<K: InlineChild, const P: usize>(seed: u64, iterations: u64) -> Slice {
    timed!(iterations, digest, {
        let seed = black_box(seed);
        let (
            o0,
            o1,
            o2,
            o3,
            o4,
            o5,
            o6,
            o7,
            o8,
            o9,
            o10,
            o11,
            o12,
            o13,
            o14,
            o15,
            o16,
            o17,
            o18,
            o19,
            o20,
            o21,
            o22,
            o23,
            o24,
            o25,
            o26,
            o27,
            o28,
            o29,
            o30,
            o31,
            o32,
            o33,
            o34,
            o35,
            o36,
            o37,
            o38,
            o39,
            o40,
            o41,
            o42,
            o43,
            o44,
            o45,
            o46,
            o47,
            o48,
            o49,
            o50,
            o51,
            o52,
            o53,
            o54,
            o55,
            o56,
            o57,
            o58,
            o59,
            o60,
            o61,
            o62,
            o63,
        ) = tokio::join!(
            K::child::<P>(seed),
            K::child::<P>(seed + 1),
            K::child::<P>(seed + 2),
            K::child::<P>(seed + 3),
            K::child::<P>(seed + 4),
            K::child::<P>(seed + 5),
            K::child::<P>(seed + 6),
            K::child::<P>(seed + 7),
            K::child::<P>(seed + 8),
            K::child::<P>(seed + 9),
            K::child::<P>(seed + 10),
            K::child::<P>(seed + 11),
            K::child::<P>(seed + 12),
            K::child::<P>(seed + 13),
            K::child::<P>(seed + 14),
            K::child::<P>(seed + 15),
            K::child::<P>(seed + 16),
            K::child::<P>(seed + 17),
            K::child::<P>(seed + 18),
            K::child::<P>(seed + 19),
            K::child::<P>(seed + 20),
            K::child::<P>(seed + 21),
            K::child::<P>(seed + 22),
            K::child::<P>(seed + 23),
            K::child::<P>(seed + 24),
            K::child::<P>(seed + 25),
            K::child::<P>(seed + 26),
            K::child::<P>(seed + 27),
            K::child::<P>(seed + 28),
            K::child::<P>(seed + 29),
            K::child::<P>(seed + 30),
            K::child::<P>(seed + 31),
            K::child::<P>(seed + 32),
            K::child::<P>(seed + 33),
            K::child::<P>(seed + 34),
            K::child::<P>(seed + 35),
            K::child::<P>(seed + 36),
            K::child::<P>(seed + 37),
            K::child::<P>(seed + 38),
            K::child::<P>(seed + 39),
            K::child::<P>(seed + 40),
            K::child::<P>(seed + 41),
            K::child::<P>(seed + 42),
            K::child::<P>(seed + 43),
            K::child::<P>(seed + 44),
            K::child::<P>(seed + 45),
            K::child::<P>(seed + 46),
            K::child::<P>(seed + 47),
            K::child::<P>(seed + 48),
            K::child::<P>(seed + 49),
            K::child::<P>(seed + 50),
            K::child::<P>(seed + 51),
            K::child::<P>(seed + 52),
            K::child::<P>(seed + 53),
            K::child::<P>(seed + 54),
            K::child::<P>(seed + 55),
            K::child::<P>(seed + 56),
            K::child::<P>(seed + 57),
            K::child::<P>(seed + 58),
            K::child::<P>(seed + 59),
            K::child::<P>(seed + 60),
            K::child::<P>(seed + 61),
            K::child::<P>(seed + 62),
            K::child::<P>(seed + 63)
        );
        digest += black_box(
            o0 + o1
                + o2
                + o3
                + o4
                + o5
                + o6
                + o7
                + o8
                + o9
                + o10
                + o11
                + o12
                + o13
                + o14
                + o15
                + o16
                + o17
                + o18
                + o19
                + o20
                + o21
                + o22
                + o23
                + o24
                + o25
                + o26
                + o27
                + o28
                + o29
                + o30
                + o31
                + o32
                + o33
                + o34
                + o35
                + o36
                + o37
                + o38
                + o39
                + o40
                + o41
                + o42
                + o43
                + o44
                + o45
                + o46
                + o47
                + o48
                + o49
                + o50
                + o51
                + o52
                + o53
                + o54
                + o55
                + o56
                + o57
                + o58
                + o59
                + o60
                + o61
                + o62
                + o63,
        );
    })
}

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
