//! `simulate`: records of machines that do not exist.

use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;

use super::{Answer, print_line, write_file};
use crate::case::Case;
use crate::record;
use crate::simulated_machine::Simulated;
use crate::trouble::Trouble;
use measure::stats::normal;

#[derive(Args)]
#[command(
    after_help = "Each folder is a run: FOLDER/m00001 and so on. Its header says that it is simulated, and from which truths; reports say\n\
                  so too, and nothing keeps it as a run.\n\n\
                  Example: cargo run --release -- simulate target/simulated --machines 20"
)]
pub(super) struct Arguments {
    /// Where the runs go; must not be there yet
    folder: PathBuf,
    /// How many machines
    #[arg(long, default_value_t = 5)]
    machines: usize,
    /// Cases of each; a case is two measurements, join! and spawn
    #[arg(long, default_value_t = 24)]
    cases: usize,
    /// Rounds of each, 6 to 1000
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// What all draws follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    let folder = &arguments.folder;
    if folder.exists() {
        return Err(format!("{}: exists; name a folder that does not", folder.display()).into());
    }
    for (flag, value, allowed) in [
        ("machines", arguments.machines, 1..=100_000),
        ("cases", arguments.cases, 1..=100_000),
        ("rounds", arguments.rounds, 6..=1000),
    ] {
        if !allowed.contains(&value) {
            return Err(format!("--{flag} {value}: from {} to {}", allowed.start(), allowed.end()).into());
        }
    }
    let progress = indicatif::ProgressBar::new(arguments.machines as u64);
    let written = (0..arguments.machines)
        .into_par_iter()
        .try_for_each(|number| one(arguments, folder, number).inspect(|()| progress.inc(1)));
    progress.finish_and_clear();
    written?;
    print_line(folder.display())
}

fn one(arguments: &Arguments, folder: &Path, number: usize) -> Result<(), Trouble> {
    let mut random = fastrand::Rng::with_seed(arguments.seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let machine = machine(number, &mut random);
    let cases = cases(arguments.cases, machine.cores);
    let (header, measurements) = machine.record("overhead", &cases, arguments.rounds, random.u64(..));
    let own = folder.join(&machine.name);
    std::fs::create_dir_all(&own).map_err(Trouble::failed_at(&own))?;
    let path = own.join("overhead.jsonl");
    write_file(&path, record::to_text(&header, &measurements).as_bytes())
}

/// One drawn around a usual one, with 2 to 64 cores.
fn machine(number: usize, random: &mut fastrand::Rng) -> Simulated {
    let cores = 2 << random.usize(0..6);
    let mut factor = |deviation: f64| (deviation * normal(random)).exp();
    let usual = Simulated::usual(&format!("m{:05}", number + 1), cores);
    Simulated {
        poll_ns: usual.poll_ns * factor(0.1),
        spawn_ns: usual.spawn_ns * factor(0.2),
        wake_ns: usual.wake_ns * factor(1.0),
        ..usual
    }
}

/// The first so many cases of a sweep.
fn cases(count: usize, cores: usize) -> Vec<Case> {
    let sweep = (1..).flat_map(|tasks: usize| {
        ["yield", "wake", "compute"].into_iter().flat_map(move |workload| {
            let flavors = [
                "current_thread".into(),
                "multi_thread_1".into(),
                format!("multi_thread_{cores}"),
            ];
            let payload = if workload == "compute" { "16KiB" } else { "0B" };
            flavors.map(|flavor: String| format!("{workload}/{flavor}/worker/{payload}/{}", 4 * tasks))
        })
    });
    sweep
        .take(count)
        .map(|case| case.parse().expect("ids of cases"))
        .collect()
}
