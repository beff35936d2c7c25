//! The census: what one iteration of a case does, counted instead of timed. Times say how much, counts say why, and on
//! one thread they are the same on every machine.
//!
//! Each measurement is run twice, each time in a fresh runtime. Once as it is timed, for the [allocator of a program that
//! counts](CountingAllocator): what a loop of many iterations allocates, less what a loop of one does, is the
//! iterations' own. And once with children whose type is erased (`counted.rs`), which count their polls and wakes: they are
//! boxed, so nothing is said of memory there.
//!
//! Exact, that is the same in each run, where one thread does everything: on `current_thread` and `local`, except `http`
//! and its kin, whose server is another process. Elsewhere workers race, and a count is a mean over some iterations.
//!
//! A package of its own, since nothing in it is timed: its loops are compiled without optimization, which takes a fraction of the time
//! (the workspace's `Cargo.toml`), and counts are the same with it and without (`tests/said/census.rs` has those of both profiles).

// join! of 256 branches.
#![recursion_limit = "512"]

mod allocator;
mod counted;
pub mod formulas;
mod rows;
mod waiting;

use std::sync::{Arc, Mutex};

use timed::block::drive_case;
use timed::case::Case;
use timed::locked::lock;
use timed::runtime::{BlockRuntime, Schedule};
use timed::slice::Slice;
use timed::strategy::{self, Spawning};
use timed::timed_loop::{SETTLING_BYTES, TimedLoop, executed, timed_loop};
use timed::usage::Usage;
use timed::workload::{Entry, Opened};

pub use allocator::{CountingAllocator, Heap};
use counted::{Counted, Counts, Parent};
pub use rows::Row;
pub use waiting::{NoWeight, PerChild, STACK_BYTES, Weight, weigh_waiting};

/// Iterations that are counted, where one lasts no longer than it must.
const ITERATIONS: u64 = 32;
/// And where a server makes each wait.
const FEW: u64 = 4;

/// Counts one iteration of a strategy in a case. The error is the reason for which there is nothing to count.
pub fn count(entry: &Entry, case: &Case, strategy: &str, heap: &'static CountingAllocator) -> Result<Row, String> {
    if entry.cancels {
        return Err("its fan-outs are dropped half done: there is no whole one to count".into());
    }
    let iterations = if entry.lasts.is_zero() { ITERATIONS } else { FEW };
    count_iterations(entry, case, strategy, heap, iterations)
}

/// The mean of so many iterations.
fn count_iterations(
    entry: &Entry,
    case: &Case,
    strategy: &str,
    heap: &'static CountingAllocator,
    iterations: u64,
) -> Result<Row, String> {
    let grown = weigh(entry, case, strategy, heap, iterations)?;
    let counts = polls_and_wakes(entry, case, strategy, iterations)?;
    let mean = |count: fn(&Counts) -> u64| counts.iter().map(count).sum::<u64>() as f64 / counts.len() as f64;
    Ok(Row {
        case: case.clone(),
        strategy: strategy.to_owned(),
        exact: case.flavor.has_one_thread() && !entry.served,
        child_polls: mean(|counts| counts.child_polls),
        parent_polls: mean(|counts| counts.parent_polls),
        wakes: mean(|counts| counts.wakes),
        tasks_spawned: mean(|counts| counts.tasks_spawned),
        allocations: grown.allocations,
        bytes_allocated: grown.bytes,
        peak_bytes: grown.peak,
        parks: Some(grown.parks),
        driver_wakes: grown.written,
        future_bytes: grown.future,
        child_future_bytes: grown.child_future,
    })
}

/// What an iteration adds to the counts of the heap, of the runtime and of the system, and the sizes of its futures.
struct Grown {
    allocations: f64,
    bytes: f64,
    peak: u64,
    parks: f64,
    written: Option<f64>,
    future: usize,
    child_future: usize,
}

/// What is read before and after each loop.
#[derive(Clone, Copy)]
struct Reading {
    heap: Heap,
    usage: Usage,
    written: Option<u64>,
}

/// Loops, by the number of their iterations.
struct Loops(std::vec::IntoIter<u64>);

impl Schedule for Loops {
    fn next(&mut self) -> Option<(usize, u64)> {
        Some((0, self.0.next()?))
    }

    fn measured(&mut self, _side: usize, _slice: Slice) {}
}

/// Drives loops of one strategy in a fresh runtime, each of so many iterations.
fn drive(
    entry: &Entry,
    case: &Case,
    strategy: &str,
    make_loop: impl Fn(&Arc<dyn Opened>, &str, Spawning) -> Option<TimedLoop> + Send + 'static,
    loops: Vec<u64>,
) -> Result<(), String> {
    let runtime = BlockRuntime::of(case, SEED)?;
    let schedule = Loops(loops.into_iter());
    drive_case(&runtime, entry, case, &[strategy], SEED, make_loop, schedule).map(drop)
}

/// Counts the heap around the loop that is timed.
fn weigh(
    entry: &Entry,
    case: &Case,
    strategy: &str,
    heap: &'static CountingAllocator,
    iterations: u64,
) -> Result<Grown, String> {
    let seen: Arc<Mutex<Vec<[Reading; 2]>>> = Arc::default();
    let sizes: Arc<Mutex<(usize, usize)>> = Arc::default();
    let (seen_too, sizes_too) = (seen.clone(), sizes.clone());
    // The first loop is for what is made once: thread-locals, and queues that grow to what they will ever hold.
    let loops = vec![1 + iterations, 1, 1 + iterations];
    drive(
        entry,
        case,
        strategy,
        move |opened, strategy, spawning| {
            let timed = opened.timed_loop(strategy, spawning)?;
            *lock(&sizes_too) = (timed.fan_out_bytes(), opened.children().child_bytes());
            let seen = seen_too.clone();
            Some(timed_loop(move |iterations| {
                let timed = timed.run(iterations);
                let seen = seen.clone();
                async move {
                    let (written, usage) = (calls_that_write(), Usage::now());
                    heap.reset_peak();
                    let before = Reading {
                        heap: heap.heap(),
                        usage,
                        written,
                    };
                    let slice = timed.await;
                    let after = Reading {
                        heap: heap.heap(),
                        usage: Usage::now(),
                        written: calls_that_write(),
                    };
                    lock(&seen).push([before, after]);
                    slice
                }
            }))
        },
        loops,
    )?;
    let seen = lock(&seen);
    let [_, one, many] = seen[..] else {
        return Err(format!("{} loops ran, not three", seen.len()));
    };
    let (own, executed): (u64, fn(u64) -> u64) = match entry.settles {
        true => (SETTLING_BYTES, |iterations| iterations),
        false => (0, executed),
    };
    let more = executed(1 + iterations) - executed(1);
    let grown = |of: fn(&Reading) -> u64| {
        let grown = |[before, after]: [Reading; 2]| of(&after) as f64 - of(&before) as f64;
        (grown(many) - grown(one)) / more as f64
    };
    let peak = many[1].heap.peak.saturating_sub(many[0].heap.live);
    let (future, child_future) = *lock(&sizes);
    Ok(Grown {
        future,
        child_future,
        allocations: grown(|read| read.heap.allocations),
        bytes: grown(|read| read.heap.bytes) - own as f64,
        // Where threads race, the one loop may have had more of them than the many.
        parks: grown(|read| read.usage.parks).max(0.0),
        // Of a workload that fetches it would be the requests.
        written: (many[0].written.is_some() && !entry.served).then(|| grown(|read| read.written.unwrap_or(0)).max(0.0)),
        // The copy is made when the fan-outs are over.
        peak: peak.saturating_sub(own / 2 * (1 + iterations)),
    })
}

/// Calls of write(2) and its kin that this process has made, all threads; `None` where the system does not tell (proc(5):
/// `/proc/self/io`, `syscw`). What a census measures writes to nothing but the eventfd that wakes tokio's I/O driver.
fn calls_that_write() -> Option<u64> {
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    io.lines()
        .find_map(|line| line.strip_prefix("syscw: "))
        .and_then(|count| count.parse().ok())
}

/// Counts polls, wakes and tasks of each iteration.
fn polls_and_wakes(entry: &Entry, case: &Case, strategy: &str, iterations: u64) -> Result<Vec<Counts>, String> {
    let seen: Arc<Mutex<Vec<Counts>>> = Arc::default();
    let sink = seen.clone();
    let tasks = case.tasks;
    drive(
        entry,
        case,
        strategy,
        move |opened, strategy, spawning| {
            let counted = Arc::new(Counted::new(opened.clone(), sink.clone()));
            let tally = counted.tally();
            let timed = strategy::timed_loop(strategy.parse().ok()?, counted, tasks, spawning)?;
            Some(timed_loop(move |iterations| {
                Parent::new(timed.run(iterations), tally.clone())
            }))
        },
        vec![1, iterations],
    )?;
    let seen = lock(&seen);
    // The first is the warm-up's.
    match seen.get(1..) {
        Some(counts) if counts.len() as u64 == iterations => Ok(counts.to_vec()),
        _ => Err(format!("{} iterations ran, not {iterations}", seen.len())),
    }
}

/// Data do not change a count, but they should be the same each time.
const SEED: u64 = 0x6a76_735f_6a76_735f;
