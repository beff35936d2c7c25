//! What does a compiler flag, or a version, do to the timings? Two builds of one bench target, measured in turn:
//!
//! ```text
//! cargo build --release --bench overhead
//! RUSTFLAGS='-C force-frame-pointers=yes' CARGO_TARGET_DIR=/tmp/other cargo build --release --bench overhead
//! cargo run --release --example two_builds -- target/release/deps/overhead-HASH /tmp/other/release/deps/overhead-HASH
//! ```
//!
//! A round runs both programs, one after the other and the next time in the other order, each with a round of its own. The
//! times of a measurement in the two give a ratio for each round, and the rounds give its interval, as in a run. Two programs
//! cannot share a runtime, so that this is noisier than the ratios of a run. `JVS_` variables choose what is measured.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use join_vs_spawn::record;
use join_vs_spawn::stats::{Estimate, median};

/// Rounds: enough for an interval at 97.9%.
const ROUNDS: usize = 10;

fn main() -> ExitCode {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    let [a, b] = &programs[..] else {
        eprintln!("usage: two_builds PROGRAM_A PROGRAM_B (two builds of one bench target)");
        return ExitCode::from(2);
    };
    match compare(Path::new(a), Path::new(b)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("two_builds: {error}");
            ExitCode::from(2)
        }
    }
}

/// Times in ns by measurement id.
type Times = BTreeMap<String, f64>;

fn compare(a: &Path, b: &Path) -> Result<(), Box<dyn Error>> {
    let mut logs: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        let (of_a, of_b) = if round % 2 == 0 {
            let of_a = measure(a)?;
            (of_a, measure(b)?)
        } else {
            let of_b = measure(b)?;
            (measure(a)?, of_b)
        };
        for (id, time) in of_a {
            if let Some(other) = of_b.get(&id) {
                logs.entry(id).or_default().push(vec![(other / time).ln()]);
            }
        }
    }
    let mut medians: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    println!("time of B over A, {ROUNDS} rounds");
    for (id, rounds) in &logs {
        let Some(ratio) = Estimate::ratio(rounds) else {
            continue;
        };
        println!("  {id:44} {:.3}× [{:.3}, {:.3}]", ratio.median, ratio.low, ratio.high);
        let strategy = id.rsplit('/').nth(1).unwrap_or_default();
        medians.entry(strategy.to_owned()).or_default().push(ratio.median);
    }
    for (strategy, ratios) in medians {
        println!("{strategy}: median {:.3}× over {} cases", median(&ratios), ratios.len());
    }
    Ok(())
}

/// One round of a program.
fn measure(program: &Path) -> Result<Times, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let status = Command::new(program)
        .arg("--bench")
        .arg("--noplot")
        .env("JVS_ROUNDS", "1")
        .env("JVS_RESULTS", folder.path())
        .env("CRITERION_HOME", folder.path().join("criterion"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !status.success() {
        return Err(format!("{}: {status}", program.display()).into());
    }
    let mut times = Times::new();
    for entry in std::fs::read_dir(folder.path().join("latest"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for m in record::read(&path)?.1 {
                if let Some(wall) = m.wall_ns {
                    times.insert(m.case.measurement_id(&m.strategy), wall.median);
                }
            }
        }
    }
    Ok(times)
}
