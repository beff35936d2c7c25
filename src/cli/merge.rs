//! `merge`: shards of one matrix, measured on machines of one kind, as one run.

use std::path::PathBuf;

use clap::Args;

use super::{Answer, print_saved, results, write_file};
use crate::record::{self, Status};
use crate::run_store::records;
use crate::save::save;
use crate::trouble::Trouble;
use measure::merge::{ALLOWED, MergeError, ShardRecord, merge};

#[derive(Args)]
#[command(
    after_help = "Each folder holds what one shard measured (JVS_SHARD=K/N cargo bench; `plan --shards N` prints the commands). The\n\
                  machines must be of one kind, and measure the same plan with the same seed; whatever differs is named with file\n\
                  and line, and nothing is written. A few cases are in every shard: where they disagree, the exit code is 1.\n\n\
                  Example: cargo run --release -- merge shard-1 shard-2 shard-3 shard-4 --into all-shards"
)]
pub(super) struct Arguments {
    /// The shards' folders
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// The name of the run that comes out: letters, digits and ._-
    #[arg(long)]
    into: String,
    #[arg(long, value_name = "FIELD", value_delimiter = ',', help = format!("Lets a field differ: {}", ALLOWED.join(", ")))]
    allow: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    if let Some(wrong) = arguments.allow.iter().find(|field| !ALLOWED.contains(&field.as_str())) {
        return Err(format!("--allow {wrong}: no such field; allowed: {}", ALLOWED.join(" ")).into());
    }
    let parts = read(&arguments.folders)?;
    // What is merged of simulated shards is simulated; they do not mix with others.
    let simulated = parts.iter().any(|(_, header, _)| header.simulated.is_some());
    let mut targets: Vec<String> = parts.iter().map(|(_, header, _)| header.target.clone()).collect();
    targets.sort();
    targets.dedup();
    let place = tempfile::tempdir().map_err(Trouble::failed_at("a temporary folder".as_ref()))?;
    for target in &targets {
        let shards: Vec<ShardRecord> = parts
            .iter()
            .filter(|(_, header, _)| header.target == *target)
            .cloned()
            .collect();
        let (header, measurements) = merge(&shards, &arguments.allow).map_err(|error| match error {
            MergeError::Disagree(_) => Trouble::failed(format_args!("{target}: {error}")),
            error => error.into(),
        })?;
        let bad = measurements.iter().filter(|m| m.status == Status::Failed).count();
        let path = place.path().join(format!("{target}.jsonl"));
        write_file(&path, record::to_text(&header, &measurements).as_bytes())?;
        eprintln!(
            "{target}: {} measurements of {} shards, {bad} failed",
            measurements.len(),
            shards.len()
        );
    }
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    print_saved(&save(&results(), place.path(), &arguments.into, &targets, simulated)?)
}

fn read(folders: &[PathBuf]) -> Result<Vec<ShardRecord>, Trouble> {
    let mut parts = Vec::new();
    for folder in folders {
        let paths = records(folder)?;
        if paths.is_empty() {
            return Err(format!("{}: no records (TARGET.jsonl) in this folder", folder.display()).into());
        }
        for path in paths {
            let (header, measurements) = record::read(&path)?;
            parts.push((path, header, measurements));
        }
    }
    Ok(parts)
}
