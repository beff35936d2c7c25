//! Two runs compared, case by case. Pure: no clock, no file.
//!
//! What is compared is the *ratio* to the reference, measured side by side in each run: absolute times move by
//! percents with the state of a machine, and do not carry over to another one.

use std::collections::HashMap;

use serde::Serialize;

use crate::case::Case;
use crate::record::{Header, Measurement, Status};
use crate::stats::{Estimate, Verdict, round_medians};

/// What became of a measurement from one run to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Its ratio rose, by more than the threshold.
    Slower,
    /// Its ratio fell, by more than the threshold.
    Faster,
    /// It moved by less than the threshold.
    Unchanged,
    /// The data do not tell.
    Inconclusive,
}

impl Change {
    /// The word that tables use.
    pub fn as_str(self) -> &'static str {
        match self {
            Change::Slower => "slower",
            Change::Faster => "faster",
            Change::Unchanged => "unchanged",
            Change::Inconclusive => "inconclusive",
        }
    }
}

/// One measurement in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// The strategy, which is not the reference.
    pub strategy: String,
    /// What it is relative to.
    pub reference: String,
    /// The ratio in each run.
    pub ratio: [Estimate; 2],
    /// The strategy's wall time in each run, in ns per iteration.
    pub wall_ns: [Option<Estimate>; 2],
    /// The reference's wall time in each run, in ns per iteration.
    pub reference_ns: [Option<Estimate>; 2],
    /// The verdict in each run.
    pub verdict: [Option<Verdict>; 2],
    /// The second ratio over the first.
    pub change: Estimate,
    /// What that says.
    pub judged: Change,
}

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The runs' names.
    pub runs: [String; 2],
    /// In what the runs differ beside their measurements, in words.
    pub differences: Vec<String>,
    /// Whether times can be compared at all: the same machine, compiler, tokio and profile.
    pub same_conditions: bool,
    /// The measurements of both runs, the farthest change first.
    pub rows: Vec<Row>,
    /// Ids that only the one run has, or that failed in the other.
    pub missing: Vec<Missing>,
}

/// A measurement that one of the runs does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its id.
    pub id: String,
    /// The run that lacks it.
    pub run: String,
    /// Why, where that run says so.
    pub reason: Option<String>,
}

/// The change of a ratio from one run to the other: how far the second run's rounds lie above the first's, in the log
/// ([`Estimate::shift`]). `None` where a run has no rounds.
pub fn change(a: &Measurement, b: &Measurement) -> Option<Estimate> {
    // The same samples are the same measurement, not two that agree.
    if a.rounds == b.rounds {
        return Some(Estimate {
            median: 1.0,
            low: 1.0,
            high: 1.0,
            level: a.ratio?.level,
        });
    }
    let shift = Estimate::shift(&round_medians(&a.rounds), &round_medians(&b.rounds))?;
    Some(shift.map(f64::exp))
}

/// Judges a change against a threshold, a fraction.
pub fn judge(change: &Estimate, threshold: f64) -> Change {
    let margin = threshold.ln_1p();
    let (low, high) = (change.low.ln(), change.high.ln());
    if change.low == 1.0 && change.high == 1.0 {
        Change::Unchanged
    } else if change.level == 0.0 {
        Change::Inconclusive
    } else if low > margin {
        Change::Slower
    } else if high < -margin {
        Change::Faster
    } else if low >= -margin && high <= margin {
        Change::Unchanged
    } else {
        Change::Inconclusive
    }
}

/// The fraction below which a change of a ratio is called none, where nothing else is asked for.
pub const DEFAULT_THRESHOLD: f64 = 0.02;

type Part = (Header, Vec<Measurement>);

/// Compares run `b` with run `a`; `threshold` is the fraction below which a change is none.
pub fn compare(names: [&str; 2], a: &[Part], b: &[Part], threshold: f64) -> Comparison {
    let (differences, same_conditions) = differences(a, b);
    let [all_a, all_b] = [a, b].map(by_id);
    let mut rows = Vec::new();
    let mut missing = Vec::new();
    for (id, m) in &all_a {
        match (m.status, all_b.get(id)) {
            (Status::Ok, Some(other)) if other.status == Status::Ok => {
                match row(m, other, [&all_a, &all_b], threshold) {
                    Some(row) => rows.push(row),
                    // A control is a control in both, or it is something else.
                    None if m.is_control() && other.is_control() => {}
                    None => missing.push(Missing {
                        reason: Some(format!(
                            "it is relative to {} there, to {} in {}",
                            other.reference, m.reference, names[0]
                        )),
                        ..lacks(id, names[1], None)
                    }),
                }
            }
            (Status::Ok, other) => missing.push(lacks(id, names[1], other.copied())),
            (_, Some(other)) if other.status != Status::Ok => {
                missing.push(lacks(id, "both runs", Some(other)));
            }
            _ => {}
        }
    }
    for (id, m) in &all_b {
        let other = all_a.get(id);
        // What failed in both is there already.
        if m.status == Status::Ok && other.is_none_or(|other| other.status != Status::Ok) {
            missing.push(lacks(id, names[0], other.copied()));
        }
    }
    rows.sort_by(|a, b| {
        let order = a
            .case
            .cmp(&b.case)
            .then_with(|| a.strategy.cmp(&b.strategy));
        distance(b).total_cmp(&distance(a)).then(order)
    });
    missing.sort_by(|a, b| a.id.cmp(&b.id));
    Comparison {
        runs: names.map(str::to_owned),
        differences,
        same_conditions,
        rows,
        missing,
    }
}

fn by_id(parts: &[Part]) -> HashMap<String, &Measurement> {
    let all = parts.iter().flat_map(|(_, measurements)| measurements);
    all.map(|m| (m.case.measurement_id(&m.strategy), m))
        .collect()
}

fn lacks(id: &str, run: &str, there: Option<&Measurement>) -> Missing {
    Missing {
        id: id.to_owned(),
        run: run.to_owned(),
        reason: there.and_then(|m| m.reason.clone()),
    }
}

/// How far a change surely is: the nearer end of its interval, slower before faster, flagged before others.
fn distance(row: &Row) -> f64 {
    let surely = match row.judged {
        Change::Slower => 2e6,
        Change::Faster => 1e6,
        Change::Inconclusive | Change::Unchanged => 0.0,
    };
    surely + row.change.low.ln().max(-row.change.high.ln())
}

fn row(
    a: &Measurement,
    b: &Measurement,
    runs: [&HashMap<String, &Measurement>; 2],
    threshold: f64,
) -> Option<Row> {
    if a.is_control() || a.reference != b.reference {
        return None;
    }
    let change = change(a, b)?;
    let reference_id = a.case.measurement_id(&a.reference);
    Some(Row {
        case: a.case.clone(),
        strategy: a.strategy.clone(),
        reference: a.reference.clone(),
        ratio: [a.ratio?, b.ratio?],
        wall_ns: [a.wall_ns, b.wall_ns],
        reference_ns: runs.map(|run| run.get(&reference_id)?.wall_ns),
        verdict: [a.verdict, b.verdict],
        change,
        judged: judge(&change, threshold),
    })
}

/// In what two runs differ beside their measurements, and whether their times can be compared all the same.
fn differences(a: &[Part], b: &[Part]) -> (Vec<String>, bool) {
    let text = |option: &Option<String>| option.clone().unwrap_or_else(|| "unknown".into());
    let field = |header: &Header| {
        let e = &header.environment;
        [
            (
                "machine",
                format!("{}, {} cores, {}", text(&e.cpu), e.cores, text(&e.kernel)),
                true,
            ),
            ("tokio", e.tokio.clone(), true),
            ("compiler", e.rustc.clone(), true),
            ("profile", e.profile.clone(), true),
            ("frame pointers", e.frame_pointers.to_string(), true),
            ("rounds", header.rounds.to_string(), false),
            ("revision", text(&e.git), false),
        ]
    };
    let mut said = Vec::new();
    let mut same = true;
    for (header_a, _) in a {
        for (header_b, _) in b
            .iter()
            .filter(|(header, _)| header.target == header_a.target)
        {
            for ((name, a, weighs), (_, b, _)) in field(header_a).into_iter().zip(field(header_b)) {
                if a != b {
                    same &= !weighs;
                    let line = format!("{name}: {a}, then {b}");
                    if !said.contains(&line) {
                        said.push(line);
                    }
                }
            }
        }
    }
    (said, same)
}
