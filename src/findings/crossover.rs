//! From how many children on a strategy wins over its reference.

use crate::record::{Header, Measurement};
use crate::stats::{Estimate, crossing};
use crate::text::label;

/// The number of children, one crossing for each layout ([`measure::stats::Sample::units`]). The rows are those of one
/// strategy, by tasks; `None` for fewer than two.
pub fn crossover(header: &Header, rows: &[&Measurement]) -> Option<Estimate> {
    if rows.len() < 2 {
        return None;
    }
    let curves: Vec<Vec<f64>> = rows.iter().map(|m| header.sample(m).units()).collect();
    let units = curves.iter().map(Vec::len).min()?;
    let crossings: Vec<f64> = (0..units)
        .map(|unit| {
            let points = rows.iter().zip(&curves);
            let curve: Vec<(f64, f64)> = points.map(|(m, curve)| (m.case.tasks as f64, curve[unit])).collect();
            crossing(&curve)
        })
        .collect();
    // By order, since a crossing may be infinite.
    Estimate::by_order(&crossings)
}

/// What there is to say in place of a number where the strategy was dearer than the reference wherever it was measured;
/// `None` where a crossover was seen, or may lie below what was measured.
pub fn none_seen(at: &Estimate, rows: &[&Measurement]) -> Option<String> {
    let last = rows.last().filter(|_| at.median.is_infinite())?;
    Some(format!(
        "{} was cheaper up to {}, the most that was measured",
        label(&last.reference),
        last.case.tasks
    ))
}

/// A crossover in words: it may lie outside what was measured.
pub fn words(at: &Estimate, rows: &[&Measurement]) -> String {
    let (first, last) = (
        rows.first().map_or(0, |m| m.case.tasks),
        rows.last().map_or(0, |m| m.case.tasks),
    );
    let end = |n: f64| match n {
        0.0 => format!("below {first}"),
        f64::INFINITY => format!("beyond {last}"),
        n => format!("{n:.0}"),
    };
    if at.level > 0.0 && at.low == at.high && (at.low == 0.0 || at.low.is_infinite()) {
        // Nothing between two ends that are the same.
        end(at.median)
    } else if at.level > 0.0 {
        format!("{} [{}, {}]", end(at.median), end(at.low), end(at.high))
    } else {
        format!("{} (a preview, without an interval)", end(at.median))
    }
}
