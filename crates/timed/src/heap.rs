//! Where a block's objects lie on the heap: at a random place.
//!
//! It decides some times, presumably since a task is aligned to 128 bytes, and what glibc does to align one depends on what lies
//! before it; and a program's heap grows in the same way each time (docs/METHODOLOGY.md, "A fresh process for each block"). A
//! reader's program has another heap. So each block has another one too, as it has another layout of the code, and what that
//! makes of the times is in the interval.

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
    _memory: Vec<u8>,
}

impl Displacement {
    /// Of a size that follows from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            _memory: black_box(Vec::with_capacity(bytes(seed))),
        }
    }
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

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_is_allocated_then_lies_elsewhere() {
        // In a process of its own: the tests beside it leave holes of any size in the arenas that they share with it.
        const ALONE: &str = "TEST_OF_PLACES_ALONE";
        if std::env::var_os(ALONE).is_none() {
            let program = std::env::current_exe().expect("this program");
            let alone = std::process::Command::new(program)
                .args(["--exact", "heap::tests::what_is_allocated_then_lies_elsewhere"])
                .env(ALONE, "1")
                .output();
            let alone = alone.expect("it starts");
            let said = String::from_utf8_lossy(&alone.stdout);
            assert!(alone.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        // In threads of their own, of which each has an arena, or a part of one.
        let address = |seed: u64| {
            let there = std::thread::spawn(move || {
                displacing_each(seed)();
                // More than any hole that an earlier thread left.
                let allocated: Vec<u8> = black_box(Vec::with_capacity(100 << 10));
                allocated.as_ptr() as usize % (64 << 10)
            });
            there.join().expect("no panic")
        };
        let places: HashSet<usize> = (0..20).map(address).collect();
        assert!(places.len() > 10, "{places:?}");
    }
}
