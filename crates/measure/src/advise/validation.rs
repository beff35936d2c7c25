//! How far predictions err: each case left out in turn, or a run asked by the model of another.

use serde::Serialize;

use super::model::Model;
use super::predicted::{Predicted, Refused};
use super::question::Question;
use super::samples::{is_one_number, own_ns, question_of, unsure_of};
use super::sheet::Sheet;
use crate::case::Case;
use crate::record::Measurement;
use crate::stats::{Estimate, median, sorted};

/// The level of a prediction interval.
pub const LEVEL: f64 = 0.9;

/// A gap that a winner must be right about.
pub const GAP: f64 = 1.1;

/// A gap that "too close to call" must never hide.
pub const HIDDEN: f64 = 1.25;

/// An interval is never narrower than this, in the natural logarithm.
const NARROWEST: f64 = 0.01;

/// A prediction beside its measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Error {
    /// The case.
    pub case: Case,
    /// The strategy.
    pub strategy: String,
    /// What it is compared with.
    pub reference: String,
    /// The ratio that was measured.
    pub measured: Estimate,
    /// The ratio that was predicted; null where it was refused.
    pub predicted: Option<f64>,
    /// The time of the strategy's fan-out that was predicted over the one that was measured.
    pub time: Option<f64>,
    /// [`Predicted::reach`] of the pair.
    pub reach: f64,
    /// Why it was refused.
    pub refused: Option<String>,
}

impl Error {
    /// The natural logarithm of predicted over measured.
    pub fn log(&self) -> Option<f64> {
        Some((self.predicted? / self.measured.median).ln())
    }
}

/// The rows of a run that are asked about: other strategies than the reference, of workloads whose children's time is their own,
/// where no threads are woken. `sheet` gives the unit costs for a case: without it, for a cross-validation.
pub fn errors(measurements: &[&Measurement], sheet: impl Fn(&Case) -> Sheet) -> Vec<Error> {
    let asked: Vec<(&Measurement, Question)> = asked(measurements).collect();
    let mut errors = Vec::new();
    for of_case in asked.chunk_by(|(a, _), (b, _)| a.case == b.case) {
        let sheet = sheet(&of_case[0].0.case);
        for (m, question) in of_case {
            let [strategy, reference] = [&m.strategy, &m.reference].map(|name| sheet.predict(question, name));
            errors.push(error(m, strategy, reference));
        }
    }
    errors
}

/// What is asked about of a run, as a question.
fn asked<'a>(all: &'a [&'a Measurement]) -> impl Iterator<Item = (&'a Measurement, Question)> {
    all.iter().filter_map(|m| {
        if m.is_control() || m.ratio.is_none() || m.case.site.beside() > 0 || !is_one_number(m) {
            return None;
        }
        let question = question_of(&m.case, own_ns(&m.case, all)?)?;
        (!question.scope.wakes_threads()).then_some((*m, question))
    })
}

fn error(m: &Measurement, strategy: Result<Predicted, Refused>, reference: Result<Predicted, Refused>) -> Error {
    let measured = m.ratio.expect("asked about only where it has one");
    let wall = m.wall_ns.map(|wall| wall.median);
    let (predicted, time, reach, refused) = match (strategy, reference) {
        (Ok(a), Ok(b)) => (
            Some(a.ns() / b.ns()),
            wall.map(|wall| a.ns() / wall),
            a.reach.max(b.reach),
            None,
        ),
        (Err(refused), _) | (_, Err(refused)) => (None, None, 1.0, Some(refused.to_string())),
    };
    Error {
        case: m.case.clone(),
        strategy: m.strategy.clone(),
        reference: m.reference.clone(),
        measured,
        predicted,
        time,
        reach,
        refused,
    }
}

/// The half width of 90% intervals, for a reach of 1: the quantile of what was off, as for one more case of the same kind.
pub fn half_width<'a>(errors: impl IntoIterator<Item = &'a Error>) -> f64 {
    let score = |error: &Error| Some(error.log()?.abs() / error.reach);
    quantile(errors.into_iter().filter_map(score))
}

/// The same of times.
pub fn time_half_width(errors: &[Error]) -> f64 {
    let score = |error: &Error| Some(error.time?.ln().abs() / error.reach);
    quantile(errors.iter().filter_map(score))
}

/// The same where the case itself is in the fit: what the fit is off, and that neither its measurement nor the next is exact.
pub fn half_width_of_measured(errors: &[Error]) -> f64 {
    let score = |error: &Error| {
        let unsure = unsure_of(&error.measured);
        Some(error.log()?.hypot(unsure) / error.reach)
    };
    quantile(errors.iter().filter_map(score))
}

fn quantile(scores: impl Iterator<Item = f64>) -> f64 {
    let scores = sorted(&scores.collect::<Vec<_>>());
    // One more than there are, as conformal prediction has it (Vovk, Gammerman and Shafer, 2005).
    let place = ((scores.len() + 1) as f64 * LEVEL).ceil() as usize;
    match scores.len() {
        0 => f64::INFINITY,
        many => scores[place.min(many) - 1].max(NARROWEST),
    }
}

/// What is said of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// It is faster or slower, for sure.
    Sure,
    /// The difference is small, for sure.
    TooClose,
    /// Neither is sure.
    MeasureIt,
}

impl Call {
    /// Of a ratio's interval.
    pub fn of(low: f64, high: f64) -> Self {
        if low > 1.0 || high < 1.0 {
            Call::Sure
        } else if low >= 1.0 / HIDDEN && high <= HIDDEN {
            Call::TooClose
        } else {
            Call::MeasureIt
        }
    }
}

/// How good a model's predictions are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// What was asked.
    pub what: String,
    /// Rows that were predicted.
    pub predicted: usize,
    /// Rows that were refused as out of range or not calibrated.
    pub refused: usize,
    /// Rows whose measured gap exceeds 10% and whose interval excludes 1, and those of which the winner was right.
    pub gaps: (usize, usize),
    /// Median of the ratios' errors, a fraction.
    pub median_error: f64,
    /// Share of the rows within 15%.
    pub within_15: f64,
    /// Share of the intervals of 90% that hold the measured ratio.
    pub covered: f64,
    /// Median of the intervals' half widths, a fraction.
    pub half_width: f64,
    /// Rows that were called too close to call, and those of them whose measured gap exceeds 25%.
    pub too_close: (usize, usize),
    /// Rows that were neither.
    pub measure_it: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a validation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Predicted and measured.
    #[serde(flatten)]
    pub error: Error,
    /// Half the width of the interval of the predicted natural-log ratio.
    pub half_width: f64,
    /// Whether it holds what was measured.
    pub covered: bool,
    /// What is said.
    pub call: Call,
}

impl Validation {
    /// Whether a bar holds: winner, median error, within 15%, coverage, nothing hidden.
    pub fn bars(&self) -> [bool; 5] {
        let (gaps, right) = self.gaps;
        [
            right as f64 >= 0.95 * gaps as f64,
            self.median_error <= 0.08,
            self.within_15 >= 0.90,
            (0.85..=0.95).contains(&self.covered),
            self.too_close.1 == 0,
        ]
    }

    fn of(what: String, refused: usize, rows: Vec<Row>) -> Self {
        let middle = |of: &dyn Fn(&Row) -> Option<f64>| median(&rows.iter().filter_map(of).collect::<Vec<_>>());
        let count = |of: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| of(row)).count();
        let share = |of: &dyn Fn(&Row) -> bool| count(of) as f64 / rows.len().max(1) as f64;
        let measured_log = |row: &Row| row.error.measured.median.ln();
        // A gap whose interval holds 1 has no winner.
        let gap = |row: &Row| measured_log(row).abs() > GAP.ln() && !row.error.measured.contains(1.0);
        let right = |row: &Row| row.error.predicted.unwrap_or(1.0).ln() * measured_log(row) > 0.0;
        let close = |row: &Row| row.call == Call::TooClose;
        Self {
            what,
            predicted: rows.len(),
            refused,
            gaps: (count(&gap), count(&|row| gap(row) && right(row))),
            median_error: middle(&|row| Some(row.error.log()?.abs().exp() - 1.0)),
            within_15: share(&|row| row.error.log().is_some_and(|log| log.abs() <= 1.15f64.ln())),
            covered: share(&|row| row.covered),
            half_width: middle(&|row| Some(row.half_width.exp() - 1.0)),
            too_close: (
                count(&close),
                count(&|row| close(row) && measured_log(row).abs() > HIDDEN.ln()),
            ),
            measure_it: count(&|row| row.call == Call::MeasureIt),
            rows,
        }
    }
}

fn row(error: Error, half_width: f64) -> Option<Row> {
    let (off, ratio) = (error.log()?, error.predicted?);
    Some(Row {
        covered: off.abs() <= half_width,
        call: Call::of(ratio * (-half_width).exp(), ratio * half_width.exp()),
        half_width,
        error,
    })
}

/// Each case predicted from the others. Its interval too comes from the errors of the others only.
pub fn leave_one_out(what: &str, model: &Model) -> Validation {
    let refused = model.errors.iter().filter(|error| error.predicted.is_none()).count();
    let rows = model.errors.iter().filter_map(|error| {
        let others = model.errors.iter().filter(|other| other.case != error.case);
        row(error.clone(), half_width(others) * error.reach)
    });
    Validation::of(what.to_owned(), refused, rows.collect())
}

/// Another run of the same machine, asked about by this model.
pub fn asked_about(what: &str, model: &Model, measurements: &[&Measurement]) -> Validation {
    let (mut refused, mut rows) = (0, Vec::new());
    for (m, question) in asked(measurements) {
        let [strategy, reference] = [&m.strategy, &m.reference].map(|name| model.predict(&question, name));
        match (&strategy, &reference) {
            (Ok(a), Ok(b)) => {
                let half_width = model.half_width_of(a, b);
                rows.extend(row(error(m, strategy, reference), half_width));
            }
            _ => refused += 1,
        }
    }
    Validation::of(what.to_owned(), refused, rows)
}
