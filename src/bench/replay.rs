//! Measurements as Criterion sees them: replayed block by block, or the real code where it does not measure.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, SamplingMode, Throughput};

use super::arguments::Arguments;
use crate::block;
use crate::case::Case;
use crate::matrix::Target;
use crate::record::{FEWEST_SAMPLES, Measurement, Status};
use crate::text::counted;
use crate::watchdog;

/// Criterion's default of 100,000 resamples takes longer than the measurements (measured: 32 benches 58 s). It warns of 1,000 and fewer.
const RESAMPLES: usize = 1_001;
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

/// Makes Criterion's groups, and calls `bench` for each measurement: with its case, its strategy, its group and its id in that.
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

/// Says what Criterion is not given.
pub(super) fn say_what_lacks(measured: &[Measurement]) {
    let few = |m: &&Measurement| m.status == Status::Ok && m.block_ns.concat().len() < FEWEST_SAMPLES;
    let too_few = measured.iter().filter(few).count();
    if too_few > 0 {
        eprintln!(
            "Criterion's reports lack {} of fewer than {FEWEST_SAMPLES} blocks, the fewest that it takes; the record has all. \
             More rounds (JVS_ROUNDS) are more blocks.",
            counted(too_few, "measurement")
        );
    }
}

/// Replays what was measured.
pub(super) fn replay(criterion: &mut Criterion, measurements: &[(Case, Vec<String>)], measured: &[Measurement]) {
    let samples = |case: &Case, strategy: &str| -> Option<Vec<f64>> {
        let found = |m: &&Measurement| m.case == *case && m.strategy == strategy && m.status == Status::Ok;
        let samples = measured.iter().find(found)?.block_ns.concat();
        (samples.len() >= FEWEST_SAMPLES).then_some(samples)
    };
    let replayable: Vec<(Case, Vec<String>)> = measurements
        .iter()
        .map(|(case, strategies)| {
            let kept = strategies.iter().filter(|name| samples(case, name).is_some());
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
}

/// The variable that makes a bench target replay a record into Criterion, and do nothing else.
const RECORD: &str = "JOIN_VS_SPAWN_REPLAYS";

/// The record that this process is to replay.
pub(super) fn asked_for() -> Option<std::path::PathBuf> {
    std::env::var_os(RECORD).map(Into::into)
}

/// Replays a record in a process of its own with the same command line, since Criterion prints lines for every bench and can be
/// told to print fewer, but not none. What it says of errors is the error.
pub(super) fn replay_quietly(record: &Path) -> io::Result<()> {
    let output = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(RECORD, record)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().filter(|line| !line.starts_with("Benchmarking ")).collect();
    let last = last[last.len().saturating_sub(6)..].join("\n");
    Err(io::Error::other(format!("{last}\n({})", output.status)))
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
