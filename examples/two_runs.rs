//! How honest are the intervals? Two runs of one binary, compared:
//! `cargo run --release --example two_runs -- FOLDER_A FOLDER_B`, each with the records of one run.
//!
//! Prints how often the intervals of the ratios overlap and contain each other's median, the same for intervals
//! made of the blocks of a single process, how often a control excludes 1, and how far join! lies from itself
//! within one block and from one block to the next.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use join_vs_spawn::case::{Case, Site};
use join_vs_spawn::record::{self, Measurement, Status};
use join_vs_spawn::stats::{Estimate, MARGIN, median};

fn main() -> ExitCode {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let [a, b] = &folders[..] else {
        eprintln!(
            "usage: two_runs FOLDER_A FOLDER_B (folders with overhead.jsonl, wakeups.jsonl, compute.jsonl)"
        );
        return ExitCode::from(2);
    };
    match (load(Path::new(a)), load(Path::new(b))) {
        (Ok(a), Ok(b)) => {
            report(&a, &b);
            ExitCode::SUCCESS
        }
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("two_runs: {error}");
            ExitCode::from(2)
        }
    }
}

type Run = HashMap<(Case, String), Measurement>;

fn load(folder: &Path) -> Result<Run, Box<dyn std::error::Error>> {
    let mut run = Run::new();
    for entry in
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?
    {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let measured = record::read(&path)?
                .1
                .into_iter()
                .filter(|m| m.status == Status::Ok);
            run.extend(measured.map(|m| ((m.case.clone(), m.strategy.clone()), m)));
        }
    }
    if run.is_empty() {
        return Err(format!("{}: no records", folder.display()).into());
    }
    Ok(run)
}

fn report(a: &Run, b: &Run) {
    let pairs: Vec<(&Measurement, &Measurement)> = a
        .iter()
        .filter(|(_, m)| !m.is_control())
        .filter_map(|(key, m)| Some((m, b.get(key)?)))
        .collect();
    let over_rounds = |m: &Measurement| m.ratio;
    // What one process knows: its blocks taken as independent.
    let one_process = |m: &Measurement| Some(Estimate::of(m.rounds.first()?)?.map(f64::exp));
    println!("{} cases in both runs", pairs.len());
    line("intervals over rounds overlap", &pairs, |a, b| {
        overlap(over_rounds(a)?, over_rounds(b)?)
    });
    line("... and one contains the other's median", &pairs, |a, b| {
        contain(over_rounds(a)?, over_rounds(b)?)
    });
    line("spans of one process's blocks overlap", &pairs, |a, b| {
        overlap(one_process(a)?, one_process(b)?)
    });
    let yields: Vec<_> = pairs
        .iter()
        .copied()
        .filter(|(m, _)| m.case.workload == "yield" && m.case.site == Site::Worker)
        .collect();
    line(
        "yield at site worker: medians within 5%",
        &yields,
        |a, b| Some((a.ratio?.median / b.ratio?.median).ln().abs() <= 1.05f64.ln()),
    );
    line("times of spawn moved by more than 5%", &pairs, |a, b| {
        Some((a.wall_ns?.median / b.wall_ns?.median).ln().abs() > 1.05f64.ln())
    });
    for (name, run) in [("A", a), ("B", b)] {
        let controls: Vec<&Measurement> = run.values().filter(|m| m.is_control()).collect();
        println!("\nrun {name}: {} controls", controls.len());
        let controls: Vec<_> = controls.into_iter().map(|m| (m, m)).collect();
        line("control excludes 1", &controls, |m, _| {
            Some(!m.ratio?.contains(1.0))
        });
        line("control lies wholly beyond ±1%", &controls, |m, _| {
            let ratio = m.ratio?;
            Some(ratio.low > 1.0 + MARGIN || ratio.high < 1.0 / (1.0 + MARGIN))
        });
        spread(
            "join! against itself, within one block",
            controls
                .iter()
                .flat_map(|(m, _)| m.rounds.iter().flatten().copied().collect::<Vec<f64>>()),
        );
        spread(
            "join! against itself, a block and the next",
            controls.iter().flat_map(|(m, _)| {
                let steps = |blocks: &Vec<f64>| -> Vec<f64> {
                    blocks
                        .windows(2)
                        .map(|pair| (pair[1] / pair[0]).ln())
                        .collect()
                };
                m.block_ns.iter().flat_map(steps).collect::<Vec<f64>>()
            }),
        );
    }
}

fn overlap(a: Estimate, b: Estimate) -> Option<bool> {
    Some(a.low <= b.high && b.low <= a.high)
}

fn contain(a: Estimate, b: Estimate) -> Option<bool> {
    Some(a.contains(b.median) || b.contains(a.median))
}

/// How many of the pairs are so.
fn line(
    what: &str,
    pairs: &[(&Measurement, &Measurement)],
    so: impl Fn(&Measurement, &Measurement) -> Option<bool>,
) {
    let answers: Vec<bool> = pairs.iter().filter_map(|(a, b)| so(a, b)).collect();
    let yes = answers.iter().filter(|&&answer| answer).count();
    let share = 100.0 * yes as f64 / answers.len().max(1) as f64;
    println!("  {what:46}{yes:4} of {:4}  {share:5.1}%", answers.len());
}

/// How far log ratios lie from 0.
fn spread(what: &str, logs: impl Iterator<Item = f64>) {
    let mut percents: Vec<f64> = logs.map(|log| log.abs().exp_m1() * 100.0).collect();
    percents.sort_by(f64::total_cmp);
    let at = |share: f64| percents[((percents.len() - 1) as f64 * share) as usize];
    println!(
        "  {what:46}median {:.2}%, 95% within {:.1}%, worst {:.0}%",
        median(&percents),
        at(0.95),
        at(1.0)
    );
}
