//! How long a run may take, and what is left out so that it does not take longer.

use std::time::{Duration, Instant};

use crate::record::CutOf;
use crate::stats::FEWEST_ROUNDS;

/// Of the planned rounds this share is kept before blocks are made shorter, and fits once more before they are as long again.
const KEPT: f64 = 0.1;

/// Blocks are made shorter where those rounds would take so many times as long as there is: what the first of them say is not exact.
const DEARER: f64 = 1.15;

/// How much longer than it may a run takes at most, in which the round under way ends.
const GRACE: f64 = 1.25;

/// What was left out of, and in words what it is; `None` takes an earlier cut back.
pub(crate) type Cut = (CutOf, Option<String>);

/// Rounds are not given back one by one: not until they are more than this share of those that were planned.
const HARDLY: f64 = 0.02;

/// Of so many rounds, or so large a part of them, the time is known well enough to cut by it; before, where they take so many
/// times as long as they may.
const SURE: usize = 10;
const SURE_PART: f64 = 0.15;
const SURELY: f64 = 4.0;

/// What blocks were expected to take, in seconds: only how these times compare with each other matters, since a run tells from
/// its first rounds how much longer blocks take than expected.
pub(crate) struct Expected<F> {
    /// Those that this part of the run has measured.
    pub(crate) measured: f64,
    /// So many rounds are left at least.
    pub(crate) fewest_left: usize,
    /// Those that are left if the run has so many rounds, lean ones or not.
    pub(crate) left: F,
}

/// The time of a run.
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
    /// Rounds made in this part.
    made: usize,
    /// Since blocks are as long as they are.
    since: Since,
}

/// What was over when blocks last became lean, or whole again.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Since {
    /// What was expected of the blocks measured by then.
    expected: f64,
    seconds: f64,
    /// Rounds made in this part.
    made: usize,
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
            since: Since {
                expected: 0.0,
                seconds,
                made: 0,
            },
        }
    }

    /// The limit, for a reader.
    pub(crate) fn limit(&self) -> String {
        let minutes = self.seconds.unwrap_or(f64::INFINITY) / 60.0;
        format!("{} minutes", crate::text::significant(minutes))
    }

    /// After a round, `taken` seconds into the run: cuts what does not fit, and says what that is; takes a cut back as far as rounds
    /// fit again, since cases that became clear take no more time, and that of blocks where the first rounds were no measure of the others.
    pub(crate) fn after_round(
        &mut self,
        round: usize,
        taken: f64,
        expected: &Expected<impl Fn(usize, bool) -> f64>,
    ) -> Option<Cut> {
        self.made += 1;
        let limit = self.seconds?;
        let since = self.since;
        if expected.measured <= since.expected {
            return None;
        }
        // Seconds that pass for each that is expected.
        let pace = (taken - since.seconds) / (expected.measured - since.expected);
        let now = Since {
            expected: expected.measured,
            seconds: taken,
            made: self.made,
        };
        let ends = |rounds: usize| taken + pace * (expected.left)(rounds, self.lean);
        let fits = most(round + 1..self.planned + 1, |rounds| ends(rounds) <= limit);
        let sure = SURE.min((self.planned as f64 * SURE_PART) as usize);
        let least = ((self.planned as f64 * KEPT) as usize).max(FEWEST_ROUNDS);
        let whole = taken + pace * (expected.left)((round + 1 + least).min(self.planned), false);
        if self.lean && self.made - since.made >= sure && whole <= limit {
            (self.lean, self.since) = (false, now);
            return Some((CutOf::Blocks, None));
        }
        let surely = self.made >= sure || ends(self.planned) > SURELY * limit;
        let grows = fits > self.rounds;
        let hardly = (self.planned as f64 * HARDLY) as usize;
        if fits == self.rounds || !surely || (grows && fits != self.planned && fits <= self.rounds + hardly) {
            return None;
        }
        if fits == self.planned {
            self.rounds = fits;
            return Some((CutOf::Rounds, None));
        }
        let took = format!(
            "{} rounds as they were planned would take {} minutes",
            self.planned,
            crate::text::significant(ends(self.planned) / 60.0)
        );
        if !self.lean && fits < least && ends(least) > DEARER * limit {
            (self.lean, self.since) = (true, now);
            let what = format!(
                "Shorter blocks, and no carry-over: {took}, and JVS_MINUTES allows {}.",
                self.limit()
            );
            return Some((CutOf::Blocks, Some(what)));
        }
        let rounds = fits
            .max(if self.lean { 0 } else { least })
            .max(round + 1 + expected.fewest_left)
            .max(FEWEST_ROUNDS.min(self.planned));
        let rounds = rounds.min(self.planned);
        if rounds == self.rounds {
            return None;
        }
        self.rounds = rounds;
        let what = format!(
            "{rounds} rounds instead of {}: {took}, and JVS_MINUTES allows {}.",
            self.planned,
            self.limit()
        );
        Some((CutOf::Rounds, Some(what)))
    }

    /// What is said of a run whose time was over after so many rounds; nothing where it had all that it should have.
    pub(crate) fn ended_early(&self, rounds: usize, planned: usize) -> Option<Cut> {
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
        Some((CutOf::Rounds, Some(what)))
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self, taken: f64) -> bool {
        self.seconds.is_some_and(|limit| taken > limit)
    }

    /// When a round that is still running is stopped: after 1.25 times the run's limit. `None` without a limit.
    pub(crate) fn hard_end(&self, began: Instant, before: f64) -> Option<Instant> {
        let left = (self.seconds? * GRACE - before).max(0.0);
        began.checked_add(Duration::from_secs_f64(left))
    }

    /// Whether there is time for another round, `made` having taken so many seconds, once what was planned is done.
    pub(crate) fn has_room(&self, made: usize, taken: f64) -> bool {
        let each = (taken - self.at_first) / made.max(1) as f64;
        self.seconds.is_none_or(|limit| taken + each <= limit)
    }
}

/// The largest of some numbers that holds, of which those that do come first; the first, where none does.
fn most(mut of: std::ops::Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    while of.len() > 1 {
        let middle = of.start + of.len() / 2;
        match holds(middle) {
            true => of.start = middle,
            false => of.end = middle,
        }
    }
    of.start
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of rounds that are expected to take three seconds each, or one where they are lean.
    fn after(round: usize) -> Expected<impl Fn(usize, bool) -> f64> {
        Expected {
            measured: 3.0 * (round + 1) as f64,
            fewest_left: 0,
            left: move |rounds: usize, lean| (rounds - round - 1) as f64 * if lean { 1.0 } else { 3.0 },
        }
    }

    fn words(cut: Option<Cut>) -> String {
        cut.and_then(|(_, what)| what).expect("a cut, in words")
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        for round in 0..40 {
            assert_eq!(budget.after_round(round, 7.0 * (round + 1) as f64, &after(round)), None);
        }
        assert_eq!((budget.rounds, budget.lean), (40, false));
        let mut unlimited = Budget::new(40, None, 0.0);
        assert_eq!(unlimited.after_round(0, 1e6, &after(0)), None);
        assert!(unlimited.has_room(40, 1e6));
    }

    #[test]
    fn first_rounds_are_cut_then_blocks_and_it_ends_in_time() {
        // 10 s a round: 30 of 40 fit into 5 minutes.
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        for round in 0..5 {
            let taken = 10.0 * (round + 1) as f64;
            assert_eq!(budget.after_round(round, taken, &after(round)), None, "not sure yet");
        }
        let cut = words(budget.after_round(5, 60.0, &after(5)));
        assert!(cut.contains("30 rounds instead of 40"), "{cut}");
        assert!(cut.contains("6.67 minutes"), "{cut}");
        assert_eq!((budget.rounds, budget.lean), (30, false));
        // 60 s a round: 5 fit; lean ones take 20 s, and 13 more fit.
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        let cut = words(budget.after_round(0, 60.0, &after(0)));
        assert!(cut.contains("Shorter blocks") && budget.lean, "{cut}");
        assert_eq!(budget.rounds, 40);
        let lean = |round: usize| Expected {
            measured: 3.0 + round as f64,
            fewest_left: 0,
            left: after(round).left,
        };
        let (mut taken, mut round, mut said) = (60.0, 1, None);
        while round < budget.rounds {
            taken += 20.0;
            said = budget.after_round(round, taken, &lean(round)).or(said);
            round += 1;
        }
        let cut = words(said);
        assert!(cut.contains("13 rounds"), "{cut}");
        assert!(taken <= 300.0, "{taken}");
    }

    #[test]
    fn rounds_that_fit_after_all_are_given_back() {
        // 10 s a round, until half of what is measured has become clear after 20 rounds.
        let mut budget = Budget::new(40, Some(5.0), 0.0);
        let (mut taken, mut measured, mut cuts) = (0.0, 0.0, Vec::new());
        let mut round = 0;
        while round < budget.rounds {
            let each = if round < 20 { 1.0 } else { 0.5 };
            taken += 10.0 * each;
            measured += each;
            let expected = Expected {
                measured,
                fewest_left: 0,
                left: |rounds: usize, _| each * (rounds - round - 1) as f64,
            };
            cuts.extend(budget.after_round(round, taken, &expected));
            round += 1;
        }
        let said: Vec<Option<&str>> = cuts.iter().map(|(_, what)| Some(&what.as_ref()?[..9])).collect();
        assert_eq!(said, [Some("30 rounds"), None], "{cuts:?}");
        assert_eq!((round, taken), (40, 300.0));
    }

    #[test]
    fn blocks_are_whole_again_where_the_first_rounds_were_slow() {
        // The first three of 200 rounds take 30 s each, the others one, or a third of it where they are lean; there are five minutes.
        let mut budget = Budget::new(200, Some(5.0), 0.0);
        let (mut taken, mut measured, mut cuts, mut round) = (0.0, 0.0, Vec::new(), 0);
        while round < budget.rounds {
            let each = if budget.lean { 1.0 } else { 3.0 };
            measured += each;
            taken += each / 3.0 * if round < 3 { 30.0 } else { 1.0 };
            let expected = Expected {
                measured,
                fewest_left: 0,
                left: after(round).left,
            };
            cuts.extend(budget.after_round(round, taken, &expected));
            round += 1;
        }
        let blocks: Vec<bool> = cuts
            .iter()
            .filter(|(of, _)| *of == CutOf::Blocks)
            .map(|(_, what)| what.is_none())
            .collect();
        assert_eq!(blocks, [false, true], "{cuts:?}");
        assert!(!budget.lean && taken <= 300.0, "{taken} s");
        assert!(round > 180, "{round} rounds");
    }

    #[test]
    fn a_run_that_was_gone_on_with_counts_what_it_took_before() {
        let mut budget = Budget::new(40, Some(5.0), 150.0);
        for nth in 1..=6 {
            let expected = Expected {
                measured: 3.0 * nth as f64,
                fewest_left: 0,
                left: after(19 + nth).left,
            };
            let cut = budget.after_round(19 + nth, (150 + 10 * nth) as f64, &expected);
            assert_eq!(cut.is_some(), nth == 6);
        }
        assert_eq!(budget.rounds, 35);
        assert!(budget.is_over(301.0) && !budget.is_over(299.0));
        assert!(budget.has_room(10, 286.0) && !budget.has_room(10, 287.0));
    }

    #[test]
    fn what_takes_part_in_few_rounds_keeps_them_and_the_run_ends_in_time() {
        // Half a second a round, and 2.5 s more in 40 of them, all of them twice as long as expected; a third of the time is there.
        let few = |done: usize, rounds: usize| 40.min(done * 40 / rounds);
        let limit = 130.0;
        let mut budget = Budget::new(200, Some(limit / 60.0), 0.0);
        let (mut taken, mut measured, mut long, mut round) = (0.0, 0.0, 0, 0);
        while round < budget.rounds {
            let more = few(round + 1, budget.rounds).saturating_sub(long);
            long += more;
            measured += 0.25 + 1.25 * more as f64;
            taken += 0.5 + 2.5 * more as f64;
            let expected = Expected {
                measured,
                fewest_left: 6usize.saturating_sub(long),
                left: |rounds: usize, _| 0.25 * (rounds - round - 1) as f64 + 1.25 * (40 - long) as f64,
            };
            budget.after_round(round, taken, &expected);
            round += 1;
        }
        assert!((limit - 4.0..=limit).contains(&taken), "{taken} s, {budget:?}");
        assert_eq!(long, 40);
        assert!(!budget.lean, "{budget:?}");
    }

    #[test]
    fn no_cut_takes_the_interval_from_a_case_that_has_few_blocks_yet() {
        // There is time for 7 of 20 rounds, and after 3 of them a case has been measured once.
        let mut budget = Budget::new(20, Some(7.0 / 60.0), 0.0);
        for round in 0..3 {
            let expected = Expected {
                fewest_left: 5,
                ..after(round)
            };
            budget.after_round(round, (round + 1) as f64, &expected);
        }
        assert_eq!(budget.rounds, 8);
    }
}
