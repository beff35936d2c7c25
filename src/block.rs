//! The block: one fresh runtime, in it a strategy and its reference, slice by slice.
//!
//! Both sides are warmed in the runtime, then come quads of slices, ABBA or BAAB at random, so that a drift
//! that is linear over a quad cancels out of its log ratio, and neither side is always first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::runtime::{Schedule, drive};
use crate::slice::Slice;
use crate::stats;
use crate::workload::{Entry, Opened, Setup};

/// How long and how many the slices of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Wall time that a slice should last; a slice is never less than one iteration.
    pub slice: Duration,
    /// Quads of slices.
    pub quads: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            slice: Duration::from_micros(250),
            quads: 8,
        }
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

/// What a block measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Median wall time over the slices, in ns per iteration.
    pub wall_ns: Sides,
    /// CPU time of all the process's threads over all slices, in ns per iteration.
    pub cpu_ns: Sides,
    /// Median over the quads of the natural log of strategy over reference.
    pub log_ratio: f64,
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
    let once = drive_case(entry, case, &[strategy], seed, once)?;
    Ok(once.wall)
}

/// Opens the case's workload in a fresh runtime and drives a schedule over the loops of `strategies`, every
/// slice's outputs checked.
fn drive_case<S: Schedule>(
    entry: &Entry,
    case: &Case,
    strategies: &[&str],
    seed: u64,
    schedule: S,
) -> Result<S, String> {
    let setup = Setup {
        tasks: case.tasks,
        payload_bytes: case.payload.0,
        // Half of the bits, so that sums of children's numbers do not overflow in plainly written code.
        seed: seed >> 32,
    };
    let names: Vec<String> = strategies.iter().map(|name| (*name).to_owned()).collect();
    let wrong = Arc::new(AtomicU64::new(u64::MAX));
    let seen = wrong.clone();
    let driven = drive(
        case.flavor,
        case.site,
        (entry.open)(setup),
        move |opened: &dyn Opened, spawning| {
            let loops = names
                .iter()
                .map(|name| {
                    opened
                        .timed_loop(name, spawning)
                        .ok_or_else(|| format!("{name} cannot have {} children", setup.tasks))
                })
                .collect::<Result<Vec<_>, String>>()?;
            let checked = Checked {
                expected: opened.expected_digest(),
                wrong: seen,
                iterations: 0,
                schedule,
            };
            Ok((checked, loops))
        },
    )?;
    match wrong.load(Ordering::Relaxed) {
        u64::MAX => Ok(driven.schedule),
        side => Err(format!(
            "{} returned outputs other than the workload's expected ones",
            strategies[side as usize]
        )),
    }
}

/// Checks the outputs of every slice, and ends the block at the first wrong one.
struct Checked<S> {
    expected: u64,
    wrong: Arc<AtomicU64>,
    iterations: u64,
    schedule: S,
}

impl<S: Schedule> Schedule for Checked<S> {
    fn next(&mut self) -> Option<(usize, u64)> {
        if self.wrong.load(Ordering::Relaxed) != u64::MAX {
            return None;
        }
        let (side, iterations) = self.schedule.next()?;
        self.iterations = iterations;
        Some((side, iterations))
    }

    fn measured(&mut self, side: usize, slice: Slice) {
        if slice.digest != self.expected.wrapping_mul(self.iterations) {
            self.wrong.store(side as u64, Ordering::Relaxed);
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
            timed: Duration::ZERO,
        }
    }

    /// A block of slices that outlast what they should, being one iteration, gets fewer quads.
    fn shorten(&mut self, wall_ns: f64) {
        const FEWEST: usize = 3;
        let target = self.shape.slice.as_nanos() as f64;
        let affordable = (self.shape.quads as f64 * target / wall_ns).ceil() as usize;
        self.quads_left = self.quads_left.min(affordable.max(FEWEST));
    }

    /// Takes a warm-up slice: enough once it lasted half of what it should, else more iterations.
    fn warmed(&mut self, side: usize, wall: Duration) {
        let target = self.shape.slice.as_nanos() as f64;
        let wall = (wall.as_nanos() as f64).max(1.0);
        let per_iteration = wall / self.iterations[side] as f64;
        let wanted = (target / per_iteration).round().max(1.0) as u64;
        if wall >= target / 2.0 {
            self.cold.pop();
            self.iterations[side] = wanted;
            self.shorten(per_iteration * wanted as f64);
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
        let cpu_ns = |side: usize| {
            let iterations = self.iterations[side] as f64 * self.wall_ns[side].len() as f64;
            self.cpu[side].as_nanos() as f64 / iterations
        };
        Block {
            wall_ns: Sides {
                strategy: stats::median(strategy),
                reference: stats::median(reference),
            },
            cpu_ns: Sides {
                strategy: cpu_ns(STRATEGY),
                reference: cpu_ns(REFERENCE),
            },
            log_ratio: stats::median(&log_ratios),
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
        self.wall_ns[side].push(wall_ns / self.iterations[side] as f64);
        self.cpu[side] += slice.cpu;
        self.timed += slice.wall;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drives a block's schedule with a faked clock: `cost(side, slice number)` ns per iteration.
    fn simulate(seed: u64, cost: impl Fn(usize, usize) -> f64) -> (Vec<usize>, Quads) {
        let mut quads = Quads::new(Shape::default(), seed);
        let mut order = Vec::new();
        while let Some((side, iterations)) = quads.next() {
            let warm = !quads.cold.is_empty();
            let wall = cost(side, order.len()) * iterations as f64;
            quads.measured(
                side,
                Slice {
                    wall: Duration::from_nanos(wall as u64),
                    cpu: Duration::from_nanos(2 * wall as u64),
                    digest: 0,
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
            assert_eq!(order.len(), 4 * Shape::default().quads);
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
        let (_, quads) = simulate(1, |side, _| [50.0, 4000.0][side]);
        assert_eq!(quads.iterations, [5000, 63]);
        let (order, quads) = simulate(1, |side, _| [50.0, 9e6][side]);
        assert_eq!(quads.iterations, [5000, 1]);
        assert_eq!(order.len(), 4 * 3, "long iterations make short blocks");
    }

    #[test]
    fn a_linear_drift_cancels() {
        let block = simulate(7, |side, slice| {
            [1300.0, 1000.0][side] * (1.0 + slice as f64 / 1000.0)
        })
        .1
        .block();
        assert!((block.log_ratio - 1.3f64.ln()).abs() < 1e-3, "{block:?}");
        assert!((block.cpu_ns.strategy / block.wall_ns.strategy - 2.0).abs() < 0.05);
    }
}
