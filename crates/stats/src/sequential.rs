//! When a case has been measured enough before its last round.
//!
//! After the rounds of [`LOOKS`] each case is looked at, at [`LOOK_LEVEL`]. Each look may err, so that what is printed has
//! the level that is left of all of them (Bonferroni): 1 less the errors of the looks so far and of the last interval.

use super::{Estimate, LEVEL, MARGIN, Sample, Verdict};

/// After how many of a case's rounds it is looked at.
pub const LOOKS: [usize; 3] = [40, 60, 80];

/// The level of a look.
pub const LOOK_LEVEL: f64 = 0.999;

/// Half of an interval's width, in the log, up to which it is not made narrower: half of the margin.
const NARROW: f64 = MARGIN / 2.0;

/// How many looks there are before the last of so many rounds.
fn looks_before(rounds: usize) -> usize {
    LOOKS.iter().filter(|look| **look < rounds).count()
}

/// The estimate over natural logs of ratios, after so many rounds, of which not all need to count: its level is what is left after
/// the looks. `stopped` where a look ended the measuring.
pub fn estimate(logs: &Sample, rounds: usize, stopped: bool) -> Option<Estimate> {
    let looks = looks_before(rounds) as f64 * (1.0 - LOOK_LEVEL);
    let wanted = if stopped { LOOK_LEVEL } else { LEVEL + looks };
    let mut estimate = logs.at_level(wanted)?;
    estimate.level = (estimate.level - looks).max(0.0);
    Some(estimate)
}

/// Whether a case needs no more rounds: its verdict is one of difference or of sameness, and its interval is narrow, at the
/// level of a look.
pub fn needs_no_more_rounds(ratio: &Estimate, verdict: Verdict) -> bool {
    let width = (ratio.high / ratio.low).ln() / 2.0;
    let said = matches!(verdict, Verdict::Slower | Verdict::Faster | Verdict::Same);
    said && width <= NARROW && ratio.level > LEVEL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use crate::normal;

    /// Measures a true log ratio as a run does, looks included; the estimate, and after how many rounds.
    fn run(random: &mut fastrand::Rng, truth: f64, deviation: f64) -> (Estimate, usize) {
        let mut logs = Vec::new();
        loop {
            logs.push(truth + deviation * normal(random));
            let rounds = logs.len();
            if LOOKS.contains(&rounds) {
                let ratio = estimate(&Sample::each(logs.clone()), rounds, true)
                    .unwrap()
                    .map(f64::exp);
                if needs_no_more_rounds(&ratio, judge(&ratio, 0.0)) {
                    return (ratio, rounds);
                }
            }
            if rounds == 100 {
                return (estimate(&Sample::each(logs), 100, false).unwrap().map(f64::exp), 100);
            }
        }
    }

    #[test]
    fn looking_early_errs_no_more_than_it_says() {
        let mut random = fastrand::Rng::with_seed(5);
        const RUNS: usize = 500;
        for deviation in [0.006, 0.01, 0.02, 0.08] {
            for truth in [0.0, MARGIN.ln_1p(), 0.02, 1.0] {
                let (mut missed, mut wrong, mut rounds, mut level) = (0, 0, 0, 1.0f64);
                for _ in 0..RUNS {
                    let (ratio, after) = run(&mut random, truth, deviation);
                    missed += usize::from(!ratio.contains(truth.exp()));
                    let verdict = judge(&ratio, 0.0);
                    let differs = matches!(verdict, Verdict::Slower | Verdict::Faster);
                    wrong += usize::from(truth <= MARGIN.ln_1p() && differs);
                    rounds += after;
                    level = level.min(ratio.level);
                }
                let share = |count: usize| count as f64 / RUNS as f64;
                // A share of 5%, and three standard deviations of it; of 2.5% on one side.
                assert!(level >= LEVEL, "{level}");
                assert!(share(missed) <= 0.079, "{missed} at {truth} ± {deviation}");
                assert!(share(wrong) <= 0.046, "{wrong} at {truth} ± {deviation}");
                if deviation == 0.006 && truth != MARGIN.ln_1p() {
                    assert!(rounds < 45 * RUNS, "quiet cases end early: {rounds}");
                }
            }
        }
    }
}
