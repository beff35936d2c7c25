//! Where a block's objects lie on the heap: at a random place, with no holes before it.
//!
//! It decides some times, since a task is aligned to 128 bytes, and what glibc does to align one depends on what lies around it; and
//! a program's heap grows in the same way each time (docs/METHODOLOGY.md, "A fresh process for each block"). A reader's program has
//! another heap. So each block has another one too, as it has another layout of the code, and what that makes of the times is in the
//! interval.
//!
//! The holes that this program's own start left are filled first. Their number depended on the length of its path, and tasks that
//! come to lie in them find an order in which glibc has less to do. A program that does nothing but fan out
//! has none.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What malloc aligns to.
const STEP: usize = 16;

/// How many places there are: up to 64 KiB, which lies below the size from which glibc takes pages of their own.
const PLACES: u64 = 4096;

/// Memory that keeps what is allocated after it from where it would be else. It lies in the arena of the thread that made it.
#[derive(Debug)]
pub(crate) struct Displacement {
    _holes: Vec<Vec<u8>>,
    _memory: Vec<u8>,
}

impl Displacement {
    /// Of a size that follows from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            _holes: fill_holes(),
            _memory: allocated(bytes(seed)),
        }
    }
}

fn allocated(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

fn place(memory: &[u8]) -> usize {
    memory.as_ptr().addr()
}

/// More than any hole that this program has.
const BEYOND_HOLES: usize = 64 << 10;

/// The largest size of which glibc keeps chunks that are free apart from their neighbours, for each thread (`glibc.malloc.tcache_max` in the GNU C
/// Library's manual, "Memory Allocation Tunables").
const KEPT_APART: usize = 1032;

/// Most of what is allocated to fill holes: more than this program has, and little where the allocator is another one, whose places
/// do not tell holes.
const MOST_FILLS: usize = 400;

/// Allocates each hole of the heap: memory that is free and lies below its end. Larger ones first, so that what is left of one is
/// filled as a smaller one; of each size until one comes from the end.
fn fill_holes() -> Vec<Vec<u8>> {
    let mut fills: Vec<Vec<u8>> = Vec::with_capacity(MOST_FILLS);
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return fills;
    }
    // It goes back to the end of the heap at once, not having been kept apart.
    let end = place(&allocated(BEYOND_HOLES));
    let halves = (1..).map(|halvings| BEYOND_HOLES >> halvings);
    let halves = halves.take_while(|bytes| *bytes > KEPT_APART);
    let small = (1..=KEPT_APART.div_ceil(STEP)).rev().map(|steps| steps * STEP);
    for bytes in halves.chain(small) {
        while fills.len() < MOST_FILLS {
            let fill = allocated(bytes);
            let from_end = place(&fill) >= end;
            // One that is kept apart would be a hole where it is freed.
            if !from_end || bytes <= KEPT_APART {
                fills.push(fill);
            }
            if from_end {
                break;
            }
        }
    }
    fills
}

fn bytes(seed: u64) -> usize {
    // Not the numbers that the block's orders are drawn from: neither is to follow from the other.
    STEP * fastrand::Rng::with_seed(!seed).u64(..PLACES) as usize
}

/// To be called once on each thread of a runtime, of which each has an arena of its own: displaces what that thread allocates,
/// until it ends.
pub(crate) fn displacing_each(seed: u64) -> impl Fn() + Send + Sync + 'static {
    thread_local! {
        static DISPLACEMENT: RefCell<Option<Displacement>> = const { RefCell::new(None) };
    }
    let threads = AtomicU64::new(1);
    move || {
        let seed = seed.wrapping_add(threads.fetch_add(1, Relaxed));
        DISPLACEMENT.set(Some(Displacement::new(seed)));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn places_differ_between_seeds_and_are_a_seeds_own() {
        let places: HashSet<usize> = (0..100).map(bytes).collect();
        assert!(places.len() > 90, "{}", places.len());
        for seed in 0..100 {
            assert_eq!(bytes(seed), bytes(seed));
            assert!(bytes(seed) < 64 << 10 && bytes(seed).is_multiple_of(STEP));
        }
    }

    /// Whether this is the process that a test has for itself, since the tests beside it leave holes of any size in the arenas that
    /// they share with it. Where it is not, runs the test in one.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn is_alone(test: &str) -> bool {
        const ALONE: &str = "TEST_OF_PLACES_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let program = std::env::current_exe().expect("this program");
        let alone = std::process::Command::new(program)
            .args(["--exact", &format!("heap::tests::{test}")])
            .env(ALONE, "1")
            .output();
        let alone = alone.expect("it starts");
        let said = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.status.success() && said.contains("1 passed"), "{said}");
        false
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn holes_are_filled() {
        if !is_alone("holes_are_filled") {
            return;
        }
        let there = std::thread::spawn(|| {
            let sizes = [3_000, 100, 24, 700, 9_000, 1_200];
            let mut pairs: Vec<[Vec<u8>; 2]> = (0..60).map(|at| [sizes[at % 6], 40].map(allocated)).collect();
            let last = place(&pairs.last().expect("60 of them")[1]);
            for [hole, _] in &mut pairs {
                *hole = Vec::new();
            }
            let in_hole = |bytes: usize| place(&allocated(bytes)) < last;
            let before = [24, 100, 1_000].map(in_hole);
            let _filled = fill_holes();
            (before, [24, 100, 1_000].map(in_hole))
        });
        assert_eq!(there.join().expect("no panic"), ([true; 3], [false; 3]));
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_is_allocated_then_lies_elsewhere() {
        if !is_alone("what_is_allocated_then_lies_elsewhere") {
            return;
        }
        // In threads of their own, of which each has an arena, or a part of one.
        let address = |seed: u64| {
            let there = std::thread::spawn(move || {
                displacing_each(seed)();
                // More than any hole that an earlier thread left.
                let allocated: Vec<u8> = black_box(Vec::with_capacity(100 << 10));
                place(&allocated) % (64 << 10)
            });
            there.join().expect("no panic")
        };
        let places: HashSet<usize> = (0..20).map(address).collect();
        assert!(places.len() > 10, "{places:?}");
    }
}
