//! `plan`: a matrix shared out among machines.

use clap::Args;

use super::list::Expected;
use super::{Answer, print};
use crate::environment::cores;
use crate::selection::Selection;
use crate::session::{shell_words, warn_of_misspelled};
use crate::targets::targets;
use crate::variables::variable;
use measure::shard::MOST;

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

pub(super) fn run(arguments: &Arguments) -> Answer {
    if !(1..=MOST).contains(&arguments.shards) {
        return Err(format!(
            "--shards {}: not a number of machines from 1 to {MOST}",
            arguments.shards
        )
        .into());
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
        let selection = Selection::read(variable, &targets);
        let selection = selection.map_err(|error| format!("--shards {}: {error}", arguments.shards))?;
        let (mut cases, mut minutes, mut is_cut) = (0, 0.0, false);
        for target in &targets {
            let measurements = selection.measurements(target, cores(), |_| true)?;
            let expected = Expected::of(&selection, target, &measurements);
            cases += measurements.len();
            minutes += expected.minutes;
            is_cut |= expected.cut_to.is_some();
        }
        // How many rounds a target has then, `list` says.
        let cut = if is_cut { ", in which rounds are cut" } else { "" };
        let command = shell_words(&selection.set, "cargo bench", &[]);
        text += &format!("{command}    # {cases} cases, about {minutes:.1} minutes{cut}\n");
    }
    print(&text)
}
