//! The block: one fresh runtime, in it one strategy alone or two of them side by side, slice by slice.
//!
//! Each side first runs until the runtime is in its steady state ([`Shape::settle`]). Two sides are then measured in quads
//! of slices, ABBA or BAAB at random, so that a drift that is linear over a quad cancels out of its log ratio, and neither
//! side is always first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::case::{Case, Flavor, Site};
use crate::http::server;
use crate::numbers::interquartile_mean;
use crate::runtime::{Schedule, drive};
use crate::slice::{Slice, TimedLoop, Totals};
use crate::strategy::Spawning;
use crate::watchdog;
use crate::workload::{Entry, Opened, Setup};

/// How long and how many the slices of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// How long each side runs before anything is timed.
    pub settle: Duration,
    /// Wall time that a slice should last; a slice is never less than one iteration.
    pub slice: Duration,
    /// Quads of slices, so that each side has twice as many slices.
    pub quads: usize,
}

impl Shape {
    /// Slices of 80 µs: long against the clock, and so short and many that few are interrupted, and that the quarters at
    /// both ends, which do not count, hold these. More of them would tell more about one process than the next one
    /// confirms: processes of the same program differ by 2% and more. On one thread a runtime is in its steady state within half a millisecond
    /// (METHODOLOGY.md, "The steady state").
    pub const ONE_THREAD: Shape = Shape {
        settle: Duration::from_micros(500),
        slice: Duration::from_micros(80),
        quads: 8,
    };

    /// How many quads a block has whose slices last `slice`: a block of slices that outlast what they should, being one
    /// iteration, has one.
    pub fn quads_of(&self, slice: Duration) -> usize {
        let whole = self.slice.as_secs_f64() * self.quads as f64;
        let affordable = (whole / slice.as_secs_f64().max(f64::MIN_POSITIVE)).ceil() as usize;
        self.quads.min(affordable.max(1))
    }

    /// About how long a block with so many sides takes, of iterations that last `iteration` at least: each slice has an
    /// iteration more, which is not timed, and a runtime is made and ended.
    pub fn lasts(&self, sides: usize, iteration: Duration) -> Duration {
        let slice = self.slice.max(iteration);
        let each = self.settle.max(2 * iteration)
            + (slice + iteration) * (2 * self.quads_of(slice) as u32);
        each * sides as u32 + Duration::from_micros(500)
    }
}

/// Whether a case uses more than one thread, so that its strategies wake threads: each then has a runtime of its own, since
/// what one does to the threads is felt by the other.
pub fn wakes_threads(case: &Case) -> bool {
    match case.flavor {
        Flavor::CurrentThread | Flavor::Local => false,
        Flavor::MultiThread(workers) => workers > 1 || case.site == Site::BlockOn,
    }
}

/// What a block measured of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// ns per iteration: over the slices, the interquartile mean of the logarithms. A slice's own is its mean, or the mean
    /// of its middle half where each iteration was timed on its own.
    pub wall_ns: f64,
    /// Each slice's ns per iteration, in the order in which they ran.
    pub slices_ns: Vec<f64>,
    /// CPU time of all the process's threads over all slices, in ns per iteration; 0 where there is no such clock.
    pub cpu_ns: f64,
    /// CPU time of the server that the workload talks to over the same slices, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cpu_ns: Option<f64>,
    /// Time until the parent had the first result, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_result_ns: Option<f64>,
    /// Time until it had all results but one, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_but_one_ns: Option<f64>,
}

/// Connections that a block's client had opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// When its first timed slice began.
    pub before: u64,
    /// When its last timed slice ended.
    pub after: u64,
}

/// What a block measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// One or two strategies, in the order in which they were asked for.
    pub sides: Vec<Side>,
    /// Natural log of the first side over the second: the interquartile mean of the quads'. `None` with one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_ratio: Option<f64>,
    /// Connections opened to the server that the workload talks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// Wall time spent inside timed slices, in ns.
    pub timed_ns: f64,
    /// Wall time of the whole block, in ns.
    pub total_ns: f64,
}

/// Runs one block of `case` with one or two strategies.
///
/// The error is the reason for which the case is to be recorded as failed. A child's panic panics here.
pub fn run(
    entry: &Entry,
    case: &Case,
    strategies: &[&str],
    shape: Shape,
    seed: u64,
) -> Result<Block, String> {
    let began = Instant::now();
    let slices = Slices::new(shape, strategies.len(), seed);
    let slices = drive_case(entry, case, strategies, seed, timed, slices)?;
    let mut block = slices.block();
    block.total_ns = began.elapsed().as_nanos() as f64;
    Ok(block)
}

/// Runs `iterations` iterations of one strategy, without warming: for `--test`, `--profile-time` and the tests. Returns
/// their wall time.
pub fn run_alone(
    entry: &Entry,
    case: &Case,
    strategy: &str,
    iterations: u64,
    seed: u64,
) -> Result<Duration, String> {
    let once = Once {
        iterations: Some(iterations),
        wall: Duration::ZERO,
    };
    let once = drive_case(entry, case, &[strategy], seed, timed, once)?;
    Ok(once.wall)
}

/// The loop that is timed.
pub fn timed(
    opened: &Arc<dyn Opened>,
    strategy: &str,
    spawning: Spawning,
) -> Option<Box<dyn TimedLoop>> {
    opened.timed_loop(strategy, spawning)
}

/// Opens the case's workload in a fresh runtime and drives a schedule over the loops of `strategies`, which
/// `make_loop` makes; every slice's outputs are checked.
pub fn drive_case<S: Schedule>(
    entry: &Entry,
    case: &Case,
    strategies: &[&str],
    seed: u64,
    make_loop: impl Fn(&Arc<dyn Opened>, &str, Spawning) -> Option<Box<dyn TimedLoop>> + Send + 'static,
    schedule: S,
) -> Result<S, String> {
    let setup = Setup {
        tasks: case.tasks,
        payload_bytes: case.payload.0,
        // Half of the bits, so that sums of children's numbers do not overflow in plainly written code.
        seed: seed >> 32,
    };
    watchdog::beat();
    if entry.served {
        // A server for each strategy, as each has a runtime and a client of its own.
        server::choose(strategies[0])?;
    }
    let names: Vec<String> = strategies.iter().map(|name| (*name).to_owned()).collect();
    let driven = drive(
        case.flavor,
        case.site,
        (entry.open)(setup),
        move |opened: Arc<dyn Opened>, spawning| {
            let loops = names
                .iter()
                .map(|name| {
                    make_loop(&opened, name, spawning)
                        .ok_or_else(|| format!("{name} cannot have {} children", setup.tasks))
                })
                .collect::<Result<Vec<_>, String>>()?;
            let checked = Checked {
                expected: opened.expected_digest(),
                opened,
                wrong: None,
                iterations: 0,
                schedule,
            };
            Ok((checked, loops))
        },
    )?;
    match driven.wrong {
        None => Ok(driven.schedule),
        Some(side) => Err(driven.opened.complaint().unwrap_or_else(|| {
            format!(
                "{} returned outputs other than the workload's expected ones",
                strategies[side]
            )
        })),
    }
}

/// Checks the outputs of every slice, and ends the block at the first wrong one.
struct Checked<S> {
    opened: Arc<dyn Opened>,
    expected: u64,
    /// The side that returned other outputs.
    wrong: Option<usize>,
    iterations: u64,
    schedule: S,
}

impl<S: Schedule> Schedule for Checked<S> {
    fn next(&mut self) -> Option<(usize, u64)> {
        watchdog::beat();
        if self.wrong.is_some() {
            return None;
        }
        let (side, iterations) = self.schedule.next()?;
        self.iterations = iterations;
        Some((side, iterations))
    }

    fn measured(&mut self, side: usize, slice: Slice) {
        if slice.digest != self.expected.wrapping_mul(self.iterations) {
            self.wrong = Some(side);
        }
        self.schedule.measured(side, slice);
    }
}

/// One slice of one side.
struct Once {
    iterations: Option<u64>,
    wall: Duration,
}

impl Schedule for Once {
    fn next(&mut self) -> Option<(usize, u64)> {
        Some((0, self.iterations.take()?))
    }

    fn measured(&mut self, _side: usize, slice: Slice) {
        self.wall = slice.wall;
    }
}

/// One side while it is measured.
#[derive(Debug, Default)]
struct Measuring {
    /// Iterations of a slice.
    iterations: u64,
    /// How long it has run untimed.
    settled: Duration,
    /// ns per iteration of its slices, in the order in which they ran.
    wall_ns: Vec<f64>,
    cpu: Duration,
    /// What the workload's own totals grew by in its slices.
    totals: Totals,
}

impl Measuring {
    fn side(&self) -> Side {
        let per_iteration = |time: Duration| {
            let iterations = self.iterations as f64 * self.wall_ns.len() as f64;
            time.as_nanos() as f64 / iterations
        };
        let logs: Vec<f64> = self.wall_ns.iter().map(|ns| ns.ln()).collect();
        Side {
            wall_ns: interquartile_mean(&logs).exp(),
            slices_ns: self.wall_ns.clone(),
            cpu_ns: per_iteration(self.cpu),
            server_cpu_ns: self.totals.server_cpu.map(per_iteration),
            first_result_ns: self.totals.first_result.map(per_iteration),
            all_but_one_ns: self.totals.all_but_one.map(per_iteration),
        }
    }
}

/// The slices of a block: each side until it has settled, then the quads.
struct Slices {
    shape: Shape,
    random: fastrand::Rng,
    sides: Vec<Measuring>,
    /// Sides still to settle, the next one last.
    cold: Vec<usize>,
    /// The slices to come of the quad under way, the next one last.
    coming: Vec<usize>,
    quads_left: usize,
    connections: Option<Connections>,
    timed: Duration,
}

impl Slices {
    fn new(shape: Shape, sides: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut cold: Vec<usize> = (0..sides).collect();
        random.shuffle(&mut cold);
        let side = || Measuring {
            iterations: 1,
            ..Measuring::default()
        };
        Self {
            shape,
            random,
            sides: (0..sides).map(|_| side()).collect(),
            cold,
            coming: Vec::new(),
            quads_left: shape.quads,
            connections: None,
            timed: Duration::ZERO,
        }
    }

    /// Takes a slice of a side that has not settled: it has, once it ran for as long as it should, the last time in a slice
    /// that lasted half of a slice, or a millisecond.
    fn settle(&mut self, side: usize, wall: Duration) {
        let target = self.shape.slice.as_nanos() as f64;
        let measuring = &mut self.sides[side];
        measuring.settled += wall;
        let wall_ns = (wall.as_nanos() as f64).max(1.0);
        let per_iteration = wall_ns / measuring.iterations as f64;
        let wanted = (target / per_iteration).round().max(1.0) as u64;
        if wall_ns < (target / 2.0).min(1e6) {
            // The first iterations are slow, and a slice that was far too short says little.
            measuring.iterations = wanted.min(measuring.iterations * 16);
            return;
        }
        measuring.iterations = wanted;
        if measuring.settled >= self.shape.settle {
            self.cold.pop();
            if wanted == 1 {
                let slice = Duration::from_nanos(per_iteration as u64);
                self.quads_left = self.quads_left.min(self.shape.quads_of(slice));
            }
        }
    }

    fn block(&self) -> Block {
        let log_ratio = match self.sides.as_slice() {
            [first, second] => {
                // A quad holds two slices of each side, so pair them up in the order in which they ran.
                let quads = first
                    .wall_ns
                    .chunks_exact(2)
                    .zip(second.wall_ns.chunks_exact(2));
                let logs: Vec<f64> = quads
                    .map(|(b, a)| (b[0].ln() + b[1].ln() - a[0].ln() - a[1].ln()) / 2.0)
                    .collect();
                Some(interquartile_mean(&logs))
            }
            _ => None,
        };
        Block {
            sides: self.sides.iter().map(Measuring::side).collect(),
            log_ratio,
            connections: self.connections,
            timed_ns: self.timed.as_nanos() as f64,
            total_ns: 0.0,
        }
    }
}

impl Schedule for Slices {
    fn next(&mut self) -> Option<(usize, u64)> {
        if let Some(&side) = self.cold.last() {
            return Some((side, self.sides[side].iterations));
        }
        if self.coming.is_empty() {
            self.quads_left = self.quads_left.checked_sub(1)?;
            self.coming = match self.sides.len() {
                1 => vec![0, 0],
                _ if self.random.bool() => vec![0, 1, 1, 0],
                _ => vec![1, 0, 0, 1],
            };
        }
        let side = self.coming.pop()?;
        Some((side, self.sides[side].iterations))
    }

    fn measured(&mut self, side: usize, slice: Slice) {
        if !self.cold.is_empty() {
            self.settle(side, slice.wall);
            return;
        }
        let measuring = &mut self.sides[side];
        // A time below the clock's resolution must not become a logarithm of zero.
        let wall_ns = (slice.wall.as_nanos() as f64).max(1.0);
        let mean_ns = wall_ns / measuring.iterations as f64;
        let typical_ns = slice.typical_ns.map(|typical| typical.max(1.0));
        measuring.wall_ns.push(typical_ns.unwrap_or(mean_ns));
        measuring.cpu += slice.cpu;
        measuring.totals.add(&slice.before, &slice.after);
        if let (Some(before), Some(after)) = (slice.before.connections, slice.after.connections) {
            let connections = self
                .connections
                .get_or_insert(Connections { before, after });
            connections.after = after;
        }
        self.timed += slice.wall;
    }
}

/// A block of simulated slices, by the schedule and the arithmetic of real ones: what tests of statistics are made of.
/// `cost(side, slice)` is in ns per iteration; `slice` counts from the first slice that is measured, and is 0 before it.
pub fn simulate(
    shape: Shape,
    sides: usize,
    seed: u64,
    cost: impl FnMut(usize, usize) -> f64,
) -> Block {
    drive_simulated(shape, sides, seed, cost).1.block()
}

fn drive_simulated(
    shape: Shape,
    sides: usize,
    seed: u64,
    mut cost: impl FnMut(usize, usize) -> f64,
) -> (Vec<usize>, Slices) {
    let mut slices = Slices::new(shape, sides, seed);
    let mut order = Vec::new();
    while let Some((side, iterations)) = slices.next() {
        let warm = !slices.cold.is_empty();
        let wall = Duration::from_nanos((cost(side, order.len()) * iterations as f64) as u64);
        let slice = Slice {
            wall,
            typical_ns: None,
            cpu: 2 * wall,
            digest: 0,
            before: Totals::default(),
            after: Totals::default(),
        };
        slices.measured(side, slice);
        if !warm {
            order.push(side);
        }
    }
    (order, slices)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        settle: Duration::from_millis(1),
        slice: Duration::from_micros(250),
        quads: 8,
    };

    #[test]
    fn quads_are_balanced_and_their_order_is_random() {
        let mut firsts = Vec::new();
        for seed in 0..50 {
            let (order, _) = drive_simulated(SHAPE, 2, seed, |_, _| 100.0);
            assert_eq!(order.len(), 4 * SHAPE.quads);
            for quad in order.chunks(4) {
                assert_eq!(quad[0], quad[3]);
                assert_eq!(quad[1], quad[2]);
                assert_ne!(quad[0], quad[1]);
                firsts.push(quad[0]);
            }
        }
        let first = firsts.iter().filter(|&&side| side == 0).count();
        assert!((140..260).contains(&first), "{first}");
    }

    #[test]
    fn slices_of_both_sides_last_about_the_same() {
        let iterations = |slices: &Slices| -> Vec<u64> {
            slices.sides.iter().map(|side| side.iterations).collect()
        };
        let (_, slices) =
            drive_simulated(SHAPE, 2, 1, |side, _| if side == 0 { 50.0 } else { 4000.0 });
        assert_eq!(iterations(&slices), [5000, 63]);
        let (order, slices) =
            drive_simulated(SHAPE, 2, 1, |side, _| if side == 0 { 50.0 } else { 9e6 });
        assert_eq!(iterations(&slices), [5000, 1]);
        assert_eq!(order.len(), 4, "long iterations make short blocks");
    }

    #[test]
    fn a_side_alone_has_slices_and_no_ratio() {
        let (order, slices) = drive_simulated(SHAPE, 1, 1, |_, _| 50.0);
        assert_eq!(order, [0; 16]);
        let block = slices.block();
        assert_eq!((block.sides.len(), block.log_ratio), (1, None));
        assert!((block.sides[0].wall_ns - 50.0).abs() < 0.01, "{block:?}");
    }

    #[test]
    fn a_side_runs_until_it_has_settled() {
        let shape = Shape {
            settle: Duration::from_millis(30),
            ..SHAPE
        };
        let slices = drive_simulated(shape, 2, 3, |_, _| 100.0).1;
        for side in &slices.sides {
            assert!(side.settled >= shape.settle, "{side:?}");
            assert!(side.settled < shape.settle + 2 * shape.slice, "{side:?}");
        }
        // An iteration that lasts for seconds is not repeated until it has settled.
        let slices = drive_simulated(shape, 1, 3, |_, _| 2e9).1;
        assert_eq!(slices.sides[0].settled, Duration::from_secs(2));
    }

    #[test]
    fn a_time_below_the_resolution_of_the_clock_is_no_zero() {
        let mut slices = Slices::new(SHAPE, 1, 1);
        slices.cold.clear();
        let nothing = Slice {
            wall: Duration::ZERO,
            typical_ns: Some(0.0),
            cpu: Duration::ZERO,
            digest: 0,
            before: Totals::default(),
            after: Totals::default(),
        };
        while let Some((side, _)) = slices.next() {
            slices.measured(side, nothing);
        }
        let wall_ns = slices.block().sides[0].wall_ns;
        assert!((wall_ns - 1.0).abs() < 1e-9, "{wall_ns}");
    }

    #[test]
    fn a_linear_drift_cancels() {
        let block = simulate(SHAPE, 2, 7, |side, slice| {
            let cost = if side == 0 { 1300.0 } else { 1000.0 };
            cost * (1.0 + slice as f64 / 1000.0)
        });
        let log_ratio = block.log_ratio.expect("two sides");
        assert!((log_ratio - 1.3f64.ln()).abs() < 1e-3, "{block:?}");
        let side = &block.sides[0];
        assert!((side.cpu_ns / side.wall_ns - 2.0).abs() < 0.05);
    }

    #[test]
    fn strategies_that_wake_threads_have_runtimes_of_their_own() {
        for (case, wakes) in [
            ("yield/current_thread/block_on/0B/8", false),
            ("yield/local/worker/0B/8", false),
            ("yield/multi_thread_1/worker/0B/8", false),
            ("yield/multi_thread_1/block_on/0B/8", true),
            ("yield/multi_thread_2/worker/0B/8", true),
        ] {
            let parsed = case.parse().expect("an id");
            assert_eq!(wakes_threads(&parsed), wakes, "{case}");
        }
    }
}
