//! The `main` of a bench target, and the one place that knows Criterion.
//!
//! The rounds measure; Criterion judges and draws what they measured: each measurement is replayed into it, a
//! sample being a block. `--test` and `--profile-time` run the real code, in this one process.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, SamplingMode, Throughput};

use crate::arguments::{self, Arguments, Mode};
use crate::block;
use crate::case::Case;
use crate::environment::cores;
use crate::matrix::{Target, targets};
use crate::profile::{Flamegraphs, Made};
use crate::record::{Measurement, Status};
use crate::run::{Outcome, Request, run};
use crate::selection::{Selection, VARIABLES};
use crate::session;
use crate::watchdog;

/// Fewest samples that Criterion takes.
const FEWEST_SAMPLES: usize = 10;
/// Criterion's default of 100,000 resamples takes longer than the measurements (measured: 32 benches 58 s).
const RESAMPLES: usize = 2_000;
/// Criterion compares moments of the machine, which differ by more than its default threshold of 1%.
const NOISE_THRESHOLD: f64 = 0.10;

/// Runs the bench target of that name as the command line says; `measuring` is the program that its rounds are.
pub fn main(name: &str, measuring: impl Into<PathBuf>) -> ExitCode {
    session::end_with_the_reader();
    let targets = targets();
    let target = targets
        .iter()
        .find(|target| target.name == name)
        .expect("a bench names a target of the matrix");
    crate::round::run_if_child(&target.entries());
    let arguments = match arguments::parse(std::env::args()) {
        Ok(arguments) => arguments,
        Err(arguments::ArgumentError::Clap(error)) => error.exit(),
        Err(error) => return session::bad_input(target, &error),
    };
    if arguments.mode == Mode::Help {
        print_help(target);
    }
    let selection = match session::selection(&targets) {
        Ok(selection) => selection,
        Err(error) => return session::bad_input(target, &error),
    };
    let measurements =
        match selection.measurements(target, cores(), |id| arguments.filter.matches(id)) {
            Ok(measurements) => measurements,
            Err(error) => return session::bad_input(target, &error),
        };
    // Criterion checks its part of the command line here, before anything is measured.
    let home = criterion_home();
    let mut criterion = Criterion::default()
        .output_directory(&home)
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
    if measurements.is_empty() {
        let nothing = nothing_to_do(target, &selection, &arguments);
        let elsewhere = || {
            targets.iter().any(|other| {
                let filter = |id: &str| arguments.filter.matches(id);
                let found = selection.measurements(other, cores(), filter);
                found.is_ok_and(|found| !found.is_empty())
            })
        };
        // A profile is asked for by name; where no target knows it, the name is wrong.
        return if arguments.mode == Mode::Profile && !elsewhere() {
            ExitCode::from(2)
        } else {
            nothing
        };
    }
    if let Err(error) = check_baselines(&home, &arguments, &measurements) {
        return session::bad_input(target, &error);
    }
    match arguments.mode {
        Mode::Measure => {
            let request = Request {
                target,
                selection: &selection,
                items: selection.items(target, &measurements),
                filter: arguments.filter.text().map(str::to_owned),
                folder: Some(session::folder(arguments.filter.text().is_some())),
                command: session::command(&selection, target, &arguments.shown),
                program: measuring.into(),
            };
            let outcome = match run(request) {
                Ok(outcome) => outcome,
                Err(error) => return session::not_run(target, &error),
            };
            // What was measured is printed also where Criterion cannot write or draw.
            let replayed = catch_unwind(AssertUnwindSafe(|| {
                replay(&mut criterion, &measurements, &outcome)
            }));
            let report =
                matches!(replayed, Ok(true)).then(|| home.join("report").join("index.html"));
            let code = session::finish(target, &outcome, report.as_deref());
            if replayed.is_err() {
                eprintln!(
                    "{}: Criterion failed in {} (its panic is above); the table and the record do not depend on it",
                    target.name,
                    home.display()
                );
                return ExitCode::from(1);
            }
            code
        }
        Mode::Profile => profile(criterion, target, &measurements),
        _ => {
            run_in_process(&mut criterion, target, &measurements);
            criterion.final_summary();
            ExitCode::SUCCESS
        }
    }
}

/// Draws a flamegraph of each measurement; exit code 1 where one has none.
fn profile(
    criterion: Criterion,
    target: &Target,
    measurements: &[(Case, Vec<String>)],
) -> ExitCode {
    let made = Arc::new(Mutex::new(Made::default()));
    let mut criterion = criterion.with_profiler(Flamegraphs::new(made.clone()));
    run_in_process(&mut criterion, target, measurements);
    let made = made.lock().unwrap_or_else(|poison| poison.into_inner());
    for picture in &made.pictures {
        println!("Flamegraph: {}", picture.display());
    }
    for (id, problem) in &made.problems {
        eprintln!("{}: {id}: {problem}", target.name);
    }
    ExitCode::from(if made.problems.is_empty() { 0 } else { 1 })
}

fn print_help(target: &Target) {
    println!(
        "The bench target {} of join-vs-spawn. What is measured, and how long, is set by environment variables:\n",
        target.name
    );
    for (name, meaning) in VARIABLES {
        println!("  {name:16}{meaning}");
    }
    println!(
        "\nExample: JVS_TASKS=8,64 JVS_FLAVORS=current_thread cargo bench --bench {} -- worker\n\n\
         What follows is Criterion's own help. --sample-size, --measurement-time, --warm-up-time and --quick are\n\
         refused here, since Criterion only analyses what was measured.\n",
        target.name
    );
}

/// A target without measurements touches no file and is no error: another target may have them.
fn nothing_to_do(target: &Target, selection: &Selection, arguments: &Arguments) -> ExitCode {
    let all = selection.measurements(target, cores(), |_| true);
    let all = all.map_or(0, |all| {
        all.iter().map(|(_, strategies)| strategies.len()).sum()
    });
    match arguments.filter.text() {
        Some(filter) if all > 0 => eprintln!(
            "{}: the filter `{filter}` matches none of its {all} measurements (--list shows them)",
            target.name
        ),
        _ => eprintln!(
            "{}: no case of this target has the values of the JVS_ variables",
            target.name
        ),
    }
    ExitCode::SUCCESS
}

/// Where Criterion keeps its results: as Criterion finds it, but found once.
pub(crate) fn criterion_home() -> PathBuf {
    if let Some(home) = std::env::var_os("CRITERION_HOME") {
        return home.into();
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Path::new(&target).join("criterion");
    }
    cargo_target_folder()
        .unwrap_or_else(|| "target".into())
        .join("criterion")
}

fn cargo_target_folder() -> Option<PathBuf> {
    let output = Command::new(std::env::var_os("CARGO")?)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(metadata.get("target_directory")?.as_str()?.into())
}

/// A baseline that Criterion would miss only after everything was measured.
#[derive(Debug, thiserror::Error)]
#[error(
    "--{flag} {name}: {id} has no such baseline ({path} does not exist); make it with --save-baseline {name}"
)]
struct MissingBaseline {
    flag: &'static str,
    name: String,
    id: String,
    path: String,
}

fn check_baselines(
    home: &Path,
    arguments: &Arguments,
    measurements: &[(Case, Vec<String>)],
) -> Result<(), MissingBaseline> {
    let load = match &arguments.mode {
        Mode::Load(name) => Some(name),
        Mode::Measure => None,
        _ => return Ok(()),
    };
    let wanted = [
        ("baseline", arguments.baseline.as_ref(), "estimates.json"),
        ("load-baseline", load, "sample.json"),
    ];
    for (flag, name, file) in wanted {
        let Some(name) = name else { continue };
        for (case, strategies) in measurements {
            for strategy in strategies {
                let path = home
                    .join(case.group().replace('/', "_"))
                    .join(strategy)
                    .join(case.tasks.to_string())
                    .join(name)
                    .join(file);
                if !path.exists() {
                    return Err(MissingBaseline {
                        flag,
                        name: name.clone(),
                        id: case.measurement_id(strategy),
                        path: path.display().to_string(),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Registers every measurement with Criterion, `sample(case, strategy)` being its samples' source: ns per
/// iteration of each, or none to run the real code.
fn register(
    criterion: &mut Criterion,
    measurements: &[(Case, Vec<String>)],
    mut bench: impl FnMut(
        &Case,
        &str,
        &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
        BenchmarkId,
    ),
) {
    for cases in measurements.chunk_by(|(a, _), (b, _)| a.group() == b.group()) {
        let mut group = criterion.benchmark_group(cases[0].0.group());
        group
            .sampling_mode(SamplingMode::Flat)
            .plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
        for (case, strategies) in cases {
            group.throughput(Throughput::Elements(case.tasks as u64));
            for strategy in strategies {
                bench(
                    case,
                    strategy,
                    &mut group,
                    BenchmarkId::new(strategy, case.tasks),
                );
            }
        }
        group.finish();
    }
}

/// Replays what was measured; false where the run ended in trouble that Criterion would only repeat.
fn replay(
    criterion: &mut Criterion,
    measurements: &[(Case, Vec<String>)],
    outcome: &Outcome,
) -> bool {
    if outcome.trouble.is_some() {
        return false;
    }
    let samples = |case: &Case, strategy: &str| -> Option<Vec<f64>> {
        let found = |m: &&Measurement| m.case == *case && m.strategy == strategy;
        let measurement = outcome.measurements.iter().find(found)?;
        let samples = measurement.block_ns.concat();
        (measurement.status == Status::Ok && samples.len() >= FEWEST_SAMPLES).then_some(samples)
    };
    let replayable: Vec<(Case, Vec<String>)> = measurements
        .iter()
        .map(|(case, strategies)| {
            let kept = strategies
                .iter()
                .filter(|strategy| samples(case, strategy).is_some());
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
fn run_in_process(
    criterion: &mut Criterion,
    target: &Target,
    measurements: &[(Case, Vec<String>)],
) {
    let name = target.name;
    watchdog::watch(PATIENCE, move || {
        eprintln!(
            "{name}: a request was not answered within {} s",
            PATIENCE.as_secs()
        );
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
                let ran = block::run_alone(entry, case, strategy, iterations, iterations);
                watchdog::disarm();
                match ran {
                    Ok(wall) => wall,
                    Err(reason) => panic!("{}: {reason}", case.measurement_id(strategy)),
                }
            });
        });
    });
}
