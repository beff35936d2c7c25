//! The command line of the binary `join-vs-spawn`: everything but measuring, which `cargo bench` does. One file a
//! subcommand.

mod advise;
mod builds;
mod census;
mod claims;
mod compare;
mod export;
mod flamegraph;
mod list;
mod merge;
mod plan;
mod record;
mod report;
mod selfcheck;
mod simulate;
mod site;
mod waiting;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use regex::Regex;
use serde::Serialize;

pub use census::main as census;

use crate::files;
use crate::report::changes::Style;
use crate::save::Saved;
use crate::session::results;
use crate::trouble::Trouble;

/// tokio::join! or tokio::spawn? `cargo bench` measures; this answers questions about it.
#[derive(Parser)]
#[command(
    name = "join-vs-spawn",
    version,
    after_help = "A run is a folder of records in ./results (or $JVS_RESULTS). `cargo bench`, in a clone of the repository, makes \
                  one; any program that calls jvs-measure makes its own. Installed, this reads and compares them.\n\n\
                  Example: JVS_MATRIX=quick cargo run --release -- list\n\n\
                  Exit code 0: fine; 1: what was asked about is not so, or something failed; 2: bad input."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the cases of a matrix, their number and about how long they take
    List(list::Arguments),
    /// Show a run, or two or more side by side, as one HTML page, as Markdown or as text
    Report(report::Arguments),
    /// Answer for a workload of your own: which strategies remain, what they take, whether it matters
    Advise(advise::Arguments),
    /// Compare two runs case by case; --fail-on makes a change exit 1
    Compare(compare::Arguments),
    /// Compare builds: one tokio with another, one revision or flag with another; makes and measures them
    Builds(builds::Arguments),
    /// Share a matrix out among machines: prints the command of each
    Plan(plan::Arguments),
    /// Make one run of what the shards of a matrix measured
    Merge(merge::Arguments),
    /// Write records of machines that do not exist, to try reports and queries of many
    Simulate(simulate::Arguments),
    /// Keep the last run of all targets under a name, which nothing overwrites
    Record(record::Arguments),
    /// Print a run in the shape that another tool reads
    Export(export::Arguments),
    /// Put the article's statements to experiments, one by one; takes about half a minute
    Claims(claims::Arguments),
    /// Draw what differs between the last profiles of two strategies
    Flamegraph(flamegraph::Arguments),
    /// Make a static site: the answer, all recorded runs, the documents
    Site(site::Arguments),
    /// Measure the suite against itself: how often is it wrong? Exit 1 where a bar does not hold
    Selfcheck(selfcheck::Arguments),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// For a machine
    Json,
}

impl Format {
    /// What is printed of a value: it in one line of JSON, or this text.
    fn shown(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<String, Trouble> {
        match self {
            Self::Text => Ok(text()),
            Self::Json => Ok(serde_json::to_string(value)? + "\n"),
        }
    }
}

/// How a table is written that others read as well.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For reading
    Text,
    /// For reading elsewhere
    Markdown,
    /// For a machine, with every row
    Json,
}

impl TableFormat {
    /// What is printed of a value: it as JSON that can be read, or a table in a style.
    fn shown(self, value: &impl Serialize, table: impl FnOnce(Style) -> String) -> String {
        match self {
            Self::Text => table(Style::Text),
            Self::Markdown => table(Style::Markdown),
            Self::Json => format!("{:#}\n", serde_json::json!(value)),
        }
    }
}

/// The fraction that a number of percent is.
fn percent(text: &str) -> Option<f64> {
    let percent = text.parse().ok().filter(|percent| (0.0..1000.0).contains(percent));
    percent.map(|percent: f64| percent / 100.0)
}

/// The fraction below which a change is none, of --threshold, which is in percent.
fn threshold(text: &str) -> Result<f64, String> {
    percent(text).ok_or_else(|| format!("--threshold {text}: not a number of percent from 0 to 1000"))
}

/// The command line, for who wants to know what it understands.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// What a command comes to.
type Answer = Result<ExitCode, Trouble>;

/// Runs the binary.
pub fn main() -> ExitCode {
    crate::round::run_if_child(&crate::selfcheck::entries());
    crate::criterion_alone::run_if_child();
    let answer = match Cli::parse().command {
        Command::List(arguments) => list::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Advise(arguments) => advise::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Builds(arguments) => builds::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Claims(arguments) => claims::run(&arguments),
        Command::Flamegraph(arguments) => flamegraph::run(&arguments),
        Command::Selfcheck(arguments) => selfcheck::run(&arguments),
        Command::Site(arguments) => site::run(&arguments),
    };
    answer.unwrap_or_else(|trouble| trouble.exit("join-vs-spawn"))
}

/// Whether a text is wanted: all are where there is no filter.
fn wanted(filter: Option<&Regex>, text: &str) -> bool {
    filter.is_none_or(|filter| filter.is_match(text))
}

/// Prints a text, which may be long. A reader who has seen enough of it is no error.
fn print(text: &str) -> Answer {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Trouble::failed(format_args!("standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Prints a line, such as the path of what was made.
fn print_line(line: impl Display) -> Answer {
    print(&format!("{line}\n"))
}

/// Prints what was found; exit code 1 where what was asked about is not so.
fn print_answer(text: &str, is_so: bool) -> Answer {
    let printed = print(text)?;
    Ok(if is_so { printed } else { ExitCode::from(1) })
}

/// Says where a run is kept now, and what a reader of it should know.
fn print_saved(saved: &Saved) -> Answer {
    for warning in &saved.warnings {
        eprintln!("warning: {warning}");
    }
    print_line(saved.folder.display())
}

/// Writes a file, whole or not at all.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    files::replace(path, bytes).map_err(|error| match path.parent() {
        Some(folder) if error.kind() == io::ErrorKind::NotFound => {
            Trouble::failed(format_args!("{}: no such folder; make it first", folder.display()))
        }
        _ => Trouble::failed_at(path)(error),
    })
}
