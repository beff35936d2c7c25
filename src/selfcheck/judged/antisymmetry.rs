//! spawn over join! against join! over spawn.

use super::{Repetition, count, find, log_median, quantile, ratios, repeated::root};
use crate::case::Case;
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar,
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
    const CHECK: &str = "Antisymmetry";
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
    let differs = |verdict| matches!(verdict, Verdict::Slower | Verdict::Faster);
    vec![
        Bar::value(
            CHECK,
            "|log(A/B) + log(B/A)|, median",
            quantile(all.iter().map(|(_, sum, _)| sum.abs()).collect(), 0.5),
            Some(AtMost(0.005)),
        ),
        Bar::value(
            CHECK,
            "what repetitions share of it, without noise",
            root(products),
            Some(AtMost(0.005)),
        ),
        Bar::share(
            CHECK,
            "swapped, the mirrored verdict",
            count(&verdicts, |[one, other]| *one == mirrored(*other)),
            Some(AtLeast(0.95)),
        ),
        Bar::share(
            CHECK,
            "swapped, the same difference",
            count(&verdicts, |[one, other]| differs(*one) && one == other),
            Some(AtMost(0.0)),
        ),
    ]
}
