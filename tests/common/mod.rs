//! What several tests need; each uses a part of it.
#![allow(dead_code, unused_macros)]

pub mod browser;
pub mod place;
pub mod results;

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use join_vs_spawn::case::Case;
use join_vs_spawn::conditions::Conditions;
use join_vs_spawn::environment::Environment;
use join_vs_spawn::machine_state::State;
use join_vs_spawn::measurement::case_flags;
use join_vs_spawn::record::{Header, Measurement, Memory, SCHEMA};
use join_vs_spawn::stats::{Estimate, judge};

/// The trials of a program whose `main` is its own, so that it can start itself again.
macro_rules! trials {
    ($($name:ident),+ $(,)?) => {
        vec![$(libtest_mimic::Trial::test(stringify!($name), || $crate::common::in_time($name))),+]
    };
}

/// Runs a test that waits for other processes. One that waits for ever fails with its name, and does not hold up the rest.
pub fn in_time(test: fn()) -> Result<(), libtest_mimic::Failed> {
    const LIMIT: Duration = Duration::from_secs(240);
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let running = std::thread::spawn(move || {
        // Dropped when the test returns, and when it panics.
        let _ended = ended;
        test();
    });
    match end.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => Err(format!("it did not end within {} s", LIMIT.as_secs()).into()),
        _ => match running.join() {
            Ok(()) => Ok(()),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

/// The standard output of a program that ended with this exit code.
#[track_caller]
pub fn exits(code: i32, output: &std::process::Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    stdout
}

/// The header of a default run.
pub fn header() -> Header {
    Header {
        schema: SCHEMA,
        target: "overhead".into(),
        matrix: "default".into(),
        filter: None,
        complete: true,
        started: "2026-01-01T00:00:00Z".into(),
        seconds: 1.5,
        command: "cargo bench --bench overhead".into(),
        environment: Environment::here(),
        rounds: 10,
        layouts: 10,
        only_one_layout: None,
        minutes: Some(2.5),
        cut: Vec::new(),
        states: (0..10)
            .map(|layout| State {
                layout,
                step_ns: 1.5,
                task_ns: Some(50.0),
                wake_ns: 5_000.0,
            })
            .collect(),
        seed: u64::MAX,
        plan: "0123456789abcdef".into(),
        shard: None,
        simulated: None,
        timed_share: Some(0.8),
        resident_bytes: Memory::default(),
        conditions: Conditions::default(),
        traps: Vec::new(),
        checksum: String::new(),
    }
}

/// A measurement with these natural-log ratios in each round, where the reference takes `reference_ns`.
pub fn measured(
    case: &Case,
    strategy: &str,
    rounds: Vec<Vec<f64>>,
    reference_ns: f64,
    noise_floor: f64,
) -> Measurement {
    let block_ns: Vec<Vec<f64>> = rounds
        .iter()
        .map(|blocks| blocks.iter().map(|log| reference_ns * log.exp()).collect())
        .collect();
    let ratio = Estimate::ratio(&rounds).expect("rounds");
    let more: Vec<f64> = block_ns
        .concat()
        .iter()
        .map(|ns| (ns - reference_ns) / case.tasks as f64)
        .collect();
    Measurement {
        flags: flags(case),
        wall_ns: Estimate::over_rounds(&block_ns),
        difference_ns: Estimate::of(&more).filter(|_| strategy != "join"),
        ratio: Some(ratio),
        noise_floor: Some(noise_floor),
        verdict: Some(judge(&ratio, noise_floor)),
        in_rounds: (0..rounds.len()).collect(),
        rounds,
        block_ns,
        ..Measurement::without_numbers(case, strategy, "join")
    }
}

/// The flags of a case on two cores.
fn flags(case: &Case) -> Vec<String> {
    let entries = join_vs_spawn::workload::all();
    let entry = entries.iter().find(|entry| entry.name == case.workload);
    entry.map_or_else(Vec::new, |entry| case_flags(entry, case, 2))
}

/// A control and a spawn of a case: join! takes `join_ns`, spawn `ratio` times as long, in ten rounds that
/// differ by a percent each.
pub fn steady(id: &str, join_ns: f64, ratio: f64, noise_floor: f64) -> [Measurement; 2] {
    let case: Case = id.parse().expect("a case");
    [("join", 1.0), ("spawn", ratio)].map(|(strategy, ratio): (&str, f64)| {
        let rounds = (0..10)
            .map(|round| vec![ratio.ln() + 0.01 * (f64::from(round) - 4.5) / 4.5])
            .collect();
        measured(&case, strategy, rounds, join_ns, noise_floor)
    })
}
