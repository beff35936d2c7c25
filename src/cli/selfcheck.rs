//! `selfcheck`: the suite measured against itself.

use clap::{Args, Subcommand};

use super::{Answer, Format, print_answer, results, wanted};
use crate::report;
use crate::run_store::Run;
use crate::selfcheck::{self, Extent, SelfcheckError};
use crate::session;
use crate::targets::targets;
use crate::trouble::Trouble;

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

fn solo(processes: usize, run: Option<&str>, filter: Option<&regex::Regex>, format: Format) -> Answer {
    let selection = session::selection(&targets())?;
    let kept = run.map(|name| Run::load(&results(), name)).transpose()?;
    let wanted = |id: &str| wanted(filter, id);
    let found = selfcheck::solo::check(processes, kept.as_ref(), &selection, wanted, progress());
    let found = found.map_err(|error| match error {
        SelfcheckError::NoCase => {
            let of = match run {
                Some(run) => format!("of the run {run} with join and spawn"),
                None => format!("of the {} matrix", selection.settings.matrix),
            };
            Trouble::from(match filter {
                Some(filter) => format!("--filter {filter}: matches no case {of}, and no hand-written program"),
                None => format!("there is no case {of}"),
            })
        }
        error => trouble(error),
    })?;
    let text = format.shown(&found, || report::selfcheck::solo(&found))?;
    print_answer(&text, found.held)
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    if let Some(Check::Solo {
        processes,
        run,
        filter,
        format,
    }) = &arguments.check
    {
        return solo(*processes as usize, run.as_deref(), filter.as_ref(), *format);
    }
    let selection = session::selection(&targets())?;
    let extent = match arguments {
        Arguments { quick: true, .. } => Extent::Quick,
        Arguments { full: true, .. } => Extent::Full,
        _ => Extent::Default,
    };
    let found = selfcheck::check(extent, &selection.settings, progress()).map_err(trouble)?;
    let text = arguments.format.shown(&found, || report::selfcheck::text(&found))?;
    print_answer(&text, found.held)
}

fn trouble(error: SelfcheckError) -> Trouble {
    match error {
        SelfcheckError::Run(error) => Trouble::not_run(&error),
        SelfcheckError::Process(_) => Trouble::failed(error),
        error => error.into(),
    }
}

/// Prints a line with the seconds since now.
fn progress() -> impl Fn(&str) {
    let began = std::time::Instant::now();
    move |what| eprintln!("{:4.0} s  {what}", began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_failed_is_no_bad_input() {
        let error = SelfcheckError::Process("Criterion's process ended with exit status: 101".into());
        assert_eq!(trouble(error).code, 1);
    }
}
