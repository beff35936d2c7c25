//! `export`: a run in the shape that another tool reads.

use clap::{Args, ValueEnum};

use super::{Answer, print, results};
use crate::report::export;
use crate::run_store::{LATEST, Run};

#[derive(Args)]
#[command(
    after_help = "Examples: cargo run --release -- export latest --format csv > run.csv\n          \
                  cargo run --release -- export machine-1 machine-2 --format parquet > machines.parquet"
)]
pub(super) struct Arguments {
    /// A run under results/, or the path of a folder with records; with --format parquet as many as there are
    #[arg(default_value = LATEST, value_name = "RUN")]
    runs: Vec<String>,
    #[arg(long, value_enum)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One line a measurement
    Csv,
    /// The record as one document
    Json,
    /// customSmallerIsBetter of github-action-benchmark
    GithubActionBenchmark,
    /// Bencher Metric Format
    Bmf,
    /// One line a measurement, with its machine beside it: for DuckDB, ClickHouse and `report`
    #[cfg(feature = "parquet")]
    Parquet,
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    #[cfg(feature = "parquet")]
    if matches!(arguments.format, Format::Parquet) {
        return parquet(&arguments.runs);
    }
    let [run] = &arguments.runs[..] else {
        return Err("several runs are exported with --format parquet only".into());
    };
    let run = Run::load(&results(), run)?;
    if run.is_simulated() && !matches!(arguments.format, Format::Json) {
        return Err(format!(
            "{}: measured by no machine, and this format has no place that says so; --format json has",
            run.name
        )
        .into());
    }
    let document = match arguments.format {
        Format::Csv => return print(&export::csv(&run.parts)),
        Format::Json => export::json(&run.parts),
        Format::GithubActionBenchmark => export::github_action_benchmark(&run.parts),
        Format::Bmf => export::bmf(&run.parts),
        #[cfg(feature = "parquet")]
        Format::Parquet => unreachable!("it was written above"),
    };
    print(&format!("{document:#}\n"))
}

/// Writes runs to standard output, one after the other.
#[cfg(feature = "parquet")]
fn parquet(names: &[String]) -> Answer {
    use std::io::IsTerminal;
    use std::process::ExitCode;

    use crate::report::parquet::Writer;
    use crate::trouble::Trouble;

    if std::io::stdout().is_terminal() {
        return Err("--format parquet is no text: redirect it to a file, > runs.parquet".into());
    }
    // Whole or not at all: what cannot be read is found before anything is written.
    let failed = Trouble::failed_at("a temporary file".as_ref());
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut writer = Writer::new(std::io::BufWriter::new(&mut file)).map_err(Trouble::failed)?;
    let mut seen = std::collections::HashSet::new();
    let progress = indicatif::ProgressBar::new(names.len() as u64);
    for name in names {
        let run = Run::load(&results(), name)?;
        if !seen.insert(run.name.clone()) {
            return Err(format!(
                "{name}: a second run of the name {}; machines are told apart by it",
                run.name
            )
            .into());
        }
        writer.add(&run).map_err(Trouble::failed)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let buffered = writer.finish().map_err(Trouble::failed)?;
    buffered.into_inner().map_err(Trouble::failed)?;
    let copy = || -> std::io::Result<()> {
        std::io::Seek::rewind(&mut &file)?;
        std::io::copy(&mut &file, &mut std::io::stdout().lock())?;
        Ok(())
    };
    match copy() {
        // A closed pipe: its reader has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Trouble::failed(format_args!("standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
