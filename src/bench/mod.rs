//! The `main` of a bench target, and the one place that knows Criterion.
//!
//! The rounds measure; Criterion judges and draws what they measured: each measurement is replayed into it, a
//! sample being a block. `--test` and `--profile-time` run the real code, in this one process.

mod arguments;
mod ending;
mod invocation;
pub mod profile;
mod replay;
pub mod server;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use criterion::Criterion;
use timed::locked::lock;

use crate::case::Case;
use crate::environment::{cores, target_folder};
use crate::findings;
use crate::matrix::Target;
use crate::progress::Telling;
use crate::record;
use crate::run::{Request, RunError, run};
use crate::selection::Selection;
use crate::session;
use crate::table;
use crate::targets::targets;
use crate::trouble::Trouble;
use crate::variables::VARIABLES;

use arguments::{Arguments, Mode};
use profile::{Flamegraphs, Made};

/// What is said of Criterion's lines.
const CHANGE_LINES: &str = "(Criterion's `change` lines compare this run with another moment of the machine, `cargo run --release -- compare A B` two \
     kept runs; its iteration counts are nominal.)";

/// Runs the bench target of that name as the command line says; `measuring` is the program that its rounds are.
pub fn main(name: &str, measuring: impl Into<PathBuf>) -> ExitCode {
    session::end_with_the_reader();
    let targets = targets();
    let target = targets
        .iter()
        .find(|target| target.name == name)
        .expect("a bench names a target of the matrix");
    crate::round::run_if_child(&target.workloads);
    let arguments = match arguments::of_this_program(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(trouble) => return trouble.exit(name),
    };
    if arguments.mode == Mode::Help {
        print_help(target);
    }
    done(target, &targets, &arguments, measuring.into())
        .unwrap_or_else(|trouble| refused(name, &arguments.mode, trouble))
}

/// Ends a target that measured nothing; what other targets of the same `cargo bench` measured is said all the same.
fn refused(name: &str, mode: &Mode, trouble: Trouble) -> ExitCode {
    if *mode == Mode::Measure {
        ending::end(name, None, None, None, true);
    }
    trouble.exit(name)
}

/// Does what the command line says.
fn done(target: &Target, targets: &[Target], arguments: &Arguments, measuring: PathBuf) -> Result<ExitCode, Trouble> {
    let name = target.name;
    let selection = session::selection(targets)?;
    let measurements = selection.measurements(target, cores(), |id| arguments.filter.matches(id))?;
    // Criterion checks its part of the command line here, before anything is measured.
    let home = criterion_home();
    let mut criterion = replay::criterion(&home, arguments);
    if let Some(record) = replay::asked_for() {
        return Ok(match record::read(&record) {
            Ok((_, measured)) => {
                replay::replay(&mut criterion, &measurements, &measured);
                ExitCode::SUCCESS
            }
            Err(error) => session::bad_input(name, &error),
        });
    }
    if measurements.is_empty() {
        let nothing = nothing_to_do(target, &selection, arguments);
        if is_wrong_name(arguments, &selection, targets) {
            return Ok(ExitCode::from(2));
        }
        if arguments.mode == Mode::Measure {
            ending::end(name, None, None, None, false);
        }
        return Ok(nothing);
    }
    check_baselines(&home, arguments, &measurements)?;
    Ok(match arguments.mode {
        Mode::Measure => measure(target, &selection, &measurements, arguments, &mut criterion, measuring),
        Mode::Profile => profile(criterion, target, &measurements),
        _ => {
            replay::run_in_process(&mut criterion, target, &measurements);
            criterion.final_summary();
            ExitCode::SUCCESS
        }
    })
}

/// Measures, says what came out, and has Criterion draw it.
fn measure(
    target: &Target,
    selection: &Selection,
    measurements: &[(Case, Vec<String>)],
    arguments: &Arguments,
    criterion: &mut Criterion,
    measuring: PathBuf,
) -> ExitCode {
    let command = session::command(selection, target.name, &arguments.shown);
    let folder = session::folder(arguments.filter.text().is_some());
    let outcome = run(Request {
        filter: arguments.filter.text(),
        folder: Some(folder.clone()),
        ..Request::here(
            &selection.plan(target, measurements),
            &selection.settings_for(target),
            command,
            measuring,
        )
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let kept = matches!(error, RunError::Complete(_));
            let code = session::not_run(target.name, &error);
            let record = kept.then(|| folder.join(format!("{}.jsonl", target.name)));
            ending::end(target.name, None, record.as_deref(), None, !kept);
            return code;
        }
    };
    let home = criterion_home();
    if arguments.verbose {
        println!(
            "\n{}\n",
            table::render(&outcome.header, &outcome.measurements).trim_end()
        );
        for sentence in findings::sentences(&outcome.header, &outcome.measurements) {
            println!("{sentence}");
        }
    } else {
        ending::so_far(target.name, &outcome);
    }
    replay::say_what_lacks(&outcome.measurements);
    let replayed = match (&outcome.trouble, &outcome.record) {
        (None, Some(record)) => {
            let replayed = if arguments.verbose {
                let replay = AssertUnwindSafe(|| replay::replay(criterion, measurements, &outcome.measurements));
                catch_unwind(replay).map_err(|_| "its panic is above".to_owned())
            } else {
                let mut line = Telling::new();
                line.tell(&format!("{}: Criterion draws what was measured", target.name));
                let replayed = replay::replay_quietly(record).map_err(|error| error.to_string());
                line.end();
                replayed
            };
            Some(replayed)
        }
        // Criterion would only repeat the trouble.
        _ => None,
    };
    if arguments.verbose && matches!(replayed, Some(Ok(()))) {
        println!("{CHANGE_LINES}");
    }
    let code = session::end(&outcome);
    let failed = code != ExitCode::SUCCESS || matches!(replayed, Some(Err(_)));
    let report = matches!(replayed, Some(Ok(()))).then(|| home.join("report").join("index.html"));
    let part = (&outcome.header, outcome.measurements.as_slice());
    ending::end(target.name, Some(part), outcome.record.as_deref(), report, failed);
    if let Some(Err(problem)) = replayed {
        eprintln!(
            "{}: Criterion failed in {}; the table and the record do not depend on it: {problem}",
            target.name,
            home.display()
        );
        return ExitCode::from(1);
    }
    code
}

/// Draws a flamegraph of each measurement; exit code 1 where one has none.
fn profile(criterion: Criterion, target: &Target, measurements: &[(Case, Vec<String>)]) -> ExitCode {
    let made = Arc::new(Mutex::new(Made::default()));
    let mut criterion = criterion.with_profiler(Flamegraphs::new(made.clone()));
    replay::run_in_process(&mut criterion, target, measurements);
    let mut code = ExitCode::SUCCESS;
    for (id, drawn) in lock(&made).iter() {
        match drawn {
            Ok(picture) => println!("Flamegraph: {}", picture.display()),
            Err(problem) => {
                eprintln!("{}: {id}: {problem}", target.name);
                code = ExitCode::from(1);
            }
        }
    }
    code
}

fn print_help(target: &Target) {
    println!(
        "The bench target {} of join-vs-spawn. What is measured, and how long, is set by environment variables:\n",
        target.name
    );
    print!("{VARIABLES}");
    println!(
        "\nExample: JVS_TASKS=8,64 JVS_FLAVORS=current_thread cargo bench --bench {} -- worker\n\n\
         What follows is Criterion's own help. --sample-size, --measurement-time, --warm-up-time and --quick are\n\
         refused here, since Criterion only analyses what was measured.\n",
        target.name
    );
}

/// Whether a profile is asked for of what no target knows: it is asked for by name.
fn is_wrong_name(arguments: &Arguments, selection: &Selection, targets: &[Target]) -> bool {
    let is_meant = |id: &str| arguments.filter.matches(id);
    let knows = |target: &Target| {
        let found = selection.measurements(target, cores(), is_meant);
        found.is_ok_and(|found| !found.is_empty())
    };
    arguments.mode == Mode::Profile && !server::knows(selection, is_meant) && !targets.iter().any(knows)
}

/// A target without measurements touches no file and is no error: another target may have them.
fn nothing_to_do(target: &Target, selection: &Selection, arguments: &Arguments) -> ExitCode {
    let all = selection.measurements(target, cores(), |_| true);
    let all = all.map_or(0, |all| all.iter().map(|(_, strategies)| strategies.len()).sum());
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
    let home = std::env::var_os("CRITERION_HOME").map(PathBuf::from);
    home.unwrap_or_else(|| target_folder().join("criterion"))
}

/// Where Criterion keeps those of one measurement.
pub(crate) fn folder_of(home: &Path, case: &Case, strategy: &str) -> PathBuf {
    let group = home.join(case.group().replace('/', "_"));
    group.join(strategy).join(case.tasks.to_string())
}

/// A baseline that there is not, Criterion would miss only after everything was measured.
fn check_baselines(home: &Path, arguments: &Arguments, measurements: &[(Case, Vec<String>)]) -> Result<(), String> {
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
                let path = folder_of(home, case, strategy).join(name).join(file);
                if !path.exists() {
                    return Err(format!(
                        "--{flag} {name}: {} has no such baseline ({} does not exist); make it with --save-baseline {name}",
                        case.measurement_id(strategy),
                        path.display()
                    ));
                }
            }
        }
    }
    Ok(())
}
