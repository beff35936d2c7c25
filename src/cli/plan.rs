//! `plan`: a matrix shared out among machines.

use std::process::ExitCode;

use clap::Args;

use super::{bad_input, print};
use crate::environment::cores;
use crate::selection::Selection;
use crate::session::{shell_words, warn_of_misspelled};
use crate::targets::targets;
use crate::variables::variable;

#[derive(Args)]
#[command(
    after_help = "The JVS_ variables count as in `cargo bench`. Each line is a command for one machine; all must be of one kind.\n\n\
                  Example: JVS_MATRIX=full cargo run --release -- plan --shards 8"
)]
pub(super) struct Arguments {
    /// Into how many shards
    #[arg(long)]
    shards: usize,
    /// The seed that all shards measure with; drawn where it is not given
    #[arg(long)]
    seed: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.shards == 0 {
        return bad_input("--shards 0: not a number of machines; 1 or more");
    }
    warn_of_misspelled();
    let targets = targets();
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut text = String::new();
    for number in 1..=arguments.shards {
        let shard = format!("{number}/{}", arguments.shards);
        let variable = |name: &str| match name {
            "JVS_SHARD" => Some(shard.clone()),
            "JVS_SEED" => Some(seed.to_string()),
            _ => variable(name),
        };
        let selection = match Selection::read(variable, &targets) {
            Ok(selection) => selection,
            Err(error) => return bad_input(format!("--shards {}: {error}", arguments.shards)),
        };
        let (mut cases, mut minutes) = (0, 0.0);
        for target in &targets {
            let measurements = match selection.measurements(target, cores(), |_| true) {
                Ok(measurements) => measurements,
                Err(error) => return bad_input(error),
            };
            if measurements.is_empty() {
                continue;
            }
            cases += measurements.len();
            minutes += selection
                .expected_time(&selection.plan(target, &measurements))
                .as_secs_f64()
                / 60.0;
        }
        let command = shell_words(&selection.set, "cargo bench", &[]);
        text += &format!("{command}    # {cases} cases, about {minutes:.1} minutes\n");
    }
    print(&text)
}
