//! `census --waiting`: what each strategy weighs while its children wait, each in a process of its own.

use std::fmt::Display;
use std::process::{Command, Stdio};

use serde::Serialize;

use super::census::progress;
use super::{Answer, Format, print, print_answer};
use crate::census::{CountingAllocator, NoWeight, Weight, weigh_waiting};
use crate::program::this_program;
use crate::report::waiting as report;
use crate::selection::Selection;
use crate::strategy::Strategy;

/// The numbers of children where none are asked for.
const TASKS: [usize; 2] = [10_000, 100_000];

/// What was weighed, and what could not be.
#[derive(Debug, Default, Serialize)]
struct Weighed {
    rows: Vec<Weight>,
    refused: Vec<Refused>,
}

/// A strategy that cannot have so many children that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Refused {
    strategy: String,
    tasks: usize,
    reason: String,
}

/// Weighs what the variables ask for, each in a process of its own; at a number of children for which a strategy is not compiled,
/// the greatest for which it is.
pub fn run(selection: &Selection, format: Format) -> Answer {
    if let Some(other) = selection.set.iter().find(|set| !belongs(set)) {
        return Err(format!(
            "{other}: --waiting has no such axis; allowed: JVS_TASKS (numbers from 1 to 1000000) and JVS_STRATEGIES"
        )
        .into());
    }
    let tasks = selection.tasks().unwrap_or(&TASKS);
    let strategies = selection
        .strategies()
        .map_or_else(|| Strategy::all().collect(), <[Strategy]>::to_vec);
    let mut wanted: Vec<(Strategy, usize)> = tasks
        .iter()
        .flat_map(|&tasks| strategies.iter().map(move |&strategy| (strategy, tasks)))
        .collect();
    let mut weighed = Weighed::default();
    for (strategy, tasks) in &mut wanted {
        if let Some(arities) = strategy.kind().arities
            && !arities.contains(tasks)
            && let Some(&greatest) = arities.last()
        {
            let reason = format!("{}; its greatest is shown instead", NoWeight::Arities(arities.to_vec()));
            weighed.refused.push(refused(*strategy, *tasks, reason));
            *tasks = greatest;
        }
    }
    // One that was asked for twice by way of its greatest is weighed once, last.
    for place in (0..wanted.len()).rev() {
        if wanted[place + 1..].contains(&wanted[place]) {
            wanted.remove(place);
        }
    }
    let bar = progress(wanted.len());
    let mut failed = false;
    for (strategy, tasks) in wanted {
        bar.set_message(format!("{strategy} {tasks}"));
        match in_a_process(strategy, tasks) {
            Ok(weight) => weighed.rows.push(weight),
            Err(NoWeight::Failed(reason)) => {
                failed = true;
                bar.suspend(|| eprintln!("census: {strategy} of {tasks} waiting children: {reason}"));
            }
            Err(reason) => weighed.refused.push(refused(strategy, tasks, reason.to_string())),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for Refused {
        strategy,
        tasks,
        reason,
    } in &weighed.refused
    {
        eprintln!("census: {strategy} cannot have {tasks} children that wait: {reason}");
    }
    if weighed.rows.is_empty() && !failed {
        return Err(
            "none of the strategies of JVS_STRATEGIES can have children that wait in the numbers of JVS_TASKS".into(),
        );
    }
    let text = format.shown(&weighed, || report::render(&weighed.rows))?;
    print_answer(&text, !failed)
}

fn belongs(set: &str) -> bool {
    ["JVS_TASKS=", "JVS_STRATEGIES="]
        .iter()
        .any(|name| set.starts_with(name))
}

fn refused(strategy: Strategy, tasks: usize, reason: String) -> Refused {
    Refused {
        strategy: strategy.to_string(),
        tasks,
        reason,
    }
}

/// What a process says that weighs one strategy.
type Said = Result<Weight, NoWeight>;

/// The flag by which the program is a process that weighs one strategy.
pub const ONE: &str = "--waiting-one";

/// Starts this program again to weigh one strategy.
fn in_a_process(strategy: Strategy, tasks: usize) -> Said {
    let failed = |what: &dyn Display| NoWeight::Failed(what.to_string());
    let mut command = Command::new(this_program());
    command
        .args([ONE, &strategy.to_string(), &tasks.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&format!("its process ended with {}", output.status)));
    }
    let said = serde_json::from_slice::<Said>(&output.stdout);
    said.map_err(|error| failed(&error))?
}

/// Weighs one strategy in this process, and says so in JSON.
pub fn one(strategy: &str, tasks: &str, heap: &'static CountingAllocator) -> Answer {
    let (Ok(strategy), Ok(tasks)) = (strategy.parse(), tasks.parse()) else {
        return Err(format!("{ONE} {strategy} {tasks}: not a strategy and a number of children").into());
    };
    print(&serde_json::to_string::<Said>(&weigh_waiting(strategy, tasks, heap))?)
}
