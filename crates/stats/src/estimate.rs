//! Centres and their intervals, by counting orders and ranks.
//!
//! A ratio's centre is the *pseudo-median* of Hodges and Lehmann, the median of all means of two values, with the exact
//! interval of Wilcoxon's signed ranks: on recorded runs it is half as wide as the median's from order statistics, at the
//! same cost. It assumes that values scatter alike on both sides of the centre; what scatters otherwise is flagged
//! ([`modes`](super::modes)), and the coverage is tested on simulated truth (`simulated.rs`), two modes included.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{LazyLock, Mutex};

use serde::{Deserialize, Serialize};
use timed::locked::lock;

use super::binomial::heads;
use super::{halved, median};

/// The least level at which an interval is called one.
pub const LEVEL: f64 = 0.95;

/// The fewest rounds that can carry an interval of at least 95%.
pub const FEWEST_ROUNDS: usize = 6;

/// What was computed before, by what it was computed from.
type Memo<K, V> = LazyLock<Mutex<HashMap<K, V>>>;

/// Computes a value the first time: thousands of intervals are of few numbers of values.
fn once<K: Eq + Hash, V: Copy>(known: &Memo<K, V>, key: K, anew: impl FnOnce() -> V) -> V {
    let mut known = lock(known);
    *known.entry(key).or_insert_with(anew)
}

/// How many to cut off at each end so that what remains has the least level that is at least `level`, and that level; `chances`
/// are those of 0, 1, 2 … on one side. `None` where nothing can be cut off.
fn most_cut(chances: impl IntoIterator<Item = f64>, level: f64) -> Option<(usize, f64)> {
    let mut tail = 0.0;
    let levels = chances.into_iter().map(|chance| {
        tail += chance;
        1.0 - 2.0 * tail
    });
    levels.enumerate().take_while(|(_, left)| *left >= level).last()
}

/// For `n` independent values: how many to cut off at each end so that what remains covers the median with
/// the least level that is at least 95%, and that level. `None` for fewer than 6 values.
///
/// The number of values below the median is binomial(n, 1/2) (e.g. David & Nagaraja, *Order Statistics*,
/// 7.1), so the interval from the (k+1)-th smallest to the (k+1)-th largest value has level
/// 1 − 2·P(at most k below).
fn order_interval(n: usize) -> Option<(usize, f64)> {
    most_cut(heads(n).take(n / 2), LEVEL)
}

/// For `n` independent values: how many of their n(n+1)/2 sorted means of two (each with itself included) to cut off at
/// each end so that what remains covers the pseudo-median with the least level that is at least `level`, and that level.
/// `None` where there are too few.
///
/// The number of positive means has the distribution of Wilcoxon's signed ranks, the sum of a random subset of 1 … n (e.g.
/// Hollander, Wolfe & Chicken, *Nonparametric Statistical Methods*, 3.2 and 3.3).
fn signed_rank_interval(n: usize, level: f64) -> Option<(usize, f64)> {
    static KNOWN: Memo<(usize, u64), Option<(usize, f64)>> = LazyLock::new(Mutex::default);
    once(&KNOWN, (n, level.to_bits()), || signed_rank_interval_anew(n, level))
}

fn signed_rank_interval_anew(n: usize, level: f64) -> Option<(usize, f64)> {
    let most = n * (n + 1) / 2;
    if n > MOST_RANKED {
        // Normal beyond: its error is below a thousandth of the interval there.
        let (mean, n) = (most as f64 / 2.0, n as f64);
        let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        let cut = (mean - normal_quantile(level) * deviation - 0.5).floor();
        return Some((cut as usize, level));
    }
    let mut chances = vec![0.0; most + 1];
    chances[0] = 0.5f64.powi(n.try_into().ok()?);
    for rank in 1..=n {
        for sum in (rank..=most).rev() {
            chances[sum] += chances[sum - rank];
        }
    }
    most_cut(chances.into_iter().take(most / 2), level)
}

/// Beyond so many values the distribution of signed ranks is taken as normal.
const MOST_RANKED: usize = 100;

/// The probability that a normal value lies within `z` standard deviations, by the series of the error function (Abramowitz
/// & Stegun, 7.1.5): exact to 1e-9 below 5, and 1 beyond.
pub(super) fn normal_within(z: f64) -> f64 {
    if z >= 5.0 {
        return 1.0;
    }
    let x = z / std::f64::consts::SQRT_2;
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= -x * x / k as f64;
        sum += term / (2 * k + 1) as f64;
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

/// The number of standard deviations within which a normal value lies with probability `level`, found by halving.
fn normal_quantile(level: f64) -> f64 {
    halved(0.0, 5.0, |z| normal_within(z) >= level)
}

/// How many of the sorted differences between `m` and `n` independent values to cut off at each end so that what
/// remains covers the shift between them with the least level that is at least 95%, and that level. `None` where
/// there are too few.
///
/// The number of pairs in which one side is smaller has the distribution of Mann and Whitney; the interval is that of
/// Hodges and Lehmann (e.g. Hollander, Wolfe & Chicken, *Nonparametric Statistical Methods*, 4.2 and 4.3).
fn hodges_lehmann_interval(m: usize, n: usize) -> Option<(usize, f64)> {
    static KNOWN: Memo<(usize, usize), Option<(usize, f64)>> = LazyLock::new(Mutex::default);
    once(&KNOWN, (m, n), || hodges_lehmann_interval_anew(m, n))
}

fn hodges_lehmann_interval_anew(m: usize, n: usize) -> Option<(usize, f64)> {
    let pairs = m * n;
    if pairs == 0 {
        return None;
    }
    if pairs > MOST_PAIRS {
        // Normal beyond: its error is far below a percent there.
        let (mean, deviation) = normal_pairs(m, n);
        return Some(((mean - 1.96 * deviation).floor() as usize, LEVEL));
    }
    let orders = orders(m, n);
    let all: f64 = orders.iter().sum();
    most_cut(orders.iter().map(|count| count / all).take(pairs / 2), LEVEL)
}

/// The mean and the standard deviation of the number of pairs in which one side is smaller.
fn normal_pairs(m: usize, n: usize) -> (f64, f64) {
    let (m, n) = (m as f64, n as f64);
    (m * n / 2.0, (m * n * (m + n + 1.0) / 12.0).sqrt())
}

/// How many orders of `m` and `n` values give each number of pairs in which one side is smaller: the coefficients of the
/// product over i of (1 − q^(n+i)) / (1 − q^i).
fn orders(m: usize, n: usize) -> Vec<f64> {
    let pairs = m * n;
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
    orders
}

/// How likely the values of `b` lie so far above those of `a` by luck, or farther (Mann and Whitney, one-sided). 1 for no
/// values.
pub(crate) fn mann_whitney_p(a: &[f64], b: &[f64]) -> f64 {
    let (m, n) = (a.len(), b.len());
    let not_above = b.iter().map(|b| a.iter().filter(|a| *a >= b).count()).sum::<usize>();
    if m * n == 0 {
        return 1.0;
    }
    if m * n > MOST_PAIRS {
        let (mean, deviation) = normal_pairs(m, n);
        let z = (mean - not_above as f64 - 0.5) / deviation;
        return (1.0 - normal_within(z.abs()).copysign(z)) / 2.0;
    }
    let orders = orders(m, n);
    let all: f64 = orders.iter().sum();
    orders[..=not_above].iter().sum::<f64>() / all
}

/// Beyond so many pairs the distribution is taken as normal.
const MOST_PAIRS: usize = 10_000;

/// A centre over rounds and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The centre, in the unit of the values: of ratios and times the pseudo-median of Hodges and Lehmann, not the plain median.
    pub median: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// The probability with which such an interval covers the true centre; 0 where there were too few rounds
    /// for an interval, and `low` and `high` are the extremes.
    pub level: f64,
}

impl Estimate {
    /// The pseudo-median of one value a round and its interval of 95% or more. `None` for no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        Self::at_level(values, LEVEL)
    }

    /// The same at a level of one's own.
    pub fn at_level(values: &[f64], level: f64) -> Option<Self> {
        Self::cut_off(
            &mut Self::means_of_two(values),
            signed_rank_interval(values.len(), level),
        )
    }

    /// The median and its interval from order statistics: for values whose means mean nothing. `None` for no values.
    pub fn by_order(values: &[f64]) -> Option<Self> {
        Self::cut_off(&mut values.to_vec(), order_interval(values.len()))
    }

    /// How far the values of `b` lie above those of `a`: the median of all differences, and its interval. `None` for
    /// no values.
    pub fn shift(a: &[f64], b: &[f64]) -> Option<Self> {
        Self::cut_off(&mut Self::differences(a, b), hodges_lehmann_interval(a.len(), b.len()))
    }

    /// A centre at [`LEVEL`], with an interval that reaches `half` to each side.
    pub(super) fn around(centre: f64, half: f64) -> Self {
        Self {
            median: centre,
            low: centre - half,
            high: centre + half,
            level: LEVEL,
        }
    }

    /// All means of two values, each with itself included.
    pub(super) fn means_of_two(values: &[f64]) -> Vec<f64> {
        let mut means = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
        for (place, one) in values.iter().enumerate() {
            means.extend(values[place..].iter().map(|other| (one + other) / 2.0));
        }
        means
    }

    /// How far each value of `b` lies above each of `a`.
    pub(super) fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
        b.iter().flat_map(|b| a.iter().map(move |a| b - a)).collect()
    }

    /// The middle of `values`, which it reorders.
    pub(super) fn middle(values: &mut [f64]) -> Option<f64> {
        Some(Self::cut_off(values, None)?.median)
    }

    /// The middle of `values`, and between what they lie where so many of them are cut off at each end as half of them less
    /// `likely`: how far the number of those below the true centre is likely to be from the half.
    pub(super) fn within(values: &mut [f64], likely: f64, level: f64) -> Option<Self> {
        let cut = (values.len() as f64 / 2.0 - likely - 0.5).max(0.0) as usize;
        // Of values that are all equal nothing is likely but their middle.
        let cut = cut.min((values.len() / 2).saturating_sub(1));
        Self::cut_off(values, Some((cut, level)))
    }

    /// The middle of `values`, and between what they lie where so many of them are cut off at each end, fewer than half, with the
    /// level that this has; without an interval the extremes. `None` for no values.
    fn cut_off(values: &mut [f64], interval: Option<(usize, f64)>) -> Option<Self> {
        let (n, order) = (values.len(), f64::total_cmp);
        if n == 0 {
            return None;
        }
        let (cut, level) = interval.unwrap_or((0, 0.0));
        let (below, above, _) = values.select_nth_unstable_by(n / 2, order);
        let above = *above;
        let below = below.iter().copied().max_by(order).filter(|_| n.is_multiple_of(2));
        // The halves are apart now, so that each end is found in its own.
        let (lower, upper) = values.split_at_mut(n / 2);
        let high = *upper.select_nth_unstable_by(upper.len() - 1 - cut, order).1;
        let low = match lower.is_empty() {
            true => high,
            false => *lower.select_nth_unstable_by(cut, order).1,
        };
        Some(Self {
            median: (below.unwrap_or(above) + above) / 2.0,
            low,
            high,
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

    /// The pseudo-median of the rounds' medians, and its interval. Rounds without values are left out; `None` where none
    /// has any.
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
    use crate::normal;

    #[test]
    fn the_distribution_of_mann_and_whitney_is_exact() {
        // Critical values of published tables, two-sided 5%: U ≤ 23 of 10 and 10, 2 of 5 and 5, 127 of 20 and 20.
        for (m, n, critical) in [(10, 10, 23), (5, 5, 2), (20, 20, 127), (10, 20, 55)] {
            let (cut, level) = hodges_lehmann_interval(m, n).unwrap();
            assert_eq!(cut, critical, "{m} {n}");
            assert_eq!(hodges_lehmann_interval(n, m).map(|(cut, _)| cut), Some(critical));
            assert!((LEVEL..0.97).contains(&level), "{level}");
        }
        assert_eq!(hodges_lehmann_interval(3, 3), None);
        assert_eq!(hodges_lehmann_interval(0, 9), None);
        // Where it becomes normal it hardly differs.
        let (exact, _) = hodges_lehmann_interval(100, 100).unwrap();
        let (normal, _) = hodges_lehmann_interval(100, 101).unwrap();
        assert!(exact.abs_diff(normal) < 60, "{exact} {normal}");
    }

    #[test]
    fn the_chance_of_lying_above_is_exact() {
        // All of five above all of five: 1 of 252 orders.
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((mann_whitney_p(&low, &high) - 1.0 / 252.0).abs() < 1e-12);
        assert!((mann_whitney_p(&high, &low) - 1.0).abs() < 1e-12);
        assert_eq!(mann_whitney_p(&[], &low), 1.0);
        let many: Vec<f64> = (0..101).map(f64::from).collect();
        let shifted: Vec<f64> = many.iter().map(|value| value + 0.5).collect();
        assert!((0.4..0.6).contains(&mann_whitney_p(&many, &shifted)));
    }

    #[test]
    fn a_shift_is_covered_and_found() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut covered, mut excludes_zero) = (0, 0);
        const RUNS: usize = 2000;
        for _ in 0..RUNS {
            let mut draw = |shift: f64| -> Vec<f64> { (0..10).map(|_| shift + 0.05 * normal(&mut random)).collect() };
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
    fn an_interval_by_order_is_as_wide_of_thousands_of_values() {
        for n in [1_000, 1_074, 1_075, 2_000, 10_000] {
            let (cut, level) = order_interval(n).unwrap();
            let normal = n as f64 / 2.0 - 1.96 * (n as f64 / 4.0).sqrt() - 0.5;
            assert!((cut as f64 - normal).abs() < 2.0, "{n}: {cut}, {normal}");
            assert!((LEVEL..0.96).contains(&level), "{n}: {level}");
        }
    }

    #[test]
    fn ten_rounds_give_the_second_to_the_ninth_by_order() {
        let rounds: Vec<f64> = [5, 1, 9, 3, 7, 2, 8, 4, 10, 6].map(f64::from).to_vec();
        let estimate = Estimate::by_order(&rounds).unwrap();
        assert_eq!((estimate.median, estimate.low, estimate.high), (5.5, 2.0, 9.0));
        assert!((estimate.level - 0.978_515_625).abs() < 1e-12);
    }

    #[test]
    fn signed_ranks_are_those_of_the_tables() {
        // Critical values of published tables, two-sided 5%: T ≤ 0 of 6, 2 of 7, 3 of 8, 8 of 10, 52 of 20, 264 of 40.
        for (n, critical) in [(6, 0), (7, 2), (8, 3), (10, 8), (20, 52), (40, 264)] {
            let (cut, level) = signed_rank_interval(n, LEVEL).unwrap();
            assert_eq!(cut, critical, "{n}");
            assert!((LEVEL..0.97).contains(&level), "{n}: {level}");
        }
        assert_eq!(signed_rank_interval(5, LEVEL), None);
        assert_eq!(signed_rank_interval(8, 0.999), None);
        // Where it becomes normal it hardly differs.
        let (exact, _) = signed_rank_interval(100, LEVEL).unwrap();
        let (normal, _) = signed_rank_interval(101, LEVEL).unwrap();
        assert!((30..60).contains(&(normal - exact)), "{exact} {normal}");
        assert!((normal_quantile(0.95) - 1.959_964).abs() < 1e-5);
        assert!((normal_quantile(0.999) - 3.290_527).abs() < 1e-5);
    }

    #[test]
    fn a_pseudo_median_is_the_middle_of_all_means_of_two() {
        let estimate = Estimate::of(&[1.0, 2.0, 9.0]).unwrap();
        // 1, 1.5, 2, 5, 5.5, 9
        assert_eq!((estimate.median, estimate.level), (3.5, 0.0));
        assert_eq!((estimate.low, estimate.high), (1.0, 9.0));
        let six = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((six.median, six.low, six.high), (3.5, 1.0, 6.0));
    }

    #[test]
    fn one_round_has_no_interval() {
        let estimate = Estimate::over_rounds(&[vec![1.0, 2.0, 4.0]]).unwrap();
        assert_eq!((estimate.median, estimate.level), (2.0, 0.0));
        assert_eq!(Estimate::over_rounds(&[vec![], vec![]]), None);
    }
}
