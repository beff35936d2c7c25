//! The same code against itself and against its copies.

use super::{
    beyond, excludes_1, is_delay, log_median, quantile, ratios,
    repeated::{repeated, shared},
};
use crate::record::Measurement;
use crate::selfcheck::bars::{Bar, Bars, Limit::AtMost};
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
    let intervals = |check, ratios: &[Estimate]| {
        let mut bars = Bars::of(check);
        bars.share("intervals that exclude 1", ratios, excludes_1, AtMost(0.04));
        bars.share("intervals wholly beyond ±1%", ratios, beyond, AtMost(beyond_limit));
        bars
    };
    let mut bars = intervals("A/A, the same code", &same);
    bars.value("median distance from 1", quantile(far(&same), 0.5), AtMost(0.001));
    let bias = shared(&repeated(repetitions, |m| m.is_control() && !is_delay(m)));
    bars.value("what repetitions share of it: bias without noise", bias, AtMost(0.001));
    let mut of_copies = intervals("A/A, copies of it", &copies);
    let [half, most] = [0.5, 0.95].map(|share| quantile(far(&copies), share));
    of_copies.value("distance from 1, half of them: the layout floor", half, None);
    of_copies.value("distance from 1, 95 of 100", most, None);
    [bars.all, of_copies.all].concat()
}
