//! Hand-written programs on one thread, against the suite's cells.

use serde::{Deserialize, Serialize};

use super::programs::{Programs, no_times};
use super::suite;
use crate::case::{Case, Flavor};
use crate::plan::{Item, Plan};
use crate::selection::Selection;
use crate::selfcheck::{SelfcheckError, entries};
use crate::settings::RunSettings;
use crate::stats::median;

/// A hand-written loop in programs of its own, and the suite's cell, in ns per iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandWritten {
    /// The suite's measurement.
    pub id: String,
    /// The median over programs.
    pub program_ns: f64,
    /// The suite's.
    pub suite_ns: f64,
}

impl HandWritten {
    /// How much longer the suite's takes, as a fraction.
    pub fn difference(&self) -> f64 {
        self.suite_ns / self.program_ns - 1.0
    }
}

/// Processes of each hand-written loop, where no fewer are asked for.
pub(super) const HAND_WRITTEN: usize = 10;

/// The hand-written loops that run alone, and the suite's strategies: on one thread, as `#[tokio::main]` builds it.
pub(super) fn hand_written_cases() -> Vec<Case> {
    let cases = crate::selfcheck::cases::hand_written()
        .into_iter()
        .map(|item| item.case);
    cases.filter(|case| case.flavor == Flavor::CurrentThread).collect()
}

/// Rounds of the suite and processes of the hand-written loops in turn, so that no pair is of different minutes: on a host
/// whose speed changes from one to the next, that would be compared.
pub(super) fn compare_hand_written(
    cases: Vec<Case>,
    processes: usize,
    selection: &Selection,
    tell: &impl Fn(&str),
) -> Result<Vec<HandWritten>, SelfcheckError> {
    const SUITE: [&str; 2] = ["join", "spawn"];
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    tell("hand-written loops");
    let items = cases.iter().map(|case| Item::of(case.clone(), &SUITE, "join"));
    let plan = Plan::of("solo", entries(), items.collect());
    let by_hand: Vec<(Case, [&str; 2])> = cases
        .into_iter()
        .map(|case| (case, ["hand_join", "hand_spawn"]))
        .collect();
    let mut programs = Programs::new(selection);
    let mut times = no_times(by_hand.len());
    let mut cells = no_times(by_hand.len());
    let one_round = RunSettings {
        rounds: 1,
        ..selection.settings.clone()
    };
    for _ in 0..processes {
        let round_first = programs.random.bool();
        if !round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
        let first_layout = programs.random.usize(..programs.layouts.count());
        let measured = suite(&plan, &one_round, first_layout)?;
        for (cells, (case, _)) in cells.iter_mut().zip(&by_hand) {
            for (cells, strategy) in cells.iter_mut().zip(SUITE) {
                let cell = measured.iter().find(|m| m.case == *case && m.strategy == strategy);
                cells.extend(cell.and_then(|m| m.wall_ns).map(|ns| ns.median));
            }
        }
        if round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
    }
    let mut found = Vec::new();
    for (((case, _), times), cells) in by_hand.iter().zip(times).zip(cells) {
        for ((strategy, times), cells) in SUITE.iter().zip(times).zip(cells) {
            if !cells.is_empty() {
                found.push(HandWritten {
                    id: case.measurement_id(strategy),
                    program_ns: median(&times.iter().map(|time| time.ns).collect::<Vec<_>>()),
                    suite_ns: median(&cells),
                });
            }
        }
    }
    Ok(found)
}
