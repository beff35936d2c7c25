//! One answer from several machines: a random-effects estimate.
//!
//! Each machine has a true log ratio of its own; those scatter around a centre with a variance τ², and each is known with an
//! error of its own. The centre is the mean of the machines, each with the same weight, and its interval is Student's with
//! k − 1 degrees of freedom: with errors as unlike as can be it covers in 95% or more, from two machines on (Bakirov & Székely,
//! "Existence and stability of Student's t-test under heteroscedasticity", 2005; Ibragimov & Müller, "t-Statistic Based
//! Correlation and Heterogeneity Robust Inference", 2010). Weights would have to be estimated: of three machines DerSimonian's
//! and Laird's normal interval covers in less than 85% (tested below).
//!
//! How much of the scatter is the machines', τ, is found as Paule and Mandel do it ("Consensus values and weighting factors",
//! 1982), which assumes nothing of how machines scatter.

use serde::Serialize;

use super::student::student_quantile;
use super::{Estimate, LEVEL, halved};

/// A log ratio as one machine knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRatio {
    /// The natural log of a ratio.
    pub log: f64,
    /// Its standard error.
    pub error: f64,
}

/// No interval is so narrow that its machine alone decides.
const LEAST_ERROR: f64 = 1e-5;

impl LogRatio {
    /// Of a ratio's interval, which `units` values made: half its width in the log, over the quantile of Student's t with
    /// `units` − 1 degrees of freedom that belongs to the interval's level. `None` where there is no interval.
    pub fn of(ratio: &Estimate, units: usize) -> Option<Self> {
        if units < 2 || ratio.level <= 0.0 || ratio.low <= 0.0 {
            return None;
        }
        let half = (ratio.high.ln() - ratio.low.ln()) / 2.0;
        let error = half / student_quantile(ratio.level, units - 1);
        Some(Self {
            log: ratio.median.ln(),
            error: error.max(LEAST_ERROR),
        })
    }
}

/// What several machines say together. Logs and variances are natural.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RandomEffects {
    /// How many machines.
    pub machines: usize,
    /// The centre of the machines' ratios, with the interval of this centre.
    pub ratio: Estimate,
    /// Where the ratio that is measured on one more machine lies with the same probability, if it is drawn like these.
    pub prediction: Estimate,
    /// Standard deviation between machines, in the log: τ.
    pub between: f64,
    /// Share of the scatter that is machines' and not their errors' (Higgins & Thompson, "Quantifying heterogeneity in a
    /// meta-analysis", 2002).
    pub i_squared: f64,
}

/// The machines' centre, its interval and its scatter; `None` for fewer than two.
pub fn random_effects(machines: &[LogRatio]) -> Option<RandomEffects> {
    let k = machines.len();
    if k < 2 {
        return None;
    }
    let freedom = (k - 1) as f64;
    let mean = machines.iter().map(|known| known.log).sum::<f64>() / k as f64;
    let squares: f64 = machines.iter().map(|known| (known.log - mean).powi(2)).sum();
    let variance = squares / freedom;
    let t = student_quantile(LEVEL, k - 1);
    let q = scatter(machines, 0.0);
    Some(RandomEffects {
        machines: k,
        ratio: Estimate::around(mean, t * (variance / k as f64).sqrt()).map(f64::exp),
        prediction: Estimate::around(mean, t * (variance * (1.0 + 1.0 / k as f64)).sqrt()).map(f64::exp),
        between: paule_mandel(machines).sqrt(),
        i_squared: if q > freedom { 1.0 - freedom / q } else { 0.0 },
    })
}

/// The weighted sum of squares around the weighted mean, where each machine weighs as its variance is small: Cochran's Q, where τ²
/// is 0.
fn scatter(machines: &[LogRatio], tau_squared: f64) -> f64 {
    let weight = |known: &LogRatio| 1.0 / (known.error * known.error + tau_squared);
    let total: f64 = machines.iter().map(weight).sum();
    let centre = machines.iter().map(|known| weight(known) * known.log).sum::<f64>() / total;
    let square = |known: &LogRatio| weight(known) * (known.log - centre).powi(2);
    machines.iter().map(square).sum()
}

/// The τ² at which the scatter is what it should be, k − 1; 0 where it is less without any. The scatter falls as τ² grows, so
/// that halving finds it.
fn paule_mandel(machines: &[LogRatio]) -> f64 {
    let freedom = (machines.len() - 1) as f64;
    let above = |tau_squared: f64| scatter(machines, tau_squared) > freedom;
    if !above(0.0) {
        return 0.0;
    }
    let mut high = 1e-8;
    while above(high) {
        high *= 4.0;
    }
    halved(0.0, high, |tau_squared| !above(tau_squared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mean, normal};

    /// How an interval of the centre is made.
    type Interval = fn(&[LogRatio]) -> Estimate;

    fn of_the_suite(known: &[LogRatio]) -> Estimate {
        random_effects(known).expect("machines").ratio
    }

    /// DerSimonian's and Laird's estimate, with a normal interval.
    fn der_simonian_laird(known: &[LogRatio]) -> Estimate {
        let weight = |k: &LogRatio| 1.0 / (k.error * k.error);
        let [one, two] = [1, 2].map(|power| known.iter().map(|k| weight(k).powi(power)).sum::<f64>());
        let freedom = (known.len() - 1) as f64;
        let tau_squared = ((scatter(known, 0.0) - freedom) / (one - two / one)).max(0.0);
        let weight = |k: &LogRatio| 1.0 / (k.error * k.error + tau_squared);
        let total: f64 = known.iter().map(weight).sum();
        let centre = known.iter().map(|k| weight(k) * k.log).sum::<f64>() / total;
        let half = 1.96 / total.sqrt();
        Estimate::around(centre, half).map(f64::exp)
    }

    /// Share of so many fleets whose interval has the centre, and of those whose prediction interval has one more machine.
    /// Each machine is known from `units` values, by the same interval as in a record.
    fn coverage(
        interval: Interval,
        machines: usize,
        between: f64,
        within: &dyn Fn(usize) -> f64,
        seed: u64,
    ) -> (f64, f64) {
        const FLEETS: usize = 2_000;
        const UNITS: usize = 20;
        let centre = 0.3;
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut covers, mut predicts) = (0, 0);
        for _ in 0..FLEETS {
            let known: Vec<LogRatio> = (0..machines)
                .map(|machine| {
                    let truth = centre + between * normal(&mut random);
                    let logs: Vec<f64> = (0..UNITS)
                        .map(|_| truth + within(machine) * normal(&mut random))
                        .collect();
                    let ratio = Estimate::of(&logs).expect("units").map(f64::exp);
                    LogRatio::of(&ratio, UNITS).expect("an interval")
                })
                .collect();
            let found = random_effects(&known).expect("machines");
            covers += usize::from(interval(&known).contains(centre.exp()));
            predicts += usize::from(
                found
                    .prediction
                    .contains((centre + between * normal(&mut random)).exp()),
            );
        }
        (covers as f64 / FLEETS as f64, predicts as f64 / FLEETS as f64)
    }

    #[test]
    fn the_interval_covers_the_centre_of_few_and_of_many_machines() {
        let alike = |_: usize| 0.05;
        let unlike = |machine: usize| if machine.is_multiple_of(3) { 0.15 } else { 0.03 };
        for machines in [3, 5, 20] {
            for (seed, between) in (1..).zip([0.0, 0.05, 0.2]) {
                for (what, within) in [("alike", &alike as &dyn Fn(usize) -> f64), ("unlike", &unlike)] {
                    let (covers, predicts) = coverage(of_the_suite, machines, between, within, seed);
                    assert!(covers >= 0.93, "{covers} of {machines} {what}, between {between}");
                    assert!(
                        predicts >= 0.93,
                        "prediction: {predicts} of {machines} {what}, between {between}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_normal_interval_is_found_too_narrow_for_few_machines() {
        let (covers, _) = coverage(der_simonian_laird, 3, 0.05, &|_| 0.05, 1);
        assert!(covers < 0.85, "{covers}");
    }

    #[test]
    fn the_standard_error_is_that_of_the_units() {
        let mut random = fastrand::Rng::with_seed(5);
        let errors: Vec<f64> = (0..500)
            .map(|_| {
                let logs: Vec<f64> = (0..20).map(|_| 0.1 * normal(&mut random)).collect();
                let ratio = Estimate::of(&logs).expect("units").map(f64::exp);
                LogRatio::of(&ratio, logs.len()).expect("an interval").error
            })
            .collect();
        let mean = mean(&errors);
        let true_error = 0.1 / 20f64.sqrt();
        assert!((mean / true_error - 1.0).abs() < 0.06, "{mean} {true_error}");
    }

    #[test]
    fn scatter_is_told_from_errors() {
        let known = |log: f64, error: f64| LogRatio { log, error };
        // A textbook's arithmetic by hand: equal errors, so that τ² is the variance between machines less the errors'.
        let found = random_effects(&[known(0.0, 0.1), known(1.0, 0.1), known(2.0, 0.1)]).expect("machines");
        assert!((found.between.powi(2) - (1.0 - 0.01)).abs() < 1e-6, "{found:?}");
        assert!((found.ratio.median.ln() - 1.0).abs() < 1e-9);
        // t with two degrees of freedom, times 1/√3.
        assert!(
            (found.ratio.high.ln() - 1.0 - 4.3027 / 3f64.sqrt()).abs() < 1e-3,
            "{found:?}"
        );
        assert!((found.i_squared - (1.0 - 2.0 / 200.0)).abs() < 1e-9, "{found:?}");
        let same = random_effects(&[known(0.5, 0.1), known(0.5, 0.2), known(0.5, 0.3)]).expect("machines");
        assert_eq!((same.between, same.i_squared), (0.0, 0.0));
        assert_eq!(random_effects(&[known(0.5, 0.1)]), None);
    }
}
