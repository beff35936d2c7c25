//! `record`: keep a run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{Answer, print_saved, results};
use crate::attachments::RecordedRun;
use crate::contribution::objections;
use crate::run_store::LATEST;
use crate::save::save;
use crate::targets::targets;
use crate::trouble::Trouble;

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
    /// Keep it under results/machines/, if it can stand beside other machines'; exit 1 where it cannot
    #[arg(long)]
    contribute: bool,
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    let mut results = results();
    let from = match &arguments.from {
        Some(from) if !from.is_dir() => {
            return Err(format!(
                "--from {}: no such folder; a run's is such as results/{LATEST}",
                from.display()
            )
            .into());
        }
        Some(from) => from.clone(),
        None => results.join(LATEST),
    };
    let targets: Vec<&str> = targets().iter().map(|target| target.name).collect();
    if arguments.contribute {
        // With a separator, so that it is a folder's path and no run's name.
        let path = Path::new(".").join(&from);
        let objections = objections(&RecordedRun::load(&results, &path.display().to_string())?);
        if !objections.is_empty() {
            for objection in objections {
                eprintln!("join-vs-spawn: {}: {objection}", from.display());
            }
            return Ok(ExitCode::from(1));
        }
        results.push("machines");
        std::fs::create_dir_all(&results).map_err(Trouble::failed_at(&results))?;
    }
    print_saved(&save(&results, &from, &arguments.name, &targets, false)?)
}
