//! The article's statements, each put to experiments that could refute it.
//!
//! A statement predicts what an experiment will see. It `holds` where every prediction came true, `does not hold` where
//! none did, and else `holds when` the conditions are those under which they did. Each experiment also looks at a
//! counterpart, in which the prediction must fail: one that cannot fail proves nothing, and ends the command with an
//! error.
//!
//! Experiments on behaviour depend on causes and not on delays (`scene.rs`); those on cost measure, in rounds and blocks as
//! the benches do (`cost.rs`).

mod cost;
mod experiment;
mod independence;
mod panics;
mod results;
mod scene;
mod server;
mod tasks;
mod waiting;

use serde::{Deserialize, Serialize};

use crate::in_order::grouped;
use crate::run::RunError;
use crate::variables::VariableError;

use experiment::Experiment;
pub use experiment::Outcome;

/// A statement of the article, and how it is put to the test.
struct Claim {
    /// Where it stands: a row and column of the table, or the text.
    source: &'static str,
    /// As the article says it.
    statement: &'static str,
    /// What a careful author would write instead.
    instead: &'static str,
    experiments: Vec<Experiment>,
}

/// What the experiments say of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every prediction came true.
    #[serde(rename = "holds")]
    Holds,
    /// Some did.
    #[serde(rename = "holds when")]
    HoldsWhen,
    /// None did.
    #[serde(rename = "does not hold")]
    DoesNotHold,
}

/// A statement, tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// Where it stands.
    pub source: String,
    /// As the article says it.
    pub statement: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Under which conditions, where it holds under some.
    pub when: Option<String>,
    /// What was seen, in a line.
    pub evidence: String,
    /// What a careful author would write instead.
    pub instead: String,
    /// The experiments.
    pub experiments: Vec<Outcome>,
}

impl Tested {
    /// The verdict, with its conditions.
    pub fn verdict_in_words(&self) -> String {
        match (self.verdict, &self.when) {
            (Verdict::HoldsWhen, Some(when)) => format!("holds when {when}"),
            (Verdict::HoldsWhen, None) => "holds under conditions".into(),
            (Verdict::Holds, _) => "holds".into(),
            (Verdict::DoesNotHold, _) => "does not hold".into(),
        }
    }
}

/// Why there are no verdicts.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsError {
    /// An experiment gave no answer, or one that proves nothing: which, and why.
    #[error("{0}")]
    NoAnswer(String),
    /// The costs could not be measured.
    #[error("the costs could not be measured: {0}")]
    Cost(#[from] RunError),
    /// A variable holds something else than it can.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

/// Tests the statements that are `wanted`: all, or only those on behaviour. `tell` hears what is under way.
pub fn test_all(
    measure: bool,
    wanted: impl Fn(&str) -> bool,
    mut tell: impl FnMut(&str),
) -> Result<Vec<Tested>, ClaimsError> {
    let mut claims = behaviour();
    if measure && cost::STATEMENTS.iter().any(|statement| wanted(statement)) {
        tell("measuring what the two cost");
        claims.extend(cost::claims(&cost::measure()?));
    }
    claims.retain(|claim| wanted(claim.statement));
    // As in the article: the rows of its table first.
    claims.sort_by_key(|claim| {
        let row = ROWS.iter().position(|row| claim.source.starts_with(row));
        row.unwrap_or(ROWS.len() + usize::from(!claim.source.starts_with("text")))
    });
    test(claims, &mut tell)
}

/// The statements on behaviour.
fn behaviour() -> Vec<Claim> {
    let modules = [
        tasks::claims(),
        waiting::claims(),
        panics::claims(),
        results::claims(),
        independence::claims(),
        server::claims(),
    ];
    modules.into_iter().flatten().collect()
}

/// The rows of the article's table.
const ROWS: [&str; 6] = [
    "Task Execution",
    "Blocking Behavior",
    "Error Handling",
    "Return Values",
    "Overhead",
    "Use Case",
];

fn test(claims: impl IntoIterator<Item = Claim>, tell: &mut impl FnMut(&str)) -> Result<Vec<Tested>, ClaimsError> {
    claims
        .into_iter()
        .map(|claim| {
            tell(claim.statement);
            let outcomes: Result<_, String> = claim.experiments.iter().map(Experiment::run).collect();
            let tested = outcomes.and_then(|outcomes| judged(&claim, outcomes));
            tested.map_err(|why| ClaimsError::NoAnswer(format!("{}: {why}", claim.statement)))
        })
        .collect()
}

fn judged(claim: &Claim, experiments: Vec<Outcome>) -> Result<Tested, String> {
    if let Some(outcome) = experiments.iter().find(|outcome| !outcome.can_fail()) {
        return Err(format!(
            "{} ({}): its counterpart saw `{}` as well, so that it proves nothing",
            outcome.condition, outcome.flavor, outcome.counterpart
        ));
    }
    let (verdict, when) = verdict(&experiments);
    Ok(Tested {
        source: claim.source.to_owned(),
        statement: claim.statement.to_owned(),
        verdict,
        when,
        evidence: evidence(&experiments),
        instead: claim.instead.to_owned(),
        experiments,
    })
}

/// The conditions in the order in which they were looked at, each with its outcomes.
fn by_condition(outcomes: &[Outcome]) -> Vec<(&str, Vec<&Outcome>)> {
    grouped(outcomes.iter().map(|outcome| (outcome.condition.as_str(), outcome)))
}

fn verdict(outcomes: &[Outcome]) -> (Verdict, Option<String>) {
    if outcomes.iter().all(Outcome::agrees) {
        return (Verdict::Holds, None);
    }
    let holds: Vec<String> = by_condition(outcomes)
        .into_iter()
        .filter_map(|(condition, all)| {
            let agree: Vec<&Outcome> = all.iter().copied().filter(|o| o.agrees()).collect();
            match agree.len() {
                0 => None,
                many if many == all.len() => Some(condition.to_owned()),
                _ => Some(format!("{condition}, on {}", flavors(&agree))),
            }
        })
        .collect();
    if holds.is_empty() {
        (Verdict::DoesNotHold, None)
    } else {
        (Verdict::HoldsWhen, Some(holds.join("; or ")))
    }
}

fn flavors(outcomes: &[&Outcome]) -> String {
    let names: Vec<&str> = outcomes.iter().map(|o| o.flavor.as_str()).collect();
    names.join(" and ")
}

/// The condition of an experiment that needs none.
const ALWAYS: &str = "always";

/// What was seen under each condition.
pub(crate) fn evidence(outcomes: &[Outcome]) -> String {
    let mut parts = Vec::new();
    for (condition, all) in by_condition(outcomes) {
        let text = |outcome: &Outcome| match &outcome.figure {
            Some(figure) => format!("{} ({figure})", outcome.seen),
            None => outcome.seen.clone(),
        };
        let seen = grouped(all.into_iter().map(|outcome| (text(outcome), outcome)));
        // Runtimes are named where they differ, or where there was only one.
        let alike = matches!(&seen[..], [(_, alike)] if alike.len() > 1);
        let seen: Vec<String> = seen
            .into_iter()
            .map(|(text, on)| {
                if alike {
                    text
                } else {
                    format!("{text} on {}", flavors(&on))
                }
            })
            .collect();
        let lead = if condition == ALWAYS {
            String::new()
        } else {
            format!("{condition}: ")
        };
        parts.push(lead + &seen.join(", "));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(condition: &str, flavor: &str, seen: &str) -> Outcome {
        Outcome {
            condition: condition.into(),
            flavor: flavor.into(),
            predicted: "yes".into(),
            seen: seen.into(),
            figure: None,
            case: None,
            counterpart: "no".into(),
        }
    }

    #[test]
    fn verdicts_follow_from_predictions() {
        let all = |seen: [&str; 3]| {
            [
                outcome("alone", "current_thread", seen[0]),
                outcome("alone", "multi_thread_2", seen[1]),
                outcome("busy", "multi_thread_2", seen[2]),
            ]
        };
        let when = |text: &str| (Verdict::HoldsWhen, Some(text.to_owned()));
        for (seen, expected) in [
            (["yes", "yes", "yes"], (Verdict::Holds, None)),
            (["no", "no", "no"], (Verdict::DoesNotHold, None)),
            (["yes", "yes", "no"], when("alone")),
            (["no", "yes", "yes"], when("alone, on multi_thread_2; or busy")),
        ] {
            assert_eq!(verdict(&all(seen)), expected);
        }
        assert_eq!(
            evidence(&all(["yes", "no", "no"])),
            "alone: yes on current_thread, no on multi_thread_2; busy: no on multi_thread_2"
        );
    }

    /// No delay decides: the verdicts are the same each time, also on a busy machine.
    #[test]
    fn behaviour_is_as_documented() {
        let tested = match test_all(false, |_| true, |_| {}) {
            Ok(tested) => tested,
            Err(error) => panic!("{error}"),
        };
        let verdicts: String = tested
            .iter()
            .map(|tested| format!("{} | {}\n", tested.statement, tested.verdict_in_words()))
            .collect();
        assert_eq!(verdicts, include_str!("expected.txt"));
    }

    #[test]
    fn a_wrong_expectation_does_not_hold() {
        for mut claim in behaviour() {
            for experiment in &mut claim.experiments {
                experiment.predicted = "something that is never seen";
            }
            let tested = test([claim], &mut |_| {}).expect("answers");
            assert_eq!(tested[0].verdict, Verdict::DoesNotHold, "{tested:?}");
        }
    }
}
