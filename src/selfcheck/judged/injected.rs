//! Delays of known size, found or not.

use super::{Repetition, find, quantile};
use crate::block::wakes_threads;
use crate::record::Measurement;
use crate::selfcheck::bars::{
    Bar, Bars,
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
    let all = repetitions.iter().flat_map(|repetition| found(repetition, injections));
    let (waking, short): (Vec<Found>, Vec<Found>) = all.partition(|found| found.wakes_threads);
    let slower = |found: &&Found| found.verdict == Verdict::Slower;
    let mut bars = Bars::of("Injected effects");
    for (place, effect) in EFFECTS.iter().enumerate() {
        let [short, waking] = [&short, &waking].map(|all| -> Vec<&Found> {
            let of_effect = all.iter().filter(|found| found.effect == place);
            of_effect.collect()
        });
        let error = |found: &&Found| (found.ratio.median - found.truth).abs();
        let errors: Vec<f64> = short.iter().map(error).collect();
        let name = format!("+{:.0}%", effect * 100.0);
        let most = AtMost((0.05 * effect).max(0.005));
        bars.value(format!("{name}: median error"), quantile(errors.clone(), 0.5), most);
        bars.value(format!("{name}: error, 95 of 100"), quantile(errors, 0.95), None);
        bars.share(format!("{name}: called slower"), &short, slower, AtLeast(0.95));
        let what = format!("{name}, where threads are woken, in few rounds: called slower");
        bars.share(what, &waking, slower, None);
    }
    let smallest = short.iter().map(|found| found.smallest).collect();
    let all: Vec<Found> = short.into_iter().chain(waking).collect();
    let faster = |found: &Found| found.verdict == Verdict::Faster;
    bars.share("called faster", &all, faster, AtMost(0.0));
    bars.value("smallest effect found in 95 of 100", quantile(smallest, 0.95), None);
    bars.all
}
