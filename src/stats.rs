//! Pure numbers: medians, intervals from order statistics, ratios, verdicts. No clock, no file.
//!
//! The unit of every interval is the **round**, one process that sweeps over all cases: blocks of one process
//! share its memory layout and its moment, so they are no independent evidence of anything beyond it.

use serde::{Deserialize, Serialize};

/// Ratios closer to 1 than this are not called a difference, however sure they are: another build of the same
/// code moves them by as much.
pub const MARGIN: f64 = 0.01;

/// The least level at which an interval is called one.
const LEVEL: f64 = 0.95;

/// The fewest rounds that can carry an interval of at least 95%.
pub const FEWEST_ROUNDS: usize = 6;

/// The median; the mean of the two middle values where their number is even. NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The mean of the middle half: without the quarter of the smallest and the quarter of the largest values.
pub fn middle_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let quarter = sorted.len() / 4;
    let middle = &sorted[quarter..sorted.len() - quarter];
    middle.iter().sum::<f64>() / middle.len() as f64
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

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

/// Whether log ratios have a second mode or a long tail: the mean over all blocks lies outside the interval of
/// the median, and by more than the margin from it; or the blocks fall into two groups, each of them a fifth at least.
pub fn bimodal(rounds: &[Vec<f64>]) -> bool {
    let Some(interval) = Estimate::over_rounds(rounds).filter(|interval| interval.level > 0.0)
    else {
        return false;
    };
    let blocks: Vec<f64> = rounds.iter().flatten().copied().collect();
    let mean = blocks.iter().sum::<f64>() / blocks.len() as f64;
    let tail = !interval.contains(mean) && (mean - interval.median).abs() > MARGIN;
    tail || in_two_groups(&blocks)
}

/// A group is no outlier if it has this share of the values.
const LEAST_GROUP: f64 = 0.2;

/// Whether values fall into two groups, farther apart than the margin, that explain nearly all of their variance.
///
/// Of all splits of the sorted values the one that explains most of the variance (Fisher, "On grouping for maximum
/// homogeneity", 1958). A normal distribution's best split explains 2/π of it, or 64%; of a sample more, by luck, and the
/// more the smaller it is: the threshold is what fewer than 1 in 100 normal samples of that size exceed (found by
/// simulation: 0.91, 0.83, 0.78, 0.73 for 10, 20, 40, 80 values).
fn in_two_groups(values: &[f64]) -> bool {
    let values = sorted(values);
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let all: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let sum: f64 = values.iter().sum();
    let (mut explained, mut below) = ((0.0, 0.0, 0.0), 0.0);
    for (place, value) in values
        .iter()
        .enumerate()
        .take(values.len().saturating_sub(1))
    {
        below += value;
        let k = (place + 1) as f64;
        let apart = (sum - below) / (n - k) - below / k;
        let between = k * (n - k) / n * apart * apart;
        if between > explained.0 {
            explained = (between, k / n, apart);
        }
    }
    let (between, share, apart) = explained;
    let threshold = 0.65 + 0.82 / n.sqrt();
    between > threshold * all
        && (LEAST_GROUP..=1.0 - LEAST_GROUP).contains(&share)
        && apart > MARGIN
}

/// How surely a ratio lies on one side of 1, and beyond `noise_floor` or the margin: the probability that so many of the
/// rounds lie there by luck (sign test, two-sided).
pub fn chance(rounds: &[Vec<f64>], noise_floor: f64) -> f64 {
    let beyond = noise_floor.max(MARGIN).ln_1p();
    let medians = round_medians(rounds);
    let above = medians.iter().filter(|&&log| log > beyond).count();
    let below = medians.iter().filter(|&&log| log < -beyond).count();
    let n = medians.len();
    let mut probability = 0.5f64.powi(n as i32);
    let mut tail = 0.0;
    for missing in 0..=n - above.max(below) {
        tail += probability;
        probability *= (n - missing) as f64 / (missing + 1) as f64;
    }
    (2.0 * tail).min(1.0)
}

/// The 95% band of a share of which `count` of `of` were seen (Clopper & Pearson, 1934): the shares for which so many, or
/// more extreme ones, have a probability of at least 2.5%.
pub fn binomial_band(count: usize, of: usize) -> (f64, f64) {
    let tail = |share: f64, from: usize, to: usize| -> f64 {
        (from..=to).map(|k| binomial(of, k, share)).sum()
    };
    // Halving: 50 times is more than a double can tell apart.
    let solve = |above: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = (low + high) / 2.0;
            if above(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        (low + high) / 2.0
    };
    let low = if count == 0 {
        0.0
    } else {
        solve(&|share| tail(share, count, of) >= 0.025)
    };
    let high = if count == of {
        1.0
    } else {
        solve(&|share| tail(share, 0, count) < 0.025)
    };
    (low, high)
}

/// The probability of `k` of `n` where each has probability `p`, between 0 and 1.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    let choose: f64 = (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum();
    (choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

/// The share of false ones among the differences that a table reports, at most, on average.
pub const FALSE_DISCOVERIES: f64 = 0.05;

/// Which of a table's differences stand together: the rule for hundreds of cases. Of many cases without a difference some
/// have all rounds on one side by luck; those that stand have at most a share of [`FALSE_DISCOVERIES`] of them (Benjamini &
/// Hochberg, "Controlling the false discovery rate", 1995).
pub fn stand_together(chances: &[f64]) -> Vec<bool> {
    let sorted = sorted(chances);
    let n = sorted.len() as f64;
    let limit = sorted
        .iter()
        .enumerate()
        .filter(|(place, chance)| **chance <= FALSE_DISCOVERIES * (place + 1) as f64 / n)
        .map(|(_, chance)| *chance)
        .next_back();
    chances
        .iter()
        .map(|chance| limit.is_some_and(|limit| *chance <= limit))
        .collect()
}

/// How far a case's control strayed from 1, as a fraction: the farther end of the interval of the reference
/// measured against itself. Symmetric in the log, so that swapping the sides changes nothing.
pub fn noise_floor(control: &Estimate) -> f64 {
    control.high.max(1.0 / control.low).max(1.0) - 1.0
}

/// What a ratio says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The strategy takes longer than the reference.
    Slower,
    /// The strategy takes less time than the reference.
    Faster,
    /// They differ by less than 1%.
    Same,
    /// The data do not tell.
    Inconclusive,
}

impl Verdict {
    /// The word that tables and records use.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Slower => "slower",
            Verdict::Faster => "faster",
            Verdict::Same => "same",
            Verdict::Inconclusive => "inconclusive",
        }
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

/// Where a falling curve of log ratios crosses zero for good, in `x`: linear in the logarithm of x between the
/// last point above zero and the next. 0 where no point lies above, infinity where the last one does.
pub fn crossing(curve: &[(f64, f64)]) -> f64 {
    match curve.iter().rposition(|&(_, y)| y > 0.0) {
        None => 0.0,
        Some(last) if last + 1 == curve.len() => f64::INFINITY,
        Some(above) => {
            let (x0, y0) = curve[above];
            let (x1, y1) = curve[above + 1];
            (x0.ln() + (x1 / x0).ln() * y0 / (y0 - y1)).exp()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::normal;

    /// Rounds of 3 blocks: a true log ratio, a shift of each round of its own, noise of each block.
    fn simulate(random: &mut fastrand::Rng, truth: f64, round: f64, block: f64) -> Vec<Vec<f64>> {
        (0..10)
            .map(|_| {
                let shift = round * normal(random);
                (0..3)
                    .map(|_| truth + shift + block * normal(random))
                    .collect()
            })
            .collect()
    }

    fn verdicts(seed: u64, truth: f64, round: f64) -> Vec<Verdict> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..2000)
            .map(|_| {
                let control =
                    Estimate::ratio(&simulate(&mut random, 0.0, round / 4.0, round / 4.0)).unwrap();
                let ratio = Estimate::ratio(&simulate(&mut random, truth, round, round)).unwrap();
                judge(&ratio, noise_floor(&control))
            })
            .collect()
    }

    fn share(verdicts: &[Verdict], verdict: Verdict) -> f64 {
        verdicts.iter().filter(|&&v| v == verdict).count() as f64 / verdicts.len() as f64
    }

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
    fn a_middle_mean_forgets_the_ends() {
        assert_eq!(middle_mean(&[5.0]), 5.0);
        assert_eq!(middle_mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(middle_mean(&[900.0, 2.0, 4.0, 0.0]), 3.0);
        assert_eq!(middle_mean(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1e9]), 4.5);
    }

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
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
    fn intervals_cover_the_truth_even_where_rounds_differ_more_than_blocks() {
        for (round, block) in [(0.0, 0.01), (0.01, 0.01), (0.05, 0.005)] {
            let mut random = fastrand::Rng::with_seed(11);
            let covered = (0..5000)
                .filter(|_| {
                    let ratio = Estimate::ratio(&simulate(&mut random, 0.2, round, block)).unwrap();
                    ratio.contains(0.2f64.exp())
                })
                .count();
            assert!((4825..=4950).contains(&covered), "{covered} of 5000");
        }
    }

    #[test]
    fn an_interval_over_blocks_would_not_cover() {
        // The counterpart: the same data, every block taken as independent.
        let mut random = fastrand::Rng::with_seed(11);
        let covered = (0..5000)
            .filter(|_| {
                let blocks = simulate(&mut random, 0.2, 0.05, 0.005).concat();
                Estimate::of(&blocks).unwrap().contains(0.2)
            })
            .count();
        assert!(covered < 4500, "{covered} of 5000");
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
    fn a_difference_of_one_and_a_half_percent_is_not_the_same() {
        for round in [0.001, 0.003, 0.01, 0.03] {
            assert!(share(&verdicts(8, 0.015, round), Verdict::Same) <= 0.05);
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

    #[test]
    fn binomial_bands_are_those_of_the_tables() {
        for (count, of, low, high) in [
            (5, 100, 0.0164, 0.1128),
            (0, 10, 0.0, 0.3085),
            (10, 10, 0.6915, 1.0),
            (1, 300, 0.000_08, 0.018_43),
            (500, 1000, 0.4685, 0.5315),
        ] {
            let band = binomial_band(count, of);
            assert!((band.0 - low).abs() < 2e-4, "{count} of {of}: {band:?}");
            assert!((band.1 - high).abs() < 2e-4, "{count} of {of}: {band:?}");
        }
    }

    #[test]
    fn one_round_has_no_interval() {
        let estimate = Estimate::over_rounds(&[vec![1.0, 2.0, 4.0]]).unwrap();
        assert_eq!((estimate.median, estimate.level), (2.0, 0.0));
        assert_eq!(Estimate::over_rounds(&[vec![], vec![]]), None);
    }

    #[test]
    fn a_heavy_second_mode_is_flagged_and_plain_noise_is_not() {
        let mut random = fastrand::Rng::with_seed(4);
        let flagged = |random: &mut fastrand::Rng, mode: f64| {
            (0..500)
                .filter(|_| {
                    let mut rounds = simulate(random, 0.1, 0.01, 0.01);
                    for round in &mut rounds {
                        for block in round {
                            if random.f64() < 0.1 {
                                *block += mode;
                            }
                        }
                    }
                    bimodal(&rounds)
                })
                .count()
        };
        assert!(flagged(&mut random, 1.0) > 400);
        assert!(flagged(&mut random, 0.0) < 25);
    }

    #[test]
    fn crossings() {
        let curve = [(8.0, 1.0), (16.0, 0.5), (64.0, -0.5), (128.0, -1.0)];
        assert!((crossing(&curve) - 32.0).abs() < 1e-9);
        assert_eq!(crossing(&curve[..2]), f64::INFINITY);
        assert_eq!(crossing(&curve[2..]), 0.0);
        let noisy = [(8.0, 1.0), (16.0, -0.1), (32.0, 0.1), (64.0, -0.1)];
        assert!((crossing(&noisy) - 45.254_8).abs() < 1e-3);
    }
}
