//! Loops written by hand over the suite's cells.

use super::{quantile, ratios};
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar, Bars,
    Limit::{AtLeast, AtMost},
};

/// Hand-written cells: median difference, and how far is still close (as a fraction, or in ns per iteration).
const CLOSE: f64 = 0.10;

const CLOSE_NS: f64 = 1.0;

/// Hand-written loops over the suite's cells; and a line for each cell that is not close.
pub(in crate::selfcheck) fn hand_written(repetitions: &[Vec<Measurement>]) -> (Vec<Bar>, Vec<String>) {
    let mut differences = Vec::new();
    let mut close = Vec::new();
    let mut far = Vec::new();
    for (m, ratio) in ratios(repetitions.iter().flatten()) {
        if !probes::entries::HAND_WRITTEN.contains(&(m.strategy.as_str(), m.reference.as_str())) {
            continue;
        }
        let difference = (ratio.median - 1.0).abs();
        let suite_ns = m.reference_ns.map_or(f64::INFINITY, |ns| ns.median);
        differences.push(difference);
        close.push(difference <= CLOSE || difference * suite_ns <= CLOSE_NS);
        if close.last() == Some(&false) {
            far.push(format!(
                "{}: hand-written over the suite's {:.3} [{:.3}, {:.3}]",
                m.case.measurement_id(&m.reference),
                ratio.median,
                ratio.low,
                ratio.high
            ));
        }
    }
    let mut bars = Bars::of("Hand-written loops");
    bars.value("median difference", quantile(differences, 0.5), AtMost(0.02));
    bars.share("within 10% or 1 ns", &close, |close| *close, AtLeast(0.90));
    (bars.all, far)
}
