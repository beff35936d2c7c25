//! `compare`: two runs, case by case.

use clap::{Args, ValueEnum};

use super::{Answer, TableFormat, print_answer, results, threshold};
use crate::compare::{Change, compare};
use crate::report::changes::render;
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

pub(super) fn run(arguments: &Arguments) -> Answer {
    let threshold = threshold(&arguments.threshold)?;
    let a = Run::load(&results(), &arguments.a)?;
    let b = Run::load(&results(), &arguments.b)?;
    let comparison = compare(names(&a, &b), &a.parts, &b.parts, threshold);
    let format = arguments.format;
    let text = format.shown(&comparison, |style| render(&comparison, arguments.all, style));
    let changed = |change| comparison.rows.iter().any(|row| row.judged == change);
    let failed = arguments.fail_on.iter().any(|what| match what {
        FailOn::Slower => changed(Change::Slower),
        FailOn::Faster => changed(Change::Faster),
        FailOn::Missing => !comparison.missing.is_empty(),
    });
    print_answer(&text, !failed)
}
