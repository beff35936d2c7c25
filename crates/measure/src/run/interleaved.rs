//! Runs of several builds of the program that measures, which take turns: what one build is told from another by must not be
//! another moment of the machine.

use std::cell::RefCell;
use std::collections::HashSet;

use super::{Begun, Outcome, Request, RunError};
use crate::budget::Budget;
use crate::case::Case;
use crate::interrupt;
use crate::progress::Progress;
use crate::record::PartialLine;
use crate::round;

/// Measures one plan with several programs. In each round every block is measured by each of them, one right after the other in
/// random order, with the same data; a case has as many rounds in each, none being stopped early.
///
/// The requests' plans have the same name, their settings the same rounds and seed; the minutes that each allows add up. An
/// error means that nothing was measured, or that the partial records were kept.
pub fn run_interleaved(requests: &[Request<'_>]) -> Result<Vec<Outcome>, RunError> {
    interrupt::listen().map_err(RunError::Signal)?;
    let name = requests.first().map_or("", |request| request.plan.name.as_str());
    let progress = RefCell::new(Progress::new(name));
    let mut begun: Vec<Begun<'_>> = requests
        .iter()
        .map(|request| Begun::new(request, &progress))
        .collect::<Result<_, _>>()?;
    let trouble = all_rounds(requests, &mut begun, &progress).err();
    progress.borrow().end();
    interrupt::end_at_once();
    match trouble {
        None => Ok(begun.into_iter().map(|one| one.finish(None)).collect()),
        Some(error) => Err(error),
    }
}

fn all_rounds(requests: &[Request<'_>], begun: &mut [Begun<'_>], progress: &RefCell<Progress>) -> Result<(), RunError> {
    let Some(first) = begun.first() else {
        return Ok(());
    };
    let planned_rounds = first.header.rounds;
    let before = begun.iter().map(|one| one.collected.seconds).fold(0.0, f64::max);
    let minutes: Option<f64> = requests.iter().map(|request| request.settings.minutes).sum();
    let mut budget = Budget::new(planned_rounds, minutes, before);
    let none_clear = HashSet::new();
    let served = |case: &Case| {
        let mut entries = requests.iter().filter_map(|request| request.plan.entry(&case.workload));
        entries.any(|entry| entry.served)
    };
    let mut sweepings: Vec<_> = begun.iter_mut().map(|one| one.sweeping(progress)).collect();
    let mut round = 0;
    while round < budget.rounds {
        // Builds that have something to do in this round: all of them, but where an earlier start of the same run had begun it.
        let (mut places, mut sweeps) = (Vec::new(), Vec::new());
        for (place, sweeping) in sweepings.iter_mut().enumerate() {
            if let Some(sweep) = sweeping.begin_round(round, &budget, &none_clear)? {
                places.push(place);
                sweeps.push(sweep);
            }
        }
        round += 1;
        let Some(&first) = places.first() else {
            continue;
        };
        sweepings[first].wait_for_span(round - 1, &budget)?;
        let mut done = 0;
        let swept = round::sweep_together(&sweeps, served, |place, case, job, news| {
            sweepings[places[place]].hear(round - 1, &budget, &mut done, case, job, news)
        });
        swept.map_err(|error| sweepings[first].swept_error(error))?;
        for place in places {
            sweepings[place].end_round()?;
        }
        let taken = sweepings.iter().map(|one| one.collected.seconds).fold(0.0, f64::max);
        let mut cut: Vec<_> = budget.after_round(round - 1, taken).into_iter().collect();
        let over = budget.is_over(taken);
        if over {
            cut.extend(budget.ended_early(round, planned_rounds));
        }
        for (of, what) in cut {
            for sweeping in &mut sweepings {
                let what = what.clone();
                sweeping.keep(&PartialLine::Cut { of, what })?;
            }
        }
        if over {
            break;
        }
    }
    Ok(())
}
