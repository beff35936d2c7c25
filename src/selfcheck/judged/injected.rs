//! Delays of known size, found or not.

use super::{Repetition, count, find, quantile};
use crate::block::wakes_threads;
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar,
    Limit::{AtLeast, AtMost},
};
use crate::selfcheck::cases::{EFFECTS, Injection};
use crate::stats::{Estimate, MARGIN, Verdict};

/// One injected effect as it was measured.
struct Found {
    /// Its place in [`EFFECTS`].
    effect: usize,
    /// Whether its case has runtimes of their own, and few rounds.
    wakes_threads: bool,
    /// The true ratio: 1 and the delay alone over the iteration.
    truth: f64,
    ratio: Estimate,
    verdict: Verdict,
    /// The smallest true effect that this measurement would have called slower: its noise, and what it must clear.
    smallest: f64,
}

fn found(repetition: &Repetition, injections: &[Injection]) -> Vec<Found> {
    let mut all = Vec::new();
    for Injection { case, lengths } in injections {
        let alone = |length: u64| Some(find(repetition, case, &format!("chain+{length}"), "join+0")?.1.median);
        let (first, last) = (lengths[0], lengths[lengths.len() - 1]);
        let (Some(least), Some(most)) = (alone(first), alone(last)) else {
            continue;
        };
        for (effect, &length) in lengths.iter().enumerate() {
            let Some((m, ratio)) = find(repetition, case, &format!("join+{length}"), "join+0") else {
                continue;
            };
            let along = (length - first) as f64 / (last - first).max(1) as f64;
            let truth = 1.0 + least + along * (most - least);
            let clear = m.noise_floor.unwrap_or(0.0).max(MARGIN).ln_1p();
            all.push(Found {
                effect,
                wakes_threads: wakes_threads(case),
                truth,
                ratio,
                verdict: m.verdict.unwrap_or(Verdict::Inconclusive),
                smallest: (clear - ratio.low.ln() + truth.ln()).exp_m1(),
            });
        }
    }
    all
}

/// Delays of known size, found or not.
pub(in crate::selfcheck) fn injected(repetitions: &[Vec<Measurement>], injections: &[Injection]) -> Vec<Bar> {
    const CHECK: &str = "Injected effects";
    let all: Vec<Found> = repetitions
        .iter()
        .flat_map(|repetition| found(repetition, injections))
        .collect();
    let mut bars = Vec::new();
    let one_thread = |found: &&Found| !found.wakes_threads;
    for (place, effect) in EFFECTS.iter().enumerate() {
        let of_effect = || all.iter().filter(|found| found.effect == place);
        let these: Vec<&Found> = of_effect().filter(one_thread).collect();
        let errors = || -> Vec<f64> {
            let error = |found: &&Found| (found.ratio.median - found.truth).abs();
            these.iter().map(error).collect()
        };
        let name = format!("+{:.0}%", effect * 100.0);
        bars.push(Bar::value(
            CHECK,
            format!("{name}: median error"),
            quantile(errors(), 0.5),
            Some(AtMost((0.05 * effect).max(0.005))),
        ));
        bars.push(Bar::value(
            CHECK,
            format!("{name}: error, 95 of 100"),
            quantile(errors(), 0.95),
            None,
        ));
        bars.push(Bar::share(
            CHECK,
            format!("{name}: called slower"),
            count(&these, |found| found.verdict == Verdict::Slower),
            Some(AtLeast(0.95)),
        ));
        let waking: Vec<&Found> = of_effect().filter(|found| found.wakes_threads).collect();
        bars.push(Bar::share(
            CHECK,
            format!("{name}, where threads are woken, in few rounds: called slower"),
            count(&waking, |found| found.verdict == Verdict::Slower),
            None,
        ));
    }
    bars.push(Bar::share(
        CHECK,
        "called faster",
        count(&all, |found| found.verdict == Verdict::Faster),
        Some(AtMost(0.0)),
    ));
    let smallest = all.iter().filter(one_thread).map(|found| found.smallest);
    let smallest = smallest.collect();
    bars.push(Bar::value(
        CHECK,
        "smallest effect found in 95 of 100",
        quantile(smallest, 0.95),
        None,
    ));
    bars
}
