//! spawn over join! against join! over spawn.

use super::{Repetition, find, log_median, quantile, ratios, repeated::root};
use crate::case::Case;
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar, Bars,
    Limit::{AtLeast, AtMost},
};
use crate::stats::Verdict;

fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Slower => Verdict::Faster,
        Verdict::Faster => Verdict::Slower,
        other => other,
    }
}

/// Of each case, the log of spawn over join! and that of join! over spawn, and their verdicts.
fn both_ways(repetition: &Repetition) -> Vec<(&Case, f64, [Option<Verdict>; 2])> {
    let spawn = |m: &&Measurement| m.strategy == "spawn" && m.reference == "join";
    ratios(repetition.iter().filter(spawn))
        .filter_map(|(m, one)| {
            let (back, other) = find(repetition, &m.case, "join", "spawn")?;
            let sum = log_median(&one) + log_median(&other);
            Some((&m.case, sum, [m.verdict, back.verdict]))
        })
        .collect()
}

/// spawn over join! and join! over spawn, measured in the same rounds.
pub(in crate::selfcheck) fn antisymmetry(repetitions: &[Vec<Measurement>]) -> Vec<Bar> {
    let all: Vec<_> = repetitions.iter().flat_map(|one| both_ways(one)).collect();
    let mut products = Vec::new();
    for two in repetitions.windows(2) {
        let after = both_ways(&two[1]);
        for (case, sum, _) in both_ways(&two[0]) {
            let again = after.iter().find(|(other, ..)| *other == case);
            products.extend(again.map(|(_, again, _)| sum * again));
        }
    }
    let verdicts: Vec<[Verdict; 2]> = all
        .iter()
        .filter_map(|(_, _, [one, other])| Some([(*one)?, (*other)?]))
        .collect();
    let mirrors = |[one, other]: &[Verdict; 2]| *one == mirrored(*other);
    let is_same = |[one, other]: &[Verdict; 2]| one == other && *one != mirrored(*one);
    let sums = all.iter().map(|(_, sum, _)| sum.abs()).collect();
    let mut bars = Bars::of("Antisymmetry");
    bars.value("|log(A/B) + log(B/A)|, median", quantile(sums, 0.5), AtMost(0.005));
    let what = "what repetitions share of it, without noise";
    bars.value(what, root(products), AtMost(0.005));
    bars.share("swapped, the mirrored verdict", &verdicts, mirrors, AtLeast(0.95));
    bars.share("swapped, the same difference", &verdicts, is_same, AtMost(0.0));
    bars.all
}
