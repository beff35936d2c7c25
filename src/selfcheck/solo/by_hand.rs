//! Hand-written programs on one thread, against the suite's cells.

use serde::{Deserialize, Serialize};

use super::programs::{Programs, Time, no_times, of_free_cores};
use crate::case::{Case, Flavor};
use crate::plan::{Checks, Item, Plan, Planned};
use crate::round::{self, News, Share, Sweep, SweepError};
use crate::run::RunError;
use crate::selection::Selection;
use crate::selfcheck::{SelfcheckError, entries};
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

/// Processes of each hand-written loop, where no fewer are asked for: ten or more of them on a core that was nobody else's, but
/// on a machine that others use nearly always.
pub(super) const HAND_WRITTEN: usize = 30;

/// The suite's strategies, and the hand-written ones that are the same.
const SUITE: [&str; 2] = ["join", "spawn"];
const BY_HAND: [&str; 2] = ["hand_join", "hand_spawn"];

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
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    tell("hand-written loops");
    let items = cases.iter().map(|case| Item::of(case.clone(), &SUITE, "join"));
    let planned = Plan::of("solo", entries(), items.collect()).planned(&selection.settings);
    let by_hand: Vec<(Case, [&str; 2])> = cases.into_iter().map(|case| (case, BY_HAND)).collect();
    let mut programs = Programs::new(selection);
    let [mut times, mut cells] = [(); 2].map(|()| no_times(by_hand.len()));
    for _ in 0..processes {
        let round_first = programs.random.bool();
        if !round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
        round_of_suite(&planned, &mut programs, &mut cells)?;
        if round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
    }
    // All of one machine and one time, so that a free core is one in both.
    let mut both = of_free_cores(times.into_iter().chain(cells).collect());
    let cells = both.split_off(by_hand.len());
    let mut found = Vec::new();
    for (((case, _), times), cells) in by_hand.iter().zip(both).zip(cells) {
        for ((strategy, times), cells) in SUITE.iter().zip(times).zip(cells) {
            found.push(HandWritten {
                id: case.measurement_id(strategy),
                program_ns: median(&times),
                suite_ns: median(&cells),
            });
        }
    }
    Ok(found)
}

/// One round as a run makes it, in a layout drawn at random: both strategies, one after the other.
fn round_of_suite(
    planned: &[Planned],
    programs: &mut Programs,
    cells: &mut [[Vec<Time>; 2]],
) -> Result<(), SelfcheckError> {
    let groups = planned
        .iter()
        .flat_map(|case| case.item.jobs(&case.pace, Checks::default()));
    let layout = programs.random.usize(..programs.layouts.count());
    let share = Share {
        program: programs.layouts.program(layout).to_owned(),
        groups: groups.collect(),
    };
    let sweep = Sweep {
        seed: programs.random.u64(..),
        core: 0,
        free_ns: None,
        shares: vec![share],
        deadline: programs.deadline,
        patience: programs.deadline,
        until: None,
    };
    let served = |_: &Case| false;
    let swept = round::sweep(sweep, served, |_, case, job, news| {
        match news {
            News::Block(measured) => {
                let job = job.expect("a block has its job");
                let place = planned.iter().position(|planned| planned.item.case == *case);
                for (of, strategy) in SUITE.iter().enumerate() {
                    let side = job.strategies.iter().position(|name| name == strategy);
                    if let (Some(place), Some(side)) = (place, side) {
                        cells[place][of].push(Time::of(&measured, side));
                    }
                }
            }
            News::Failed(reason) => return Err(SelfcheckError::Process(format!("{case}: {reason}"))),
            News::Resident(_) | News::Done => {}
        }
        Ok(())
    });
    swept.map_err(|error| match error {
        SweepError::Listener(error) => error,
        SweepError::Process(what) => RunError::Process(what).into(),
        SweepError::Interrupted => RunError::Interrupted { kept: false }.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_of_one_8_and_64_children_run_alone() {
        // ready and yield, 0B and 4KiB; each case is both strategies.
        let cases = hand_written_cases();
        assert_eq!(cases.len(), 2 * 3 * 2, "{cases:?}");
        assert!(
            [1, 8, 64]
                .iter()
                .all(|n| cases.iter().filter(|case| case.tasks == *n).count() == 4)
        );
    }
}
