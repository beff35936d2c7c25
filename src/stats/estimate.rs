//! Medians and their intervals, by counting orders: nothing is assumed about distributions.

use serde::{Deserialize, Serialize};

use super::{median, sorted};

/// The least level at which an interval is called one.
pub(super) const LEVEL: f64 = 0.95;

/// The fewest rounds that can carry an interval of at least 95%.
pub const FEWEST_ROUNDS: usize = 6;

/// For `n` independent values: how many to cut off at each end so that what remains covers the median with
/// the least level that is at least 95%, and that level. `None` for fewer than 6 values.
///
/// The number of values below the median is binomial(n, 1/2) (e.g. David & Nagaraja, *Order Statistics*,
/// 7.1), so the interval from the (k+1)-th smallest to the (k+1)-th largest value has level
/// 1 − 2·P(at most k below).
pub fn order_interval(n: usize) -> Option<(usize, f64)> {
    let mut best = None;
    let mut probability = 0.5f64.powi(n.try_into().ok()?);
    let mut tail = 0.0;
    for cut in 0..n / 2 {
        tail += probability;
        if 1.0 - 2.0 * tail < LEVEL {
            break;
        }
        best = Some((cut, 1.0 - 2.0 * tail));
        probability *= (n - cut) as f64 / (cut + 1) as f64;
    }
    best
}

/// How many of the sorted differences between `m` and `n` independent values to cut off at each end so that what
/// remains covers the shift between them with the least level that is at least 95%, and that level. `None` where
/// there are too few.
///
/// The number of pairs in which one side is smaller has the distribution of Mann and Whitney; the interval is that of
/// Hodges and Lehmann (e.g. Hollander, Wolfe & Chicken, *Nonparametric Statistical Methods*, 4.2 and 4.3).
pub fn shift_interval(m: usize, n: usize) -> Option<(usize, f64)> {
    let pairs = m * n;
    if pairs == 0 {
        return None;
    }
    if pairs > MOST_PAIRS {
        // Normal beyond: its error is far below a percent there.
        let (m, n) = (m as f64, n as f64);
        let deviation = (m * n * (m + n + 1.0) / 12.0).sqrt();
        return Some(((m * n / 2.0 - 1.96 * deviation).floor() as usize, LEVEL));
    }
    // Coefficients of the product over i of (1 − q^(n+i)) / (1 − q^i): how many orders give each number of pairs.
    let mut orders = vec![0.0; pairs + 1];
    orders[0] = 1.0;
    for i in 1..=m {
        for u in (n + i..=pairs).rev() {
            orders[u] -= orders[u - n - i];
        }
        for u in i..=pairs {
            orders[u] += orders[u - i];
        }
    }
    let all: f64 = orders.iter().sum();
    let mut tail = 0.0;
    let mut best = None;
    for (cut, count) in orders.iter().enumerate().take(pairs / 2) {
        tail += count / all;
        if 1.0 - 2.0 * tail < LEVEL {
            break;
        }
        best = Some((cut, 1.0 - 2.0 * tail));
    }
    best
}

/// Beyond so many pairs the distribution is taken as normal.
const MOST_PAIRS: usize = 10_000;

/// A median over rounds and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median over the rounds.
    pub median: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// The probability with which such an interval covers the true median; 0 where there were too few rounds
    /// for an interval, and `low` and `high` are the extremes.
    pub level: f64,
}

impl Estimate {
    /// The median and interval of one value a round. `None` for no values.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let sorted = sorted(rounds);
        let last = sorted.len().checked_sub(1)?;
        let (cut, level) = order_interval(sorted.len()).unwrap_or((0, 0.0));
        Some(Self {
            median: median(&sorted),
            low: sorted[cut],
            high: sorted[last - cut],
            level,
        })
    }

    /// How far the values of `b` lie above those of `a`: the median of all differences, and its interval. `None` for
    /// no values.
    pub fn shift(a: &[f64], b: &[f64]) -> Option<Self> {
        let pairs = b.iter().flat_map(|b| a.iter().map(move |a| b - a));
        let differences = sorted(&pairs.collect::<Vec<f64>>());
        let last = differences.len().checked_sub(1)?;
        let (cut, level) = shift_interval(a.len(), b.len()).unwrap_or((0, 0.0));
        Some(Self {
            median: median(&differences),
            low: differences[cut],
            high: differences[last - cut],
            level,
        })
    }

    /// The same through an increasing function.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            median: f(self.median),
            low: f(self.low),
            high: f(self.high),
            level: self.level,
        }
    }

    /// Whether the interval contains `value`.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The median of each round's values, and its interval over the rounds. Rounds without values are left
    /// out; `None` where none has any.
    pub fn over_rounds(rounds: &[Vec<f64>]) -> Option<Self> {
        Self::of(&round_medians(rounds))
    }

    /// Of natural-log ratios, the ratio.
    pub fn ratio(rounds: &[Vec<f64>]) -> Option<Self> {
        Self::over_rounds(rounds).map(|logs| logs.map(f64::exp))
    }
}

/// Each round's median; rounds without values are left out.
pub fn round_medians(rounds: &[Vec<f64>]) -> Vec<f64> {
    rounds
        .iter()
        .filter(|round| !round.is_empty())
        .map(|round| median(round))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::normal;

    #[test]
    fn the_distribution_of_mann_and_whitney_is_exact() {
        // Critical values of published tables, two-sided 5%: U ≤ 23 of 10 and 10, 2 of 5 and 5, 127 of 20 and 20.
        for (m, n, critical) in [(10, 10, 23), (5, 5, 2), (20, 20, 127), (10, 20, 55)] {
            let (cut, level) = shift_interval(m, n).unwrap();
            assert_eq!(cut, critical, "{m} {n}");
            assert_eq!(shift_interval(n, m).map(|(cut, _)| cut), Some(critical));
            assert!((LEVEL..0.97).contains(&level), "{level}");
        }
        assert_eq!(shift_interval(3, 3), None);
        assert_eq!(shift_interval(0, 9), None);
        // Where it becomes normal it hardly differs.
        let (exact, _) = shift_interval(100, 100).unwrap();
        let (normal, _) = shift_interval(100, 101).unwrap();
        assert!(exact.abs_diff(normal) < 60, "{exact} {normal}");
    }

    #[test]
    fn a_shift_is_covered_and_found() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut covered, mut excludes_zero) = (0, 0);
        const RUNS: usize = 2000;
        for _ in 0..RUNS {
            let mut draw = |shift: f64| -> Vec<f64> {
                (0..10)
                    .map(|_| shift + 0.05 * normal(&mut random))
                    .collect()
            };
            let (a, b) = (draw(0.0), draw(0.1));
            let shift = Estimate::shift(&a, &b).unwrap();
            covered += usize::from(shift.contains(0.1));
            excludes_zero += usize::from(shift.low > 0.0);
            let back = Estimate::shift(&b, &a).unwrap();
            assert!((shift.low + back.high).abs() < 1e-12);
        }
        assert!(covered as f64 / RUNS as f64 > 0.945, "{covered}");
        assert!(excludes_zero as f64 / RUNS as f64 > 0.95, "{excludes_zero}");
    }

    #[test]
    fn levels_are_the_binomial_ones() {
        assert_eq!(order_interval(5), None);
        assert_eq!(order_interval(0), None);
        let expect = [
            (6, 0, 1.0 - 2.0 / 64.0),
            (8, 0, 1.0 - 2.0 / 256.0),
            (9, 1, 1.0 - 20.0 / 512.0),
            (10, 1, 1.0 - 22.0 / 1024.0),
            (20, 5, 0.958_61),
        ];
        for (n, cut, level) in expect {
            let (found_cut, found_level) = order_interval(n).unwrap();
            assert_eq!(found_cut, cut, "{n}");
            assert!((found_level - level).abs() < 1e-5, "{n}: {found_level}");
        }
    }

    #[test]
    fn ten_rounds_give_the_second_to_the_ninth() {
        let rounds: Vec<f64> = [5, 1, 9, 3, 7, 2, 8, 4, 10, 6].map(f64::from).to_vec();
        let estimate = Estimate::of(&rounds).unwrap();
        assert_eq!(
            (estimate.median, estimate.low, estimate.high),
            (5.5, 2.0, 9.0)
        );
        assert!((estimate.level - 0.978_515_625).abs() < 1e-12);
    }

    #[test]
    fn one_round_has_no_interval() {
        let estimate = Estimate::over_rounds(&[vec![1.0, 2.0, 4.0]]).unwrap();
        assert_eq!((estimate.median, estimate.level), (2.0, 0.0));
        assert_eq!(Estimate::over_rounds(&[vec![], vec![]]), None);
    }
}
