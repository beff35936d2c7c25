//! The answer: strategies ruled out with their reasons, the others ranked, and whether it matters.

use serde::Serialize;

use super::meaning::{LONG_POLL_NS, Needs, Ruling, candidates, rulings};
use super::model::Model;
use super::nearest::{Near, nearest};
use super::predicted::{Predicted, Refused, Term};
use super::question::{Question, Wakes};
use super::validation::Call;
use crate::record::Measurement;

/// A strategy that remains, with what is predicted of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    /// The strategy.
    pub strategy: String,
    /// ns of a fan-out.
    pub ns: f64,
    /// The interval of 90% of that.
    pub ns_low: f64,
    /// Its other end.
    pub ns_high: f64,
    /// ns for each child.
    pub ns_per_child: f64,
    /// Its time over that of the first.
    pub ratio: f64,
    /// The interval of 90% of that.
    pub ratio_low: f64,
    /// Its other end.
    pub ratio_high: f64,
    /// Whether its difference to the first is sure; null for the first.
    pub call: Option<Call>,
    /// The sum.
    pub terms: Vec<Term>,
}

/// A strategy that remains, and of which nothing is predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unpredicted {
    /// The strategy.
    pub strategy: String,
    /// Why not.
    pub reason: String,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// What was asked.
    pub question: Question,
    /// What is needed.
    pub needs: Needs,
    /// The run whose unit costs these are.
    pub run: String,
    /// Strategies that meaning rules out.
    pub ruled_out: Vec<Ruling>,
    /// Those that remain, the fastest first.
    pub ranked: Vec<Ranked>,
    /// Those that remain without a prediction.
    pub unpredicted: Vec<Unpredicted>,
    /// Where threads are woken: the nearest measured cases.
    pub nearest: Vec<Near>,
    /// The greatest difference between those that remain, in ns of a fan-out.
    pub at_stake_ns: Option<f64>,
    /// The same as a share of what the children themselves take; null where they take nothing that was told.
    pub at_stake_share: Option<f64>,
    /// What else there is to say.
    pub cautions: Vec<String>,
}

/// Answers a question from a model and the measurements it was made of.
pub fn advise(model: &Model, measurements: &[&Measurement], question: &Question, needs: &Needs) -> Advice {
    let mut ruled_out = Vec::new();
    let mut remaining: Vec<(String, Predicted)> = Vec::new();
    let mut unpredicted = Vec::new();
    let mut threads = false;
    for strategy in candidates(needs.bound) {
        let rulings = rulings(&strategy, question, needs);
        if !rulings.is_empty() {
            ruled_out.extend(rulings);
            continue;
        }
        match model.predict(question, &strategy) {
            Ok(predicted) => remaining.push((strategy, predicted)),
            Err(refused) => {
                threads |= refused == Refused::SeveralThreads;
                unpredicted.push(Unpredicted {
                    strategy,
                    reason: refused.to_string(),
                });
            }
        }
    }
    remaining.sort_by(|a, b| a.1.ns().total_cmp(&b.1.ns()));
    let ranked = ranked(model, question, &remaining);
    let own = question.own_ns();
    let at_stake_ns = match (ranked.first(), ranked.last()) {
        (Some(first), Some(last)) if ranked.len() > 1 => Some(last.ns - first.ns),
        _ => None,
    };
    Advice {
        question: *question,
        needs: *needs,
        run: model.run.clone(),
        ruled_out,
        ranked,
        unpredicted,
        nearest: if threads {
            nearest(question, measurements)
        } else {
            Vec::new()
        },
        at_stake_ns,
        at_stake_share: at_stake_ns.filter(|_| own > 0.0).map(|ns| ns / own),
        cautions: cautions(question, needs),
    }
}

fn ranked(model: &Model, question: &Question, remaining: &[(String, Predicted)]) -> Vec<Ranked> {
    let Some((_, first)) = remaining.first() else {
        return Vec::new();
    };
    let rank = |(place, (strategy, predicted)): (usize, &(String, Predicted))| {
        let (ns, ratio) = (predicted.ns(), predicted.ns() / first.ns());
        let half_width = if place == 0 {
            0.0
        } else {
            model.half_width_of(predicted, first)
        };
        let (ns_low, ns_high) = predicted.interval(model.time_half_width * predicted.reach);
        // What was told of the strategy is as sure here as in its time.
        let (low, high) = predicted.interval(half_width);
        let [ratio_low, ratio_high] = [low, high].map(|ns| ns / first.ns());
        Ranked {
            strategy: strategy.clone(),
            ns,
            ns_low,
            ns_high,
            ns_per_child: ns / question.tasks as f64,
            ratio,
            ratio_low,
            ratio_high,
            call: (place > 0).then(|| Call::of(ratio_low, ratio_high)),
            terms: predicted.terms.clone(),
        }
    };
    remaining.iter().enumerate().map(rank).collect()
}

fn cautions(question: &Question, needs: &Needs) -> Vec<String> {
    let mut cautions = Vec::new();
    let polls = if question.wakes == Wakes::Never {
        1.0
    } else {
        1.0 + question.times
    };
    if question.work_ns / polls > LONG_POLL_NS {
        cautions.push(
            "A poll that computes for more than 0.1 ms keeps all other tasks of its thread waiting: spawn_blocking, or yield in between."
                .to_owned(),
        );
    }
    let workers = question.scope.flavor.workers();
    if needs.parallel && workers == 1 {
        cautions.push("On one worker nothing runs in parallel, spawned or not.".to_owned());
    }
    cautions
}
