//! Where the objects of blocks lie on the heap: not in the same place each time.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;

use libtest_mimic::Trial;
use measure::{Setup, Target, Workload, measure};

use crate::common::place::Place;

/// What this program is where it is started as a bench of [`Noting`]; `None` for another act.
pub fn act(act: &str) -> Option<ExitCode> {
    (act == "notes").then(|| measure(&Target::of::<Noting>("notes")))
}

pub fn trials() -> Vec<Trial> {
    trials![blocks_lie_at_many_places_of_the_heap]
}

/// The file to which each block adds where it allocates.
const PLACES: &str = "TEST_PLACES";

/// A page: which ones a process has, the kernel draws.
const PAGE: usize = 4096;

/// Children that do nothing; what is opened notes where it allocates.
struct Noting;

impl Workload for Noting {
    type Output = u64;

    const MOST_JOINED: usize = 8;

    async fn set_up(_: Setup) -> Result<Self, String> {
        // More than any hole that earlier allocations left, so that it lies after all that a block allocated until then.
        let allocated: Vec<u8> = black_box(Vec::with_capacity(100 << 10));
        let place = allocated.as_ptr() as usize % PAGE;
        let file = std::env::var(PLACES).expect("the test names a file");
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .map_err(|error| error.to_string())?;
        writeln!(file, "{place}").map_err(|error| error.to_string())?;
        Ok(Self)
    }

    fn child(&self, _: usize) -> impl Future<Output = u64> + Send + 'static {
        std::future::ready(1)
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, _: usize) -> u64 {
        1
    }
}

/// On a thread of the program, and on one of a runtime, of which each has an arena of its own.
fn blocks_lie_at_many_places_of_the_heap() {
    if cfg!(not(all(target_os = "linux", target_env = "gnu"))) {
        eprintln!("SKIPPED: another malloc may draw its places itself");
        return;
    }
    for flavor in ["current_thread", "multi_thread_1"] {
        let place = Place::new();
        let file = place.path("places");
        let variables = [
            ("JVS_ROUNDS", "6"),
            ("JVS_TASKS", "2"),
            ("JVS_FLAVORS", flavor),
            ("JVS_SITES", "worker"),
            (PLACES, file.to_str().expect("a path in UTF-8")),
        ];
        place.run("notes", &variables, &["--bench"]).exits(0);
        let places = fs::read_to_string(&file).expect("blocks noted theirs");
        let blocks = places.lines().count();
        let different = places.lines().collect::<HashSet<_>>().len();
        assert!(
            blocks >= 6 && different * 2 > blocks,
            "{flavor}: {different} places of {blocks} blocks"
        );
    }
}
