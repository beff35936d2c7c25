//! Unit costs of one machine, how far they reach, and the sum that they make for a question.

use std::collections::BTreeMap;

use serde::Serialize;

use super::counts::{Family, Kind, MOST_TASKS, Unit, counts};
use super::predicted::{Predicted, Refused, Term};
use super::question::{Question, Scope, Wakes};
use crate::case::Payload;

/// The unit costs of a strategy in a scope where its children are woken in one way, in ns: 0 where one is not paid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// Flavor and site: `current_thread/worker`.
    pub scope: String,
    /// How children are woken.
    pub wakes: Wakes,
    /// The strategy: [`Kind::name`].
    pub strategy: String,
    /// How it finds out which children can go on.
    pub family: Family,
    /// Those that a sum has, all but that of the payload, which is in [`Sheet::payload`]; in JSON a field each.
    #[serde(flatten)]
    pub units: BTreeMap<Unit, f64>,
    /// The fewest children that were measured of its family.
    pub fewest: usize,
    /// The most.
    pub most: usize,
    /// How many different numbers of children were measured of its family.
    pub numbers: usize,
}

impl Costs {
    /// A unit cost, in ns.
    pub fn of(&self, unit: Unit) -> f64 {
        self.units.get(&unit).copied().unwrap_or(0.0)
    }

    /// Whether it is of the same scope, way of being woken and strategy.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        self.scope == other.scope && self.wakes == other.wakes && self.strategy == other.strategy
    }

    /// The fewest and the most children that are answered for: beyond what was measured by a factor of three, or of two where
    /// only one number was.
    pub fn reach(&self) -> (usize, usize) {
        let factor = if self.numbers > 1 { 3 } else { 2 };
        (self.fewest.div_ceil(factor), (self.most * factor).min(MOST_TASKS))
    }
}

/// What carrying so many bytes costs a child of a strategy, in ns.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sheet {
    /// Of strategies.
    pub costs: Vec<Costs>,
    /// Of what children carry.
    pub payload: Vec<PayloadCost>,
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
    ///
    /// # Errors
    ///
    /// [`Refused`]: what the question asks for that no sum tells.
    pub fn predict(&self, question: &Question, strategy: &str) -> Result<Predicted, Refused> {
        let tasks = question.tasks;
        if question.scope.wakes_threads() {
            return Err(Refused::SeveralThreads);
        }
        if question.wakes == Wakes::Never && question.work_ns < LEAST_WORK_NS {
            return Err(Refused::Folds);
        }
        let kind = Kind::of(strategy, tasks).ok_or_else(|| Refused::NotMeasured(format!("{strategy} has no sum")))?;
        let costs = self.costs(question.scope, question.wakes, &kind).ok_or_else(|| {
            Refused::NotMeasured(format!(
                "this run has no case of {} on {} whose children are woken {}",
                kind.name, question.scope, question.wakes
            ))
        })?;
        let (fewest, most) = costs.reach();
        if tasks < fewest || tasks > most {
            return Err(Refused::OutOfRange(format!(
                "{tasks} children; cases of {} to {} were measured, which reach from {fewest} to {most}",
                costs.fewest, costs.most
            )));
        }
        if question.wait_ns > WAIT_NS && tasks > MOST_WAITING {
            return Err(Refused::OutOfRange(format!(
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
        let (mut terms, more, idle_ns) = self.of_strategy(question, &kind, costs)?;
        reach += more;
        let mut add = |what: &str, count: f64, ns_each: f64| terms.push(Term::new(what, count, ns_each));
        if question.payload > 0 {
            let (ns_each, inside) = self.payload_ns(&kind, question.payload)?;
            reach += if inside { 0.0 } else { 1.0 };
            add(&Unit::Payload.to_string(), tasks as f64, ns_each);
        }
        let mut told_ns = idle_ns;
        if question.work_ns > 0.0 {
            told_ns += tasks as f64 * question.work_ns;
            add("child's own work", tasks as f64, question.work_ns);
        }
        if question.wait_ns > 0.0 {
            told_ns += question.wait_ns;
            add("wait", 1.0, question.wait_ns);
        } else if question.wait_ns < 0.0 {
            add("less of the runtime's turns", 1.0, question.wait_ns);
        }
        Ok(Predicted {
            terms,
            told_ns,
            reach,
            measured: false,
        })
    }

    /// What a strategy itself costs, how much less sure it is than the unit costs are, and how many ns of it are of
    /// [`Question::idle_ns`].
    fn of_strategy(&self, question: &Question, kind: &Kind, costs: &Costs) -> Result<(Vec<Term>, f64, f64), Refused> {
        let times = if question.wakes == Wakes::Never {
            1.0
        } else {
            question.times
        };
        let (mut child, mut more) = (costs.of(Unit::Child), 0.0);
        if times != 1.0 {
            // What a wake adds is the difference to a child that is never woken.
            let never = self.costs(question.scope, Wakes::Never, kind);
            let never = never.ok_or_else(|| {
                let name = &kind.name;
                Refused::NotMeasured(format!(
                    "children that wait more than once need a case of {name} whose children never wait"
                ))
            })?;
            let never = never.of(Unit::Child);
            child = never + times * (child - never).max(0.0);
            more = 1.0;
        }
        let (mut terms, mut idle_ns) = (Vec::new(), 0.0);
        for (unit, count) in counts(kind, question.wakes, question.tasks) {
            let (count, ns_each) = match unit {
                Unit::Child => (count, child),
                Unit::IdleTurn | Unit::Signal | Unit::Repoll => (count * times, costs.of(unit)),
                _ => (count, costs.of(unit)),
            };
            if count > 0.0 {
                terms.push(Term::new(unit, count, ns_each));
            }
            if unit == Unit::Repoll && question.idle_ns > 0.0 {
                idle_ns += count * question.idle_ns;
                terms.push(Term::new("what such a poll costs more", count, question.idle_ns));
            }
        }
        Ok((terms, more, idle_ns))
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
            return Err(Refused::NotMeasured(format!(
                "this run has no {} of children of {}{}; JVS_STRATEGIES and JVS_PAYLOADS choose what a run has",
                kind.name,
                Payload(bytes),
                if boxed { ", which tokio boxes" } else { "" }
            )));
        };
        if at > last {
            // Up to where tokio begins to box, by the byte.
            let until = if family == Family::Spawned && !boxed { 4.0 } else { 1.0 };
            return match at <= last * until {
                true => Ok((last_ns * at / last, false)),
                false => Err(Refused::OutOfRange(format!(
                    "{bytes} bytes in each child; up to {last} were measured"
                ))),
            };
        }
        // From nothing, or from a boxed one that is as small as one can be.
        let first = match boxed {
            true => (at.min(known[0].0), known[0].1),
            false => (0.0, 0.0),
        };
        let ends = std::iter::once(&first).chain(&known).zip(&known);
        let between = ends
            .map(|(&before, &next)| (before, next))
            .find(|(_, (next, _))| at <= *next);
        let ((before, before_ns), (next, next_ns)) = between.expect("the last one is no smaller");
        let share = if next > before {
            (at - before) / (next - before)
        } else {
            1.0
        };
        Ok((before_ns + share * (next_ns - before_ns), true))
    }
}
