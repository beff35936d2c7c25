//! How long a run may take, and what is left out so that it does not take longer.

use std::time::{Duration, Instant};

use crate::record::CutOf;
use crate::stats::FEWEST_ROUNDS;

/// Of the planned rounds this share is kept before blocks are made shorter.
const KEPT: f64 = 0.25;

/// How much longer than it may a run takes at most, in which the round under way ends.
const GRACE: f64 = 1.25;

/// Of how many rounds the time is known well enough to cut by it; before, where they take so many times as long as they may.
const SURE: usize = 10;
const SURELY: f64 = 1.3;

/// The time of a run. Rounds last about the same, so that the first tells how long all take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Budget {
    /// The rounds that are made, as far as is known.
    pub(crate) rounds: usize,
    /// Whether blocks have one quad, and only those that a ratio needs are measured.
    pub(crate) lean: bool,
    planned: usize,
    seconds: Option<f64>,
    /// Seconds that were over when this part of the run began.
    at_first: f64,
    /// Rounds made in this part, and when they became lean.
    made: usize,
    lean_from: Option<(usize, f64)>,
    /// What a round took before anything was cut or clear.
    first_rounds: f64,
}

impl Budget {
    /// For `rounds` in `minutes`, of which `seconds` were taken by earlier parts of the run.
    pub(crate) fn new(rounds: usize, minutes: Option<f64>, seconds: f64) -> Self {
        Self {
            rounds,
            lean: false,
            planned: rounds,
            seconds: minutes.map(|minutes| minutes * 60.0),
            at_first: seconds,
            made: 0,
            lean_from: None,
            first_rounds: 0.0,
        }
    }

    /// The limit, for a reader.
    pub(crate) fn limit(&self) -> String {
        let minutes = self.seconds.unwrap_or(f64::INFINITY) / 60.0;
        format!("{} minutes", crate::text::significant(minutes))
    }

    /// After a round, `taken` seconds into the run: cuts what does not fit, and says what that is.
    pub(crate) fn after_round(&mut self, round: usize, taken: f64) -> Option<(CutOf, String)> {
        self.made += 1;
        if self.made <= FEWEST_ROUNDS {
            self.first_rounds = (taken - self.at_first) / self.made as f64;
        }
        let limit = self.seconds?;
        let (from, since) = self.lean_from.unwrap_or((0, self.at_first));
        if self.made <= from {
            return None;
        }
        let each = (taken - since) / (self.made - from) as f64;
        let left = ((limit - taken) / each).floor().max(0.0) as usize;
        let fits = (round + 1).saturating_add(left);
        let surely = self.made >= SURE || each * self.planned as f64 > SURELY * limit;
        if fits >= self.rounds || !surely {
            return None;
        }
        let least = ((self.planned as f64 * KEPT) as usize).max(FEWEST_ROUNDS);
        let took = format!(
            "{} rounds as they were planned would take {} minutes",
            self.planned,
            crate::text::significant(each * self.planned as f64 / 60.0)
        );
        if !self.lean && fits < least {
            self.lean = true;
            self.lean_from = Some((self.made, taken));
            let what = format!(
                "Shorter blocks, without the check of what strategies do to each other in one runtime: {took}, and \
                 JVS_MINUTES allows {}.",
                self.limit()
            );
            return Some((CutOf::Blocks, what));
        }
        let rounds = fits.max(FEWEST_ROUNDS.min(self.planned));
        if rounds >= self.rounds {
            return None;
        }
        self.rounds = rounds;
        let what = format!(
            "{rounds} rounds instead of {}: {took}, and JVS_MINUTES allows {}.",
            self.planned,
            self.limit()
        );
        Some((CutOf::Rounds, what))
    }

    /// What is said of a run whose time was over after so many rounds; nothing where it had all that it should have.
    pub(crate) fn ended_early(&self, rounds: usize, planned: usize) -> Option<(CutOf, String)> {
        if rounds >= self.rounds {
            return None;
        }
        let preview = if rounds < FEWEST_ROUNDS {
            ": a preview, without verdicts"
        } else {
            ""
        };
        let what = format!(
            "It ended after {rounds} of {planned} rounds, when its {} were over{preview}.",
            self.limit()
        );
        Some((CutOf::Rounds, what))
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self, taken: f64) -> bool {
        self.seconds.is_some_and(|limit| taken > limit)
    }

    /// When a round is to end that is under way after a quarter more than the time.
    pub(crate) fn hard_end(&self, began: Instant, before: f64) -> Option<Instant> {
        let left = (self.seconds? * GRACE - before).max(0.0);
        began.checked_add(Duration::from_secs_f64(left))
    }

    /// Whether the rounds until now took so much less than the first ones that the time of another one is left.
    pub(crate) fn saved_a_round(&self, rounds: usize, taken: f64) -> bool {
        let planned = self.first_rounds * self.planned as f64;
        let each = (taken - self.at_first) / rounds.max(1) as f64;
        let fits = |limit: f64| taken - self.at_first + each <= limit;
        fits(planned) && self.seconds.is_none_or(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        for round in 0..40 {
            assert_eq!(budget.after_round(round, 7.0 * (round + 1) as f64), None);
        }
        assert_eq!((budget.rounds, budget.lean), (40, false));
        let mut unlimited = Budget::new(40, None, 0.0);
        assert_eq!(unlimited.after_round(0, 1e6), None);
    }

    #[test]
    fn first_rounds_are_cut_then_blocks_and_it_ends_in_time() {
        // 10 s a round: 30 of 40 fit into 5 minutes.
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        let (_, cut) = budget.after_round(0, 10.0).expect("a cut");
        assert!(cut.contains("30 rounds instead of 40"), "{cut}");
        assert!(cut.contains("6.67 minutes"), "{cut}");
        assert_eq!((budget.rounds, budget.lean), (30, false));
        // 60 s a round: 5 fit; lean ones take 20 s, and 13 more fit.
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        let (_, cut) = budget.after_round(0, 60.0).expect("a cut");
        assert!(cut.contains("Shorter blocks") && budget.lean, "{cut}");
        assert_eq!(budget.rounds, 40);
        let (_, cut) = budget.after_round(1, 80.0).expect("a cut");
        assert!(cut.contains("13 rounds"), "{cut}");
        let mut taken = 80.0;
        let mut round = 2;
        while round < budget.rounds {
            taken += 20.0;
            budget.after_round(round, taken);
            round += 1;
        }
        assert!(taken <= 300.0, "{taken}");
    }

    #[test]
    fn a_run_that_was_gone_on_with_counts_what_it_took_before() {
        let mut budget = Budget::new(40, Some(5.0), 240.0);
        assert!(budget.after_round(24, 250.0).is_some());
        assert_eq!(budget.rounds, 30);
        assert!(budget.is_over(301.0) && !budget.is_over(299.0));
    }

    #[test]
    fn time_that_was_saved_is_spent() {
        let mut budget = Budget::new(40, None, 0.0);
        for round in 0..40 {
            budget.after_round(round, if round < 16 { round as f64 } else { 16.0 } + 1.0);
        }
        assert!(budget.saved_a_round(40, 17.0));
        assert!(!budget.saved_a_round(40, 40.0));
    }
}
