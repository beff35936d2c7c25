//! The same measurement in repetitions that follow each other: do intervals meet, and what do deviations share?

use super::{find, log_median, quantile, ratios};
use crate::record::Measurement;
use crate::selfcheck::bars::{Bar, Bars, Limit::AtLeast};
use crate::stats::Estimate;

/// Pairs of intervals of the same measurement in repetitions that follow each other.
pub(super) fn repeated(
    repetitions: &[Vec<Measurement>],
    wanted: impl Fn(&Measurement) -> bool,
) -> Vec<(Estimate, Estimate)> {
    let mut pairs = Vec::new();
    for two in repetitions.windows(2) {
        for (m, one) in ratios(&two[0]).filter(|(m, _)| wanted(m)) {
            if let Some((_, other)) = find(&two[1], &m.case, &m.strategy, &m.reference) {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// How far from 1 both of two repetitions lie, in the log: noise is of either sign in each, so that the median of the
/// products of two deviations is 0 where there is nothing else, and the square of the bias where they share one.
pub(super) fn shared(pairs: &[(Estimate, Estimate)]) -> Option<f64> {
    let product = |(one, other): &(Estimate, Estimate)| log_median(one) * log_median(other);
    root(pairs.iter().map(product).collect())
}

/// The root of the median product; 0 where that is negative.
pub(super) fn root(products: Vec<f64>) -> Option<f64> {
    quantile(products, 0.5).map(|product| product.max(0.0).sqrt())
}

/// Do the intervals of one repetition meet those of the next?
pub(in crate::selfcheck) fn honest(repetitions: &[Vec<Measurement>]) -> Vec<Bar> {
    let overlap = |(one, other): &(Estimate, Estimate)| one.low <= other.high && other.low <= one.high;
    let contains = |(one, other): &(Estimate, Estimate)| one.contains(other.median) || other.contains(one.median);
    let both = |m: &Measurement| m.strategy == "spawn" && m.reference == "join";
    let rounds = repeated(repetitions, both);
    let mut bars = Bars::of("Honest intervals");
    bars.share("two repetitions overlap", &rounds, overlap, AtLeast(0.95));
    bars.share("one contains the other's median", &rounds, contains, AtLeast(0.75));
    bars.all
}
