//! What a bench target and a program of your own share around a run: the variables, the folder, the end.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::advised::{Advised, AdvisedError};
use crate::arguments::{self, Mode};
use crate::block;
use crate::case::Case;
use crate::environment::{cores, package_folder};
use crate::interrupt;
use crate::matrix::Target;
use crate::program::this_program;
use crate::record::{Memory, Status};
use crate::run::{Outcome, Request, RunError, run};
use crate::run_store::LATEST;
use crate::selection::Selection;
use crate::table;
use crate::text::significant;
use crate::variables::{VariableError, misspelled, variable};
use crate::warnings::not_applicable;
use crate::workload::Entry;

/// Measures children of your own as the suite measures its own: call it from the `main` of a bench or of any program, and
/// return what it returns. Child `index` of a fan-out is `child(index)`. What a child returns is dropped unseen: to have
/// outputs checked, or something set up before, implement [`Workload`](crate::Workload) and call [`measure`].
///
/// ```no_run
/// async fn look_up(index: usize) -> usize {
///     std::future::ready(index).await
/// }
///
/// fn main() -> std::process::ExitCode {
///     measure::children("look_up", look_up)
/// }
/// ```
///
/// # Panics
///
/// Where `name` is other than lower-case letters, digits and `_` that begin with a letter, or is `server`.
pub fn children<F, C>(name: &'static str, child: F) -> ExitCode
where
    F: Fn(usize) -> C + Send + Sync + 'static,
    C: Future<Output: Send> + Send + 'static,
{
    measure(&Target::of_children(name, child))
}

/// Measures a target of your own as the suite measures its own: call it from `main` and return what it
/// returns.
///
/// Call it first in a plain `fn main`, before a runtime or a thread is started (not under `#[tokio::main]`): the program starts
/// itself again several times a round, and on Linux blocks run in copies of that process, which cannot have other threads. What a
/// block puts into statics is lost when its copy ends. What is measured can be set with the `JVS_*` variables; the verdict table
/// goes to standard output. The record goes to `JVS_RESULTS`, or to the package's folder `results`: in `latest`, or in `latest-filtered` where there
/// is a filter.
///
/// The exit code is 0; 1 where a case failed or the run ended early; 2 for bad input; 130 after Ctrl-C; 141 where the reader
/// of the output is gone. In a round's process it does not return.
pub fn measure(target: &Target) -> ExitCode {
    end_with_the_reader();
    crate::round::run_if_child(&all_entries(target));
    measure_here(target).unwrap_or_else(|ended| ended)
}

/// The same in a process that is no round; an error ends it.
fn measure_here(target: &Target) -> Result<ExitCode, ExitCode> {
    let name = target.name;
    let arguments = arguments::parse(std::env::args_os().skip(1)).map_err(|error| bad_input(name, &error))?;
    if arguments.mode == Mode::Help {
        println!("{}", arguments::help(name));
        return Ok(ExitCode::SUCCESS);
    }
    let wrong = |error: VariableError| bad_input(name, &error);
    let selection = selection(std::slice::from_ref(target)).map_err(wrong)?;
    let wanted = |id: &str| arguments.filter.matches(id);
    let measurements = selection.measurements(target, cores(), wanted).map_err(wrong)?;
    if measurements.is_empty() {
        eprintln!("{name}: no case has the values of the JVS_ variables and matches the filter");
        return Ok(ExitCode::SUCCESS);
    }
    match arguments.mode {
        Mode::List => {
            for (case, strategies) in &measurements {
                for strategy in strategies {
                    println!("{}: benchmark", case.measurement_id(strategy));
                }
            }
            return Ok(ExitCode::SUCCESS);
        }
        Mode::Test => return Ok(test(target, &measurements)),
        Mode::Measure | Mode::Help => {}
    }
    let plan = selection.plan(target, &measurements);
    let command = command(&selection, name, &arguments.shown);
    let advised = arguments
        .advise
        .then(|| Advised::of(target, &results(), command.clone()));
    let advised = advised.transpose().map_err(|error| match error {
        AdvisedError::Run(error) => not_run(name, &error),
        AdvisedError::Failed(reason) => {
            eprintln!("{name}: {reason}");
            ExitCode::from(1)
        }
    })?;
    if let Some(advised) = &advised {
        print!("{}", advised.found());
    }
    let outcome = run(Request {
        filter: arguments.filter.text(),
        folder: Some(folder(arguments.filter.text().is_some())),
        ..Request::here(&plan, &selection.settings_for(target), command, this_program())
    });
    let outcome = outcome.map_err(|error| not_run(name, &error))?;
    let ended = finish(&outcome, &table::counts(&outcome.measurements));
    if let Some(advised) = &advised {
        print!("\n{}", advised.beside(&outcome.measurements));
    }
    Ok(ended)
}

/// The target's workloads, and those of the suite: a calibration measures them.
fn all_entries(target: &Target) -> Vec<Entry> {
    let mut entries = target.workloads.clone();
    let suite = crate::workload::all();
    entries.extend(suite.into_iter().filter(|entry| target.entry(&entry.name).is_none()));
    entries
}

/// Runs every measurement once, without a clock: the mode of `cargo test`.
fn test(target: &Target, measurements: &[(Case, Vec<String>)]) -> ExitCode {
    for (case, strategies) in measurements {
        let entry = target
            .entry(&case.workload)
            .expect("cases are of the target's workloads");
        for strategy in strategies {
            let id = case.measurement_id(strategy);
            if let Err(reason) = block::run_alone(&entry, case, strategy, 1, 0) {
                eprintln!("{id}: {reason}");
                return ExitCode::from(1);
            }
            println!("Testing {id}\nSuccess");
        }
    }
    ExitCode::SUCCESS
}

/// Warns on standard error of variables of the environment that look like the suite's and are not.
pub fn warn_of_misspelled() {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in misspelled(names) {
        eprintln!("warning: {name} is not a variable of this suite and changes nothing; {nearest} is one");
    }
}

/// Reads the variables of the environment, and warns of those that look misspelled.
///
/// # Errors
///
/// [`VariableError`]: which variable, what it is, what is wrong with it, and what is allowed.
pub fn selection(targets: &[Target]) -> Result<Selection, VariableError> {
    warn_of_misspelled();
    Selection::read(variable, targets)
}

/// Says on standard error why nothing was measured; the [exit code](RunError::exit_code).
pub fn not_run(target: &str, error: &RunError) -> ExitCode {
    eprintln!("{target}: {error}");
    ExitCode::from(error.exit_code())
}

/// Says on standard error what is wrong with the input; exit code 2.
pub fn bad_input(target: &str, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{target}: {error}");
    ExitCode::from(2)
}

/// Where runs are kept: `JVS_RESULTS`, or the folder `results` of the package.
pub fn results() -> PathBuf {
    std::env::var_os("JVS_RESULTS").map_or_else(|| package_folder().join("results"), PathBuf::from)
}

/// Where records of the last run go.
pub fn folder(filtered: bool) -> PathBuf {
    results().join(if filtered { "latest-filtered" } else { LATEST })
}

/// A command that measures the same, without any path of this machine.
pub fn command(selection: &Selection, target: &str, arguments: &[String]) -> String {
    let program = format!("cargo bench --bench {target}");
    shell_words(&selection.set, &program, arguments)
}

/// Variables, a program and its arguments as a shell reads them.
pub fn shell_words(set: &[String], program: &str, arguments: &[String]) -> String {
    let quoted = |word: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let variable = |word: &String| match word.split_once('=') {
        Some((name, value)) => format!("{name}={}", quoted(value)),
        None => quoted(word),
    };
    let mut words: Vec<String> = set.iter().map(variable).collect();
    words.push(program.to_owned());
    if !arguments.is_empty() {
        words.push("--".into());
        words.extend(arguments.iter().map(|word| quoted(word)));
    }
    words.join(" ")
}

/// A reader that has seen enough (`cargo bench | head`) ends the program without a backtrace: `println!`, Criterion's too,
/// panics where its reader is gone.
pub fn end_with_the_reader() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to std") && message.contains("Broken pipe") {
            std::process::exit(READER_GONE);
        }
        before(panic);
    }));
}

/// The exit code of a program that SIGPIPE ended, as shells have it.
const READER_GONE: i32 = 141;

/// Prints the end of a run, with what `sentences` say of it and where more can be seen; exit code 1 where anything failed.
pub fn finish(outcome: &Outcome, sentences: &[String]) -> ExitCode {
    let header = &outcome.header;
    println!();
    print!("{}", table::render(header, &outcome.measurements));
    println!();
    for sentence in sentences {
        println!("{sentence}");
    }
    if let Some(share) = header.timed_share {
        println!(
            "{:.0} s{} {} rounds, {}; {:.0}% of the blocks' time lay inside timed slices. Seed {}.",
            header.seconds,
            if header.complete { " in" } else { ", cut short of" },
            if header.complete {
                header.states.len()
            } else {
                header.rounds.max(header.states.len())
            },
            match header.layouts {
                1 => "one layout".to_owned(),
                layouts => format!("{layouts} layouts"),
            },
            share * 100.0,
            header.seed
        );
    }
    for cut in &header.cut {
        println!("Cut: {cut}");
    }
    for trap in &header.traps {
        println!("Trap: {trap}");
    }
    if let Some(memory) = memory(&header.resident_bytes) {
        println!("{memory}");
    }
    if let Some(path) = &outcome.record {
        println!("Record: {}", path.display());
    }
    end(outcome)
}

/// Says on standard error what went wrong in a run, and makes its exit code: 1 where anything failed.
pub fn end(outcome: &Outcome) -> ExitCode {
    let header = &outcome.header;
    let failed = outcome
        .measurements
        .iter()
        .any(|m| m.status != Status::Ok && not_applicable(&m.case, header.environment.cores).is_none());
    if let Some(trouble) = &outcome.trouble {
        eprintln!("{}: the run ended early: {trouble}", header.target);
        eprintln!(
            "{}: what it measured until then is above; no record was replaced.",
            header.target
        );
    }
    if matches!(outcome.trouble, Some(RunError::Interrupted { .. })) {
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    if failed || outcome.trouble.is_some() {
        eprintln!(
            "{}: not everything was measured; `cargo bench --no-fail-fast` goes on with the other targets.",
            header.target
        );
        return ExitCode::from(1);
    }
    ExitCode::SUCCESS
}

/// Memory after the first case and at the end, where there is a server that could grow.
pub fn memory(memory: &Memory) -> Option<String> {
    let part = |name: &str, pair: Option<(u64, u64)>| {
        let [first, last] = pair.map(|(first, last)| [first, last].map(|bytes| bytes as f64 / 1e6))?;
        Some(format!("{name} {} MB, {} MB", significant(first), significant(last)))
    };
    memory.server?;
    let parts: Vec<String> = [
        part("mock server", memory.server),
        part("round", memory.round),
        part("run", memory.run),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(format!(
        "Resident memory after the first case and at the end, of the round where it grew the most: {}.",
        parts.join("; ")
    ))
}
