//! A busy machine beside a quiet one.

use super::{Repetition, count, find, ratios};
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar,
    Limit::{AtLeast, AtMost},
};
use crate::stats::{Estimate, Verdict};

/// The controls and the large effects of a busy machine, beside the same on a quiet one.
pub(in crate::selfcheck) fn busy(check: &str, loud: &Repetition, quiet: &[Vec<Measurement>]) -> Vec<Bar> {
    let controls: Vec<(&Measurement, Estimate)> = ratios(loud).filter(|(m, _)| m.is_control()).collect();
    let effects: Vec<(&Measurement, Estimate)> = ratios(loud).filter(|(m, _)| !m.is_control()).collect();
    let width = |ratio: &Estimate| (ratio.high / ratio.low).ln();
    // Wider than a quiet repetition's, or without a verdict.
    let widths: Vec<bool> = controls
        .iter()
        .chain(&effects)
        .filter_map(|(m, ratio)| {
            let (_, before) = find(quiet.first()?, &m.case, &m.strategy, &m.reference)?;
            Some(width(ratio) > width(&before) || m.verdict == Some(Verdict::Inconclusive))
        })
        .collect();
    let falsely = |m: &Measurement| matches!(m.verdict, Some(Verdict::Slower | Verdict::Faster));
    vec![
        Bar::share(
            check,
            "differences of the same code",
            count(&controls, |(m, _)| falsely(m)),
            Some(AtMost(0.0)),
        ),
        Bar::share(
            check,
            "+20% and +100% called faster",
            count(&effects, |(m, _)| m.verdict == Some(Verdict::Faster)),
            Some(AtMost(0.0)),
        ),
        Bar::share(
            check,
            "+20% and +100% called slower",
            count(&effects, |(m, _)| m.verdict == Some(Verdict::Slower)),
            None,
        ),
        Bar::share(
            check,
            "intervals wider than before, or no verdict",
            count(&widths, |wider| *wider),
            Some(AtLeast(0.5)),
        ),
    ]
}
