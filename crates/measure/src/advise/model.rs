//! A model of one machine: unit costs, how far they reach, and how far they err.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::counts::{Family, Kind, MOST_TASKS, Unit, counts};
use super::fit::{Fit, Sample, inline_payload};
use super::question::{Question, Scope, Wakes};
use super::validation::{self, Error};
use crate::case::Case;
use crate::record::{Measurement, Status};
use crate::stats::{Estimate, Verdict};

/// The unit costs of a strategy in a scope where its children are woken in one way, in ns. A field is 0 where it is not paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Flavor and site: `current_thread/worker`.
    pub scope: String,
    /// How children are woken.
    pub wakes: Wakes,
    /// The strategy: [`Kind::name`].
    pub strategy: String,
    /// How it finds out which children can go on.
    pub family: Family,
    /// [`Unit::FanOut`].
    pub fan_out: f64,
    /// [`Unit::IdleTurn`].
    pub idle_turn: f64,
    /// [`Unit::Signal`].
    pub signal: f64,
    /// [`Unit::Child`].
    pub child: f64,
    /// [`Unit::Repoll`].
    pub repoll: f64,
    /// [`Unit::Far`].
    pub far: f64,
    /// The fewest children that were measured of its family.
    pub fewest: usize,
    /// The most.
    pub most: usize,
    /// How many different numbers of children were measured of its family.
    pub numbers: usize,
}

impl Costs {
    /// A unit cost, in ns; that of the payload is in [`Sheet::payload`].
    pub fn of(&self, unit: Unit) -> f64 {
        match unit {
            Unit::FanOut => self.fan_out,
            Unit::IdleTurn => self.idle_turn,
            Unit::Signal => self.signal,
            Unit::Child => self.child,
            Unit::Repoll => self.repoll,
            Unit::Far => self.far,
            Unit::Payload => 0.0,
        }
    }

    /// The fewest and the most children that are answered for: beyond what was measured by a factor of three, or of two where
    /// only one number was.
    pub fn reach(&self) -> (usize, usize) {
        let factor = if self.numbers > 1 { 3 } else { 2 };
        (self.fewest.div_ceil(factor), (self.most * factor).min(MOST_TASKS))
    }
}

/// What carrying so many bytes costs a child of a strategy, in ns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PayloadCost {
    /// The strategy: [`Kind::name`].
    pub strategy: String,
    /// Bytes in the child's future.
    pub bytes: usize,
    /// ns for each child.
    pub ns: f64,
}

/// tokio boxes the future of a spawned child beyond so many bytes, in release builds (tokio 1.54, `BOX_FUTURE_THRESHOLD`).
pub const BOXED_FROM: usize = 16_384;

/// What a child of the suite has beside its payload, in bytes.
pub const CHILD_BYTES: usize = 32;

fn is_boxed(family: Family, bytes: usize) -> bool {
    family == Family::Spawned && bytes + CHILD_BYTES > BOXED_FROM
}

/// All unit costs of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    /// Of strategies.
    pub costs: Vec<Costs>,
    /// Of what children carry.
    pub payload: Vec<PayloadCost>,
}

/// A term of a sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What is paid for.
    pub what: String,
    /// How often.
    pub count: f64,
    /// ns each.
    pub ns_each: f64,
}

impl Term {
    /// ns in all.
    pub fn ns(&self) -> f64 {
        self.count * self.ns_each
    }
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// Its terms.
    pub terms: Vec<Term>,
    /// How much farther off it may be than one inside of what was measured: 1, or more.
    pub reach: f64,
    /// Whether this very point was measured.
    pub measured: bool,
}

impl Predicted {
    /// ns of a fan-out.
    pub fn ns(&self) -> f64 {
        self.terms.iter().map(Term::ns).sum()
    }

    /// Its children.
    pub fn children(&self) -> f64 {
        let child = Unit::Child.to_string();
        let mut terms = self.terms.iter();
        terms.find(|term| term.what == child).map_or(1.0, |term| term.count)
    }
}

/// Why there is no sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Fan-outs there wake threads.
    SeveralThreads,
    /// Children that neither wait nor work.
    Folds,
    /// The run has no measurement of that scope, way of being woken, or strategy.
    NotMeasured {
        /// In words.
        what: String,
    },
    /// Outside of what the run's cases reach.
    OutOfRange {
        /// In words, with what they reach.
        what: String,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::SeveralThreads => f.write_str("fan-outs there wake threads: no sum describes their modes"),
            Refused::Folds => f.write_str(
                "not predictable: children that are ready at once fold away in some strategies as the compiler finds them",
            ),
            Refused::NotMeasured { what } => write!(f, "not calibrated: {what}"),
            Refused::OutOfRange { what } => write!(f, "outside the calibrated range: {what}"),
        }
    }
}

/// Where children that wait for timers go out of range: beyond, the cooperative budget of one task decides (128 polls in a turn),
/// which no sum of these counts.
pub const MOST_WAITING: usize = 1_000;

/// A wait that is one for timers or servers, in ns.
pub const WAIT_NS: f64 = 100_000.0;

/// Children that never wait and work less fold away in `join!`.
pub const LEAST_WORK_NS: f64 = 10.0;

/// From so many children on predictions are half as sure: caches.
pub const LESS_SURE_TASKS: usize = 5_000;

impl Sheet {
    /// The unit costs for a question.
    pub fn costs(&self, scope: Scope, wakes: Wakes, kind: &Kind) -> Option<&Costs> {
        let scope = scope.to_string();
        let mut costs = self.costs.iter();
        costs.find(|c| c.scope == scope && c.wakes == wakes && c.strategy == kind.name)
    }

    /// The sum for a question.
    pub fn predict(&self, question: &Question, strategy: &str) -> Result<Predicted, Refused> {
        let not_measured = |what: String| Refused::NotMeasured { what };
        let out = |what: String| Refused::OutOfRange { what };
        let tasks = question.tasks;
        if question.scope.wakes_threads() {
            return Err(Refused::SeveralThreads);
        }
        if question.wakes == Wakes::Never && question.work_ns < LEAST_WORK_NS {
            return Err(Refused::Folds);
        }
        let kind = Kind::of(strategy, tasks).ok_or_else(|| not_measured(format!("{strategy} has no sum")))?;
        let costs = self.costs(question.scope, question.wakes, &kind).ok_or_else(|| {
            not_measured(format!(
                "this run has no case of {} on {} whose children are woken {}",
                kind.name, question.scope, question.wakes
            ))
        })?;
        let (fewest, most) = costs.reach();
        if tasks < fewest || tasks > most {
            return Err(out(format!(
                "{tasks} children; cases of {} to {} were measured, which reach from {fewest} to {most}",
                costs.fewest, costs.most
            )));
        }
        if question.wait_ns > WAIT_NS && tasks > MOST_WAITING {
            return Err(out(format!(
                "{tasks} children that wait for timers; beyond {MOST_WAITING} a task's budget of polls decides"
            )));
        }
        let mut reach = 1.0;
        if tasks < costs.fewest || tasks > costs.most {
            reach += 1.0;
        }
        if tasks >= LESS_SURE_TASKS {
            reach += 1.0;
        }
        let mut terms = Vec::new();
        let times = if question.wakes == Wakes::Never {
            1.0
        } else {
            question.times
        };
        let mut child = costs.child;
        if times != 1.0 {
            // What a wake adds is the difference to a child that is never woken.
            let never = self.costs(question.scope, Wakes::Never, &kind).ok_or_else(|| {
                not_measured(format!(
                    "children that wait more than once need a case of {} whose children never wait",
                    kind.name
                ))
            })?;
            child = never.child + times * (costs.child - never.child).max(0.0);
            reach += 1.0;
        }
        for (unit, count) in counts(&kind, question.wakes, tasks) {
            let (count, ns_each) = match unit {
                Unit::Child => (count, child),
                Unit::IdleTurn | Unit::Signal | Unit::Repoll => (count * times, costs.of(unit)),
                _ => (count, costs.of(unit)),
            };
            if count > 0.0 {
                terms.push(Term {
                    what: unit.to_string(),
                    count,
                    ns_each,
                });
            }
            if unit == Unit::Repoll && question.idle_ns > 0.0 {
                terms.push(Term {
                    what: "what such a poll costs more".into(),
                    count,
                    ns_each: question.idle_ns,
                });
            }
        }
        if question.payload > 0 {
            let (ns_each, inside) = self.payload_ns(&kind, question.payload)?;
            reach += if inside { 0.0 } else { 1.0 };
            terms.push(Term {
                what: Unit::Payload.to_string(),
                count: tasks as f64,
                ns_each,
            });
        }
        if question.work_ns > 0.0 {
            terms.push(Term {
                what: "child's own work".into(),
                count: tasks as f64,
                ns_each: question.work_ns,
            });
        }
        if question.wait_ns != 0.0 {
            terms.push(Term {
                what: if question.wait_ns > 0.0 {
                    "wait"
                } else {
                    "less of the runtime's turns"
                }
                .into(),
                count: 1.0,
                ns_each: question.wait_ns,
            });
        }
        Ok(Predicted {
            terms,
            reach,
            measured: false,
        })
    }

    /// What a child's payload costs, linear between the sizes that were measured, and whether it lies between two. A boxed future
    /// is another thing than one that is moved into its task, so sizes of one kind say nothing of the other.
    fn payload_ns(&self, kind: &Kind, bytes: usize) -> Result<(f64, bool), Refused> {
        let family = kind.family;
        let boxed = is_boxed(family, bytes);
        let known: Vec<(f64, f64)> = self
            .payload
            .iter()
            .filter(|cost| cost.strategy == kind.name && is_boxed(family, cost.bytes) == boxed)
            .map(|cost| (cost.bytes as f64, cost.ns))
            .collect();
        let at = bytes as f64;
        let Some(&(last, last_ns)) = known.last() else {
            return Err(Refused::NotMeasured {
                what: format!(
                    "this run has no case of {bytes} bytes{}",
                    if boxed { ", boxed" } else { "" }
                ),
            });
        };
        if at > last {
            // Up to where tokio begins to box, by the byte.
            let until = if family == Family::Spawned && !boxed { 4.0 } else { 1.0 };
            return match at <= last * until {
                true => Ok((last_ns * at / last, false)),
                false => Err(Refused::OutOfRange {
                    what: format!("{bytes} bytes in each child; up to {last} were measured"),
                }),
            };
        }
        // From nothing, or from a boxed one that is as small as one can be.
        let mut before = if boxed {
            (at.min(known[0].0), known[0].1)
        } else {
            (0.0, 0.0)
        };
        for &(next, ns) in &known {
            if at <= next {
                let share = if next > before.0 {
                    (at - before.0) / (next - before.0)
                } else {
                    1.0
                };
                return Ok((before.1 + share * (ns - before.1), true));
            }
            before = (next, ns);
        }
        Ok((last_ns, true))
    }
}

/// A run that no model can be made of.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It has too few cases.
    #[error(
        "{run}: {cases} of its cases can calibrate (yield, wake, mutex and compute, on one thread or in a task of one worker); \
         {FEWEST_CASES} are needed: measure them with `advise --calibrate`"
    )]
    TooFew {
        /// The run.
        run: String,
        /// Cases that can be used.
        cases: usize,
    },
}

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

/// ns and standard deviation of a measurement beside its reference: paired, so that both have the machine's same moment.
fn paired(m: &Measurement, reference: &Measurement) -> Option<(f64, f64)> {
    let unsure = |ratio: &Estimate| {
        let wider = (ratio.high / ratio.median).max(ratio.median / ratio.low);
        (wider.ln() / 1.96).clamp(0.0, 1.0)
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

/// The samples of a run's measurements.
fn samples(measurements: &[&Measurement]) -> Vec<Sample> {
    let references: BTreeMap<&Case, &Measurement> = measurements
        .iter()
        .filter(|m| m.is_control())
        .map(|m| (&m.case, *m))
        .collect();
    let mut samples = Vec::new();
    for m in measurements.iter().filter(|m| is_one_number(m)) {
        let scope = Scope::of(&m.case);
        // Timers' waits say nothing of costs; what folds away neither.
        let Some(wakes) = Wakes::of_workload(&m.case.workload).filter(|_| m.case.workload != "timers") else {
            continue;
        };
        if scope.wakes_threads() || scope.site.beside() > 0 || m.case.tasks > MOST_TASKS {
            continue;
        }
        let Some(reference) = references.get(&m.case) else {
            continue;
        };
        let Some((ns, unsure)) = paired(m, reference) else {
            continue;
        };
        let Some(own) = own_ns(&m.case, measurements) else {
            continue;
        };
        let sample = |kind, ns, own_ns, unsure| Sample {
            case: m.case.clone(),
            scope,
            wakes,
            kind,
            ns,
            own_ns,
            unsure,
        };
        if let Some(kind) = Kind::of(&m.strategy, m.case.tasks) {
            samples.push(sample(Some(kind), ns, own.min(ns), unsure));
        }
        if let Some(machinery) = m.machinery_ns.filter(|_| m.is_control()) {
            let wider = (machinery.high / machinery.low).max(1.0).ln() / 3.92;
            samples.push(sample(None, machinery.median, 0.0, wider));
        }
    }
    samples
}

impl Model {
    /// Made of a run's measurements.
    pub fn of<'a>(run: &str, measurements: impl IntoIterator<Item = &'a Measurement>) -> Result<Self, ModelError> {
        let measurements: Vec<&Measurement> = measurements.into_iter().collect();
        let fit = Fit::of(samples(&measurements));
        let cases = fit.cases().count();
        if cases < FEWEST_CASES {
            return Err(ModelError::TooFew {
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
            .samples()
            .iter()
            .filter_map(|sample| Some((sample.case.clone(), sample.kind.as_ref()?.name.clone())));
        Ok(Self {
            run: run.to_owned(),
            half_width: validation::half_width(&errors),
            time_half_width: validation::time_half_width(&errors),
            measured_half_width: validation::half_width_of_measured(&inside),
            measured: measured.collect(),
            errors,
            spread,
            sheet,
        })
    }

    /// The sum for a question, and whether this very case was measured.
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
            .filter_map(|sheet| {
                let mut all = sheet.costs.iter();
                all.find(|c| c.scope == costs.scope && c.wakes == costs.wakes && c.strategy == costs.strategy)
            })
            .collect();
        let deviation = |get: fn(&Costs) -> f64| {
            let sum: f64 = others.iter().map(|other| (get(other) - get(costs)).powi(2)).sum();
            (sum * (n - 1.0) / n).sqrt()
        };
        Costs {
            fan_out: deviation(|c| c.fan_out),
            idle_turn: deviation(|c| c.idle_turn),
            signal: deviation(|c| c.signal),
            child: deviation(|c| c.child),
            repoll: deviation(|c| c.repoll),
            far: deviation(|c| c.far),
            ..costs.clone()
        }
    };
    sheet.costs.iter().map(of).collect()
}
