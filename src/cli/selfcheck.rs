//! `selfcheck`: the suite measured against itself.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Format, bad_input, failed, not_measured, print, results};
use crate::report;
use crate::run_store::Run;
use crate::selfcheck::{self, Extent, SelfcheckError};
use crate::session;
use crate::targets::targets;

#[derive(Args)]
#[command(
    after_help = "The same code against itself and against copies, delays of known size, swapped sides, repetitions, a busy\n\
                  machine, hand-written loops: how often is the suite wrong? Let the machine do nothing else meanwhile.\n\
                  JVS_SEED and JVS_DEADLINE count as in `cargo bench`.\n\n\
                  Examples: cargo run --release -- selfcheck\n          \
                  cargo run --release -- selfcheck --quick\n          \
                  cargo run --release -- selfcheck solo --processes 10\n\n\
                  Exit code 0: every bar held; 1: one did not; 2: bad input."
)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    check: Option<Check>,
    /// A seventh of the cases, in two or three minutes
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// 1,000 case-runs of the same code against itself; takes about 15 minutes
    #[arg(long)]
    full: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Subcommand)]
enum Check {
    /// Against processes that run one strategy only: is a ratio that of two programs? Half an hour or more
    #[command(
        after_help = "Measures the default cases of all targets as `cargo bench` does, or takes them from a kept run; then all of\n\
                      those on all cores, but for http's, and a third of the others in processes that run one strategy and\n\
                      nothing else, in random order, each until its runtime is in its steady state. Then hand-written programs and rounds\n\
                      of the suite in turns, on current_thread.\n\n\
                      Example: cargo run --release -- selfcheck solo --run latest --processes 40\n\n\
                      Exit code 0: every bar held; 1: one did not; 2: bad input."
    )]
    Solo {
        /// Processes of each strategy of each case
        #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(6..=1000))]
        processes: u64,
        /// A run whose ratios are checked, instead of measuring them now
        #[arg(long)]
        run: Option<String>,
        /// Only cases whose id matches this regular expression
        #[arg(long)]
        filter: Option<regex::Regex>,
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

fn solo(processes: usize, run: Option<&str>, filter: Option<&regex::Regex>, format: Format) -> ExitCode {
    let selection = match session::selection(&targets()) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let kept = match run.map(|name| Run::load(&results(), name)).transpose() {
        Ok(run) => run,
        Err(error) => return bad_input(error),
    };
    let wanted = |id: &str| filter.is_none_or(|filter| filter.is_match(id));
    let found = match selfcheck::solo::check(processes, kept.as_ref(), &selection, wanted, progress()) {
        Ok(found) => found,
        Err(SelfcheckError::Run(error)) => return not_measured(&error),
        Err(SelfcheckError::Process(error)) => return failed(error),
        Err(SelfcheckError::NoCase) => {
            let of = match run {
                Some(run) => format!("of the run {run} with join and spawn"),
                None => format!("of the {} matrix", selection.settings.matrix),
            };
            return bad_input(match filter {
                Some(filter) => format!("--filter {filter}: matches no case {of}, and no hand-written program"),
                None => format!("there is no case {of}"),
            });
        }
        Err(error) => return bad_input(error),
    };
    answer(found.held, &found, report::selfcheck::solo(&found), format)
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if let Some(Check::Solo {
        processes,
        run,
        filter,
        format,
    }) = &arguments.check
    {
        return solo(*processes as usize, run.as_deref(), filter.as_ref(), *format);
    }
    let selection = match session::selection(&targets()) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let extent = match arguments {
        Arguments { quick: true, .. } => Extent::Quick,
        Arguments { full: true, .. } => Extent::Full,
        _ => Extent::Default,
    };
    let found = match selfcheck::check(extent, &selection.settings, progress()) {
        Ok(found) => found,
        Err(SelfcheckError::Run(error)) => return not_measured(&error),
        Err(SelfcheckError::Process(error)) => return failed(error),
        Err(error) => return bad_input(error),
    };
    answer(found.held, &found, report::selfcheck::text(&found), arguments.format)
}

/// Prints a line with the seconds since now.
fn progress() -> impl Fn(&str) {
    let began = std::time::Instant::now();
    move |what| eprintln!("{:4.0} s  {what}", began.elapsed().as_secs_f64())
}

/// Prints what was found; exit code 1 where a bar did not hold.
fn answer(held: bool, found: &impl serde::Serialize, text: String, format: Format) -> ExitCode {
    let text = match format {
        Format::Text => text,
        Format::Json => format!("{}\n", serde_json::json!(found)),
    };
    match print(&text) {
        printed if held => printed,
        _ => ExitCode::from(1),
    }
}
