//! A busy machine beside a quiet one.

use super::{Repetition, find, ratios};
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar, Bars,
    Limit::{AtLeast, AtMost},
};
use crate::stats::{Estimate, Verdict};

/// The controls and the large effects of a busy machine, beside the same on a quiet one.
pub(in crate::selfcheck) fn busy(check: &'static str, loud: &Repetition, quiet: &[Vec<Measurement>]) -> Vec<Bar> {
    let all: Vec<(&Measurement, Estimate)> = ratios(loud).collect();
    let width = |ratio: &Estimate| (ratio.high / ratio.low).ln();
    let is_wider = |(m, ratio): &(&Measurement, Estimate)| {
        let (_, before) = find(quiet.first()?, &m.case, &m.strategy, &m.reference)?;
        Some(width(ratio) > width(&before) || m.verdict == Some(Verdict::Inconclusive))
    };
    let widths: Vec<bool> = all.iter().filter_map(is_wider).collect();
    let (controls, effects): (Vec<&Measurement>, Vec<&Measurement>) =
        all.iter().map(|(m, _)| *m).partition(|m| m.is_control());
    let slower = |m: &&Measurement| m.verdict == Some(Verdict::Slower);
    let faster = |m: &&Measurement| m.verdict == Some(Verdict::Faster);
    let differs = |m: &&Measurement| slower(m) || faster(m);
    let mut bars = Bars::of(check);
    bars.share("differences of the same code", &controls, differs, AtMost(0.0));
    bars.share("+20% and +100% called faster", &effects, faster, AtMost(0.0));
    bars.share("+20% and +100% called slower", &effects, slower, None);
    let what = "intervals wider than before, or no verdict";
    bars.share(what, &widths, |wider| *wider, AtLeast(0.5));
    bars.all
}
