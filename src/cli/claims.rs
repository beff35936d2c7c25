//! `claims`: the article's statements, put to experiments.

use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use regex::Regex;

use super::{TableFormat, bad_input, failed, not_measured, print};
use crate::claims::{self, ClaimsError};
use crate::report::claims as report;

#[derive(Args)]
#[command(
    after_help = "Behaviour is tested by causes, not by delays; what the two cost is measured in six short rounds.\n\n\
                  Examples: cargo run --release -- claims\n          \
                  cargo run --release -- claims --behaviour panics\n          \
                  cargo run --release -- claims --format json > results/latest/claims.json\n\n\
                  Exit code 0: every experiment gave an answer, whatever it is; 1: one did not, or cannot fail; 2: bad input."
)]
pub(super) struct Arguments {
    /// Only statements that this regular expression matches somewhere
    filter: Option<Regex>,
    /// Only behaviour, without measuring
    #[arg(long)]
    behaviour: bool,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let wanted = |statement: &str| {
        let filter = arguments.filter.as_ref();
        filter.is_none_or(|filter| filter.is_match(statement))
    };
    let tell = |what: &str| {
        progress.set_message(what.to_owned());
        progress.inc(1);
    };
    let tested = claims::test_all(!arguments.behaviour, wanted, tell);
    progress.finish_and_clear();
    let tested = match tested {
        Ok(tested) if tested.is_empty() => {
            return bad_input(format!(
                "no statement matches `{}`; without a filter all are shown",
                arguments.filter.as_ref().map_or("", Regex::as_str)
            ));
        }
        Ok(tested) => tested,
        Err(error @ ClaimsError::NoAnswer(_)) => return failed(error),
        Err(ClaimsError::Cost(error)) => return not_measured(&error),
        Err(error) => return bad_input(error),
    };
    match arguments.format {
        TableFormat::Text => print(&report::render(&tested)),
        TableFormat::Markdown => print(&report::markdown(&tested, None, |_| None)),
        TableFormat::Json => match serde_json::to_string(&tested) {
            Ok(json) => print(&(json + "\n")),
            Err(error) => bad_input(error),
        },
    }
}
