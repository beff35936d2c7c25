//! What a ratio says, alone and in a table of hundreds.

use super::binomial::heads;
use super::estimate::LEVEL;
use super::{Estimate, sorted};

/// Ratios closer to 1 than this are not called a difference, however sure they are: another build of the same
/// code moves them by as much.
pub const MARGIN: f64 = 0.01;

/// How far a case's control strayed from 1, as a fraction: the farther end of the interval of the reference
/// measured against itself. Symmetric in the log, so that swapping the sides changes nothing.
pub fn noise_floor(control: &Estimate) -> f64 {
    control.high.max(1.0 / control.low).max(1.0) - 1.0
}

crate::words! {
    /// What a ratio says, in the order in which reports list it.
    pub enum Verdict {
        /// The strategy takes longer than the reference: the whole interval lies beyond 1% and the noise floor.
        Slower = "slower",
        /// The strategy takes less time than the reference: the same on the other side.
        Faster = "faster",
        /// They differ by less than 1%: interval and noise floor lie within it.
        Same = "same",
        /// The data do not tell: none of the others, or too few rounds for an interval.
        Inconclusive = "inconclusive",
        /// It has two modes, one slower and one faster.
        Depends = "depends",
        /// The sides change each other's times in a shared runtime, so that the ratio is not that of two programs.
        Interferes = "interferes",
    }
}

/// What is known of a measurement beside its ratio.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// The noise floor of its case, a fraction.
    pub noise_floor: f64,
    /// What sharing a runtime did to the ratio; `None` where runtimes are not shared.
    pub carry_over: Option<Estimate>,
    /// Whether it has two modes of opposite sign.
    pub opposite_modes: bool,
}

impl Circumstances {
    /// Judges a ratio by all of it.
    pub fn judge(&self, ratio: &Estimate) -> Verdict {
        if self.interferes() {
            Verdict::Interferes
        } else if self.opposite_modes && ratio.level > 0.0 {
            Verdict::Depends
        } else {
            judge(ratio, self.noise_floor)
        }
    }

    /// Whether what is carried over is surely more than the margin and the noise floor.
    fn interferes(&self) -> bool {
        let beyond = self.noise_floor.max(MARGIN).ln_1p();
        self.carry_over
            .is_some_and(|carried| carried.level > 0.0 && (carried.low.ln() > beyond || carried.high.ln() < -beyond))
    }
}

/// Judges a ratio against the noise floor of its case, a fraction (0 for a control, judged by the margin of
/// 1% alone). In the log, so that swapped sides get the mirrored verdict.
pub fn judge(ratio: &Estimate, noise_floor: f64) -> Verdict {
    let margin = MARGIN.ln_1p();
    let beyond = noise_floor.max(MARGIN).ln_1p();
    let (low, high) = (ratio.low.ln(), ratio.high.ln());
    if ratio.level < LEVEL {
        Verdict::Inconclusive
    } else if low > beyond {
        Verdict::Slower
    } else if high < -beyond {
        Verdict::Faster
    } else if low >= -margin && high <= margin && noise_floor <= MARGIN {
        Verdict::Same
    } else {
        Verdict::Inconclusive
    }
}

/// The two-sided p-value of a sign test: how likely so many of the `units`, natural logs of a ratio, lie on one side of 1,
/// beyond `noise_floor` or the margin, by luck. Units that share a layout are no independent evidence
/// ([`super::Sample::units`]).
pub fn sign_test_p(units: &[f64], noise_floor: f64) -> f64 {
    let beyond = noise_floor.max(MARGIN).ln_1p();
    let above = units.iter().filter(|&&log| log > beyond).count();
    let below = units.iter().filter(|&&log| log < -beyond).count();
    let missing = units.len() - above.max(below);
    let tail: f64 = heads(units.len()).take(missing + 1).sum();
    (2.0 * tail).min(1.0)
}

/// The share of false ones among the differences that a table reports, at most, on average.
pub const FALSE_DISCOVERIES: f64 = 0.05;

/// Which of a table's differences stand together, by their p-values: of many cases without a difference some have all units
/// on one side by luck; those that stand have at most a share of [`FALSE_DISCOVERIES`] of them (Benjamini & Hochberg,
/// "Controlling the false discovery rate", 1995).
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<bool> {
    let sorted = sorted(p_values);
    let n = sorted.len() as f64;
    let limit = sorted
        .iter()
        .enumerate()
        .filter(|(place, p)| **p <= FALSE_DISCOVERIES * (place + 1) as f64 / n)
        .map(|(_, p)| *p)
        .next_back();
    p_values
        .iter()
        .map(|p| limit.is_some_and(|limit| *p <= limit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::normal_within;
    use crate::normal;

    /// Rounds of 3 blocks: a true log ratio, a shift of each round of its own, noise of each block.
    fn simulate(random: &mut fastrand::Rng, truth: f64, round: f64, block: f64) -> Vec<Vec<f64>> {
        (0..10)
            .map(|_| {
                let shift = round * normal(random);
                (0..3).map(|_| truth + shift + block * normal(random)).collect()
            })
            .collect()
    }

    fn verdicts(seed: u64, truth: f64, round: f64) -> Vec<Verdict> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..2000)
            .map(|_| {
                let control = Estimate::ratio(&simulate(&mut random, 0.0, round / 4.0, round / 4.0)).unwrap();
                let ratio = Estimate::ratio(&simulate(&mut random, truth, round, round)).unwrap();
                judge(&ratio, noise_floor(&control))
            })
            .collect()
    }

    fn share(verdicts: &[Verdict], verdict: Verdict) -> f64 {
        verdicts.iter().filter(|&&v| v == verdict).count() as f64 / verdicts.len() as f64
    }

    #[test]
    fn no_verdict_of_difference_without_one() {
        for round in [0.001, 0.005, 0.02, 0.1] {
            let verdicts = verdicts(3, 0.0, round);
            let wrong = share(&verdicts, Verdict::Slower) + share(&verdicts, Verdict::Faster);
            assert!(wrong <= 0.01, "{wrong} at {round}");
        }
        assert!(share(&verdicts(3, 0.0, 0.001), Verdict::Same) > 0.95);
        assert!(share(&verdicts(3, 0.0, 0.1), Verdict::Inconclusive) > 0.95);
    }

    #[test]
    fn a_real_difference_is_found_with_its_sign() {
        let slower = verdicts(5, 0.05, 0.005);
        assert!(share(&slower, Verdict::Slower) > 0.95);
        let faster = verdicts(5, -0.05, 0.005);
        assert!(share(&faster, Verdict::Faster) > 0.95);
        for (wrong, verdicts) in [
            (Verdict::Faster, verdicts(6, 0.05, 0.05)),
            (Verdict::Slower, verdicts(6, -0.05, 0.05)),
        ] {
            assert_eq!(share(&verdicts, wrong), 0.0);
        }
    }

    #[test]
    fn swapped_sides_get_the_mirrored_verdict() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..2000 {
            let truth = 0.1 * normal(&mut random);
            let rounds = simulate(&mut random, truth, 0.02, 0.01);
            let swapped: Vec<Vec<f64>> = rounds
                .iter()
                .map(|round| round.iter().map(|log| -log).collect())
                .collect();
            let floor = 0.02 * random.f64();
            let verdict = judge(&Estimate::ratio(&rounds).unwrap(), floor);
            let mirrored = match judge(&Estimate::ratio(&swapped).unwrap(), floor) {
                Verdict::Slower => Verdict::Faster,
                Verdict::Faster => Verdict::Slower,
                other => other,
            };
            assert_eq!(verdict, mirrored);
        }
    }

    #[test]
    fn what_is_carried_over_and_two_modes_withhold_a_verdict() {
        let estimate = |low: f64, high: f64| Estimate {
            median: (low + high) / 2.0,
            low,
            high,
            level: 0.95,
        };
        let ratio = estimate(1.5, 1.6);
        let judged = |carried, opposite_modes| {
            let circumstances = Circumstances {
                noise_floor: 0.02,
                carry_over: Some(carried),
                opposite_modes,
            };
            circumstances.judge(&ratio)
        };
        assert_eq!(judged(estimate(0.99, 1.05), false), Verdict::Slower);
        assert_eq!(judged(estimate(1.01, 1.05), false), Verdict::Slower);
        assert_eq!(judged(estimate(1.03, 1.05), false), Verdict::Interferes);
        assert_eq!(judged(estimate(0.90, 0.97), true), Verdict::Interferes);
        assert_eq!(judged(estimate(0.99, 1.05), true), Verdict::Depends);
    }

    #[test]
    fn a_sign_test_of_thousands_of_units_is_the_normal_one() {
        // Of 2000 fair coins, 1020 or more of one side: z = 19.5 / √500.
        for n in [1_000, 2_000] {
            let above = n / 2 + 20;
            let units: Vec<f64> = (0..n).map(|unit| if unit < above { 1.0 } else { -1.0 }).collect();
            let expected = 1.0 - normal_within(19.5 / (n as f64 / 4.0).sqrt());
            let p = sign_test_p(&units, 0.0);
            assert!((p - expected).abs() < 1e-3, "{n}: {p}, {expected}");
        }
        assert_eq!(sign_test_p(&[1.0, 1.0, 1.0, 1.0, 1.0, -1.0], 0.0), 14.0 / 64.0);
        assert_eq!(sign_test_p(&[], 0.0), 1.0);
    }

    #[test]
    fn verdicts_at_the_edges() {
        let ratio = |low, high| Estimate {
            median: (low + high) / 2.0,
            low,
            high,
            level: 0.979,
        };
        assert_eq!(judge(&ratio(1.02, 1.04), 0.0), Verdict::Slower);
        assert_eq!(judge(&ratio(0.95, 0.98), 0.0), Verdict::Faster);
        assert_eq!(judge(&ratio(0.995, 1.005), 0.004), Verdict::Same);
        assert_eq!(judge(&ratio(0.995, 1.005), 0.02), Verdict::Inconclusive);
        assert_eq!(judge(&ratio(1.02, 1.04), 0.03), Verdict::Inconclusive);
        assert_eq!(judge(&ratio(1.005, 1.02), 0.0), Verdict::Inconclusive);
        let preview = Estimate {
            level: 0.0,
            ..ratio(5.0, 6.0)
        };
        assert_eq!(judge(&preview, 0.0), Verdict::Inconclusive);
    }
}
