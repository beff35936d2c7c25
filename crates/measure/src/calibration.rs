//! The calibration: at most ten cases for each flavor, a few seconds each, measured as everything else is.

use std::path::Path;

use crate::case::{Case, Flavor, Payload, Site};
use crate::loops::CALIBRATED;
use crate::matrix::Matrix;
use crate::plan::{Item, Plan};
use crate::program::this_program;
use crate::run::{Outcome, Request, RunError, run};
use crate::settings::RunSettings;
use crate::strategy::Strategy;
use crate::workload;

/// The name of the run that a calibration makes.
pub const CALIBRATION: &str = "calibration";

/// What a flavor's unit costs are told from: workload, payload in bytes, children.
const CASES: [(&str, usize, usize); 10] = [
    ("yield", 0, 1),
    ("yield", 0, 8),
    ("yield", 0, 64),
    ("yield", 1 << 10, 8),
    ("yield", 4 << 10, 8),
    ("yield", 16 << 10, 8),
    ("wake", 0, 8),
    ("wake", 0, 64),
    ("compute", 1 << 10, 8),
    ("mutex", 0, 16),
];

/// How long a case takes at most, in minutes.
const MINUTES_A_CASE: f64 = 3.0 / 60.0;

/// The strategies that are calibrated: those that a build without the feature `suite` has.
fn strategies() -> impl Iterator<Item = Strategy> {
    Strategy::all().filter(|strategy| CALIBRATED.contains(&strategy.name()))
}

/// The cases of a calibration: at `block_on` only what can be measured there.
fn cases(flavors: &[Flavor], site: Site) -> Vec<Case> {
    let at = |flavor| {
        CASES.into_iter().map(move |(workload, payload, tasks)| Case {
            workload: workload.to_owned(),
            flavor,
            site,
            payload: Payload(payload),
            tasks,
        })
    };
    flavors.iter().flat_map(|flavor| at(*flavor)).collect()
}

/// Measures what a model of this machine is made of, into a record of its own under `results`.
///
/// # Errors
///
/// Those of [`crate::run::run`].
pub fn calibrate(
    results: &Path,
    flavors: &[Flavor],
    site: Site,
    seed: Option<u64>,
    command: String,
) -> Result<Outcome, RunError> {
    let cases = cases(flavors, site);
    let minutes = MINUTES_A_CASE * cases.len() as f64;
    let calibrated: Vec<String> = strategies().map(|strategy| strategy.to_string()).collect();
    let items: Vec<Item> = cases
        .into_iter()
        .map(|case| {
            let machinery = (case.workload == "wake").then_some(workload::MACHINERY);
            let strategies: Vec<&str> = calibrated.iter().map(String::as_str).chain(machinery).collect();
            Item::of(case, &strategies, "join")
        })
        .collect();
    let plan = Plan::of(CALIBRATION, workload::all(), items);
    let settings = RunSettings {
        minutes: Some(minutes),
        seed,
        ..RunSettings::of(Matrix::Default)
    };
    run(Request {
        folder: Some(results.join(CALIBRATION)),
        ..Request::here(&plan, &settings, command, this_program())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loops::CALIBRATED_TASKS;
    use crate::workload::{InlineChild, r#yield::Yield};

    #[test]
    fn ten_cases_a_flavor_of_workloads_that_there_are() {
        let flavors = [Flavor::CurrentThread, Flavor::MultiThread(1)];
        let cases = cases(&flavors, Site::Worker);
        for flavor in flavors {
            assert_eq!(cases.iter().filter(|case| case.flavor == flavor).count(), CASES.len());
        }
        assert_eq!(strategies().count(), CALIBRATED.len());
        let entries = workload::all();
        for case in cases {
            let entry = workload::find(&entries, &case.workload).expect("a workload");
            assert!(entry.payloads.contains(&case.payload.0), "{case}");
            // What a build without the feature `suite` has.
            assert!(CALIBRATED_TASKS.contains(&case.tasks), "{case}");
            assert!(
                case.workload != "yield" || Yield::CALIBRATED.contains(&case.payload.0),
                "{case}"
            );
            for strategy in strategies() {
                assert!(
                    entry.can_have(strategy, case.payload.0, case.tasks),
                    "{case} {strategy}"
                );
            }
        }
    }
}
