//! Statistics against truth: runs whose slices are drawn at random, from worlds whose ratio is known, measured by the
//! schedule and the arithmetic of real ones. And the counterparts: designs that are wrong for a world, and shown to be.

use crate::block::{Shape, simulate};
use crate::stats::{
    Estimate, FALSE_DISCOVERIES, Verdict, bimodal, chance, interquartile_mean, judge, noise_floor,
    stand_together,
};

const ROUNDS: usize = 40;
const BLOCKS: usize = 1;

/// Where slices come from. Everything is in natural logs, as shares of a slice's time.
#[derive(Debug, Clone, Copy)]
struct World {
    /// The ratio that is to be found.
    truth: f64,
    /// Noise of a slice, and how much of it the next slice keeps: AR(1).
    slice: f64,
    phi: f64,
    /// What a process does to the ratio: its layout.
    process: f64,
    /// What a runtime does to the times in it: where its threads happen to lie.
    runtime: f64,
    /// What a block does to the ratio.
    block: f64,
    /// How much slower the machine gets with each slice of a block.
    drift: f64,
    /// How often a slice is interrupted, and takes twice as long.
    spikes: f64,
    /// How often a block is in a second mode, and how far that is from the first.
    mode: (f64, f64),
    /// Steps of the clock, as a share of a slice; 0 for none.
    steps: f64,
    /// What the machine does from one moment to the next, beyond a block.
    moment: f64,
}

const PLAIN: World = World {
    truth: 0.2,
    slice: 0.02,
    phi: 0.3,
    process: 0.01,
    runtime: 0.2,
    block: 0.005,
    drift: 0.0,
    spikes: 0.0,
    mode: (0.0, 0.0),
    steps: 0.0,
    moment: 0.05,
};

/// How a run is made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Design {
    /// As the suite does it.
    Suite,
    /// In each block the strategy first, then the reference.
    FixedOrder,
    /// A runtime for each side.
    RuntimeEach,
    /// The strategy first, in all blocks, then the reference.
    Sequential,
    /// All blocks in one process; they take the rounds' place.
    OneProcess,
    /// As the suite, but each block is taken as independent evidence.
    EveryBlock,
}

/// A normal draw (Box–Muller).
pub(crate) fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

/// The log ratio of a block.
fn block(world: &World, design: Design, process: f64, random: &mut fastrand::Rng) -> f64 {
    let mut common = world.runtime * normal(random);
    let mut other = common;
    if design == Design::RuntimeEach {
        other = world.runtime * normal(random);
    }
    if design == Design::Sequential {
        common += world.moment * normal(random);
        other += world.moment * normal(random);
    }
    let mut ratio = world.truth + process + world.block * normal(random);
    if random.f64() < world.mode.0 {
        ratio += world.mode.1;
    }
    let seed = random.u64(..);
    let mut noise = world.slice * normal(random);
    let fresh = (1.0 - world.phi * world.phi).sqrt() * world.slice;
    let mut cost = |strategy: bool, place: usize| {
        noise = world.phi * noise + fresh * normal(random);
        let mut log = noise + world.drift * place as f64;
        log += if strategy { ratio + common } else { other };
        if random.f64() < world.spikes {
            log += 2.0f64.ln();
        }
        let time = 1000.0 * log.exp();
        if world.steps > 0.0 {
            let step = 1000.0 * world.steps;
            (time / step).round().max(1.0) * step
        } else {
            time
        }
    };
    if design != Design::FixedOrder {
        let block = simulate(Shape::ONE_THREAD, 2, seed, |side, slice| cost(side == 0, slice));
        return block.log_ratio.expect("two sides");
    }
    let logs: Vec<f64> = (0..12).map(|place| cost(place < 6, place).ln()).collect();
    interquartile_mean(&logs[..6]) - interquartile_mean(&logs[6..])
}

/// The log ratios of a run's rounds.
fn run(world: &World, design: Design, random: &mut fastrand::Rng) -> Vec<Vec<f64>> {
    let one = world.process * normal(random);
    // A machine's state lasts longer than a block, so that one after the other is another state.
    let states = world.moment * (normal(random) - normal(random));
    let rounds: Vec<Vec<f64>> = (0..ROUNDS)
        .map(|_| {
            let process = match design {
                Design::OneProcess => one,
                Design::Sequential => states + world.process * normal(random),
                _ => world.process * normal(random),
            };
            (0..BLOCKS)
                .map(|_| block(world, design, process, random))
                .collect()
        })
        .collect();
    if design == Design::EveryBlock {
        rounds.into_iter().flatten().map(|log| vec![log]).collect()
    } else {
        rounds
    }
}

/// The share of so many runs of which something is so.
fn share(runs: usize, world: World, design: Design, so: impl Fn(&[Vec<f64>]) -> bool) -> f64 {
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let found = (0..runs).filter(|_| so(&run(&world, design, &mut random)));
    found.count() as f64 / runs as f64
}

fn covers(world: World) -> impl Fn(&[Vec<f64>]) -> bool {
    move |rounds| Estimate::ratio(rounds).is_some_and(|ratio| ratio.contains(world.truth.exp()))
}

const RUNS: usize = 5_000;

#[test]
fn intervals_cover_under_noise_that_lasts() {
    for phi in [0.0, 0.3, 0.6, 0.9] {
        let world = World { phi, ..PLAIN };
        let covered = share(RUNS, world, Design::Suite, covers(world));
        let bar = if phi > 0.6 { 0.93 } else { 0.95 };
        assert!(covered >= bar, "{covered} at φ = {phi}");
        if phi <= 0.6 {
            let flagged = share(RUNS, world, Design::Suite, bimodal);
            assert!(flagged <= 0.05, "{flagged} flagged at φ = {phi}");
        }
    }
}

#[test]
fn intervals_cover_under_spikes_drift_ties_and_a_rare_mode() {
    for (what, world) in [
        (
            "spikes",
            World {
                spikes: 0.05,
                ..PLAIN
            },
        ),
        (
            "drift",
            World {
                drift: 0.003,
                ..PLAIN
            },
        ),
        (
            "ties",
            World {
                steps: 0.01,
                ..PLAIN
            },
        ),
        (
            "a mode in one of ten",
            World {
                mode: (0.1, 0.3),
                ..PLAIN
            },
        ),
    ] {
        let covered = share(RUNS, world, Design::Suite, covers(world));
        assert!(covered >= 0.95, "{covered} under {what}");
    }
}

#[test]
fn two_modes_are_flagged() {
    for (often, least) in [(0.5, 0.9), (0.1, 0.5)] {
        let world = World {
            mode: (often, 0.3),
            ..PLAIN
        };
        let flagged = share(RUNS, world, Design::Suite, bimodal);
        assert!(flagged >= least, "{flagged} where the mode is in {often}");
    }
}

#[test]
fn same_is_not_said_of_one_and_a_half_percent() {
    for process in [0.0005, 0.002, 0.005, 0.01] {
        let world = World {
            truth: 0.015f64.ln_1p(),
            process,
            block: process,
            slice: 0.005,
            ..PLAIN
        };
        let wrong = share(RUNS, world, Design::Suite, |rounds| {
            let ratio = Estimate::ratio(rounds).expect("rounds");
            judge(&ratio, 0.0) == Verdict::Same
        });
        assert!(wrong <= 0.05, "{wrong} where processes differ by {process}");
    }
}

/// Found with its sign, in so many of a hundred runs.
fn power(world: World, design: Design) -> f64 {
    share(1_000, world, design, |rounds| {
        let ratio = Estimate::ratio(rounds).expect("rounds");
        judge(&ratio, 0.0) == Verdict::Slower
    })
}

#[test]
fn designs_that_are_wrong_are_found_wrong() {
    let covered = |world: World, design| share(1_000, world, design, covers(world));
    // A machine that gets slower within a block.
    let drifts = World {
        drift: 0.003,
        ..PLAIN
    };
    assert!(covered(drifts, Design::Suite) >= 0.95);
    let wrong = covered(drifts, Design::FixedOrder);
    assert!(wrong < 0.5, "a fixed order covers in {wrong}");
    // Runtimes that differ by a fifth: two of them hide what one shows.
    let small = World {
        truth: 0.05,
        ..PLAIN
    };
    assert!(power(small, Design::Suite) >= 0.95);
    let wrong = power(small, Design::RuntimeEach);
    assert!(wrong < 0.5, "a runtime for each side finds {wrong}");
    // A machine that is in another state when the other side's turn comes.
    let wrong = covered(PLAIN, Design::Sequential);
    assert!(wrong < 0.5, "one after the other covers in {wrong}");
    // Processes that differ by more than the blocks in them.
    let layout = World {
        process: 0.05,
        ..PLAIN
    };
    assert!(covered(layout, Design::Suite) >= 0.95);
    let wrong = covered(layout, Design::OneProcess);
    assert!(wrong < 0.5, "one process covers in {wrong}");
    let wrong = covered(layout, Design::EveryBlock);
    assert!(wrong < 0.9, "independent blocks cover in {wrong}");
}

/// Tables of 200 cases, of which some have a difference: how many verdicts of difference there are, and how many of them
/// are false, without the rule and with it.
#[test]
fn of_the_differences_that_stand_in_a_table_few_are_false() {
    for real in [0, 20, 150] {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut shares, mut found) = (0.0, 0);
        const TABLES: usize = 12;
        for _ in 0..TABLES {
            let cases: Vec<(bool, f64)> = (0..200)
                .map(|case| {
                    let truth = if case < real { 0.1 } else { 0.0 };
                    // Noise about as large as the margin, where luck is likeliest to look like a difference.
                    let world = World {
                        truth,
                        process: 0.03,
                        ..PLAIN
                    };
                    let control = World {
                        truth: 0.0,
                        process: 0.001,
                        ..PLAIN
                    };
                    let control = Estimate::ratio(&run(&control, Design::Suite, &mut random));
                    let rounds = run(&world, Design::Suite, &mut random);
                    let floor = noise_floor(&control.expect("rounds"));
                    (case < real, chance(&rounds, floor))
                })
                .collect();
            let chances: Vec<f64> = cases.iter().map(|(_, chance)| *chance).collect();
            let stand = stand_together(&chances);
            let standing: Vec<bool> = cases
                .iter()
                .zip(stand)
                .filter(|(_, stands)| *stands)
                .map(|((real, _), _)| *real)
                .collect();
            let falsely = standing.iter().filter(|real| !**real).count();
            shares += falsely as f64 / standing.len().max(1) as f64;
            found += standing.len() - falsely;
        }
        let share = shares / TABLES as f64;
        assert!(share <= FALSE_DISCOVERIES, "{share} of {real} are false");
        assert!(
            found * 10 >= real * TABLES * 8,
            "{found} of {}",
            real * TABLES
        );
    }
}
