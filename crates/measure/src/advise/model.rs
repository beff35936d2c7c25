//! A model of one machine: unit costs, how far they reach, and how far they err.

use super::counts::{Kind, Unit};
use super::fit::Fit;
use super::predicted::{Predicted, Refused};
use super::question::{Question, Wakes};
use super::samples::{question_of, samples};
use super::sheet::{Costs, Sheet};
use super::validation::{self, Error};
use crate::case::Case;
use crate::record::Measurement;

/// A run that no model can be made of.
#[derive(Debug, thiserror::Error)]
#[error(
    "{run}: {cases} of its cases can calibrate (yield, wake, mutex and compute, on one thread or in a task of one worker); \
     {FEWEST_CASES} are needed: measure them with `advise --calibrate`"
)]
pub struct ModelError {
    run: String,
    /// Cases that can be used.
    cases: usize,
}

/// What two runs of the same machine differ by, in the log, in one ratio of ten (docs/ADVISE.md): a model of few cases, which looks
/// exact from within, is no surer of another run.
const BETWEEN_RUNS: f64 = 0.064;

/// The fewest cases that a model is made of.
pub const FEWEST_CASES: usize = 5;

/// A model of one machine.
#[derive(Debug, Clone)]
pub struct Model {
    /// The run that it was made of.
    pub run: String,
    /// Its unit costs.
    pub sheet: Sheet,
    /// How far each of its cases was from what the others say of it.
    pub errors: Vec<Error>,
    /// Half the width of a prediction interval of 90%, of the natural logarithm of a ratio, for a prediction of reach 1.
    pub half_width: f64,
    /// The same of a time.
    pub time_half_width: f64,
    /// The same of a ratio whose very case was measured.
    pub measured_half_width: f64,
    /// What each unit cost is worth: from leaving out each case in turn.
    pub spread: Vec<Costs>,
    /// The measurements of one thread, as (case, strategy).
    measured: Vec<(Case, String)>,
}

impl Model {
    /// Made of a run's measurements.
    ///
    /// # Errors
    ///
    /// [`ModelError`] where the run lacks what unit costs are fitted to: too few cases of one thread, or no reference.
    pub fn of<'a>(run: &str, measurements: impl IntoIterator<Item = &'a Measurement>) -> Result<Self, ModelError> {
        let measurements: Vec<&Measurement> = measurements.into_iter().collect();
        let fit = Fit::of(samples(&measurements));
        let cases = fit.cases().count();
        if cases < FEWEST_CASES {
            return Err(ModelError {
                run: run.to_owned(),
                cases,
            });
        }
        let sheet = fit.solve(None);
        let left_out: Vec<(Case, Sheet)> = fit.cases().map(|case| (case.clone(), fit.solve(Some(case)))).collect();
        let without = |case: &Case| {
            left_out
                .iter()
                .find(|(known, _)| known == case)
                .map_or(&sheet, |(_, sheet)| sheet)
        };
        let errors = validation::errors(&measurements, |case| without(case).clone());
        let inside = validation::errors(&measurements, |_| sheet.clone());
        let spread = spread(&sheet, left_out.iter().map(|(_, sheet)| sheet));
        let measured = fit
            .samples
            .iter()
            .filter_map(|sample| Some((sample.case.clone(), sample.kind.as_ref()?.name.clone())));
        Ok(Self {
            run: run.to_owned(),
            half_width: validation::half_width(&errors).max(BETWEEN_RUNS),
            time_half_width: validation::time_half_width(&errors),
            measured_half_width: validation::half_width_of_measured(&inside).max(BETWEEN_RUNS),
            measured: measured.collect(),
            errors,
            spread,
            sheet,
        })
    }

    /// The sum for a question, and whether this very case was measured.
    ///
    /// # Errors
    ///
    /// [`Refused`]: what the question asks for that no sum tells.
    pub fn predict(&self, question: &Question, strategy: &str) -> Result<Predicted, Refused> {
        let mut predicted = self.sheet.predict(question, strategy)?;
        let kind = Kind::of(strategy, question.tasks);
        let same = |(case, name): &(Case, String)| {
            kind.as_ref().is_some_and(|kind| kind.name == *name)
                && question_of(case, 0.0).is_some_and(|known| {
                    (known.scope, known.tasks, known.wakes, known.payload)
                        == (question.scope, question.tasks, question.wakes, question.payload)
                })
        };
        predicted.measured = predicted.reach <= 2.0
            && question.times == 1.0
            && question.idle_ns == 0.0
            && question.work_ns == 0.0
            && question.wait_ns == 0.0
            && question.wakes != Wakes::Never
            && self.measured.iter().any(same);
        Ok(predicted)
    }

    /// The points that were measured, each as scope, way of being woken, children, bytes and strategy, with blanks between them.
    pub fn measured_points(&self) -> Vec<String> {
        let mut points: Vec<String> = self
            .measured
            .iter()
            .filter_map(|(case, name)| {
                let q = question_of(case, 0.0)?;
                Some(format!("{} {} {} {} {name}", q.scope, q.wakes, q.tasks, q.payload))
            })
            .collect();
        points.sort();
        points.dedup();
        points
    }

    /// Half the width of the interval of the natural logarithm of a ratio of two predictions.
    pub fn half_width_of(&self, a: &Predicted, b: &Predicted) -> f64 {
        let base = match a.measured && b.measured {
            true => self.measured_half_width,
            false => self.half_width,
        };
        base * a.reach.max(b.reach)
    }

    /// Its scopes, in order.
    pub fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = self.sheet.costs.iter().map(|costs| costs.scope.clone()).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }
}

/// One standard deviation of each unit cost, by leaving out each case in turn (the jackknife).
fn spread<'a>(sheet: &Sheet, left_out: impl Iterator<Item = &'a Sheet>) -> Vec<Costs> {
    let left_out: Vec<&Sheet> = left_out.collect();
    let n = left_out.len() as f64;
    let of = |costs: &Costs| {
        let others: Vec<&Costs> = left_out
            .iter()
            .filter_map(|sheet| sheet.costs.iter().find(|other| other.is_of_the_same(costs)))
            .collect();
        let deviation = |(unit, ns): (&Unit, &f64)| {
            let sum: f64 = others.iter().map(|other| (other.of(*unit) - ns).powi(2)).sum();
            (*unit, (sum * (n - 1.0) / n).sqrt())
        };
        Costs {
            units: costs.units.iter().map(deviation).collect(),
            ..costs.clone()
        }
    };
    sheet.costs.iter().map(of).collect()
}
