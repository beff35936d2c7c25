//! `claims`: the article's statements, put to experiments.

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use regex::Regex;

use super::{Answer, TableFormat, print, wanted};
use crate::claims::{self, ClaimsError};
use crate::report::claims as report;
use crate::trouble::Trouble;

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

pub(super) fn run(arguments: &Arguments) -> Answer {
    let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let wanted = |statement: &str| wanted(arguments.filter.as_ref(), statement);
    let tell = |what: &str| {
        progress.set_message(what.to_owned());
        progress.inc(1);
    };
    let tested = claims::test_all(!arguments.behaviour, wanted, tell);
    progress.finish_and_clear();
    let tested = tested.map_err(trouble)?;
    if tested.is_empty() {
        return Err(format!(
            "no statement matches `{}`; without a filter all are shown",
            arguments.filter.as_ref().map_or("", Regex::as_str)
        )
        .into());
    }
    print(&match arguments.format {
        TableFormat::Text => report::render(&tested),
        TableFormat::Markdown => report::markdown(&tested, None, |_| None),
        TableFormat::Json => serde_json::to_string(&tested)? + "\n",
    })
}

fn trouble(error: ClaimsError) -> Trouble {
    match error {
        ClaimsError::Variable(error) => error.into(),
        ClaimsError::Cost(error) => Trouble::not_run(&error),
        error => Trouble::failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_failed_is_no_bad_input() {
        assert_eq!(trouble(ClaimsError::NoAnswer("it hung".into())).code, 1);
    }
}
