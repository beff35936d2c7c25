//! The rounds of a run, or of several runs of builds that are compared, one after the other until there are enough.

use super::RunError;
use super::sweeping::Sweeping;
use crate::budget::{Budget, Expected};
use crate::case::Case;
use crate::record::PartialLine;
use crate::round::{self, Sweep};

/// Makes all rounds. In each, every run measures the same blocks, one right after the other in random order: what one build is
/// told from another by must not be another moment of the machine. A run by itself ends early what is clear, and spends the time
/// on what is not; of several, a case has as many rounds in each.
///
/// The runs' plans have the same name, their headers the same rounds; the minutes that each allows add up.
pub(super) fn all_rounds(runs: &mut [Sweeping<'_>]) -> Result<(), RunError> {
    let Some(first) = runs.first() else {
        return Ok(());
    };
    let (alone, planned_rounds) = (runs.len() == 1, first.header.rounds);
    let minutes: Option<f64> = runs.iter().map(|run| run.header.minutes).sum();
    let mut budget = Budget::new(planned_rounds, minutes, seconds(runs));
    // What the blocks were expected to take that this part of the run measured, in seconds.
    let mut expected = 0.0;
    let mut round = 0;
    loop {
        let added = round >= budget.rounds;
        if added && !(alone && runs[0].one_more(round, &budget)) {
            break;
        }
        let measured = one_round(runs, round, &budget)?;
        round += 1;
        // What an earlier start of the same run had measured takes no time.
        match measured {
            None if added => break,
            None => continue,
            Some(seconds) => expected += seconds,
        }
        if alone {
            runs[0].look()?;
        }
        let taken = seconds(runs);
        let now = Expected {
            measured: expected,
            fewest_left: runs.iter().map(|run| run.fewest_left()).max().unwrap_or(0),
            left: |rounds, lean| {
                let left = runs.iter().map(|run| run.expected_left(rounds, lean));
                left.sum::<f64>()
            },
        };
        let mut cut: Vec<_> = budget.after_round(round - 1, taken, &now).into_iter().collect();
        let over = budget.is_over(taken);
        if over {
            cut.extend(budget.ended_early(round, planned_rounds));
        }
        for (of, what) in cut {
            for run in &mut *runs {
                let what = what.clone();
                run.keep(&PartialLine::Cut { of, what })?;
            }
        }
        if over {
            break;
        }
    }
    Ok(())
}

/// Seconds that the runs took, in all their parts; they pass for all of them alike.
fn seconds(runs: &[Sweeping<'_>]) -> f64 {
    runs.iter().map(|run| run.collected.seconds).fold(0.0, f64::max)
}

/// One round of the cases that are not clear: about how long its blocks take, in seconds; `None` where it had none.
fn one_round(runs: &mut [Sweeping<'_>], round: usize, budget: &Budget) -> Result<Option<f64>, RunError> {
    // All of them, but where an earlier start of the same had begun the round.
    let (mut places, mut shares) = (Vec::new(), Vec::new());
    for (place, run) in runs.iter_mut().enumerate() {
        if let Some(share) = run.begin_round(round, budget)? {
            places.push(place);
            shares.push(share);
        }
    }
    let Some(&first) = places.first() else {
        return Ok(None);
    };
    let run = &runs[first];
    let expected = shares
        .iter()
        .zip(&places)
        .map(|(share, place)| runs[*place].expected(&share.groups));
    let expected = expected.sum();
    run.wait_for_span(round, budget)?;
    let request = run.request;
    let sweep = Sweep {
        seed: run.seed_of(round),
        core: run.core_in(round),
        free_ns: run.collected.longest_free_ns(),
        shares,
        deadline: request.settings.deadline,
        patience: request.settings.deadline / 3,
        until: budget.hard_end(run.began, run.before.0),
    };
    let served = |case: &Case| request.plan.entry(&case.workload).is_some_and(|entry| entry.served);
    let mut done = 0;
    let swept = round::sweep(sweep, served, |share, case, job, news| {
        runs[places[share]].hear(round, budget, &mut done, case, job, news)
    });
    swept.map_err(|error| runs[first].swept_error(error))?;
    for place in places {
        runs[place].end_round()?;
    }
    Ok(Some(expected))
}
