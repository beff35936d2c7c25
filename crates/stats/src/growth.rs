//! How a time grows with the number of children.

use super::student::student_quantile;
use super::{Estimate, LEVEL, mean};

/// The exponent b of the power law t = a·Nᵇ, by least squares in logarithms through the mean of each N's times, and its
/// interval. Each point is a number of children and the times that were measured of it, one a round.
///
/// The slope is a weighted sum of the points' means, so that its variance is that of theirs, with the weights squared. Of each
/// point it is the scatter of its own times, but not less than that of all, since two times may lie close by luck; the interval
/// is Student's, its degrees of freedom by Welch and Satterthwaite (*Biometrics Bulletin* 2, 1946). So it needs no rounds in
/// which all N were measured; of two rounds of some N it is wide, and with one there is none (its level is 0). `None` for fewer
/// than two points, or one without times.
///
/// With N over some decades a linear cost has an exponent near 1 and a quadratic one near 2; constant parts pull it down, and
/// memory that no longer fits into a cache pulls it up.
pub fn exponent(points: &[(f64, Vec<f64>)]) -> Option<Estimate> {
    if points.iter().any(|(_, times)| times.is_empty()) {
        return None;
    }
    let x: Vec<f64> = points.iter().map(|(n, _)| n.ln()).collect();
    let logs: Vec<Vec<f64>> = points
        .iter()
        .map(|(_, times)| times.iter().map(|time| time.ln()).collect())
        .collect();
    let center = mean(&x);
    let squares: f64 = x.iter().map(|x| (x - center).powi(2)).sum();
    if points.len() < 2 || squares <= 0.0 {
        return None;
    }
    let weights: Vec<f64> = x.iter().map(|x| (x - center) / squares).collect();
    let slope: f64 = weights
        .iter()
        .zip(&logs)
        .map(|(weight, logs)| weight * mean(logs))
        .sum();
    // A point in the middle of the axis has no weight, and needs no variance.
    let weighted = || weights.iter().zip(&logs).filter(|(weight, _)| weight.abs() > 1e-9);
    if weighted().any(|(_, logs)| logs.len() < 2) {
        return Some(Estimate {
            level: 0.0,
            ..Estimate::around(slope, 0.0)
        });
    }
    let spread = |logs: &[f64]| {
        let center = mean(logs);
        logs.iter().map(|log| (log - center).powi(2)).sum::<f64>()
    };
    let freedom = |logs: &[f64]| (logs.len() - 1) as f64;
    let pooled = logs.iter().map(|logs| spread(logs)).sum::<f64>() / logs.iter().map(|logs| freedom(logs)).sum::<f64>();
    let (mut variance, mut by_freedom) = (0.0, 0.0);
    for (weight, logs) in weighted() {
        let own = spread(logs) / freedom(logs);
        let part = weight.powi(2) * own.max(pooled) / logs.len() as f64;
        variance += part;
        by_freedom += part.powi(2) / freedom(logs);
    }
    let freedom = if variance > 0.0 {
        variance.powi(2) / by_freedom
    } else {
        1.0
    };
    let half = student_quantile(LEVEL, (freedom as usize).max(1)) * variance.sqrt();
    Some(Estimate::around(slope, half))
}

/// An interval is near to a whole number that none of its ends is so far from.
pub const NEAR: f64 = 0.25;

/// What an exponent is called: by the whole number that its interval is near to, or those that it lies between; one without
/// an interval is too uncertain for either.
pub fn word(exponent: &Estimate) -> &'static str {
    let Estimate { low, high, .. } = *exponent;
    let near = |whole: f64| (low - whole).abs() < NEAR && (high - whole).abs() < NEAR;
    match exponent {
        _ if exponent.level == 0.0 => "too uncertain to say",
        _ if near(0.0) => "constant",
        _ if near(1.0) => "linear",
        _ if near(2.0) => "quadratic",
        _ if 0.0 < low && high < 1.0 => "between constant and linear",
        _ if 1.0 < low && high < 2.0 => "between linear and quadratic",
        _ if 2.0 < low => "steeper than quadratic",
        _ => "too uncertain to say",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [f64; 4] = [100.0, 1_000.0, 10_000.0, 100_000.0];

    /// As many times of each N as a run of `scale` has: few of the large ones.
    const ROUNDS: [usize; 4] = [10, 9, 5, 2];

    fn points(cost: impl Fn(f64) -> f64, noise: f64, random: &mut fastrand::Rng) -> Vec<(f64, Vec<f64>)> {
        let mut point = |n: f64, rounds: usize| {
            let times = (0..rounds).map(|_| cost(n) * (1.0 + noise * (random.f64() - 0.5)));
            (n, times.collect())
        };
        NUMBERS
            .into_iter()
            .zip(ROUNDS)
            .map(|(n, rounds)| point(n, rounds))
            .collect()
    }

    #[test]
    fn growth_is_found_and_named() {
        let mut random = fastrand::Rng::with_seed(7);
        for (cost, expected, name) in [
            ((|n| 300.0 * n) as fn(f64) -> f64, 1.0, "linear"),
            (|n| 7.0 * n * n, 2.0, "quadratic"),
            (|_| 2e6, 0.0, "constant"),
            (|n| 40.0 * n * n.sqrt(), 1.5, "between linear and quadratic"),
            (|n| 40.0 * n.sqrt(), 0.5, "between constant and linear"),
            (|n| 0.1 * n * n * n, 3.0, "steeper than quadratic"),
            // What join! polls where wakes are separate.
            (|n| 14.0 * n * (n + 3.0) / 2.0, 2.0, "quadratic"),
        ] {
            let exponent = exponent(&points(cost, 0.1, &mut random)).expect("an exponent");
            assert!((exponent.median - expected).abs() < 0.03, "{exponent:?} {expected}");
            assert!(exponent.low <= exponent.median && exponent.median <= exponent.high);
            assert_eq!(exponent.level, LEVEL);
            assert_eq!(word(&exponent), name, "{exponent:?}");
        }
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(11);
        let runs = 2_000;
        // Alike at every number of children, and four times as much at the most, which has the fewest rounds.
        for (few, many) in [(0.2, 0.2), (0.05, 0.2)] {
            let covers = (0..runs).filter(|_| {
                let mut points = points(|n| 80.0 * n.powf(1.1), few, &mut random);
                points[3].1 = (0..5)
                    .map(|_| 80.0 * 1e5f64.powf(1.1) * (1.0 + many * (random.f64() - 0.5)))
                    .collect();
                exponent(&points).expect("an exponent").contains(1.1)
            });
            let share = covers.count() as f64 / f64::from(runs);
            assert!(share > 0.92, "{few} {many}: {share}");
        }
    }

    #[test]
    fn an_interval_that_is_wide_has_no_name() {
        let named = |low, high| {
            word(&Estimate {
                median: (low + high) / 2.0,
                low,
                high,
                level: LEVEL,
            })
        };
        assert_eq!(named(0.85, 1.30), "too uncertain to say");
        assert_eq!(named(1.23, 1.27), "between linear and quadratic");
        assert_eq!(named(0.80, 1.20), "linear");
    }

    #[test]
    fn one_time_of_a_number_has_no_interval() {
        let found = exponent(&[(10.0, vec![10.0, 11.0]), (1000.0, vec![1000.0])]).expect("an exponent");
        assert_eq!(found.level, 0.0);
        assert_eq!(found.low, found.high);
    }

    #[test]
    fn one_number_of_children_has_no_growth() {
        assert_eq!(exponent(&[(100.0, vec![1.0, 2.0])]), None);
        assert_eq!(exponent(&[(100.0, vec![1.0]), (1000.0, Vec::new())]), None);
        assert_eq!(exponent(&[]), None);
    }
}
