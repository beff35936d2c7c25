//! From which number of children on spawn wins over join! where wakes come some at a time, as a formula.
//!
//! Of N children, k signals come before what they woke is polled. join! polls all that wait in each of its polls, of which
//! N²/2k − N/2 are in vain; each costs c. A spawned child costs Δ more than a joined one, without polls in vain, so that both
//! cost the same at N* = k(2Δ/c + 1). What is paid once for a fan-out moves it a little, and is in the exact solution
//! ([`Parts::crossover`]).
//!
//! c stands in join!'s curve alone. Δ is of the runtime and of k, hardly of what a child waits on: so the leaf of `wake` gives
//! it, and for every other leaf the crossover is predicted without a look at its spawn.

use super::{crossover, flavors, in_task};
use crate::case::{Flavor, Site};
use crate::record::{Header, Measurement};
use crate::stats::least_squares;
use crate::text::{joined, significant, time};
use crate::workload::wake::{LeafKind, Parameters, Together, parameters};

/// Polls of children in vain while N of them wait and k signals come at a time, in the polls of one join!.
fn in_vain(tasks: usize, signals: usize) -> f64 {
    let (mut waiting, mut polls) = (tasks, 0);
    while waiting > 0 {
        waiting = waiting.saturating_sub(signals);
        polls += waiting;
    }
    polls as f64
}

/// The coefficients of a curve in ns, by least squares of relative errors. `None` for fewer numbers of children than one more
/// than there are terms.
fn curve<const K: usize>(points: &[(usize, f64)], terms: impl Fn(usize) -> [f64; K]) -> Option<[f64; K]> {
    let rows: Vec<[f64; K]> = points
        .iter()
        .map(|&(tasks, ns)| terms(tasks).map(|value| value / ns))
        .collect();
    (points.len() > K).then(|| least_squares(&rows, &vec![1.0; rows.len()]))?
}

/// Those of join!'s: `[once, child, poll in vain]`.
fn join_curve(points: &[(usize, f64)], signals: usize) -> Option<[f64; 3]> {
    curve(points, |tasks| [1.0, tasks as f64, in_vain(tasks, signals)])
}

/// Those of spawn's: `[once, child]`.
fn spawn_curve(points: &[(usize, f64)]) -> Option<[f64; 2]> {
    curve(points, |tasks| [1.0, tasks as f64])
}

/// What decides, in ns.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parts {
    /// Δ: what a spawned child costs more.
    child: f64,
    /// What a fan-out of spawned children costs more, however many they are.
    once: f64,
    /// c: a child polled in vain.
    in_vain: f64,
}

impl Parts {
    /// N*, where `once + child·N = in_vain·(N²/2k − N/2)`.
    fn crossover(&self, signals: usize) -> f64 {
        let k = signals as f64;
        let middle = self.child + self.in_vain / 2.0;
        let root = (middle.powi(2) + 2.0 * self.in_vain * self.once / k).max(0.0).sqrt();
        (middle + root) * k / self.in_vain
    }
}

/// A workload's join! and spawn, over the number of children.
struct Pair<'a> {
    workload: &'a str,
    signals: usize,
    leaf: LeafKind,
    spawns: Vec<&'a Measurement>,
    joins: Vec<(usize, f64)>,
}

fn pairs<'a>(measured: &'a [&'a Measurement], flavor: Flavor) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for &m in measured {
        let case = &m.case;
        let Some(Parameters {
            together: Together::Some(signals),
            leaf,
        }) = parameters(&case.workload)
        else {
            continue;
        };
        let known = pairs.iter().any(|pair| pair.workload == case.workload);
        if known || case.flavor != flavor || case.site != Site::Worker {
            continue;
        }
        let rows = in_task(measured, &case.workload, flavor);
        let joins = rows.iter().filter_map(|m| Some((m.case.tasks, m.reference_ns?.median)));
        pairs.push(Pair {
            workload: &case.workload,
            signals,
            leaf,
            joins: joins.collect(),
            spawns: rows,
        });
    }
    pairs
}

impl Pair<'_> {
    /// From both curves.
    fn parts(&self) -> Option<Parts> {
        let times = self
            .spawns
            .iter()
            .filter_map(|m| Some((m.case.tasks, m.wall_ns?.median)));
        let [spawn_once, spawn_child] = spawn_curve(&times.collect::<Vec<_>>())?;
        let [join_once, join_child, in_vain] = join_curve(&self.joins, self.signals)?;
        (in_vain > 0.0).then_some(Parts {
            child: spawn_child - join_child,
            once: spawn_once - join_once,
            in_vain,
        })
    }

    /// With what another leaf told of spawn: from join!'s curve alone.
    fn predicted(&self, other: &Parts) -> Option<Parts> {
        let [_, _, in_vain] = join_curve(&self.joins, self.signals)?;
        (in_vain > 0.0).then_some(Parts { in_vain, ..*other })
    }
}

/// The sentences, for flavors on which the driver and the woken task take turns (on several workers they race).
pub(super) fn sentences(header: &Header, measured: &[&Measurement]) -> Vec<String> {
    let one_worker = flavors(measured).into_iter().filter(|flavor| flavor.workers() == 1);
    one_worker
        .flat_map(|flavor| of_flavor(header, measured, flavor))
        .collect()
}

fn of_flavor(header: &Header, measured: &[&Measurement], flavor: Flavor) -> Vec<String> {
    let pairs = pairs(measured, flavor);
    let (plain, others): (Vec<&Pair<'_>>, Vec<&Pair<'_>>) = pairs.iter().partition(|pair| pair.leaf == LeafKind::Flag);
    let known: Vec<(&Pair<'_>, Parts)> = plain
        .into_iter()
        .filter_map(|pair| Some((pair, pair.parts()?)))
        .collect();
    let measured_at = |pair: &Pair<'_>| {
        let at = crossover::crossover(header, &pair.spawns)?;
        (at.median > 0.0 && at.median.is_finite()).then_some(at)
    };
    let mut sentences = Vec::new();
    for (pair, parts) in &known {
        let Some(at) = measured_at(pair) else { continue };
        sentences.push(format!(
            "{} on {flavor}: where {} signals come at a time, spawn wins from N* = k(2Δ/c + 1) children on, k = {}: join! polls \
             a child in vain for c = {}, a spawned child costs Δ = {} more without such polls, and {} once for them all: {}; \
             measured {}.",
            pair.workload,
            pair.signals,
            pair.signals,
            time(parts.in_vain),
            time(parts.child),
            time(parts.once),
            significant(parts.crossover(pair.signals)),
            crossover::words(&at, &pair.spawns),
        ));
    }
    let predicted = |pair: &Pair<'_>| {
        let (_, parts) = known.iter().find(|(plain, _)| plain.signals == pair.signals)?;
        let parts = pair.predicted(parts)?;
        let at = measured_at(pair)?;
        let predicted = parts.crossover(pair.signals);
        Some(format!(
            "{} (c = {}) {}, measured {} ({:+.1}%)",
            pair.workload,
            time(parts.in_vain),
            significant(predicted),
            // A crossover of a few children needs more digits than `crossover::words` has.
            super::estimated(&at, ""),
            (predicted / at.median - 1.0) * 100.0
        ))
    };
    let of_others = joined(others.into_iter().filter_map(predicted), "; ");
    sentences.extend(of_others.map(|said| {
        format!(
            "The same formula for other leaves on {flavor}, with Δ of `wake` and c of their join! alone, so that no spawn of \
             theirs is in it: {said}."
        )
    }));
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_in_vain_are_those_that_are_counted() {
        // N(N+3)/2 polls in all (strategy::counts), of which 2N are not in vain.
        for tasks in [1, 2, 3, 8, 64, 256] {
            assert_eq!(in_vain(tasks, 1), (tasks * (tasks + 3) / 2 - 2 * tasks) as f64);
            for signals in [2, 4, tasks] {
                let (n, k) = (tasks as f64, signals as f64);
                if tasks % signals == 0 {
                    assert_eq!(in_vain(tasks, signals), n * n / (2.0 * k) - n / 2.0);
                }
            }
        }
    }

    #[test]
    fn curves_of_known_costs_cross_where_the_formula_says() {
        let numbers = [1, 2, 4, 8, 16, 32, 64, 128, 256];
        for signals in [1, 2, 4] {
            for (child, once, cost) in [(160.0, 0.0, 9.0), (210.0, 120.0, 14.0), (220.0, 90.0, 100.0)] {
                let join = |n: usize| 40.0 + 60.0 * n as f64 + cost * in_vain(n, signals);
                let spawn = |n: usize| 40.0 + once + (60.0 + child) * n as f64;
                let [join_once, join_child, in_vain] =
                    join_curve(&numbers.map(|n| (n, join(n))), signals).expect("enough numbers");
                let [spawn_once, spawn_child] = spawn_curve(&numbers.map(|n| (n, spawn(n)))).expect("enough numbers");
                let parts = Parts {
                    child: spawn_child - join_child,
                    once: spawn_once - join_once,
                    in_vain,
                };
                let at = parts.crossover(signals);
                // Between whole numbers of children that are multiples of k, both sides meet there.
                let [below, above] = [
                    at.floor() as usize / signals * signals,
                    (at as usize / signals + 1) * signals,
                ];
                assert!(join(below) <= spawn(below) + 1e-6, "{parts:?} {at}");
                assert!(join(above) >= spawn(above) - 1e-6, "{parts:?} {at}");
                if once == 0.0 {
                    let short = signals as f64 * (2.0 * child / cost + 1.0);
                    assert!((at / short - 1.0).abs() < 1e-6, "{at} {short}");
                }
            }
        }
    }

    #[test]
    fn few_numbers_of_children_tell_nothing() {
        assert_eq!(join_curve(&[(1, 50.0), (2, 90.0), (4, 190.0)], 1), None);
        assert_eq!(spawn_curve(&[(1, 50.0), (2, 90.0)]), None);
    }
}
