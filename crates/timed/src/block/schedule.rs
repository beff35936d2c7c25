//! The slices of a block, one after the other: settling, quads, what they come to.

use std::time::Duration;

use super::{Block, Connections, Shape, Side};
use crate::numbers::interquartile_mean;
use crate::runtime::Schedule;
use crate::slice::{Slice, Totals};
use crate::usage::Usage;

/// One side while it is measured.
#[derive(Debug, Default)]
struct Measuring {
    /// Iterations of a slice.
    iterations: u64,
    /// How long it has run untimed.
    settled: Duration,
    /// ns per iteration of its slices, in the order in which they ran.
    wall_ns: Vec<f64>,
    usage: Usage,
    /// What the workload's own totals grew by in its slices.
    totals: Totals,
}

impl Measuring {
    fn side(&self) -> Side {
        let iterations = self.iterations as f64 * self.wall_ns.len() as f64;
        let per_iteration = |time: Duration| time.as_nanos() as f64 / iterations;
        let logs: Vec<f64> = self.wall_ns.iter().map(|ns| ns.ln()).collect();
        Side {
            wall_ns: interquartile_mean(&logs).exp(),
            slices_ns: self.wall_ns.clone(),
            cpu_ns: per_iteration(self.usage.cpu),
            parks: Some(self.usage.parks as f64 / iterations),
            voluntary_switches: self.usage.voluntary_switches.map(|count| count as f64 / iterations),
            server_cpu_ns: self.totals.server_cpu.map(per_iteration),
            first_result_ns: self.totals.first_result.map(per_iteration),
            all_but_one_ns: self.totals.all_but_one.map(per_iteration),
            siblings_ns: self.totals.siblings.map(per_iteration),
        }
    }
}

/// The slices of a block: each side until it has settled, then the quads. Allocates nothing once it is made: a small object that the
/// suite keeps between two tasks of a strategy would decide where later ones lie, and what they take.
pub(super) struct Slices {
    shape: Shape,
    random: fastrand::Rng,
    sides: Vec<Measuring>,
    /// Sides still to settle, the next one last.
    cold: Vec<usize>,
    /// The sides of the quad under way, and how many of them are still to come: the next one is the last of those.
    quad: [usize; 4],
    coming: usize,
    quads_left: usize,
    connections: Option<Connections>,
    timed: Duration,
}

impl Slices {
    pub(super) fn new(shape: Shape, sides: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut cold: Vec<usize> = (0..sides).collect();
        random.shuffle(&mut cold);
        let side = || Measuring {
            iterations: 1,
            wall_ns: Vec::with_capacity(2 * shape.quads),
            ..Measuring::default()
        };
        Self {
            shape,
            random,
            sides: (0..sides).map(|_| side()).collect(),
            cold,
            quad: [0; 4],
            coming: 0,
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

    pub(super) fn block(&self) -> Block {
        let log_ratio = match self.sides.as_slice() {
            [first, second] => {
                // A quad holds two slices of each side, so pair them up in the order in which they ran.
                let quads = first.wall_ns.chunks_exact(2).zip(second.wall_ns.chunks_exact(2));
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
        if self.coming == 0 {
            self.quads_left = self.quads_left.checked_sub(1)?;
            (self.quad, self.coming) = match self.sides.len() {
                1 => ([0; 4], 2),
                _ if self.random.bool() => ([0, 1, 1, 0], 4),
                _ => ([1, 0, 0, 1], 4),
            };
        }
        self.coming -= 1;
        let side = self.quad[self.coming];
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
        measuring.usage.add(&slice.usage);
        measuring.totals.add(&slice.before, &slice.after);
        if let (Some(before), Some(after)) = (slice.before.connections, slice.after.connections) {
            let connections = self.connections.get_or_insert(Connections { before, after });
            connections.after = after;
        }
        self.timed += slice.wall;
    }
}

/// A block of simulated slices, by the schedule and the arithmetic of real ones: what tests of statistics are made of.
/// `cost(side, slice)` is in ns per iteration; `slice` counts from the first slice that is measured, and is 0 before it.
pub fn simulate(shape: Shape, sides: usize, seed: u64, cost: impl FnMut(usize, usize) -> f64) -> Block {
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
            usage: Usage {
                cpu: 2 * wall,
                ..Usage::default()
            },
            ..Slice::default()
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
        settle_again: Duration::from_millis(1),
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
        let iterations = |slices: &Slices| -> Vec<u64> { slices.sides.iter().map(|side| side.iterations).collect() };
        let (_, slices) = drive_simulated(SHAPE, 2, 1, |side, _| if side == 0 { 50.0 } else { 4000.0 });
        assert_eq!(iterations(&slices), [5000, 63]);
        let (order, slices) = drive_simulated(SHAPE, 2, 1, |side, _| if side == 0 { 50.0 } else { 9e6 });
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
            typical_ns: Some(0.0),
            ..Slice::default()
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
}
