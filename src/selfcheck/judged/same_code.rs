//! The same code against itself and against its copies.

use super::{
    beyond, count, excludes_1, is_delay, log_median, quantile, ratios,
    repeated::{repeated, shared},
};
use crate::record::Measurement;
use crate::selfcheck::bars::{Bar, Limit::AtMost};
use crate::stats::Estimate;

/// What ends in `_copy`, over what it is a copy of.
fn is_copy(m: &Measurement) -> bool {
    m.strategy.strip_suffix("_copy") == Some(m.reference.as_str())
}

/// The same code against itself, and against its copies. `beyond_limit` is the share of intervals that may lie wholly
/// beyond ±1%.
pub(in crate::selfcheck) fn same_code(repetitions: &[Vec<Measurement>], beyond_limit: f64) -> Vec<Bar> {
    let all = || repetitions.iter().flatten();
    let same: Vec<Estimate> = ratios(all().filter(|m| m.is_control() && !is_delay(m)))
        .map(|(_, ratio)| ratio)
        .collect();
    let copies: Vec<Estimate> = ratios(all().filter(|m| is_copy(m))).map(|(_, ratio)| ratio).collect();
    let far = |ratios: &[Estimate]| -> Vec<f64> { ratios.iter().map(|ratio| log_median(ratio).abs()).collect() };
    const SAME: &str = "A/A, the same code";
    const COPY: &str = "A/A, copies of it";
    let intervals = |check: &str, ratios: &[Estimate]| {
        [
            Bar::share(
                check,
                "intervals that exclude 1",
                count(ratios, excludes_1),
                Some(AtMost(0.04)),
            ),
            Bar::share(
                check,
                "intervals wholly beyond ±1%",
                count(ratios, beyond),
                Some(AtMost(beyond_limit)),
            ),
        ]
    };
    let mut bars = Vec::from(intervals(SAME, &same));
    bars.extend([
        Bar::value(
            SAME,
            "median distance from 1",
            quantile(far(&same), 0.5),
            Some(AtMost(0.001)),
        ),
        Bar::value(
            SAME,
            "what repetitions share of it: bias without noise",
            shared(&repeated(repetitions, |m| m.is_control() && !is_delay(m))),
            Some(AtMost(0.001)),
        ),
    ]);
    bars.extend(intervals(COPY, &copies));
    bars.extend([
        Bar::value(
            COPY,
            "distance from 1, half of them: the layout floor",
            quantile(far(&copies), 0.5),
            None,
        ),
        Bar::value(COPY, "distance from 1, 95 of 100", quantile(far(&copies), 0.95), None),
    ]);
    bars
}
