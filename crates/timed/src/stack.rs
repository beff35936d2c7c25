//! Where the stack of a runtime's own thread begins: at a random place of a page.
//!
//! A thread's stack ends at a page, less what the program and its libraries have in thread-local storage, so that every frame of a program
//! lies at one offset within a page, and at another one in the next program. Copies between a frame and the heap may take twice as long
//! where both lie badly, within their pages, for each other. Of the main thread the kernel and a round's environment draw the place; of
//! others it is drawn here.

/// A worker's stack at least. Tokio's default of 2 MiB would do for everything that is measured in a release build; a
/// debug build moves a fan-out's state through several frames. Pages that are not touched cost nothing.
const STACK_BYTES: usize = 16 << 20;

/// To what a thread's frames are aligned where its stack is of any size (glibc, `allocate_stack`: thread-local storage is aligned to a
/// cache line at least).
const STEP: usize = 64;

/// So many steps are a page.
const PLACES: usize = 64;

/// Bytes for the stack of each thread of a runtime, which follow from the seed. glibc lays the first frame as many bytes before the end of a
/// page; where a system rounds them up to pages they say nothing.
pub(crate) fn bytes(seed: u64) -> usize {
    // Not the numbers of the heap's places or of the block's orders.
    let place = fastrand::Rng::with_seed(seed.rotate_left(32)).usize(..PLACES);
    STACK_BYTES + STEP * place
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sizes_are_a_seeds_own_and_differ_within_a_page() {
        let sizes: HashSet<usize> = (0..1_000).map(bytes).collect();
        assert_eq!(sizes.len(), PLACES);
        assert!(
            sizes
                .iter()
                .all(|size| (STACK_BYTES..STACK_BYTES + STEP * PLACES).contains(size))
        );
        assert!((0..100).all(|seed| bytes(seed) == bytes(seed)));
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn frames_of_threads_lie_at_many_places_of_a_page() {
        use std::sync::{Arc, Barrier};
        use std::thread;

        // All live at once, since the stack of one that has ended is given to the next.
        const THREADS: u64 = 32;
        let together = Arc::new(Barrier::new(THREADS as usize));
        let thread = |seed| {
            let together = together.clone();
            let thread = thread::Builder::new().stack_size(bytes(seed)).spawn(move || {
                let local = std::hint::black_box(0u8);
                together.wait();
                std::ptr::from_ref(&local).addr() % 4096
            });
            thread.expect("a thread")
        };
        let threads: Vec<_> = (0..THREADS).map(thread).collect();
        let places: HashSet<usize> = threads
            .into_iter()
            .map(|thread| thread.join().expect("a place"))
            .collect();
        assert!(places.len() > 8, "{places:?}");
    }
}
