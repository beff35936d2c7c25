//! Processes that run one strategy each, and which of their times count.

use std::time::Duration;

use crate::block::{Shape, wakes_threads};
use crate::case::Case;
use crate::layouts::Layouts;
use crate::program;
use crate::round::{Job, Measured, longer_look, measure_solo};
use crate::selection::Selection;
use crate::selfcheck::{SelfcheckError, entries};
use crate::shared_core::{enough, longest_free_ns};
use crate::workload::{self, Entry};

/// How such a program measures: long enough to be in the steady state (docs/METHODOLOGY.md, "The steady state").
fn shape(case: &Case, served: bool) -> Shape {
    let (settle_ms, slice_us, quads) = match (served, wakes_threads(case)) {
        (true, _) => (60, 5_000, 6),
        (false, true) => (150, 5_000, 5),
        (false, false) => (100, 80, 32),
    };
    Shape {
        settle: Duration::from_millis(settle_ms),
        settle_again: Duration::from_millis(settle_ms),
        slice: Duration::from_micros(slice_us),
        quads,
    }
}

/// What a process measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    /// ns per iteration.
    ns: f64,
    /// How long what is like a task took on its core, in ns; 0 where it wakes threads.
    core_ns: f64,
}

impl Time {
    /// Of one side of a block.
    pub(super) fn of(measured: &Measured, side: usize) -> Self {
        Self {
            ns: measured.block.sides[side].wall_ns,
            core_ns: longer_look(measured.core_ns),
        }
    }
}

/// The times that count: of processes whose core was nobody else's, as of the suite's blocks, where there are enough.
pub(super) fn of_free_cores(times: Vec<[Vec<Time>; 2]>) -> Vec<[Vec<f64>; 2]> {
    let looks: Vec<f64> = times.iter().flatten().flatten().map(|time| time.core_ns).collect();
    let looks: Vec<f64> = looks.into_iter().filter(|ns| *ns > 0.0).collect();
    let longest = longest_free_ns(&looks).unwrap_or(f64::INFINITY);
    let counted = |sides: [Vec<Time>; 2]| {
        let free = |side: &Vec<Time>| side.iter().filter(|time| time.core_ns <= longest).count();
        let enough = sides.iter().all(|side| enough(free(side), side.len()));
        sides.map(|side| {
            let counted = side.iter().filter(|time| !enough || time.core_ns <= longest);
            counted.map(|time| time.ns).collect()
        })
    };
    times.into_iter().map(counted).collect()
}

/// Starts processes that run one strategy each.
pub(super) struct Programs {
    pub(super) layouts: Layouts,
    entries: Vec<Entry>,
    pub(super) random: fastrand::Rng,
    pub(super) deadline: Duration,
}

impl Programs {
    pub(super) fn new(selection: &Selection) -> Self {
        let settings = &selection.settings;
        Self {
            layouts: Layouts::of(&program::this_program(), settings.layouts, |_, _| {}),
            entries: entries(),
            random: fastrand::Rng::with_seed(settings.seed.unwrap_or_else(|| fastrand::u64(..))),
            deadline: settings.deadline,
        }
    }

    /// One process of each strategy of each case, in random order; its time is added to those of its case and side, in ns
    /// per iteration.
    pub(super) fn run_each(
        &mut self,
        cases: &[(Case, [&str; 2])],
        times: &mut [[Vec<Time>; 2]],
    ) -> Result<(), SelfcheckError> {
        let mut order: Vec<(usize, usize)> = (0..cases.len()).flat_map(|case| [(case, 0), (case, 1)]).collect();
        self.random.shuffle(&mut order);
        for (place, side) in order {
            let (case, strategies) = &cases[place];
            times[place][side].push(self.time(case, strategies[side])?);
        }
        Ok(())
    }

    fn time(&mut self, case: &Case, strategy: &str) -> Result<Time, SelfcheckError> {
        let job = Job {
            case: case.clone(),
            strategies: vec![strategy.to_owned()],
        };
        let served = workload::find(&self.entries, &case.workload).is_some_and(|entry| entry.served);
        let program = self.layouts.program(self.random.usize(..self.layouts.count()));
        let measured = measure_solo(program, job, shape(case, served), self.random.u64(..), self.deadline);
        let measured = measured.map_err(|reason| SelfcheckError::Process(format!("{case}, {strategy}: {reason}")))?;
        Ok(Time::of(&measured, 0))
    }
}

/// The times of both strategies of each case, in ns per iteration, one for each process.
pub(super) fn solo(
    cases: &[(Case, [&str; 2])],
    processes: usize,
    selection: &Selection,
    tell: &impl Fn(&str),
) -> Result<Vec<[Vec<Time>; 2]>, SelfcheckError> {
    let mut times = no_times(cases.len());
    if cases.is_empty() {
        return Ok(times);
    }
    tell(&format!(
        "{} cases, {processes} processes of each strategy",
        cases.len()
    ));
    let mut programs = Programs::new(selection);
    for nth in 0..processes {
        programs.run_each(cases, &mut times)?;
        if (nth + 1) % 5 == 0 {
            tell(&format!("{} of {processes} processes of each", nth + 1));
        }
    }
    Ok(times)
}

pub(super) fn no_times<T: Clone>(cases: usize) -> Vec<[Vec<T>; 2]> {
    vec![[Vec::new(), Vec::new()]; cases]
}
