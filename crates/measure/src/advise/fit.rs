//! The fit: unit costs from the measurements of one run.
//!
//! Least squares of the *relative* error, so that 300 ns and 300 µs weigh alike. A measurement weighs by how sure it is, and the
//! strategies of one case share an error of their own: what a moment of the machine did to all of them says nothing of their
//! differences. A unit cost of a strategy is that of its family and a deviation, which is believed where measurements show it:
//! so a family that was measured with few children lends its shape to a strategy that was not.

use std::collections::{BTreeMap, BTreeSet};

use super::counts::{Family, Kind, NEAR_TASKS, Unit, counts};
use super::question::{Scope, Wakes};
use super::sheet::{Costs, PayloadCost, Sheet};
use crate::case::Case;
use crate::stats::linear::{NormalEquations, Row};

/// A measurement as the fit sees it.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub case: Case,
    pub scope: Scope,
    pub wakes: Wakes,
    /// `None` for the case's machinery: its wakes alone.
    pub kind: Option<Kind>,
    /// ns of a fan-out.
    pub ns: f64,
    /// What of them its children took themselves.
    pub own_ns: f64,
    /// How unsure it is: one standard deviation of its logarithm.
    pub unsure: f64,
}

/// A measurement that is this unsure weighs half of one that is sure: about what the sum itself errs.
const SURE: f64 = 0.05;

/// Squared, the penalties of a family's unit cost, of a deviation from it, and the belief in an error that a case's strategies
/// share. Costs are scaled to their largest share of any measurement, so that a deviation by a whole measurement costs as much as
/// missing it by a tenth. Values twice as large or small leave the figures of `docs/ADVISE.md` within a percent or two.
const PENALTY_COST: f64 = 0.005;
const PENALTY_DEVIATION: f64 = 0.1;
const PENALTY_SHARED: f64 = 0.3;

/// The scale of what is paid once for a fan-out: so many children of a typical measurement.
const FAN_OUT_CHILDREN: f64 = 10.0;

/// An unknown of the fit: a unit cost, and what it belongs to; `deviates` where it is the difference to the one without.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Unknown {
    unit: Unit,
    scope: Option<Scope>,
    family: Option<Family>,
    wakes: Option<Wakes>,
    name: Option<String>,
    payload: Option<usize>,
    deviates: bool,
}

/// The unknowns whose sum is a unit cost; `bytes` is what a child carries.
fn unknowns(unit: Unit, scope: Scope, wakes: Wakes, kind: &Kind, bytes: usize) -> Vec<Unknown> {
    let base = Unknown {
        unit,
        scope: Some(scope),
        family: None,
        wakes: None,
        name: None,
        payload: None,
        deviates: false,
    };
    let of_family = Unknown {
        family: Some(kind.family),
        ..base.clone()
    };
    let named = |parent: &Unknown| Unknown {
        name: Some(kind.name.clone()),
        deviates: true,
        ..parent.clone()
    };
    let woken = |parent: &Unknown, deviates| Unknown {
        wakes: Some(wakes),
        deviates,
        ..parent.clone()
    };
    match unit {
        Unit::FanOut => vec![of_family.clone(), woken(&of_family, true), named(&of_family)],
        Unit::IdleTurn | Unit::Signal => vec![base],
        Unit::Child | Unit::Far => {
            let parent = woken(&of_family, false);
            vec![named(&parent), parent]
        }
        Unit::Repoll => vec![woken(&base, true), base],
        // A copy is a copy, wherever the fan-out runs.
        Unit::Payload => {
            let parent = Unknown {
                scope: None,
                payload: Some(bytes),
                ..of_family
            };
            vec![named(&parent), parent]
        }
    }
}

/// A fit, ready to be solved with or without a case.
pub(super) struct Fit {
    pub(super) samples: Vec<Sample>,
    unknowns: Vec<Unknown>,
    scales: Vec<f64>,
    /// Rows of each case.
    rows: BTreeMap<Case, Vec<Row>>,
    /// Of all of them, with the penalties.
    normal: NormalEquations,
}

/// The unknowns of a sample, with their counts.
fn entries(sample: &Sample) -> Vec<(Unknown, f64)> {
    let (tasks, bytes) = (sample.case.tasks, inline_payload(&sample.case));
    let (kind, paid) = match &sample.kind {
        Some(kind) => {
            let mut paid = counts(kind, sample.wakes, tasks);
            paid.extend((bytes > 0).then_some((Unit::Payload, tasks as f64)));
            (kind, paid)
        }
        // Any kind will do: what wakes is the same for all.
        None => (
            &Kind {
                name: String::new(),
                family: Family::Polled,
            },
            vec![(Unit::Signal, tasks as f64)],
        ),
    };
    let entries = |(unit, count)| {
        let unknowns = unknowns(unit, sample.scope, sample.wakes, kind, bytes);
        unknowns.into_iter().map(move |unknown| (unknown, count))
    };
    paid.into_iter().flat_map(entries).collect()
}

/// Bytes inside the future of a case's children: those of `compute` lie on the heap.
pub(super) fn inline_payload(case: &Case) -> usize {
    if case.workload == "compute" { 0 } else { case.payload.0 }
}

impl Fit {
    pub(super) fn of(samples: Vec<Sample>) -> Self {
        let all: Vec<Vec<(Unknown, f64)>> = samples.iter().map(entries).collect();
        let names: BTreeSet<&Unknown> = all.iter().flatten().map(|(unknown, _)| unknown).collect();
        let unknowns: Vec<Unknown> = names.into_iter().cloned().collect();
        let mut scales = vec![f64::MIN_POSITIVE; unknowns.len()];
        let mut per_child: Vec<f64> = samples.iter().map(|s| s.ns / s.case.tasks as f64).collect();
        per_child.sort_by(f64::total_cmp);
        let typical = per_child.get(per_child.len() / 2).copied().unwrap_or(1.0);
        let place = |unknown: &Unknown| unknowns.binary_search(unknown).expect("it is one of them");
        for (sample, entries) in samples.iter().zip(&all) {
            for (unknown, count) in entries {
                let share = &mut scales[place(unknown)];
                *share = share.max(count / sample.ns);
            }
        }
        for (scale, unknown) in scales.iter_mut().zip(&unknowns) {
            *scale = match unknown.unit {
                Unit::FanOut => FAN_OUT_CHILDREN * typical,
                _ => 1.0 / *scale,
            };
        }
        let penalty = |unknown: &Unknown| match unknown.deviates {
            true => PENALTY_DEVIATION * PENALTY_DEVIATION,
            false => PENALTY_COST * PENALTY_COST,
        };
        let mut rows: BTreeMap<Case, Vec<Row>> = BTreeMap::new();
        for (sample, entries) in samples.iter().zip(&all) {
            let scaled = |(unknown, count): &(Unknown, f64)| {
                let place = place(unknown);
                (place, count / sample.ns * scales[place])
            };
            rows.entry(sample.case.clone()).or_default().push(Row {
                entries: entries.iter().map(scaled).collect(),
                right: (sample.ns - sample.own_ns) / sample.ns,
                weight: 1.0 / (1.0 + (sample.unsure / SURE).powi(2)),
            });
        }
        let mut normal = NormalEquations::of(unknowns.len());
        for rows in rows.values() {
            normal.add(rows, PENALTY_SHARED * PENALTY_SHARED, 1.0);
        }
        normal.penalize(unknowns.iter().map(penalty));
        Self {
            samples,
            unknowns,
            scales,
            rows,
            normal,
        }
    }

    /// The cases.
    pub(super) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.rows.keys()
    }

    /// The unit costs, from all cases but one.
    pub(super) fn solve(&self, without: Option<&Case>) -> Sheet {
        let mut normal = self.normal.clone();
        if let Some(rows) = without.and_then(|case| self.rows.get(case)) {
            normal.add(rows, PENALTY_SHARED * PENALTY_SHARED, -1.0);
        }
        // What is paid once has no deviation downwards: nothing would keep the sum from being negative.
        let free = |unknown: &Unknown| unknown.deviates && unknown.unit != Unit::FanOut;
        let free: Vec<bool> = self.unknowns.iter().map(free).collect();
        let solved: Vec<f64> = normal
            .solve(&free)
            .iter()
            .zip(&self.scales)
            .map(|(x, scale)| x * scale)
            .collect();
        let cost = |unknown: &Unknown| self.unknowns.binary_search(unknown).map_or(0.0, |place| solved[place]);
        let samples = self.samples.iter().filter(|sample| Some(&sample.case) != without);
        self.sheet(samples, cost)
    }

    fn sheet<'a>(&self, samples: impl Iterator<Item = &'a Sample>, cost: impl Fn(&Unknown) -> f64) -> Sheet {
        let mut measured: BTreeMap<(Scope, Wakes, Family), BTreeSet<usize>> = BTreeMap::new();
        let mut kinds: BTreeSet<(Scope, Kind)> = BTreeSet::new();
        // Of any scope: there is none in their unknowns.
        let mut payloads: BTreeMap<(Kind, usize), Scope> = BTreeMap::new();
        for sample in samples {
            let Some(kind) = &sample.kind else { continue };
            let numbers = measured.entry((sample.scope, sample.wakes, kind.family)).or_default();
            numbers.insert(sample.case.tasks);
            kinds.insert((sample.scope, kind.clone()));
            if inline_payload(&sample.case) > 0 {
                payloads.insert((kind.clone(), inline_payload(&sample.case)), sample.scope);
            }
        }
        let sum = |unknowns: Vec<Unknown>| unknowns.iter().map(&cost).sum::<f64>().max(0.0);
        let mut costs = Vec::new();
        for ((scope, wakes, family), numbers) in &measured {
            for (_, kind) in kinds.iter().filter(|(of, kind)| of == scope && kind.family == *family) {
                let mut units: BTreeMap<Unit, f64> = Unit::PAID.map(|unit| (unit, 0.0)).into();
                for (unit, _) in counts(kind, *wakes, NEAR_TASKS + 1) {
                    units.insert(unit, sum(unknowns(unit, *scope, *wakes, kind, 0)));
                }
                costs.push(Costs {
                    scope: scope.to_string(),
                    wakes: *wakes,
                    strategy: kind.name.clone(),
                    family: *family,
                    units,
                    fewest: numbers.first().copied().unwrap_or(0),
                    most: numbers.last().copied().unwrap_or(0),
                    numbers: numbers.len(),
                });
            }
        }
        let payload = payloads.into_iter().map(|((kind, bytes), scope)| PayloadCost {
            ns: sum(unknowns(Unit::Payload, scope, Wakes::Together, &kind, bytes)),
            strategy: kind.name,
            bytes,
        });
        Sheet {
            costs,
            payload: payload.collect(),
        }
    }
}
