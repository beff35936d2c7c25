//! The program `census`: what one iteration of each measurement does, counted.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use regex::Regex;

use super::{Answer, Format, print_answer, waiting, wanted};
use crate::census::{CountingAllocator, Row, count, formulas};
use crate::environment::{Built, cores, package_folder};
use crate::report::census as report;
use crate::session;
use crate::strategy::Strategy;
use crate::targets::without_scale;
use crate::trouble::Trouble;

/// Counts what one iteration of each measurement does, without a clock: polls, wakes, tasks, allocations, sizes
#[derive(Parser)]
#[command(
    name = "census",
    version,
    after_help = "Counts are for one iteration, that is one whole fan-out. On current_thread and local they are the same \
                  each time, but for http and its kin; elsewhere they are means.\n\n\
                  child_polls         polls of all children\n\
                  parent_polls        polls of the task (or block_on) that the fan-out is in\n\
                  wakes               calls of wakers of the parent, and of children that are tasks\n\
                  tasks_spawned       children that became tasks\n\
                  allocations         of the whole process; bytes_allocated: theirs\n\
                  peak_bytes          the most at once, beyond what was there before\n\
                  parks               how often a worker had nothing to run, and waited\n\
                  driver_wakes        how often one was woken by a write to the I/O driver's eventfd (Linux; else -)\n\
                  future_bytes        size of the fan-out's future; child_future_bytes: of one child's\n\n\
                  The JVS_ variables choose what is counted, as in `cargo bench`.\n\n\
                  Examples: cargo run --release --bin census -- 'wake/current_thread'\n          \
                  JVS_TASKS=8 JVS_STRATEGIES=spawn,join_set cargo run --release --bin census\n          \
                  cargo run --release --bin census -- --formulas\n          \
                  cargo run --release --bin census -- --waiting\n\n\
                  Exit code 0: fine; 1: a difference from what was expected, or something could not be counted; 2: bad input."
)]
struct Arguments {
    /// Only measurements whose id this regular expression matches somewhere
    filter: Option<Regex>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Weigh fan-outs of which every child waits instead: the future's size, and for each child allocations, bytes of the heap and
    /// resident bytes. JVS_TASKS [10000,100000] and JVS_STRATEGIES [all] choose which; each has a process of its own
    #[arg(long, conflicts_with_all = ["filter", "expect"])]
    waiting: bool,
    /// Weigh one, in this process: what --waiting starts
    #[arg(long, hide = true, num_args = 2)]
    waiting_one: Option<Vec<String>>,
    /// Compare with the counts in this file, which `census` printed; print what differs and nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    expect: Option<PathBuf>,
    /// Check what each strategy's file says of its counts, for every number of children up to --up-to, on current_thread
    #[arg(long, conflicts_with_all = ["filter", "expect", "format", "waiting"])]
    formulas: bool,
    /// With --formulas: the most children
    #[arg(long, value_name = "N", default_value_t = *formulas::CLAIMED.end() as u16, requires = "formulas",
          value_parser = clap::value_parser!(u16).range(1..=*formulas::CLAIMED.end() as i64))]
    up_to: u16,
}

/// Runs the program, whose allocator is `heap`.
pub fn main(heap: &'static CountingAllocator) -> ExitCode {
    crate::round::run_if_child(&[]);
    answer(&Arguments::parse(), heap).unwrap_or_else(|trouble| trouble.exit("census"))
}

fn answer(arguments: &Arguments, heap: &'static CountingAllocator) -> Answer {
    if arguments.formulas {
        return formulas(usize::from(arguments.up_to), heap);
    }
    if let Some([strategy, tasks]) = arguments.waiting_one.as_deref() {
        return waiting::one(strategy, tasks, heap);
    }
    let targets = without_scale();
    let selection = session::selection(&targets)?;
    if arguments.waiting {
        return waiting::run(&selection, arguments.format);
    }
    let matches = |id: &str| wanted(arguments.filter.as_ref(), id);
    let mut all = Vec::new();
    for target in &targets {
        for (case, strategies) in selection.measurements(target, cores(), matches)? {
            let entry = target.entry(&case.workload);
            let entry = entry.expect("cases come from the target's workloads").clone();
            let each = strategies.into_iter();
            all.extend(each.map(|strategy| (entry.clone(), case.clone(), strategy)));
        }
    }
    if all.is_empty() {
        return Err(match &arguments.filter {
            Some(filter) => format!(
                "the filter `{filter}` matches no measurement of the {} matrix; ids read \
                 WORKLOAD/FLAVOR/SITE/PAYLOAD/STRATEGY/TASKS, and `cargo run --release -- list` prints the cases",
                selection.settings.matrix
            ),
            None => "no case has the values of the JVS_ variables".to_owned(),
        }
        .into());
    }
    let progress = progress(all.len());
    let (mut counted, mut failed): (Vec<Row>, _) = (Vec::new(), false);
    for (entry, case, strategy) in &all {
        progress.set_message(case.measurement_id(strategy));
        match count(entry, case, strategy, heap) {
            Ok(row) => counted.push(row),
            Err(reason) => {
                failed = true;
                progress.suspend(|| {
                    eprintln!("census: {}: {reason}", case.measurement_id(strategy));
                });
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let (as_expected, text) = match &arguments.expect {
        Some(path) => expected(&counted, path)?,
        None => (true, arguments.format.shown(&counted, || report::render(&counted))?),
    };
    print_answer(&text, as_expected && !failed)
}

/// Checks the formulas of all strategies: exit code 1 where one does not hold.
fn formulas(most: usize, heap: &'static CountingAllocator) -> Answer {
    let numbers: Vec<usize> = (1..=most).collect();
    // With its usual bound, and where it may be without one, with one as well.
    let strategies: Vec<Strategy> = Strategy::all()
        .flat_map(|strategy| [Some(strategy), format!("{strategy}@64").parse().ok()])
        .flatten()
        .collect();
    let progress = progress(strategies.len() * numbers.len() * 2);
    let mut checked = Vec::new();
    for strategy in strategies {
        let of = formulas::check(strategy, &numbers, heap, |tasks| {
            progress.set_message(format!("{strategy} of {tasks}"));
            progress.inc(1);
        });
        checked.extend(
            of.inspect_err(|_| progress.finish_and_clear())
                .map_err(Trouble::failed)?,
        );
    }
    progress.finish_and_clear();
    let hold = checked.iter().all(|row| row.wrong == 0);
    print_answer(&crate::report::formulas::render(&checked), hold)
}

/// A bar of so many steps, on standard error.
pub(super) fn progress(steps: usize) -> ProgressBar {
    let progress = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("census [{bar:32}] {pos}/{len} {msg}");
    progress.set_style(style.expect("the template is a constant"));
    progress
}

/// Whether everything is as the file says, and what is not, in words.
fn expected(counted: &[Row], path: &std::path::Path) -> Result<(bool, String), report::ExpectedError> {
    let (known, differences) = report::differences(counted, path)?;
    let mut text: String = differences.iter().map(|difference| format!("{difference}\n")).collect();
    let shown = path.strip_prefix(package_folder()).unwrap_or(path);
    let here = Built::here();
    text += &format!(
        "{} of {known} measurements differ from {} (here: tokio {}, {}, {})\n",
        differences.len(),
        shown.display(),
        here.tokio,
        here.rustc,
        here.profile
    );
    Ok((differences.is_empty(), text))
}
