//! The arguments of `builds`.

use std::str::FromStr;

use clap::Args;

use crate::cli::{TableFormat, percent};

#[derive(Args)]
#[command(
    after_help = "A SPEC is tokio=VERSION, tokio=path:DIR, tokio=git:DIR@REVISION (a local clone), rev:REVISION (of this project),\n\
                  flags:FLAGS (for rustc), allocator:mimalloc|jemalloc|system, or same (this project as it is); several of them\n\
                  with + between. The first build is what the others are compared with, and is measured a second time, in\n\
                  other layouts: what that shows is no change.\n\n\
                  Builds are kept in target/builds and used again. A comparison is kept in results/builds-NAME, with a page;\n\
                  each build's folder there is a run that `report` and `compare` read. Killed, it goes on when it is started\n\
                  again. The JVS_ variables count as in `cargo bench`, but the matrix is quick unless JVS_MATRIX is set.\n\n\
                  Examples: cargo run --release -- builds tokio=1.50.0 tokio=1.51.0 tokio=1.52.2\n          \
                  cargo run --release -- builds same flags:-Ctarget-cpu=native 'yield/current_thread'\n          \
                  cargo run --release -- builds --bisect tokio=1.50.0 tokio=1.54.1 'yield/multi_thread_2/worker/0B/spawn/4$'\n\n\
                  Exit code 0: fine; 1: --fail-on found what it looked for, or --bisect found nothing, or something failed; 2: bad input."
)]
pub(in crate::cli) struct Arguments {
    /// Two builds or more; the last word may be a filter instead, a regular expression on the ids of measurements
    #[arg(value_name = "SPEC", required_unless_present_any = ["clean", "show"])]
    pub(super) words: Vec<String>,
    /// Keep the comparison as results/builds-NAME (with --bisect all of them in results/bisect-NAME), which nothing overwrites
    #[arg(long, default_value = LATEST)]
    pub(super) name: String,
    /// Changes of a time below this many percent are none
    #[arg(long, default_value_t = THRESHOLD.to_string(), allow_hyphen_values = true)]
    pub(super) threshold: String,
    /// Exit 1 where a time rose for sure, or by more than so many percent: slower or slower:PERCENT
    #[arg(long, value_name = "slower[:PERCENT]")]
    pub(super) fail_on: Option<FailOn>,
    /// Show rows that did not surely change, too
    #[arg(long)]
    pub(super) all: bool,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(super) format: TableFormat,
    /// Find the first of the builds from a good to a bad one that changed, over tokio's releases or over revisions
    #[arg(long, conflicts_with_all = ["fail_on", "format", "chart", "all"])]
    pub(super) bisect: bool,
    /// Show a comparison that was measured before, by its name or its folder, and measure nothing
    #[arg(long, value_name = "NAME", conflicts_with_all = ["words", "bisect", "clean"])]
    pub(super) show: Option<String>,
    /// Draw these measurements over the builds, as an SVG file beside the page: ids with commas between
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    pub(super) chart: Vec<String>,
    /// Remove all builds that are kept in target/builds
    #[arg(long, conflicts_with_all = ["words", "bisect"])]
    pub(super) clean: bool,
}

pub(super) const LATEST: &str = "latest";

/// Changes of fewer percent are none.
pub(super) const THRESHOLD: f64 = 3.0;

/// By how much a time must have risen, as a fraction.
#[derive(Clone, Copy)]
pub(super) struct FailOn(pub(super) f64);

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let by = match text.strip_prefix("slower") {
            Some("") => Some(0.0),
            Some(rest) => rest.strip_prefix(':').and_then(percent),
            None => None,
        };
        by.map(Self)
            .ok_or_else(|| format!("`{text}` is not slower or slower:PERCENT"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_slower_or_slower_by_some_percent() {
        assert_eq!("slower".parse::<FailOn>().map(|FailOn(by)| by), Ok(0.0));
        assert_eq!("slower:5".parse::<FailOn>().map(|FailOn(by)| by), Ok(0.05));
        for wrong in ["faster", "slower:", "slower:x", "slower:-1", "slower5"] {
            assert!(wrong.parse::<FailOn>().is_err(), "{wrong}");
        }
    }
}
