//! The block: one fresh runtime, in it a strategy and its reference, slice by slice.
//!
//! Both sides are warmed in the runtime, then come quads of slices, ABBA or BAAB at random, so that a drift
//! that is linear over a quad cancels out of its log ratio, and neither side is always first.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::runtime::{Schedule, drive};
use crate::slice::{Slice, TimedLoop, Totals};
use crate::stats;
use crate::strategy::Spawning;
use crate::watchdog;
use crate::workload::{Entry, Opened, Setup};

/// How long and how many the slices of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Wall time that a slice should last; a slice is never less than one iteration.
    pub slice: Duration,
    /// Quads of slices.
    pub quads: usize,
    /// Quads at least, where a single iteration outlasts a slice.
    pub fewest: usize,
}

impl Shape {
    /// Slices of a quarter of a millisecond: long against the clock, short against the machine's moods.
    pub const SHORT: Shape = Shape {
        slice: Duration::from_micros(250),
        quads: 8,
        fewest: 3,
    };

    /// How many quads a block has whose slices last `slice`: a block of slices that outlast what they should,
    /// being one iteration, gets fewer.
    pub fn quads_of(&self, slice: Duration) -> usize {
        let whole = self.slice.as_secs_f64() * self.quads as f64;
        let affordable = (whole / slice.as_secs_f64()).ceil() as usize;
        self.quads.min(affordable.max(self.fewest))
    }
}

/// The two sides of a block.
const STRATEGY: usize = 0;
const REFERENCE: usize = 1;

/// One number for each side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// The strategy's.
    pub strategy: f64,
    /// The reference's.
    pub reference: f64,
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
    /// Median over the slices of the wall time in ns per iteration: a slice's mean, or the mean of its middle half
    /// where each iteration was timed on its own.
    pub wall_ns: Sides,
    /// CPU time of all the process's threads over all slices, in ns per iteration.
    pub cpu_ns: Sides,
    /// Natural log of strategy over reference: the mean of the middle half of the quads'.
    pub log_ratio: f64,
    /// CPU time of the server that the workload talks to over the same slices, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cpu_ns: Option<Sides>,
    /// Connections opened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// Time until the parent had the first result, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_result_ns: Option<Sides>,
    /// Time until it had all results but one, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_but_one_ns: Option<Sides>,
    /// Wall time spent inside timed slices, in ns.
    pub timed_ns: f64,
    /// Wall time of the whole block, in ns.
    pub total_ns: f64,
}

/// Runs one block of `case`: `strategy` against `reference`, which may be the same.
///
/// The error is the reason for which the case is to be recorded as failed. A child's panic panics here.
pub fn run(
    entry: &Entry,
    case: &Case,
    strategy: &str,
    reference: &str,
    shape: Shape,
    seed: u64,
) -> Result<Block, String> {
    let began = std::time::Instant::now();
    let quads = drive_case(
        entry,
        case,
        &[strategy, reference],
        seed,
        timed,
        Quads::new(shape, seed),
    )?;
    let mut block = quads.block();
    block.total_ns = began.elapsed().as_nanos() as f64;
    Ok(block)
}

/// Runs `iterations` iterations of one strategy, without a reference and without warming: for `--test`,
/// `--profile-time` and the tests. Returns their wall time.
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
pub(crate) fn timed(
    opened: &Arc<dyn Opened>,
    strategy: &str,
    spawning: Spawning,
) -> Option<Box<dyn TimedLoop>> {
    opened.timed_loop(strategy, spawning)
}

/// Opens the case's workload in a fresh runtime and drives a schedule over the loops of `strategies`, which
/// `make_loop` makes; every slice's outputs are checked.
pub(crate) fn drive_case<S: Schedule>(
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

/// Warm-up of both sides, then the quads.
struct Quads {
    shape: Shape,
    random: fastrand::Rng,
    /// Iterations a slice, for each side; settled by the warm-up.
    iterations: [u64; 2],
    /// Sides still to be warmed, the next one last.
    cold: Vec<usize>,
    /// The slices to come of the quad under way, the next one last.
    coming: Vec<usize>,
    quads_left: usize,
    /// ns per iteration of each side's slices, in the order in which they ran.
    wall_ns: [Vec<f64>; 2],
    cpu: [Duration; 2],
    /// What the workload's own totals grew by in each side's slices.
    totals: [Totals; 2],
    connections: Option<Connections>,
    timed: Duration,
}

impl Quads {
    fn new(shape: Shape, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let cold = if random.bool() {
            vec![STRATEGY, REFERENCE]
        } else {
            vec![REFERENCE, STRATEGY]
        };
        Self {
            shape,
            random,
            iterations: [1, 1],
            cold,
            coming: Vec::new(),
            quads_left: shape.quads,
            wall_ns: [Vec::new(), Vec::new()],
            cpu: [Duration::ZERO; 2],
            totals: [Totals::default(); 2],
            connections: None,
            timed: Duration::ZERO,
        }
    }

    /// Takes a warm-up slice: enough once it lasted half of what it should, or a millisecond; else more iterations.
    fn warmed(&mut self, side: usize, wall: Duration) {
        let target = self.shape.slice.as_nanos() as f64;
        let wall = (wall.as_nanos() as f64).max(1.0);
        let per_iteration = wall / self.iterations[side] as f64;
        let wanted = (target / per_iteration).round().max(1.0) as u64;
        if wall >= (target / 2.0).min(1e6) {
            self.cold.pop();
            self.iterations[side] = wanted;
            let slice = Duration::from_nanos((per_iteration * wanted as f64) as u64);
            self.quads_left = self.quads_left.min(self.shape.quads_of(slice));
        } else {
            // The first iterations are slow, and a slice that was far too short says little.
            self.iterations[side] = wanted.min(self.iterations[side] * 16);
        }
    }

    fn block(&self) -> Block {
        let [strategy, reference] = &self.wall_ns;
        // A quad holds two slices of each side, so pair them up in the order in which they ran.
        let log_ratios: Vec<f64> = strategy
            .chunks_exact(2)
            .zip(reference.chunks_exact(2))
            .map(|(b, a)| (b[0].ln() + b[1].ln() - a[0].ln() - a[1].ln()) / 2.0)
            .collect();
        let per_iteration = |time: Duration, side: usize| {
            let iterations = self.iterations[side] as f64 * self.wall_ns[side].len() as f64;
            time.as_nanos() as f64 / iterations
        };
        let total = |part: fn(&Totals) -> Option<Duration>| {
            let [strategy, reference] = [STRATEGY, REFERENCE]
                .map(|side| Some(per_iteration(part(&self.totals[side])?, side)));
            Some(Sides {
                strategy: strategy?,
                reference: reference?,
            })
        };
        Block {
            wall_ns: Sides {
                strategy: stats::median(strategy),
                reference: stats::median(reference),
            },
            cpu_ns: Sides {
                strategy: per_iteration(self.cpu[STRATEGY], STRATEGY),
                reference: per_iteration(self.cpu[REFERENCE], REFERENCE),
            },
            log_ratio: stats::middle_mean(&log_ratios),
            server_cpu_ns: total(|totals| totals.server_cpu),
            connections: self.connections,
            first_result_ns: total(|totals| totals.first_result),
            all_but_one_ns: total(|totals| totals.all_but_one),
            timed_ns: self.timed.as_nanos() as f64,
            total_ns: 0.0,
        }
    }
}

impl Schedule for Quads {
    fn next(&mut self) -> Option<(usize, u64)> {
        if let Some(&side) = self.cold.last() {
            return Some((side, self.iterations[side]));
        }
        if self.coming.is_empty() {
            self.quads_left = self.quads_left.checked_sub(1)?;
            self.coming = if self.random.bool() {
                vec![STRATEGY, REFERENCE, REFERENCE, STRATEGY]
            } else {
                vec![REFERENCE, STRATEGY, STRATEGY, REFERENCE]
            };
        }
        let side = self.coming.pop()?;
        Some((side, self.iterations[side]))
    }

    fn measured(&mut self, side: usize, slice: Slice) {
        if !self.cold.is_empty() {
            self.warmed(side, slice.wall);
            return;
        }
        // A wall time below the clock's resolution must not become a logarithm of zero.
        let wall_ns = (slice.wall.as_nanos() as f64).max(1.0);
        let mean_ns = wall_ns / self.iterations[side] as f64;
        self.wall_ns[side].push(slice.typical_ns.unwrap_or(mean_ns));
        self.cpu[side] += slice.cpu;
        self.totals[side].add(&slice.before, &slice.after);
        if let (Some(before), Some(after)) = (slice.before.connections, slice.after.connections) {
            let connections = self
                .connections
                .get_or_insert(Connections { before, after });
            connections.after = after;
        }
        self.timed += slice.wall;
    }
}

/// A block of simulated slices: its log ratio, by the same schedule and arithmetic. `cost(strategy's, slice number)` is in
/// ns per iteration, `slice number` counts from the first slice that is measured, and is 0 in the warm-up too.
#[cfg(test)]
pub(crate) fn simulated_log_ratio(seed: u64, cost: impl FnMut(bool, usize) -> f64) -> f64 {
    tests::simulate(seed, cost).1.block().log_ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drives a block's schedule with a faked clock: `cost(strategy's, slice number)` ns per iteration.
    pub(super) fn simulate(
        seed: u64,
        mut cost: impl FnMut(bool, usize) -> f64,
    ) -> (Vec<usize>, Quads) {
        let mut quads = Quads::new(Shape::SHORT, seed);
        let mut order = Vec::new();
        while let Some((side, iterations)) = quads.next() {
            let warm = !quads.cold.is_empty();
            let wall = cost(side == STRATEGY, order.len()) * iterations as f64;
            quads.measured(
                side,
                Slice {
                    wall: Duration::from_nanos(wall as u64),
                    typical_ns: None,
                    cpu: Duration::from_nanos(2 * wall as u64),
                    digest: 0,
                    before: Totals::default(),
                    after: Totals::default(),
                },
            );
            if !warm {
                order.push(side);
            }
        }
        (order, quads)
    }

    #[test]
    fn quads_are_balanced_and_their_order_is_random() {
        let mut firsts = Vec::new();
        for seed in 0..50 {
            let (order, _) = simulate(seed, |_, _| 100.0);
            assert_eq!(order.len(), 4 * Shape::SHORT.quads);
            for quad in order.chunks(4) {
                assert_eq!(quad[0], quad[3]);
                assert_eq!(quad[1], quad[2]);
                assert_ne!(quad[0], quad[1]);
                firsts.push(quad[0]);
            }
        }
        let strategy_first = firsts.iter().filter(|&&side| side == STRATEGY).count();
        assert!((140..260).contains(&strategy_first), "{strategy_first}");
    }

    #[test]
    fn slices_of_both_sides_last_about_the_same() {
        let (_, quads) = simulate(1, |strategy, _| if strategy { 50.0 } else { 4000.0 });
        assert_eq!(quads.iterations, [5000, 63]);
        let (order, quads) = simulate(1, |strategy, _| if strategy { 50.0 } else { 9e6 });
        assert_eq!(quads.iterations, [5000, 1]);
        assert_eq!(order.len(), 4 * 3, "long iterations make short blocks");
    }

    #[test]
    fn a_linear_drift_cancels() {
        let block = simulate(7, |strategy, slice| {
            let cost = if strategy { 1300.0 } else { 1000.0 };
            cost * (1.0 + slice as f64 / 1000.0)
        })
        .1
        .block();
        assert!((block.log_ratio - 1.3f64.ln()).abs() < 1e-3, "{block:?}");
        assert!((block.cpu_ns.strategy / block.wall_ns.strategy - 2.0).abs() < 0.05);
    }
}
