//! `export`: a run in the shape that another tool reads.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{bad_input, print, results};
use crate::report::export;
use crate::run_store::Run;

#[derive(Args)]
#[command(after_help = "Example: cargo run --release -- export latest --format csv > run.csv")]
pub(super) struct Arguments {
    /// A run under results/, or the path of a folder with records
    #[arg(default_value = "latest")]
    run: String,
    #[arg(long, value_enum)]
    format: Shape,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    /// One line a measurement
    Csv,
    /// The record as one document
    Json,
    /// customSmallerIsBetter of github-action-benchmark
    GithubActionBenchmark,
    /// Bencher Metric Format
    Bmf,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let run = match Run::load(&results(), &arguments.run) {
        Ok(run) => run,
        Err(error) => return bad_input(error),
    };
    if run.is_simulated() && !matches!(arguments.format, Shape::Json) {
        return bad_input(format!(
            "{}: measured by no machine, and this format has no place that says so; --format json has",
            run.name
        ));
    }
    let document = match arguments.format {
        Shape::Csv => return print(&export::csv(&run.parts)),
        Shape::Json => export::json(&run.parts),
        Shape::GithubActionBenchmark => export::github_action_benchmark(&run.parts),
        Shape::Bmf => export::bmf(&run.parts),
    };
    print(&format!("{document:#}\n"))
}
