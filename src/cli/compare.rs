//! `compare`: two runs, case by case.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{TableFormat, bad_input, print, results, threshold};
use crate::compare::{Change, compare};
use crate::report::changes::{Style, render};
use crate::run_store::{Run, names_of_two as names};

#[derive(Args)]
#[command(
    after_help = "What is judged is the ratio to the reference, which each run measured side by side. A change is `slower` or\n\
                  `faster` when its whole interval lies beyond the threshold.\n\n\
                  Example: cargo run --release -- compare before latest --fail-on slower"
)]
pub(super) struct Arguments {
    /// A run under results/, or the path of a folder with records
    a: String,
    /// Another one, compared with it
    b: String,
    /// Changes of a ratio below this many percent are none
    #[arg(long, default_value = "2", allow_hyphen_values = true)]
    threshold: String,
    /// Exit 1 where any measurement changed so
    #[arg(long, value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Show measurements that did not surely change, too
    #[arg(long)]
    all: bool,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A ratio that rose
    Slower,
    /// A ratio that fell
    Faster,
    /// A measurement that only one of the runs has
    Missing,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let threshold = match threshold(&arguments.threshold) {
        Ok(threshold) => threshold,
        Err(error) => return bad_input(error),
    };
    let runs = [&arguments.a, &arguments.b].map(|name| Run::load(&results(), name));
    let (a, b) = match runs {
        [Ok(a), Ok(b)] => (a, b),
        [Err(error), _] | [_, Err(error)] => return bad_input(error),
    };
    let comparison = compare(names(&a, &b), &a.parts, &b.parts, threshold);
    let text = match arguments.format {
        TableFormat::Text => render(&comparison, arguments.all, Style::Text),
        TableFormat::Markdown => render(&comparison, arguments.all, Style::Markdown),
        TableFormat::Json => format!("{:#}\n", serde_json::json!(comparison)),
    };
    let printed = print(&text);
    let changed = |change| comparison.rows.iter().any(|row| row.judged == change);
    let failed = arguments.fail_on.iter().any(|what| match what {
        FailOn::Slower => changed(Change::Slower),
        FailOn::Faster => changed(Change::Faster),
        FailOn::Missing => !comparison.missing.is_empty(),
    });
    if failed { ExitCode::from(1) } else { printed }
}
