//! The command line of the binary `join-vs-spawn`: everything but measuring, which `cargo bench` does.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::environment::cores;
use crate::matrix::targets;
use crate::selection::Selection;
use crate::{selfcheck, session};

/// tokio::join! or tokio::spawn? `cargo bench` measures; this answers questions about it.
#[derive(Parser)]
#[command(
    name = "join-vs-spawn",
    version,
    after_help = "Example: JVS_MATRIX=quick cargo run --release -- list"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the cases of a matrix, their number and about how long they take
    #[command(
        after_help = "The JVS_ variables count as in `cargo bench`, but --matrix goes before JVS_MATRIX.\n\n\
                            Example: cargo run --release -- list --matrix full --target overhead"
    )]
    List {
        /// quick, default or full
        #[arg(long)]
        matrix: Option<String>,
        /// Only this bench target: overhead, wakeups, compute or http
        #[arg(long)]
        target: Option<String>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Measure the suite's cells against hand-written loops; exit 1 where they differ
    #[command(
        after_help = "JVS_ROUNDS, JVS_SPAN and JVS_SEED count as in `cargo bench`.\n\n\
                            Example: cargo run --release -- selfcheck"
    )]
    Selfcheck {
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// For a machine
    Json,
}

/// Runs the binary.
pub fn main() -> ExitCode {
    crate::round::run_if_child(&selfcheck::target().entries());
    match Cli::parse().command {
        Command::List {
            matrix,
            target,
            format,
        } => list(matrix, target.as_deref(), format),
        Command::Selfcheck { format } => check(format),
    }
}

fn bad_input(error: impl std::fmt::Display) -> ExitCode {
    eprintln!("join-vs-spawn: {error}");
    ExitCode::from(2)
}

fn list(matrix: Option<String>, only: Option<&str>, format: Format) -> ExitCode {
    let targets = targets();
    if let Some(name) = only
        && !targets.iter().any(|target| target.name == name)
    {
        let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
        return bad_input(format!(
            "--target {name}: no such target; allowed: {}",
            names.join(" ")
        ));
    }
    let variable = |name: &str| match (name, &matrix) {
        ("JVS_MATRIX", Some(matrix)) => Some(matrix.clone()),
        _ => session::variable(name),
    };
    let selection = match Selection::read(variable, &targets) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let mut rows = Vec::new();
    for target in targets
        .iter()
        .filter(|target| only.is_none_or(|name| target.name == name))
    {
        match selection.measurements(target, cores(), |_| true) {
            Ok(measurements) => rows.push((target, measurements)),
            Err(error) => return bad_input(error),
        }
    }
    let minutes = |target: &_, measurements: &[_]| {
        let items = selection.items(target, measurements);
        selection.expected_time(target, &items).as_secs_f64() / 60.0
    };
    if format == Format::Json {
        let targets: Vec<serde_json::Value> = rows
            .iter()
            .map(|(target, measurements)| {
                let cases: Vec<String> = measurements.iter().map(|(case, _)| case.to_string()).collect();
                serde_json::json!({
                    "target": target.name,
                    "matrix": selection.matrix.to_string(),
                    "strategies": selection.strategies,
                    "reference": selection.reference,
                    "expected_minutes": if cases.is_empty() { 0.0 } else { minutes(target, measurements) },
                    "cases": cases,
                })
            })
            .collect();
        println!("{}", serde_json::Value::from(targets));
        return ExitCode::SUCCESS;
    }
    for (_, measurements) in &rows {
        for (case, _) in measurements {
            println!("{case}");
        }
    }
    println!();
    let (mut cases, mut total) = (0, 0.0);
    for (target, measurements) in rows
        .iter()
        .filter(|(_, measurements)| !measurements.is_empty())
    {
        let time = minutes(target, measurements);
        println!(
            "{:10}{:5} cases, about {time:.1} minutes",
            target.name,
            measurements.len()
        );
        cases += measurements.len();
        total += time;
    }
    println!(
        "{:10}{cases:5} cases × {}, about {total:.1} minutes ({} matrix, {} rounds)",
        "in all",
        selection.strategies.join(" "),
        selection.matrix,
        selection.rounds
    );
    ExitCode::SUCCESS
}

fn check(format: Format) -> ExitCode {
    let selection = match session::selection(&targets()) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let found = match selfcheck::handwritten(&selection) {
        Ok(found) => found,
        Err(error) => return bad_input(error),
    };
    match format {
        Format::Text => print!("{}", found.render()),
        Format::Json => println!("{}", serde_json::json!(found)),
    }
    ExitCode::from(if found.held { 0 } else { 1 })
}
