//! Statistics against truth: runs whose slices are drawn at random, from worlds whose ratio is known, measured by the
//! schedule and the arithmetic of real ones. And the counterparts: designs that are wrong for a world, and shown to be.

use crate::normal;
use crate::{
    Estimate, FALSE_DISCOVERIES, LEVEL, Sample, Verdict, benjamini_hochberg, bimodal, judge, noise_floor, sign_test_p,
};
use timed::block::{Shape, simulate};

const ROUNDS: usize = 40;
/// Each of them in two rounds.
const LAYOUTS: usize = 20;

/// Where slices come from. Everything is in natural logs, as shares of a slice's time.
#[derive(Debug, Clone, Copy)]
struct World {
    /// The ratio that is to be found.
    truth: f64,
    /// Noise of a slice, and how much of it the next slice keeps: AR(1).
    slice: f64,
    phi: f64,
    /// What the layout of the code does to the ratio.
    process: f64,
    /// What a runtime and its process do to the times in it: where its heap and its threads happen to lie.
    runtime: f64,
    /// What the reference does to the strategy's times in one runtime.
    carry_over: f64,
    /// What a block does to the ratio.
    block: f64,
    /// How much slower the machine gets with each slice of a round.
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
    runtime: 0.04,
    carry_over: 0.0,
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
    /// As the suite does it: a block for each side, in a runtime of its own, in random order.
    Suite,
    /// In each round the strategy first, then the reference.
    FixedOrder,
    /// Both sides in one runtime, slice by slice, as with `JVS_ONE_RUNTIME`.
    OneRuntime,
    /// The strategy first, in all blocks, then the reference.
    Sequential,
    /// All blocks in one process; they take the rounds' place.
    OneProcess,
    /// As the suite, but rounds of one layout are taken as independent evidence.
    EveryRound,
}

/// The log ratio of a round.
fn round(world: &World, design: Design, process: f64, random: &mut fastrand::Rng) -> f64 {
    let mut ratio = world.truth + process + world.block * normal(random);
    if random.f64() < world.mode.0 {
        ratio += world.mode.1;
    }
    let moments = if design == Design::Sequential {
        world.moment
    } else {
        0.0
    };
    let [strategy, reference] = [(); 2].map(|()| world.runtime * normal(random) + moments * normal(random));
    let seed = random.u64(..);
    let mut noise = world.slice * normal(random);
    let fresh = (1.0 - world.phi * world.phi).sqrt() * world.slice;
    let mut place = 0;
    let mut cost = |log: f64| {
        noise = world.phi * noise + fresh * normal(random);
        let mut log = log + noise + world.drift * place as f64;
        place += 1;
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
    if design == Design::OneRuntime {
        let sides = [ratio + world.carry_over + reference, reference];
        let block = simulate(Shape::ONE_THREAD, 2, seed, |side, _| cost(sides[side]));
        return block.log_ratio.expect("two sides");
    }
    let mut alone = |log| {
        simulate(Shape::ONE_THREAD, 1, seed, |_, _| cost(log)).sides[0]
            .wall_ns
            .ln()
    };
    if design == Design::FixedOrder || seed.is_multiple_of(2) {
        let strategy = alone(ratio + strategy);
        return strategy - alone(reference);
    }
    let reference = alone(reference);
    alone(ratio + strategy) - reference
}

/// The log ratios of a run.
fn run(world: &World, design: Design, random: &mut fastrand::Rng) -> Sample {
    let layouts: Vec<f64> = (0..LAYOUTS).map(|_| world.process * normal(random)).collect();
    // A machine's state lasts longer than a block, so that one after the other is another state.
    let states = world.moment * (normal(random) - normal(random));
    let of_round: Vec<usize> = (0..ROUNDS).map(|round| round % LAYOUTS).collect();
    let logs: Vec<f64> = of_round
        .iter()
        .map(|layout| {
            let process = match design {
                Design::OneProcess => layouts[0],
                Design::Sequential => states + layouts[*layout],
                _ => layouts[*layout],
            };
            round(world, design, process, random)
        })
        .collect();
    match design {
        Design::OneProcess | Design::EveryRound => Sample::each(logs),
        _ => Sample::new(logs, &of_round),
    }
}

fn ratio(run: &Sample) -> Estimate {
    run.estimate().expect("values").map(f64::exp)
}

/// Whether a run's rounds, each by itself, have two modes.
fn has_two_modes(run: &Sample) -> bool {
    let each: Vec<Vec<f64>> = run.values().iter().map(|log| vec![*log]).collect();
    bimodal(&each)
}

/// The pseudo-median of all runs there could be.
fn pseudo_median(world: &World) -> f64 {
    let mut random = fastrand::Rng::with_seed(1);
    let runs = (0..50).map(|_| run(world, Design::Suite, &mut random));
    let all: Vec<f64> = runs.flat_map(|run| run.values().to_vec()).collect();
    Estimate::of(&all).expect("values").median.exp()
}

/// The share of so many runs of which something is so.
fn share(runs: usize, world: World, design: Design, so: impl Fn(&Sample) -> bool) -> f64 {
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let found = (0..runs).filter(|_| so(&run(&world, design, &mut random)));
    found.count() as f64 / runs as f64
}

fn covers(truth: f64) -> impl Fn(&Sample) -> bool {
    move |run| ratio(run).contains(truth)
}

const RUNS: usize = 1_000;

/// What a coverage of 95% is at least, in so many runs: three standard deviations below.
fn least(runs: usize) -> f64 {
    LEVEL - 3.0 * (LEVEL * (1.0 - LEVEL) / runs as f64).sqrt()
}

#[test]
fn intervals_cover_under_noise_that_lasts() {
    for phi in [0.0, 0.3, 0.6, 0.9] {
        let world = World { phi, ..PLAIN };
        let covered = share(RUNS, world, Design::Suite, covers(world.truth.exp()));
        assert!(covered >= least(RUNS), "{covered} at φ = {phi}");
        if phi <= 0.6 {
            let flagged = share(RUNS, world, Design::Suite, has_two_modes);
            assert!(flagged <= 0.05, "{flagged} flagged at φ = {phi}");
        }
    }
}

#[test]
fn intervals_cover_under_spikes_drift_ties_and_two_modes() {
    let mode = |often| World {
        mode: (often, 0.3),
        ..PLAIN
    };
    for (what, world) in [
        ("spikes", World { spikes: 0.05, ..PLAIN }),
        ("drift", World { drift: 0.003, ..PLAIN }),
        ("ties", World { steps: 0.01, ..PLAIN }),
        ("a mode in one of ten", mode(0.1)),
        ("a mode in one of three", mode(0.33)),
        ("two modes alike", mode(0.5)),
    ] {
        // Of two modes there is no single truth but the centre of both.
        let truth = match world.mode.0 {
            0.0 => world.truth.exp(),
            _ => pseudo_median(&world),
        };
        let covered = share(RUNS, world, Design::Suite, covers(truth));
        assert!(covered >= least(RUNS), "{covered} under {what}");
    }
}

#[test]
fn two_modes_are_flagged() {
    for (often, least) in [(0.5, 0.9), (0.1, 0.5)] {
        // Runtimes that scatter by twice as much hide a mode that few blocks are in.
        let world = World {
            mode: (often, 0.3),
            runtime: 0.02,
            ..PLAIN
        };
        let flagged = share(RUNS, world, Design::Suite, has_two_modes);
        assert!(flagged >= least, "{flagged} where the mode is in {often}");
    }
}

#[test]
fn same_is_not_said_of_one_and_a_half_percent() {
    for process in [0.0005, 0.002, 0.005, 0.01] {
        let world = World {
            truth: 0.015f64.ln_1p(),
            process,
            runtime: process,
            block: process,
            slice: 0.005,
            ..PLAIN
        };
        let wrong = share(RUNS, world, Design::Suite, |run| {
            judge(&ratio(run), 0.0) == Verdict::Same
        });
        assert!(wrong <= 0.05, "{wrong} where processes differ by {process}");
    }
}

#[test]
fn designs_that_are_wrong_are_found_wrong() {
    // A machine that gets slower within a round.
    let drifts = World { drift: 0.003, ..PLAIN };
    // Strategies that are not as fast beside each other as alone.
    let carries = World {
        truth: 0.05,
        carry_over: -0.04,
        ..PLAIN
    };
    let carries_nothing = World {
        carry_over: 0.0,
        ..carries
    };
    // Processes that differ by more than the blocks in them.
    let layout = World {
        process: 0.05,
        runtime: 0.02,
        ..PLAIN
    };
    let (right, wrong) = (least(RUNS)..1.01, 0.0..0.5);
    for (world, design, share_covered) in [
        (drifts, Design::Suite, &right),
        (drifts, Design::FixedOrder, &wrong),
        (carries, Design::Suite, &right),
        (carries, Design::OneRuntime, &wrong),
        (carries_nothing, Design::OneRuntime, &right),
        // A machine that is in another state when the other side's turn comes.
        (PLAIN, Design::Sequential, &wrong),
        (layout, Design::Suite, &right),
        (layout, Design::OneProcess, &wrong),
        // Rounds of one layout as independent ones.
        (layout, Design::EveryRound, &(0.0..0.9)),
    ] {
        let covered = share(RUNS, world, design, covers(world.truth.exp()));
        assert!(
            share_covered.contains(&covered),
            "{design:?} covers in {covered}: {world:?}"
        );
    }
    let found = share(RUNS, carries, Design::Suite, |run| {
        judge(&ratio(run), 0.0) == Verdict::Slower
    });
    assert!(found >= 0.95, "{found}");
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
                    let control = ratio(&run(&control, Design::Suite, &mut random));
                    let units = run(&world, Design::Suite, &mut random).units();
                    (case < real, sign_test_p(&units, noise_floor(&control)))
                })
                .collect();
            let chances: Vec<f64> = cases.iter().map(|(_, chance)| *chance).collect();
            let stand = benjamini_hochberg(&chances);
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
        assert!(found * 10 >= real * TABLES * 8, "{found} of {}", real * TABLES);
    }
}
