//! Whether a strategy counts what its file says (`timed::strategy::counts`), for each number of children.

use timed::case::Case;
use timed::strategy::Strategy;
use timed::strategy::counts::Formula;
use timed::workload;

use crate::{CountingAllocator, Row, count_iterations};

/// The numbers of children for which the formulas are claimed.
pub const CLAIMED: std::ops::RangeInclusive<usize> = 1..=1_000;

/// Enough, since what is claimed is the same in each iteration.
const ITERATIONS: u64 = 2;

/// A formula, and for how many children it was right.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The strategy, with its bound.
    pub strategy: Strategy,
    /// What is counted: the column of the census, and the workload.
    pub column: &'static str,
    /// The workload.
    pub workload: &'static str,
    /// As its file says it.
    pub formula: Formula,
    /// The numbers of children for which it was counted.
    pub numbers: usize,
    /// Where the count is another: the first one, as (children, formula, count).
    pub first_wrong: Option<(usize, u64, f64)>,
    /// How often.
    pub wrong: usize,
}

/// A column of the census by name, its formula, and its value in a row.
type Column = (&'static str, Formula, fn(&Row) -> f64);

/// Counts a strategy for these numbers of children, those that it can have, and compares with its formulas; no rows for one
/// that claims none. The error names the measurement that could not be counted.
pub fn check(
    strategy: Strategy,
    numbers: &[usize],
    heap: &'static CountingAllocator,
    mut counted: impl FnMut(usize),
) -> Result<Vec<Checked>, String> {
    let Some(counts) = strategy.kind().counts else {
        return Ok(Vec::new());
    };
    let entries = suite_loops::all();
    let mut checked = Vec::new();
    for (workload, polls) in [("yield", counts.yielding), ("wake", counts.woken)] {
        let mut columns: Vec<Column> = vec![("child_polls", polls.children, |row| row.child_polls)];
        if let Some(formula) = polls.parent {
            columns.push(("parent_polls", formula, |row| row.parent_polls));
        }
        if workload == "yield" {
            columns.push(("allocations", counts.allocations, |row| row.allocations));
        }
        let entry = workload::find(&entries, workload).expect("a workload of the suite");
        let before = checked.len();
        checked.extend(columns.iter().map(|(column, formula, _)| Checked {
            strategy,
            column,
            workload,
            formula: *formula,
            numbers: 0,
            first_wrong: None,
            wrong: 0,
        }));
        for &tasks in numbers {
            counted(tasks);
            if strategy.kind().arities.is_some_and(|arities| !arities.contains(&tasks)) {
                continue;
            }
            let case = format!("{workload}/current_thread/worker/0B/{tasks}");
            let case: Case = case.parse().expect("it is the id of a case");
            let id = strategy.to_string();
            let row = count_iterations(&entry, &case, &id, heap, ITERATIONS)
                .map_err(|reason| format!("{}: {reason}", case.measurement_id(&id)))?;
            for (checked, (_, formula, of)) in checked[before..].iter_mut().zip(&columns) {
                let wanted = formula.of(tasks, strategy.bound());
                let is = of(&row);
                checked.numbers += 1;
                if is != wanted as f64 {
                    checked.wrong += 1;
                    checked.first_wrong.get_or_insert((tasks, wanted, is));
                }
            }
        }
    }
    Ok(checked)
}
