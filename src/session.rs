//! What a bench target and a program of your own share around a run: the variables, the folder, the end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::environment::{cores, package_folder};
use crate::interrupt;
use crate::matrix::{Target, targets};
use crate::record::{Memory, Status};
use crate::report::{findings, table};
use crate::run::{Outcome, Request, RunError, run};
use crate::selection::{Selection, VariableError, misspelled};
use crate::text::significant;
use crate::traps::not_applicable;

/// Measures a target of your own as the suite measures its own: call it from `main` and return what it
/// returns.
///
/// The program starts itself again for each round, so nothing that takes time or has effects should come
/// before the call. What is measured can be set with the `JVS_*` variables; the verdict table goes to standard
/// output and the record to `results/latest/`. The exit code is 0, 1 where a case failed, 2 for bad input.
pub fn measure(target: &Target) -> ExitCode {
    end_with_the_reader();
    crate::round::run_if_child(&target.entries());
    let mut known = targets();
    known.push(target.clone());
    let selection = match selection(&known) {
        Ok(selection) => selection,
        Err(error) => return bad_input(target, &error),
    };
    let measurements = match selection.measurements(target, cores(), |_| true) {
        Ok(measurements) if measurements.is_empty() => {
            eprintln!(
                "{}: no case has the values of the JVS_ variables",
                target.name
            );
            return ExitCode::SUCCESS;
        }
        Ok(measurements) => measurements,
        Err(error) => return bad_input(target, &error),
    };
    let request = Request {
        target,
        selection: &selection,
        items: selection.items(target, &measurements),
        filter: None,
        folder: Some(folder(false)),
        command: shell_words(
            &selection.set,
            &format!("cargo run --release --example {}", target.name),
            &[],
        ),
        program: this_program(),
    };
    match run(request) {
        Ok(outcome) => finish(target, &outcome, None),
        Err(error) => not_run(target, &error),
    }
}

/// Reads the variables of the environment, and warns of those that look misspelled.
pub(crate) fn selection(targets: &[Target]) -> Result<Selection, VariableError> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in misspelled(names) {
        eprintln!(
            "warning: {name} is not a variable of this suite and changes nothing; {nearest} is one"
        );
    }
    Selection::read(variable, targets)
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Says on standard error why nothing was measured; exit code 2, but 0 where there was no need.
pub(crate) fn not_run(target: &Target, error: &RunError) -> ExitCode {
    match error {
        RunError::Complete(_) => {
            eprintln!("{}: {error}", target.name);
            ExitCode::SUCCESS
        }
        _ => bad_input(target, error),
    }
}

/// Says on standard error what is wrong with the input; exit code 2.
pub(crate) fn bad_input(target: &Target, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{}: {error}", target.name);
    ExitCode::from(2)
}

/// Where records go.
pub(crate) fn folder(filtered: bool) -> PathBuf {
    std::env::var_os("JVS_RESULTS")
        .map_or_else(|| package_folder().join("results"), PathBuf::from)
        .join(if filtered {
            "latest-filtered"
        } else {
            "latest"
        })
}

/// A command that measures the same, without any path of this machine.
pub(crate) fn command(selection: &Selection, target: &Target, arguments: &[String]) -> String {
    let program = format!("cargo bench --bench {}", target.name);
    shell_words(&selection.set, &program, arguments)
}

/// Variables, a program and its arguments as a shell reads them.
fn shell_words(set: &[String], program: &str, arguments: &[String]) -> String {
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

/// The program that is running.
pub(crate) fn this_program() -> PathBuf {
    std::env::current_exe()
        .unwrap_or_else(|_| PathBuf::from(std::env::args().next().unwrap_or_default()))
}

/// A reader that has seen enough (`cargo bench | head`) ends the program without a backtrace: `println!`, Criterion's too,
/// panics where its reader is gone.
pub(crate) fn end_with_the_reader() {
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

/// Prints the end of a run; exit code 1 where anything failed.
pub(crate) fn finish(target: &Target, outcome: &Outcome, criterion: Option<&Path>) -> ExitCode {
    let header = &outcome.header;
    println!();
    print!("{}", table::render(header, &outcome.measurements));
    println!();
    for sentence in findings::sentences(header, &outcome.measurements) {
        println!("{sentence}");
    }
    if let Some(share) = header.timed_share {
        println!(
            "{:.0} s{} {} rounds, {}; {:.0}% of the blocks' time lay inside timed slices. Seed {}.",
            header.seconds,
            if header.complete {
                " in"
            } else {
                ", cut short of"
            },
            header.rounds.max(header.states.len()),
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
    if let Some(path) = criterion {
        println!("Criterion's report: {}", path.display());
        println!(
            "(Its `change` lines compare this run with another moment of the machine, `cargo run --release -- compare A B` two \
             kept runs; its iteration counts are nominal.)"
        );
    }
    if let Some(path) = &outcome.record {
        println!("Record: {}", path.display());
    }
    let failed = outcome.measurements.iter().any(|m| {
        m.status != Status::Ok && not_applicable(&m.case, header.environment.cores).is_none()
    });
    if let Some(trouble) = &outcome.trouble {
        eprintln!("{}: the run ended early: {trouble}", target.name);
        eprintln!(
            "{}: what it measured until then is above; no record was replaced.",
            target.name
        );
    }
    if matches!(outcome.trouble, Some(RunError::Interrupted { .. })) {
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    if failed || outcome.trouble.is_some() {
        eprintln!(
            "{}: not everything was measured; `cargo bench --no-fail-fast` goes on with the other targets.",
            target.name
        );
        return ExitCode::from(1);
    }
    ExitCode::SUCCESS
}

/// Memory after the first case and at the end, where there is a server that could grow.
fn memory(memory: &Memory) -> Option<String> {
    let part = |name: &str, pair: Option<(u64, u64)>| {
        let [first, last] =
            pair.map(|(first, last)| [first, last].map(|bytes| bytes as f64 / 1e6))?;
        Some(format!(
            "{name} {} MB, {} MB",
            significant(first),
            significant(last)
        ))
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
