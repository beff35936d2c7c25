//! Whether numbers have more than one mode.

use super::{Estimate, MARGIN, sorted};

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
