//! What a run's measurements say, as samples that unit costs are fitted to.

use std::collections::BTreeMap;

use super::counts::{Kind, MOST_TASKS};
use super::fit::{Sample, inline_payload};
use super::question::{Question, Scope, Wakes};
use crate::case::Case;
use crate::record::{Measurement, Status};
use crate::stats::random_effects::LogRatio;
use crate::stats::{Estimate, Verdict};

/// ns and standard deviation of a measurement beside its reference: paired, so that both have the machine's same moment.
fn paired(m: &Measurement, reference: &Measurement) -> Option<(f64, f64)> {
    let unsure = |ratio: &Estimate| {
        // Of too few rounds for an interval, between what they lie.
        let between = (ratio.high / ratio.low).ln() / 2.0;
        LogRatio::of(ratio, m.rounds.len())
            .map_or(between, |known| known.error)
            .clamp(0.0, 1.0)
    };
    let base = reference.wall_ns?.median;
    if m.is_control() {
        Some((base, m.noise_floor.unwrap_or(0.0) / 4.0))
    } else {
        let ratio = m.ratio?;
        Some((base * ratio.median, unsure(&ratio)))
    }
}

/// A measurement whose sides disturbed each other, or that has two modes, is no one number.
pub(super) fn is_one_number(m: &Measurement) -> bool {
    m.status == Status::Ok && !matches!(m.verdict, Some(Verdict::Interferes | Verdict::Depends))
}

/// What a case's children take themselves, in ns of a fan-out: of `compute` the time of `join!` where the same case was measured on
/// another flavor of one thread, else on this one; of `timers` half a millisecond less than their longest sleep and tokio's
/// resolution.
pub(super) fn own_ns(case: &Case, all: &[&Measurement]) -> Option<f64> {
    match case.workload.as_str() {
        "compute" => {
            let mut same: Vec<&&Measurement> = all
                .iter()
                .filter(|m| m.strategy == "join" && m.is_control() && m.status == Status::Ok)
                .filter(|m| {
                    m.case.workload == "compute" && m.case.tasks == case.tasks && m.case.payload == case.payload
                })
                .filter(|m| !Scope::of(&m.case).wakes_threads())
                .collect();
            same.sort_by_key(|m| m.case == *case);
            // A child of join! takes two ns beside its work, as one of `ready` does.
            same.first()
                .and_then(|m| Some(m.wall_ns?.median - 2.0 * case.tasks as f64))
        }
        "timers" => Some(2.5e6),
        _ => Some(0.0),
    }
}

/// The question that a case is.
pub fn question_of(case: &Case, own_ns: f64) -> Option<Question> {
    let wakes = Wakes::of_workload(&case.workload)?;
    let waits = case.workload == "timers";
    Some(Question {
        scope: Scope::of(case),
        tasks: case.tasks,
        wakes,
        times: 1.0,
        payload: inline_payload(case),
        work_ns: if waits { 0.0 } else { own_ns / case.tasks as f64 },
        idle_ns: 0.0,
        wait_ns: if waits { own_ns } else { 0.0 },
    })
}

/// How unsure a measured time or ratio is: the standard deviation of its log, of an interval that has 95% of a normal one.
pub(super) fn unsure_of(measured: &Estimate) -> f64 {
    (measured.high / measured.low).max(1.0).ln() / 3.92
}

/// The samples of a run's measurements.
pub(super) fn samples(measurements: &[&Measurement]) -> Vec<Sample> {
    let references: BTreeMap<&Case, &Measurement> = measurements
        .iter()
        .filter(|m| m.is_control())
        .map(|m| (&m.case, *m))
        .collect();
    let of_measurement = |m: &Measurement| {
        let scope = Scope::of(&m.case);
        // Timers' waits say nothing of costs; what folds away neither.
        let wakes = Wakes::of_workload(&m.case.workload).filter(|_| m.case.workload != "timers")?;
        if scope.wakes_threads() || scope.site.beside() > 0 || m.case.tasks > MOST_TASKS {
            return None;
        }
        let (ns, unsure) = paired(m, references.get(&m.case)?)?;
        let own = own_ns(&m.case, measurements)?;
        let sample = |kind, ns, own_ns, unsure| Sample {
            case: m.case.clone(),
            scope,
            wakes,
            kind,
            ns,
            own_ns,
            unsure,
        };
        let kind = Kind::of(&m.strategy, m.case.tasks);
        let of_strategy = kind.map(|kind| sample(Some(kind), ns, own.min(ns), unsure));
        let of_machinery = m.machinery_ns.filter(|_| m.is_control()).map(|machinery| {
            let wider = unsure_of(&machinery);
            sample(None, machinery.median, 0.0, wider)
        });
        Some([of_strategy, of_machinery])
    };
    let usable = measurements.iter().filter(|m| is_one_number(m));
    usable.filter_map(|m| of_measurement(m)).flatten().flatten().collect()
}
