//! How long a block of one thread should be: for blocks of several shapes, each in a fresh process, what they take, how far they
//! scatter, and how far they lie from the longest ones.
//!
//!     cargo run --release -p jvs-programs --example block_shapes -- 60               # seconds
//!     cargo run --release -p jvs-programs --example block_shapes -- 60 CASE [CASE …]  # of these cases
//!
//! Of one layout of the code, so that the scatter is the processes' and the blocks'. A shape is as good as another one where its
//! scatter, squared, times the time of a block is as small: so many more of the shorter ones fit into a run.

use std::convert::Infallible;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use measure::block::Shape;
use measure::case::Case;
use measure::round::{self, Job, News, Share, Sweep, longer_look, run_if_child};
use measure::shared_core::longest_free_ns;
use measure::stats::{median, sorted};
use measure::workload;

const CASES: [&str; 6] = [
    "ready/current_thread/worker/0B/1",
    "ready/current_thread/worker/0B/64",
    "yield/current_thread/worker/0B/8",
    "wake/current_thread/worker/0B/16",
    "ready/multi_thread_1/worker/0B/8",
    "yield/multi_thread_1/worker/0B/64",
];

/// Quads, and how long each side settles, in µs. The last is what the others are compared with.
const SHAPES: [(usize, u64); 5] = [(4, 500), (4, 1_000), (4, 5_000), (12, 500), (24, 10_000)];

/// A block: its case and shape, the time since the one before it, the longer look at its core, and its log ratio of spawn to join!.
struct Seen {
    case: usize,
    shape: usize,
    took: Duration,
    core_ns: f64,
    log_ratio: f64,
}

/// One block of each case, in a shape, in any order.
fn sweep(cases: &[Case], shape: usize, program: &Path, seed: u64, seen: &mut Vec<Seen>) -> Result<(), Box<dyn Error>> {
    let (quads, settle) = SHAPES[shape];
    let of_block = Shape {
        settle: Duration::from_micros(settle),
        quads,
        ..Shape::ONE_THREAD
    };
    let job = |case: &Case| Job {
        case: case.clone(),
        strategies: ["spawn", "join"].map(str::to_owned).to_vec(),
    };
    let sweep = Sweep {
        seed,
        core: 0,
        free_ns: None,
        shares: vec![Share {
            program: program.to_owned(),
            groups: cases.iter().map(|case| vec![vec![(job(case), of_block)]]).collect(),
        }],
        deadline: Duration::from_secs(30),
        patience: Duration::from_secs(30),
        until: None,
    };
    let mut before: Option<Instant> = None;
    let swept = round::sweep(
        sweep,
        |_| false,
        |_, case, _, news| {
            let now = Instant::now();
            if let (News::Block(measured), Some(case)) = (news, cases.iter().position(|one| one == case)) {
                // The first one of a process waits for its start.
                if let (Some(before), Some(log_ratio)) = (before, measured.block.log_ratio) {
                    seen.push(Seen {
                        case,
                        shape,
                        took: now - before,
                        core_ns: longer_look(measured.core_ns),
                        log_ratio,
                    });
                }
                before = Some(now);
            }
            Ok::<(), Infallible>(())
        },
    );
    swept.map_err(|error| format!("{error:?}").into())
}

/// Half of what lies between a sixth of the values at each end: a standard deviation that few far ones do not decide.
fn scatter(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let sixth = sorted.len() / 6;
    (sorted[sorted.len() - 1 - sixth] - sorted[sixth]) / 2.0
}

fn main() -> Result<(), Box<dyn Error>> {
    run_if_child(&workload::all());
    let seconds = std::env::args().nth(1).map_or(Ok(60), |text| text.parse())?;
    let mut ids: Vec<String> = std::env::args().skip(2).collect();
    if ids.is_empty() {
        ids = CASES.map(str::to_owned).to_vec();
    }
    let cases: Vec<Case> = ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    let program = std::env::current_exe()?;
    let began = Instant::now();
    let mut seen = Vec::new();
    let mut seed = 0;
    // Each shape comes after each other one.
    let mut random = fastrand::Rng::with_seed(1);
    while began.elapsed() < Duration::from_secs(seconds) {
        let mut places: Vec<usize> = (0..SHAPES.len()).collect();
        random.shuffle(&mut places);
        for place in places {
            seed += 1;
            sweep(&cases, place, &program, seed << 32, &mut seen)?;
        }
    }
    let looks: Vec<f64> = seen.iter().map(|seen| seen.core_ns).collect();
    let limit = longest_free_ns(&looks).ok_or("no block was measured")?;
    seen.retain(|seen| seen.core_ns <= limit);
    let of = |shape: usize, case: usize| {
        let these = seen.iter().filter(move |seen| (seen.shape, seen.case) == (shape, case));
        these.map(|seen| seen.log_ratio).collect::<Vec<f64>>()
    };
    let usual = SHAPES.len() - 1;
    for (place, (quads, settle)) in SHAPES.into_iter().enumerate() {
        let took: Vec<f64> = seen
            .iter()
            .filter(|seen| seen.shape == place)
            .map(|seen| seen.took.as_secs_f64() * 1e3)
            .collect();
        let blocks: Vec<[Vec<f64>; 2]> = (0..cases.len())
            .map(|case| [of(place, case), of(usual, case)])
            .collect();
        if blocks.iter().flatten().any(|logs| logs.len() < 6) {
            return Err("too few blocks on a free core: give it more seconds".into());
        }
        let scatters: Vec<f64> = blocks.iter().map(|[logs, _]| 100.0 * scatter(logs)).collect();
        let away: Vec<f64> = blocks
            .iter()
            .map(|[logs, usual]| 100.0 * (median(logs) - median(usual)))
            .collect();
        let distances: Vec<f64> = away.iter().map(|away| away.abs()).collect();
        println!(
            "{quads:2} quads after {settle:4} µs: {:5.2} ms a block, scatter {:.2}%, off by {:.2}% (medians of {} cases, {} blocks)",
            median(&took),
            median(&scatters),
            median(&distances),
            cases.len(),
            took.len(),
        );
        for (case, away) in cases.iter().zip(&away) {
            println!("    {away:+5.2}%  {case}");
        }
    }
    Ok(())
}
