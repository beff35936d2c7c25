//! Measurements as Criterion sees them: replayed block by block, or the real code where it does not measure.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, SamplingMode, Throughput};

use super::arguments::Arguments;
use crate::block;
use crate::case::Case;
use crate::matrix::Target;
use crate::record::{Measurement, Status};
use crate::run::Outcome;
use crate::watchdog;

/// Fewest samples that Criterion takes.
const FEWEST_SAMPLES: usize = 10;
/// Criterion's default of 100,000 resamples takes longer than the measurements (measured: 32 benches 58 s).
const RESAMPLES: usize = 2_000;
/// Criterion compares moments of the machine, which differ by more than its default threshold of 1%.
const NOISE_THRESHOLD: f64 = 0.10;

/// Criterion, as its part of the command line asks for, which it checks here.
pub(super) fn criterion(home: &Path, arguments: &Arguments) -> Criterion {
    let mut criterion = Criterion::default()
        .output_directory(home)
        .warm_up_time(Duration::from_nanos(1))
        .nresamples(RESAMPLES)
        .noise_threshold(NOISE_THRESHOLD)
        .configure_from_args();
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        criterion = criterion.with_output_color(false);
    }
    if arguments.discards_baseline {
        // Criterion 0.8.2 panics where it draws a group's summary and has kept nothing to draw.
        criterion = criterion.without_plots();
    }
    criterion
}

/// Registers every measurement with Criterion, `sample(case, strategy)` being its samples' source: ns per
/// iteration of each, or none to run the real code.
fn register(
    criterion: &mut Criterion,
    measurements: &[(Case, Vec<String>)],
    mut bench: impl FnMut(&Case, &str, &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, BenchmarkId),
) {
    for cases in measurements.chunk_by(|(a, _), (b, _)| a.group() == b.group()) {
        let mut group = criterion.benchmark_group(cases[0].0.group());
        group
            .sampling_mode(SamplingMode::Flat)
            .plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
        for (case, strategies) in cases {
            group.throughput(Throughput::Elements(case.tasks as u64));
            for strategy in strategies {
                bench(case, strategy, &mut group, BenchmarkId::new(strategy, case.tasks));
            }
        }
        group.finish();
    }
}

/// Replays what was measured; false where the run ended in trouble that Criterion would only repeat.
pub(super) fn replay(criterion: &mut Criterion, measurements: &[(Case, Vec<String>)], outcome: &Outcome) -> bool {
    if outcome.trouble.is_some() {
        return false;
    }
    let samples = |case: &Case, strategy: &str| -> Option<Vec<f64>> {
        let found = |m: &&Measurement| m.case == *case && m.strategy == strategy;
        let measurement = outcome.measurements.iter().find(found)?;
        (measurement.status == Status::Ok).then(|| measurement.block_ns.concat())
    };
    let enough = |case: &Case, strategy: &str| samples(case, strategy).map(|samples| samples.len() >= FEWEST_SAMPLES);
    let too_few: usize = measurements
        .iter()
        .map(|(case, strategies)| {
            strategies
                .iter()
                .filter(|name| enough(case, name) == Some(false))
                .count()
        })
        .sum();
    if too_few > 0 {
        eprintln!(
            "Criterion's reports lack {too_few} measurements of fewer than {FEWEST_SAMPLES} blocks, the fewest that it \
             takes; the record has them. More rounds (JVS_ROUNDS) are more blocks."
        );
    }
    let replayable: Vec<(Case, Vec<String>)> = measurements
        .iter()
        .map(|(case, strategies)| {
            let kept = strategies.iter().filter(|name| enough(case, name) == Some(true));
            (case.clone(), kept.cloned().collect())
        })
        .filter(|(_, strategies): &(Case, Vec<String>)| !strategies.is_empty())
        .collect();
    register(criterion, &replayable, |case, strategy, group, id| {
        let samples = samples(case, strategy).unwrap_or_default();
        group.sample_size(samples.len());
        // Criterion calls once or more to warm up and does not say when it begins to measure; in turn, any
        // `samples.len()` calls in a row give each sample once.
        let calls = Cell::new(0);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|iterations| {
                let ns = samples[calls.replace(calls.get() + 1) % samples.len()];
                // Never zero, on which Criterion drops the whole bench.
                Duration::from_nanos((ns * iterations as f64).round().max(1.0) as u64)
            });
        });
    });
    criterion.final_summary();
    true
}

/// How long a request may take where nothing is measured.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the real code under Criterion's modes that do not measure.
pub(super) fn run_in_process(criterion: &mut Criterion, target: &Target, measurements: &[(Case, Vec<String>)]) {
    let name = target.name;
    watchdog::watch(PATIENCE, move || {
        eprintln!("{name}: a request was not answered within {} s", PATIENCE.as_secs());
        std::process::exit(1);
    });
    register(criterion, measurements, |case, strategy, group, id| {
        let entry = target
            .entry(&case.workload)
            .expect("cases come from the target's workloads");
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|iterations| {
                if entry.served {
                    watchdog::arm();
                }
                let ran = block::run_alone(&entry, case, strategy, iterations, iterations);
                watchdog::disarm();
                match ran {
                    Ok(wall) => wall,
                    Err(reason) => panic!("{}: {reason}", case.measurement_id(strategy)),
                }
            });
        });
    });
}
