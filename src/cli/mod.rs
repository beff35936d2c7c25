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
mod trouble;
mod waiting;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

pub use census::main as census;

use crate::files;
use crate::matrix::Matrix;
use crate::run::RunError;
use crate::save::SaveError;
use crate::session::results;

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
    #[command(
        after_help = "The JVS_ variables count as in `cargo bench`, but --matrix goes before JVS_MATRIX.\n\n\
                            Example: cargo run --release -- list --matrix full --target overhead"
    )]
    List {
        /// quick, default or full
        #[arg(long)]
        matrix: Option<Matrix>,
        /// Only this bench target: overhead, wakeups, compute, http or scale; server has points of its own
        #[arg(long)]
        target: Option<String>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
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

/// The fraction below which a change is none, of --threshold, which is in percent.
fn threshold(text: &str) -> Result<f64, String> {
    let percent = text.parse().ok().filter(|percent| (0.0..1000.0).contains(percent));
    let fraction = percent.map(|percent: f64| percent / 100.0);
    fraction.ok_or_else(|| format!("--threshold {text}: not a number of percent from 0 to 1000"))
}

/// The command line, for who wants to know what it understands.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the binary.
pub fn main() -> ExitCode {
    crate::round::run_if_child(&crate::selfcheck::entries());
    crate::criterion_alone::run_if_child();
    match Cli::parse().command {
        Command::List { matrix, target, format } => list::run(matrix, target.as_deref(), format),
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
    }
}

/// Says why nothing was measured.
fn not_measured(error: &RunError) -> ExitCode {
    crate::session::not_run("join-vs-spawn", error)
}

/// Says why a run has no name: bad input, but where it could not be written.
fn not_saved(error: &SaveError) -> ExitCode {
    match error {
        SaveError::Io { .. } => failed(error),
        _ => bad_input(error),
    }
}

fn bad_input(error: impl Display) -> ExitCode {
    eprintln!("join-vs-spawn: {error}");
    ExitCode::from(2)
}

/// Something that was asked for rightly could not be done, such as writing a file.
fn failed(error: impl Display) -> ExitCode {
    eprintln!("join-vs-spawn: {error}");
    ExitCode::from(1)
}

/// Writes a text, which may be long, to standard output. A reader who has seen enough of it is no error.
fn write_out(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Prints a text.
fn print(text: &str) -> ExitCode {
    match write_out(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error),
    }
}

/// Prints a line, such as the path of what was made.
fn print_line(line: impl Display) -> ExitCode {
    print(&format!("{line}\n"))
}

/// Writes a file, whole or not at all.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), String> {
    files::replace(path, bytes).map_err(|error| match path.parent() {
        Some(folder) if error.kind() == io::ErrorKind::NotFound => {
            format!("{}: no such folder; make it first", folder.display())
        }
        _ => format!("{}: {error}", path.display()),
    })
}
