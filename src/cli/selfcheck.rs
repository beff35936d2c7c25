//! `selfcheck`: the suite measured against itself.

use std::process::ExitCode;

use clap::Args;

use super::{Format, bad_input, not_measured, print};
use crate::matrix::targets;
use crate::selfcheck::{self, Extent, SelfcheckError};
use crate::session;

#[derive(Args)]
#[command(
    after_help = "The same code against itself and against copies, delays of known size, swapped sides, repetitions, a busy\n\
                  machine, hand-written loops: how often is the suite wrong? Let the machine do nothing else meanwhile.\n\
                  JVS_SEED and JVS_DEADLINE count as in `cargo bench`.\n\n\
                  Examples: cargo run --release -- selfcheck\n          \
                  cargo run --release -- selfcheck --quick\n\n\
                  Exit code 0: every bar held; 1: one did not; 2: bad input."
)]
pub(super) struct Arguments {
    /// A seventh of the cases, in less than a minute
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// 1,000 case-runs of the same code against itself; takes about 15 minutes
    #[arg(long)]
    full: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let selection = match session::selection(&targets()) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let extent = match arguments {
        Arguments { quick: true, .. } => Extent::Quick,
        Arguments { full: true, .. } => Extent::Full,
        _ => Extent::Default,
    };
    let began = std::time::Instant::now();
    let tell = |what: &str| eprintln!("{:4.0} s  {what}", began.elapsed().as_secs_f64());
    let found = match selfcheck::check(extent, &selection, tell) {
        Ok(found) => found,
        Err(SelfcheckError::Run(error)) => return not_measured(&error),
        Err(error) => return bad_input(error),
    };
    let text = match arguments.format {
        Format::Text => found.render(),
        Format::Json => format!("{}\n", serde_json::json!(found)),
    };
    let printed = print(&text);
    if found.held {
        printed
    } else {
        ExitCode::from(1)
    }
}
