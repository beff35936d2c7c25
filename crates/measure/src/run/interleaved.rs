//! Runs of several builds of the program that measures, which take turns round by round: what one build is told from another
//! by must not be another minute of the machine.

use std::cell::RefCell;
use std::collections::HashSet;

use super::{Begun, Outcome, Request, RunError};
use crate::budget::Budget;
use crate::interrupt;
use crate::progress::Progress;
use crate::record::PartialLine;

/// Measures one plan with several programs. Each round runs each of them once, in random order, with the same seed; a case
/// has as many rounds in each, none being stopped early.
///
/// `names` are the builds', for the progress line. The requests' plans have the same name, their settings the same rounds and
/// seed; the minutes that each allows add up. An error means that nothing was measured and nothing replaced.
pub fn run_interleaved(names: &[&str], requests: &[Request<'_>]) -> Result<Vec<Outcome>, RunError> {
    interrupt::listen().map_err(RunError::Signal)?;
    let name = requests.first().map_or("", |request| request.plan.name.as_str());
    let progress = RefCell::new(Progress::new(name));
    let mut begun: Vec<Begun<'_>> = requests
        .iter()
        .map(|request| Begun::new(request, &progress))
        .collect::<Result<_, _>>()?;
    let trouble = all_rounds(names, requests, &mut begun, &progress).err();
    progress.borrow().end();
    interrupt::end_at_once();
    match trouble {
        None => Ok(begun.into_iter().map(|one| one.finish(None)).collect()),
        Some(error) => Err(error),
    }
}

fn all_rounds(
    names: &[&str],
    requests: &[Request<'_>],
    begun: &mut [Begun<'_>],
    progress: &RefCell<Progress>,
) -> Result<(), RunError> {
    let Some(first) = begun.first() else {
        return Ok(());
    };
    let (planned_rounds, seed) = (first.header.rounds, first.header.seed);
    let before = begun.iter().map(|one| one.collected.seconds).fold(0.0, f64::max);
    let minutes: Option<f64> = requests.iter().map(|request| request.settings.minutes).sum();
    let mut budget = Budget::new(planned_rounds, minutes, before);
    let none_clear = HashSet::new();
    let mut sweepings: Vec<_> = begun.iter_mut().map(|one| one.sweeping(progress)).collect();
    let mut round = 0;
    while round < budget.rounds {
        let mut order: Vec<usize> = (0..sweepings.len()).collect();
        fastrand::Rng::with_seed(seed.wrapping_add(round as u64)).shuffle(&mut order);
        let mut any = false;
        for place in order {
            progress.borrow_mut().part = names[place].to_owned();
            any |= sweepings[place].one_round(round, &budget, &none_clear)?;
        }
        round += 1;
        // A round that an earlier start of the same run made takes no time.
        if !any {
            continue;
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
