//! From measurements to bars. Pure: no clock, no file.

use super::bars::{Bar, Limit};
use super::cases::{EFFECTS, Injection};
use super::handwritten;
use crate::block::wakes_threads;
use crate::case::Case;
use crate::record::{Measurement, Status};
use crate::stats::{Estimate, MARGIN, Verdict};

use Limit::{AtLeast, AtMost};

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

fn count<T>(all: &[T], so: impl Fn(&T) -> bool) -> (usize, usize) {
    (all.iter().filter(|one| so(one)).count(), all.len())
}

/// What ends in `_copy`, over what it is a copy of.
fn is_copy(m: &Measurement) -> bool {
    m.strategy.strip_suffix("_copy") == Some(m.reference.as_str())
}

fn is_delay(m: &Measurement) -> bool {
    m.reference.contains('+')
}

/// The same code against itself, and against its copies. `beyond_limit` is the share of intervals that may lie wholly
/// beyond ±1%.
pub(super) fn same_code(repetitions: &[Vec<Measurement>], beyond_limit: f64) -> Vec<Bar> {
    let all = || repetitions.iter().flatten();
    let same: Vec<Estimate> = ratios(all().filter(|m| m.is_control() && !is_delay(m)))
        .map(|(_, ratio)| ratio)
        .collect();
    let copies: Vec<Estimate> = ratios(all().filter(|m| is_copy(m)))
        .map(|(_, ratio)| ratio)
        .collect();
    let far = |ratios: &[Estimate]| -> Vec<f64> {
        ratios.iter().map(|ratio| log_median(ratio).abs()).collect()
    };
    const SAME: &str = "A/A, the same code";
    const COPY: &str = "A/A, copies of it";
    let intervals = |check: &str, ratios: &[Estimate]| {
        [
            Bar::share(
                check,
                "intervals that exclude 1",
                count(ratios, excludes_1),
                Some(AtMost(0.04)),
            ),
            Bar::share(
                check,
                "intervals wholly beyond ±1%",
                count(ratios, beyond),
                Some(AtMost(beyond_limit)),
            ),
        ]
    };
    let mut bars = Vec::from(intervals(SAME, &same));
    bars.extend([
        Bar::value(
            SAME,
            "median distance from 1",
            quantile(far(&same), 0.5),
            Some(AtMost(0.001)),
        ),
        Bar::value(
            SAME,
            "what repetitions share of it: bias without noise",
            shared(&repeated(repetitions, |m| m.is_control() && !is_delay(m))),
            Some(AtMost(0.001)),
        ),
    ]);
    bars.extend(intervals(COPY, &copies));
    bars.extend([
        Bar::value(
            COPY,
            "distance from 1, half of them: the layout floor",
            quantile(far(&copies), 0.5),
            None,
        ),
        Bar::value(
            COPY,
            "distance from 1, 95 of 100",
            quantile(far(&copies), 0.95),
            None,
        ),
    ]);
    bars
}

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
        let alone = |length: u64| {
            Some(
                find(repetition, case, &format!("chain+{length}"), "join+0")?
                    .1
                    .median,
            )
        };
        let (first, last) = (lengths[0], lengths[lengths.len() - 1]);
        let (Some(least), Some(most)) = (alone(first), alone(last)) else {
            continue;
        };
        for (effect, &length) in lengths.iter().enumerate() {
            let Some((m, ratio)) = find(repetition, case, &format!("join+{length}"), "join+0")
            else {
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
pub(super) fn injected(repetitions: &[Vec<Measurement>], injections: &[Injection]) -> Vec<Bar> {
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
pub(super) fn antisymmetry(repetitions: &[Vec<Measurement>]) -> Vec<Bar> {
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

/// Pairs of intervals of the same measurement in repetitions that follow each other.
fn repeated(
    repetitions: &[Vec<Measurement>],
    wanted: impl Fn(&Measurement) -> bool,
) -> Vec<(Estimate, Estimate)> {
    let mut pairs = Vec::new();
    for two in repetitions.windows(2) {
        for (m, one) in ratios(&two[0]).filter(|(m, _)| wanted(m)) {
            if let Some((_, other)) = find(&two[1], &m.case, &m.strategy, &m.reference) {
                pairs.push((one, other));
            }
        }
    }
    pairs
}

/// How far from 1 both of two repetitions lie, in the log: noise is of either sign in each, so that the median of the
/// products of two deviations is 0 where there is nothing else, and the square of the bias where they share one.
fn shared(pairs: &[(Estimate, Estimate)]) -> Option<f64> {
    let product = |(one, other): &(Estimate, Estimate)| log_median(one) * log_median(other);
    root(pairs.iter().map(product).collect())
}

/// The root of the median product; 0 where that is negative.
fn root(products: Vec<f64>) -> Option<f64> {
    quantile(products, 0.5).map(|product| product.max(0.0).sqrt())
}

/// Do the intervals of one repetition meet those of the next?
pub(super) fn honest(repetitions: &[Vec<Measurement>]) -> Vec<Bar> {
    const CHECK: &str = "Honest intervals";
    let overlap =
        |(one, other): &(Estimate, Estimate)| one.low <= other.high && other.low <= one.high;
    let contains = |(one, other): &(Estimate, Estimate)| {
        one.contains(other.median) || other.contains(one.median)
    };
    let both = |m: &Measurement| m.strategy == "spawn" && m.reference == "join";
    let rounds = repeated(repetitions, both);
    vec![
        Bar::share(
            CHECK,
            "two repetitions overlap",
            count(&rounds, overlap),
            Some(AtLeast(0.95)),
        ),
        Bar::share(
            CHECK,
            "one contains the other's median",
            count(&rounds, contains),
            Some(AtLeast(0.75)),
        ),
    ]
}

/// The controls and the large effects of a busy machine, beside the same on a quiet one.
pub(super) fn busy(check: &str, loud: &Repetition, quiet: &[Vec<Measurement>]) -> Vec<Bar> {
    let controls: Vec<(&Measurement, Estimate)> =
        ratios(loud).filter(|(m, _)| m.is_control()).collect();
    let effects: Vec<(&Measurement, Estimate)> =
        ratios(loud).filter(|(m, _)| !m.is_control()).collect();
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

/// Hand-written cells: median difference, and how far is still close (as a fraction, or in ns per iteration).
const CLOSE: f64 = 0.10;
const CLOSE_NS: f64 = 1.0;

/// Hand-written loops over the suite's cells; and a line for each cell that is not close.
pub(super) fn hand_written(repetitions: &[Vec<Measurement>]) -> (Vec<Bar>, Vec<String>) {
    const CHECK: &str = "Hand-written loops";
    let mut differences = Vec::new();
    let mut close = Vec::new();
    let mut far = Vec::new();
    for (m, ratio) in ratios(repetitions.iter().flatten()) {
        if !handwritten::PAIRS.contains(&(m.strategy.as_str(), m.reference.as_str())) {
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
    let bars = vec![
        Bar::value(
            CHECK,
            "median difference",
            quantile(differences, 0.5),
            Some(AtMost(0.02)),
        ),
        Bar::share(
            CHECK,
            "within 10% or 1 ns",
            count(&close, |close| *close),
            Some(AtLeast(0.90)),
        ),
    ];
    (bars, far)
}

/// The controls that were called a difference, and what was not measured: what a reader looks at first.
pub(super) fn suspects(all: &[Vec<Measurement>]) -> Vec<String> {
    let mut lines = Vec::new();
    for m in all.iter().flatten() {
        let id = format!(
            "{} over {}",
            m.case.measurement_id(&m.strategy),
            m.reference
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(
        id: &str,
        strategy: &str,
        reference: &str,
        ratio: [f64; 3],
        floor: f64,
    ) -> Measurement {
        let case: Case = id.parse().unwrap();
        let [low, median, high] = ratio;
        let ratio = Estimate {
            median,
            low,
            high,
            level: 0.979,
        };
        Measurement {
            status: Status::Ok,
            ratio: Some(ratio),
            reference_ns: Some(Estimate {
                median: 1000.0,
                ..ratio
            }),
            noise_floor: Some(floor),
            verdict: Some(crate::stats::judge(&ratio, floor)),
            ..Measurement::failed(&case, strategy, reference, "")
        }
    }

    const ID: &str = "yield/current_thread/worker/0B/8";

    fn held(bars: &[Bar], what: &str) -> Option<bool> {
        bars.iter()
            .find(|bar| bar.what.contains(what))
            .unwrap()
            .held
    }

    #[test]
    fn controls_that_stray_are_counted() {
        let control = |ratio| measured(ID, "join", "join", ratio, 0.0);
        let mut rows = vec![control([0.999, 1.0, 1.001]); 98];
        rows.push(control([1.0005, 1.001, 1.002]));
        rows.push(measured(ID, "join_copy", "join", [1.02, 1.03, 1.04], 0.0));
        let bars = same_code(&[rows.clone()], 1.0 / 300.0);
        assert_eq!(bars[0].counted, Some((1, 99)));
        assert_eq!(held(&bars, "exclude 1"), Some(true));
        assert_eq!(
            bars[4].counted,
            Some((1, 1)),
            "copies are counted by themselves"
        );
        assert_eq!(bars[5].held, Some(false));
        rows.push(control([1.02, 1.03, 1.04]));
        let bars = same_code(&[rows.clone()], 1.0 / 300.0);
        assert_eq!(held(&bars, "beyond"), Some(false));
        assert_eq!(suspects(&[rows]).len(), 1);
        // Noise has either sign; a bias has the same one each time.
        let repetition = |ratio| vec![control([0.9, ratio, 1.1]); 9];
        let bars = same_code(&[repetition(1.002), repetition(0.998)], 0.1);
        assert_eq!(held(&bars, "without noise"), Some(true));
        let bars = same_code(&[repetition(0.998), repetition(0.998)], 0.1);
        assert_eq!(held(&bars, "without noise"), Some(false));
    }

    #[test]
    fn an_effect_is_compared_with_the_delay_alone() {
        let injections = [Injection {
            case: ID.parse().unwrap(),
            lengths: [10, 25, 100, 500],
        }];
        let row = |strategy: &str, ratio| measured(ID, strategy, "join+0", ratio, 0.005);
        let rows = |slow: f64| {
            vec![
                row("chain+10", [0.02; 3]),
                row("chain+500", [1.0; 3]),
                row("join+10", [1.018, 1.02, 1.022]),
                row("join+25", [1.048, 1.05, 1.052]),
                row("join+100", [1.198, 1.2, 1.202]),
                row("join+500", [slow - 0.01, slow, slow + 0.01]),
            ]
        };
        let bars = injected(&[rows(2.0)], &injections);
        assert!(bars.iter().all(|bar| bar.held != Some(false)), "{bars:?}");
        // The chain of 100 is worth 0.02 + 90/490 of 0.98, or 20%.
        let smallest = bars.last().unwrap().figure.unwrap();
        assert!((0.010..0.025).contains(&smallest), "{smallest}");
        let bars = injected(&[rows(1.8)], &injections);
        assert_eq!(held(&bars, "+100%: median error"), Some(false));
        let bars = injected(&[rows(0.9)], &injections);
        assert_eq!(held(&bars, "+100%: called slower"), Some(false));
        assert_eq!(held(&bars, "called faster"), Some(false));
    }

    #[test]
    fn swapped_labels_mirror_the_verdict() {
        let rows = |back: [f64; 3]| {
            vec![
                measured(ID, "spawn", "join", [1.9, 2.0, 2.1], 0.0),
                measured(ID, "join", "spawn", back, 0.0),
            ]
        };
        let mirrored = rows([0.49, 0.5, 0.51]);
        let good = antisymmetry(&[mirrored.clone(), mirrored]);
        assert!(good.iter().all(|bar| bar.held != Some(false)), "{good:?}");
        let twice = rows([1.9, 2.0, 2.1]);
        let bad = antisymmetry(&[twice.clone(), twice]);
        assert_eq!(
            bad.iter().filter(|bar| bar.held == Some(false)).count(),
            4,
            "{bad:?}"
        );
    }

    #[test]
    fn repetitions_that_miss_each_other_are_counted() {
        let rows = |ratio| vec![measured(ID, "spawn", "join", ratio, 0.0)];
        let (near, far) = (rows([1.9, 2.0, 2.1]), rows([2.2, 2.3, 2.4]));
        let good = honest(&[near.clone(), near.clone()]);
        assert_eq!(good[0].held, Some(true));
        let bad = honest(&[near, far]);
        assert_eq!((bad[0].held, bad[1].held), (Some(false), Some(false)));
    }

    #[test]
    fn a_busy_machine_may_not_make_differences() {
        let row = |strategy: &str, ratio| measured(ID, strategy, "join+0", ratio, 0.0);
        let quiet = vec![vec![
            row("join+0", [0.999, 1.0, 1.001]),
            row("join+9", [1.19, 1.2, 1.21]),
        ]];
        let loud = [
            row("join+0", [0.98, 1.0, 1.03]),
            row("join+9", [1.1, 1.2, 1.3]),
        ];
        let good = busy("b", &loud, &quiet);
        assert!(good.iter().all(|bar| bar.held != Some(false)), "{good:?}");
        let loud = [
            row("join+0", [1.02, 1.03, 1.0301]),
            row("join+9", [0.8, 0.81, 0.811]),
        ];
        let bad = busy("b", &loud, &quiet);
        assert_eq!(
            bad.iter().filter(|bar| bar.held == Some(false)).count(),
            2,
            "{bad:?}"
        );
    }

    #[test]
    fn a_cell_far_from_its_hand_written_loop_is_named() {
        let row = |ratio| measured(ID, "hand_join", "join", ratio, 0.0);
        let (bars, far) = hand_written(&[vec![row([0.99, 1.0, 1.01])]]);
        assert!(bars.iter().all(|bar| bar.held == Some(true)) && far.is_empty());
        let (bars, far) = hand_written(&[vec![row([0.7, 0.8, 0.9])]]);
        assert!(bars.iter().all(|bar| bar.held == Some(false)));
        assert!(far[0].contains("worker/0B/join/8"), "{far:?}");
    }
}
