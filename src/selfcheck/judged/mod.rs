//! From measurements to bars. Pure: no clock, no file.

mod antisymmetry;
mod busy;
mod hand_written;
mod injected;
mod repeated;
mod same_code;
#[cfg(test)]
mod tests;

use crate::case::Case;
use crate::record::{Measurement, Status};
use crate::stats::{Estimate, MARGIN};

pub(super) use antisymmetry::antisymmetry;
pub(super) use busy::busy;
pub(super) use hand_written::hand_written;
pub(super) use injected::injected;
pub(super) use repeated::honest;
pub(super) use same_code::same_code;

/// The measurements of one repetition.
pub(super) type Repetition = [Measurement];

/// The share of a sorted list below which its `share` lies.
fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = (share * values.len() as f64).ceil() as usize;
    values.get(place.max(1) - 1).copied()
}

fn log_median(ratio: &Estimate) -> f64 {
    ratio.median.ln()
}

fn ratios<'a>(
    measurements: impl IntoIterator<Item = &'a Measurement>,
) -> impl Iterator<Item = (&'a Measurement, Estimate)> {
    let ok = measurements.into_iter().filter(|m| m.status == Status::Ok);
    ok.filter_map(|m| Some((m, m.ratio?)))
}

fn find<'a>(
    repetition: &'a Repetition,
    case: &Case,
    strategy: &str,
    reference: &str,
) -> Option<(&'a Measurement, Estimate)> {
    let of_case = repetition.iter().filter(|m| m.case == *case);
    ratios(of_case.filter(|m| m.strategy == strategy && m.reference == reference)).next()
}

fn excludes_1(ratio: &Estimate) -> bool {
    !ratio.contains(1.0)
}

/// Whether the whole interval lies beyond the margin.
fn beyond(ratio: &Estimate) -> bool {
    ratio.low.ln() > MARGIN.ln_1p() || ratio.high.ln() < -MARGIN.ln_1p()
}

fn is_delay(m: &Measurement) -> bool {
    m.reference.contains('+')
}

/// The controls that were called a difference, and what was not measured: what a reader looks at first.
pub(super) fn suspects(all: &[Vec<Measurement>]) -> Vec<String> {
    let mut lines = Vec::new();
    for m in all.iter().flatten() {
        let id = format!("{} over {}", m.case.measurement_id(&m.strategy), m.reference);
        match (m.status, &m.ratio) {
            (Status::Ok, Some(ratio)) if m.is_control() && beyond(ratio) => lines.push(format!(
                "{id}: {:.4} [{:.4}, {:.4}]",
                ratio.median, ratio.low, ratio.high
            )),
            (Status::Ok, _) => {}
            _ => lines.push(format!("{id}: {}", m.reason.as_deref().unwrap_or("failed"))),
        }
    }
    lines
}
