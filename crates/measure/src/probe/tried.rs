//! What children take joined, and as tasks of their own, beyond what polling them shows: a future that is moved into a task, an output
//! that is moved out, memory that lies elsewhere each time, timers that are dropped together. So fan-outs of two sizes are tried, in
//! turns with children of the suite that are woken alike; the model tells of other numbers and other strategies.

use std::time::Duration;

use super::{FEW, MANY};
use crate::advise::counts::Family;
use crate::advise::question::Scope;
use crate::case::{Case, Payload};
use crate::matrix::Matrix;
use crate::plan::{Item, Plan};
use crate::program::this_program;
use crate::record::Measurement;
use crate::run::{self, Request};
use crate::settings::RunSettings;
use crate::workload::Entry;

/// Rounds of a trial: some more than the fewest that are left when blocks on a shared core are not counted.
const ROUNDS: usize = 12;

/// How long a trial may take, in minutes: children that compute for long are tried less often.
const MINUTES: f64 = 0.05;

/// How many times as long as one of the suite's a fan-out of an entry's children takes, for two numbers of children. A ratio, which
/// hardly depends on how fast the machine was at that moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// Where they were tried.
    pub scope: Scope,
    /// Joined.
    joined: [(usize, f64); 2],
    /// Spawned.
    spawned: [(usize, f64); 2],
}

/// Tries them where their fan-outs may run, as everything else is measured, in half a second for each place.
///
/// # Errors
///
/// Where a run cannot be made, or its children fail.
pub fn try_out(entry: &Entry, usual: &Entry, scopes: &[Scope]) -> Result<Vec<Tried>, String> {
    let case = |entry: &Entry, scope: Scope, tasks| Case {
        workload: entry.name.to_string(),
        flavor: scope.flavor,
        site: scope.site,
        payload: Payload(entry.payloads.first().copied().unwrap_or(0)),
        tasks,
    };
    let item = |entry: &Entry, scope, tasks| Item {
        case: case(entry, scope, tasks),
        pairs: vec![("spawn".to_owned(), "join".to_owned())],
    };
    let mut items = Vec::new();
    for scope in scopes {
        for tasks in [FEW, MANY] {
            items.extend([item(entry, *scope, tasks), item(usual, *scope, tasks)]);
        }
    }
    let plan = Plan::of("probe", vec![entry.clone(), usual.clone()], items);
    let settings = RunSettings {
        rounds: ROUNDS,
        layouts: 1,
        minutes: Some(MINUTES),
        span: Duration::ZERO,
        ..RunSettings::of(Matrix::Default)
    };
    let request = Request::here(&plan, &settings, String::new(), this_program());
    let measurements = run::measured(request).map_err(|error| error.to_string())?;
    let times = |entry, scope, tasks| -> Result<[f64; 2], String> {
        let case = case(entry, scope, tasks);
        let found = measurements.iter().find(|m| m.case == case);
        found.and_then(of_both).ok_or_else(|| {
            let why = found.and_then(|m| m.reason.clone()).unwrap_or_default();
            format!("{case}: its children could not be tried: {why}")
        })
    };
    let of_scope = |scope: &Scope| {
        let times_as_long = |tasks| -> Result<[(usize, f64); 2], String> {
            let (mine, its) = (times(entry, *scope, tasks)?, times(usual, *scope, tasks)?);
            Ok([0, 1].map(|way| (tasks, mine[way] / its[way])))
        };
        let (few, many) = (times_as_long(FEW)?, times_as_long(MANY)?);
        Ok(Tried {
            scope: *scope,
            joined: [few[0], many[0]],
            spawned: [few[1], many[1]],
        })
    };
    scopes.iter().map(of_scope).collect()
}

/// ns of a fan-out, joined and spawned.
fn of_both(m: &Measurement) -> Option<[f64; 2]> {
    Some([m.reference_ns?.median, m.wall_ns?.median])
}

impl Tried {
    /// ns that each of so many children takes more, in strategies of that family, than its sum has. `sums` are those of so many of the
    /// suite's children and of so many of these. Between the two numbers that were tried in proportion, beyond them as at the nearer.
    pub fn beyond(&self, family: Family, tasks: usize, sums: impl Fn(usize) -> Option<[f64; 2]>) -> Option<f64> {
        let [few, many] = match family {
            Family::Polled | Family::Woken => self.joined,
            Family::Spawned => self.spawned,
        };
        let each = |(tasks, times_as_long): (usize, f64)| {
            let [usual, mine] = sums(tasks)?;
            Some((usual * times_as_long - mine) / tasks as f64)
        };
        let share = (tasks as f64 - few.0 as f64) / (many.0 as f64 - few.0 as f64);
        let of_few = each(few)?;
        // The larger number may be beyond what the model answers for.
        let of_many = each(many).unwrap_or(of_few);
        Some(of_few + share.clamp(0.0, 1.0) * (of_many - of_few))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Flavor, Site};

    #[test]
    fn what_is_taken_more_is_for_each_child_and_between_both_numbers() {
        let tried = Tried {
            scope: Scope {
                flavor: Flavor::CurrentThread,
                site: Site::Worker,
            },
            joined: [(8, 1.5), (24, 1.5)],
            spawned: [(8, 1.6), (24, 2.4)],
        };
        // 100 ns for each of the suite's children, and 150 for each of these.
        let sums = |tasks| Some([tasks as f64 * 100.0, tasks as f64 * 150.0]);
        let each = [4, 8, 16, 24, 100].map(|tasks| {
            let ns = tried.beyond(Family::Spawned, tasks, sums).expect("it is told");
            ns.round()
        });
        assert_eq!(each, [10.0, 10.0, 50.0, 90.0, 90.0]);
        assert_eq!(tried.beyond(Family::Polled, 16, sums), Some(0.0));
        let only_few = |tasks| (tasks == 8).then_some([800.0, 1200.0]);
        assert_eq!(tried.beyond(Family::Spawned, 16, only_few).map(f64::round), Some(10.0));
        assert_eq!(tried.beyond(Family::Spawned, 8, |_| None), None);
    }
}
