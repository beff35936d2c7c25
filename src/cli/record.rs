//! `record`: keep a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{bad_input, results};
use crate::save::save;
use crate::targets::targets;

#[derive(Args)]
#[command(
    after_help = "All targets must have been measured to their end, alike: the same revision, machine, compiler, profile,\n\
                  matrix and rounds. scripts/record measures and keeps a run in one go.\n\n\
                  Example: cargo bench && cargo run --release -- record before-the-update"
)]
pub(super) struct Arguments {
    /// The name: letters, digits and ._-
    name: String,
    /// The folder of the run's records [default: results/latest]
    #[arg(long)]
    from: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let results = results();
    let from = arguments.from.clone().unwrap_or_else(|| results.join("latest"));
    let targets: Vec<&str> = targets().iter().map(|target| target.name).collect();
    match save(&results, &from, &arguments.name, &targets, false) {
        Ok(saved) => {
            for warning in &saved.warnings {
                eprintln!("warning: {warning}");
            }
            println!("{}", saved.folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => bad_input(error),
    }
}
