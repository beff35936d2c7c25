//! Where no sum answers: the measured cases that are nearest to what is asked.

use serde::Serialize;

use super::question::Question;
use super::samples::{own_ns, question_of};
use crate::in_order::unique;
use crate::record::{Measurement, Status};
use crate::stats::{Estimate, Mode, Verdict};

/// A measured case near to what is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Near {
    /// The measurement's id.
    pub id: String,
    /// The strategy.
    pub strategy: String,
    /// What it was compared with.
    pub reference: String,
    /// ns of a fan-out.
    pub wall_ns: Estimate,
    /// Its time over the reference's.
    pub ratio: Estimate,
    /// What was said of it.
    pub verdict: Option<Verdict>,
    /// Two modes of opposite sign, with their shares.
    pub modes: Vec<Mode>,
    /// Natural-log ratios of its rounds that lie below −5%, within ±5%, and above: shares.
    pub shares: [f64; 3],
    /// 0 where it is the very case; 1 where something is e times as much.
    pub distance: f64,
}

/// A case farther than this says nothing: a factor of three in one thing, or less in several.
const FARTHEST: f64 = 1.1;

/// The most cases that are shown.
const MOST: usize = 3;

/// How far a case is from a question, in natural logarithms; `None` where another scope, or another way of being woken.
fn distance(question: &Question, known: &Question) -> Option<f64> {
    if question.scope != known.scope || question.wakes != known.wakes {
        return None;
    }
    let apart = |a: f64, b: f64, from: f64| ((a + from) / (b + from)).ln().abs();
    Some(
        apart(question.tasks as f64, known.tasks as f64, 0.0)
            + apart(question.payload as f64, known.payload as f64, 256.0)
            // Beside some hundred ns of composing, less work is none.
            + apart(question.work_ns, known.work_ns, 500.0)
            + apart(question.wait_ns, known.wait_ns, 10_000.0),
    )
}

/// The nearest cases, with all that was measured of them beside their reference.
pub fn nearest(question: &Question, measurements: &[&Measurement]) -> Vec<Near> {
    let measured = measurements
        .iter()
        .filter(|m| !m.is_control() && m.status == Status::Ok);
    let mut near: Vec<(f64, &Measurement)> = measured
        .filter_map(|m| {
            let known = question_of(&m.case, own_ns(&m.case, measurements)?)?;
            Some((distance(question, &known)?, *m))
        })
        .filter(|(distance, _)| *distance <= FARTHEST)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut cases = unique(near.iter().map(|(_, m)| &m.case));
    cases.truncate(MOST);
    let shown = near.iter().filter(|(_, m)| cases.contains(&&m.case));
    shown.filter_map(|(distance, m)| as_near(*distance, m)).collect()
}

fn as_near(distance: f64, m: &Measurement) -> Option<Near> {
    const APART: f64 = 0.05;
    let logs: Vec<f64> = m.rounds.iter().flatten().copied().collect();
    let share =
        |of: &dyn Fn(f64) -> bool| logs.iter().filter(|log| of(**log)).count() as f64 / logs.len().max(1) as f64;
    Some(Near {
        id: m.case.measurement_id(&m.strategy),
        strategy: m.strategy.clone(),
        reference: m.reference.clone(),
        wall_ns: m.wall_ns?,
        ratio: m.ratio?,
        verdict: m.verdict,
        modes: m.modes.clone(),
        shares: [
            share(&|log| log < -APART),
            share(&|log| log.abs() <= APART),
            share(&|log| log > APART),
        ],
        distance,
    })
}
