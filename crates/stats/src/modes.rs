//! Whether numbers have more than one mode.

use serde::{Deserialize, Serialize};

use super::{Estimate, MARGIN, mean, median, sorted};

/// Whether log ratios have a second mode or a long tail: the mean over all blocks lies outside the interval of
/// the median, and by more than the margin from it; or the blocks fall into two groups, each of them a fifth at least.
pub fn bimodal(rounds: &[Vec<f64>]) -> bool {
    let Some(interval) = Estimate::over_rounds(rounds).filter(|interval| interval.level > 0.0) else {
        return false;
    };
    let blocks: Vec<f64> = rounds.iter().flatten().copied().collect();
    let mean = mean(&blocks);
    let tail = !interval.contains(mean) && (mean - interval.median).abs() > MARGIN;
    tail || in_two_groups(&blocks)
}

/// A group is no outlier if it has this share of the values.
const LEAST_GROUP: f64 = 0.2;

/// Whether values fall into two groups, farther apart than the margin, that explain nearly all of their variance.
///
/// A normal distribution's best split explains 2/π of it, or 64%; of a sample more, by luck, and the more the smaller it is:
/// the threshold is what fewer than 1 in 100 normal samples of that size exceed (found by simulation: 0.91, 0.83, 0.78, 0.73
/// for 10, 20, 40, 80 values).
fn in_two_groups(values: &[f64]) -> bool {
    let Some((at, explained)) = split(values) else {
        return false;
    };
    let below: Vec<f64> = values.iter().copied().filter(|v| *v <= at).collect();
    let above: Vec<f64> = values.iter().copied().filter(|v| *v > at).collect();
    let share = below.len() as f64 / values.len() as f64;
    let threshold = 0.65 + 0.82 / (values.len() as f64).sqrt();
    explained > threshold && (LEAST_GROUP..=1.0 - LEAST_GROUP).contains(&share) && mean(&above) - mean(&below) > MARGIN
}

/// The value up to which the lower of two groups reaches, and the share of the variance that the split explains: of all
/// splits of the sorted values the one that explains most (Fisher, "On grouping for maximum homogeneity", 1958). `None` for
/// fewer than two values, or where all are the same.
pub fn split(values: &[f64]) -> Option<(f64, f64)> {
    let values = sorted(values);
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let all: f64 = values.iter().map(|value| (value - sum / n).powi(2)).sum();
    let (mut best, mut below) = ((0.0, 0.0), 0.0);
    for (place, value) in values.iter().enumerate().take(values.len().saturating_sub(1)) {
        below += value;
        let k = (place + 1) as f64;
        let apart = (sum - below) / (n - k) - below / k;
        let between = k * (n - k) / n * apart * apart;
        if between > best.1 {
            best = (*value, between);
        }
    }
    (all > 0.0 && best.1 > 0.0).then(|| (best.0, best.1 / all))
}

/// One of two modes of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Share of the runtimes that are in this mode.
    pub share: f64,
    /// The median ratio in them.
    pub ratio: f64,
    /// The median in them of how often a worker parked, per iteration; null where it was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parks: Option<f64>,
}

/// How far from 1, in the log, both of two modes of opposite sign must lie.
const FAR: f64 = 0.05;

/// The two modes of natural-log ratios, one for each block, where they say the opposite of each other: one of them below
/// 1 and one above, each a fifth of the blocks at least. What is near 1 belongs to neither. `parks` are those of the same
/// blocks, or none.
pub fn opposite_modes(logs: &[f64], parks: &[f64]) -> Option<[Mode; 2]> {
    if logs.len() < FEWEST_BLOCKS || !in_two_groups(logs) {
        return None;
    }
    let mode = |wanted: &dyn Fn(f64) -> bool| {
        let these: Vec<f64> = logs.iter().copied().filter(|log| wanted(*log)).collect();
        let share = these.len() as f64 / logs.len() as f64;
        let parks = logs.iter().zip(parks).filter(|(log, _)| wanted(**log));
        let parks: Vec<f64> = parks.map(|(_, parks)| *parks).collect();
        (share >= LEAST_GROUP).then(|| Mode {
            share,
            ratio: median(&these).exp(),
            parks: (parks.len() == these.len()).then(|| median(&parks)),
        })
    };
    Some([mode(&|log| log < -FAR)?, mode(&|log| log > FAR)?])
}

/// Fewer blocks show no modes.
const FEWEST_BLOCKS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;

    fn logs(random: &mut fastrand::Rng, modes: [(f64, f64); 2], noise: f64) -> Vec<f64> {
        (0..40)
            .map(|_| {
                let mode = if random.f64() < modes[0].0 { modes[0] } else { modes[1] };
                mode.1 + noise * normal(random)
            })
            .collect()
    }

    #[test]
    fn two_modes_of_opposite_sign_are_said_as_two() {
        let mut random = fastrand::Rng::with_seed(9);
        let opposite = [(0.33, 0.51f64.ln()), (0.67, 2.6f64.ln())];
        let mut found = 0;
        for _ in 0..200 {
            if let Some([low, high]) = opposite_modes(&logs(&mut random, opposite, 0.1), &[]) {
                found += 1;
                assert!((low.ratio - 0.51).abs() < 0.1, "{low:?}");
                assert!((high.ratio - 2.6).abs() < 0.4, "{high:?}");
            }
        }
        assert!(found > 185, "{found}");
    }

    #[test]
    fn a_mode_has_the_parks_of_its_own_blocks() {
        let logs: Vec<f64> = (0..40).map(|block| if block % 3 == 0 { -0.6 } else { 0.9 }).collect();
        let parks: Vec<f64> = logs.iter().map(|log| if *log < 0.0 { 0.125 } else { 2.0 }).collect();
        let parks_of = |parks: &[f64]| opposite_modes(&logs, parks).map(|modes| modes.map(|mode| mode.parks));
        assert_eq!(parks_of(&parks), Some([Some(0.125), Some(2.0)]));
        assert_eq!(parks_of(&[]), Some([None, None]));
    }

    #[test]
    fn modes_of_one_sign_and_noise_around_1_are_none() {
        let mut random = fastrand::Rng::with_seed(9);
        let falsely = |modes, noise, random: &mut fastrand::Rng| {
            let found = (0..200).filter(|_| opposite_modes(&logs(random, modes, noise), &[]).is_some());
            found.count()
        };
        assert_eq!(falsely([(0.5, 0.3), (0.5, 1.0)], 0.05, &mut random), 0);
        assert!(falsely([(1.0, 0.0), (0.0, 0.0)], 0.3, &mut random) <= 6);
    }
}
