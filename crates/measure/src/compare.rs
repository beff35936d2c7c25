//! Two runs compared, case by case. Pure: no clock, no file.
//!
//! What is compared is the *ratio* to the reference, measured side by side in each run: absolute times move by
//! percents with the state of a machine, and do not carry over to another one.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::block::wakes_threads;
use crate::case::Case;
use crate::in_order::unique;
use crate::machine_state::State;
use crate::record::{Header, Measurement, Part, Status};
use crate::stats::{Estimate, Verdict, benjamini_hochberg};
use crate::text::{known, significant};

crate::stats::words! {
    /// What became of a measurement from one run to the other.
    pub enum Change {
        /// Its ratio rose, by more than the threshold.
        Slower = "slower",
        /// Its ratio fell, by more than the threshold.
        Faster = "faster",
        /// It moved by less than the threshold.
        Unchanged = "unchanged",
        /// The data do not tell.
        Inconclusive = "inconclusive",
        /// It moved by more than the threshold, and so did the time that the host takes to wake a thread, or to do what a task is
        /// made of, which explains it.
        Host = "host",
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
    /// How likely it moved beyond the threshold by luck.
    pub chance: f64,
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
/// ([`Sample::shift`](crate::stats::Sample::shift)), and how likely they lie beyond `threshold` by luck. `None` where a run has none.
pub fn change(a: (&Header, &Measurement), b: (&Header, &Measurement), threshold: f64) -> Option<(Estimate, f64)> {
    // The same samples are the same measurement, not two that agree.
    if a.1.rounds == b.1.rounds {
        let none = Estimate {
            median: 1.0,
            low: 1.0,
            high: 1.0,
            level: a.1.ratio?.level,
        };
        return Some((none, 1.0));
    }
    let [a, b] = [a, b].map(|(header, m)| header.sample(m));
    let shift = a.shift(&b)?;
    let margin = threshold.ln_1p();
    let chance = match shift.median > 0.0 {
        true => a.chance_of(&b, margin),
        false => b.chance_of(&a, margin),
    };
    Some((shift.map(f64::exp), (2.0 * chance).min(1.0)))
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

/// Compares run `b` with run `a`; `threshold` is the fraction below which a change is none.
pub fn compare(names: [&str; 2], a: &[Part], b: &[Part], threshold: f64) -> Comparison {
    let (differences, same_conditions) = differences(a, b);
    let [all_a, all_b] = [a, b].map(by_id);
    let mut rows = Vec::new();
    let mut missing = Vec::new();
    for id in all_a.keys().chain(all_b.keys()).collect::<BTreeSet<_>>() {
        let found = [&all_a, &all_b].map(|all| all.get(id).copied());
        match found.map(|found| found.filter(|(_, m)| m.status == Status::Ok)) {
            [Some(one), Some(other)] => match row([one, other], threshold) {
                Some(row) => rows.push(row),
                // A control is a control in both, or it is something else.
                None if one.1.is_control() && other.1.is_control() => {}
                None => missing.push(Missing {
                    reason: Some(format!(
                        "it is relative to {} there, to {} in {}",
                        other.1.reference, one.1.reference, names[0]
                    )),
                    ..lacks(id, names[1], None)
                }),
            },
            [Some(_), None] => missing.push(lacks(id, names[1], found[1])),
            [None, Some(_)] => missing.push(lacks(id, names[0], found[0])),
            [None, None] if found[0].and(found[1]).is_some() => missing.push(lacks(id, "both runs", found[1])),
            [None, None] => {}
        }
    }
    hold_together(&mut rows);
    rows.sort_by(|a, b| {
        let order = a.case.cmp(&b.case).then_with(|| a.strategy.cmp(&b.strategy));
        distance(b).total_cmp(&distance(a)).then(order)
    });
    Comparison {
        runs: names.map(str::to_owned),
        differences,
        same_conditions,
        rows,
        missing,
    }
}

/// Of hundreds of rows some move by luck: a change is one if it stands in the table too (Benjamini and Hochberg).
fn hold_together(rows: &mut [Row]) {
    let chances: Vec<f64> = rows.iter().map(|row| row.chance).collect();
    for (row, stands) in rows.iter_mut().zip(benjamini_hochberg(&chances)) {
        if matches!(row.judged, Change::Slower | Change::Faster | Change::Host) && !stands {
            row.judged = Change::Inconclusive;
        }
    }
}

type ById<'a> = HashMap<String, (&'a Header, &'a Measurement)>;

fn by_id(parts: &[Part]) -> ById<'_> {
    let all = parts
        .iter()
        .flat_map(|(header, measurements)| measurements.iter().map(move |m| (header, m)));
    all.map(|(header, m)| (m.case.measurement_id(&m.strategy), (header, m)))
        .collect()
}

/// Less than this is no change of the host.
const HOST_MOVED: f64 = 0.05;

/// Whether a change of a ratio is what the host explains.
fn by_host(runs: [(&Header, &Measurement); 2], change: &Estimate) -> bool {
    by_wakes(runs, change) || by_speed(runs, change)
}

/// How far what is looked at before each round moved from run to run, in the log, over the rounds that measured a case; `None`
/// where it did not surely move.
fn host_moved(runs: [(&Header, &Measurement); 2], what: impl Fn(&State) -> Option<f64>) -> Option<f64> {
    let logs = runs.map(|(header, m)| -> Vec<f64> {
        let states = m.in_rounds.iter().filter_map(|round| header.states.get(*round));
        states.filter_map(|state| Some(what(state)?.ln())).collect()
    });
    surely_moved(&logs)
}

/// How far the second of two samples of logs lies above the first; `None` where not surely, or by too little.
fn surely_moved([a, b]: &[Vec<f64>; 2]) -> Option<f64> {
    let host = Estimate::shift(a, b)?;
    let surely = host.level > 0.0 && (host.low > HOST_MOVED || host.high < -HOST_MOVED);
    surely.then_some(host.median)
}

/// Whether the host's speed explains a change: what is like a task took longer or shorter, for sure. Another program on a core slows
/// some work by as much and other work not at all, so that a ratio may move by as much, either way, and no farther.
fn by_speed(runs: [(&Header, &Measurement); 2], change: &Estimate) -> bool {
    host_moved(runs, |state| state.task_ns).is_some_and(|host| change.median.ln().abs() <= host.abs())
}

/// Whether its wake-ups do: the strategies wake threads, the time that a wake-up takes moved, for sure, and the ratio of what waits
/// for them moved as that would move it, and no farther.
fn by_wakes(runs: [(&Header, &Measurement); 2], change: &Estimate) -> bool {
    let [(_, a), _] = runs;
    if !wakes_threads(&a.case) {
        return false;
    }
    let Some(host) = host_moved(runs, |state| Some(state.wake_ns)) else {
        return false;
    };
    // The slower of both strategies is the one that waits.
    let waits = a.ratio.map_or(-1.0, |ratio| ratio.median.ln().signum());
    let moved = change.median.ln() * waits;
    moved.signum() == host.signum() && moved.abs() <= 1.5 * host.abs()
}

fn lacks(id: &str, run: &str, there: Option<(&Header, &Measurement)>) -> Missing {
    Missing {
        id: id.to_owned(),
        run: run.to_owned(),
        reason: there.and_then(|(_, m)| m.reason.clone()),
    }
}

/// How far a change surely is: the nearer end of its interval, slower before faster, flagged before others.
fn distance(row: &Row) -> f64 {
    let surely = match row.judged {
        Change::Slower => 2e6,
        Change::Faster => 1e6,
        Change::Host => 1e5,
        Change::Inconclusive | Change::Unchanged => 0.0,
    };
    surely + row.change.low.ln().max(-row.change.high.ln())
}

fn row(runs: [(&Header, &Measurement); 2], threshold: f64) -> Option<Row> {
    let [(_, a), (_, b)] = runs;
    if a.is_control() || a.reference != b.reference {
        return None;
    }
    let (change, chance) = change(runs[0], runs[1], threshold)?;
    let judged = match judge(&change, threshold) {
        Change::Slower | Change::Faster if by_host(runs, &change) => Change::Host,
        judged => judged,
    };
    Some(Row {
        case: a.case.clone(),
        strategy: a.strategy.clone(),
        reference: a.reference.clone(),
        ratio: [a.ratio?, b.ratio?],
        wall_ns: [a.wall_ns, b.wall_ns],
        reference_ns: [a.reference_ns, b.reference_ns],
        verdict: [a.verdict, b.verdict],
        change,
        chance,
        judged,
    })
}

/// What stands for a field that a run does not know.
const UNKNOWN: &str = "unknown";

/// How the host's speed differs between two runs of a target, where it surely does.
fn speed(a: &Header, b: &Header) -> Option<String> {
    let logs = [a, b].map(|header| -> Vec<f64> {
        let tasks = header.states.iter().filter_map(|state| state.task_ns);
        tasks.map(f64::ln).collect()
    });
    let moved = surely_moved(&logs)?;
    Some(format!(
        "speed of the host: work like a task's took {} times as long in the second run ({})",
        significant(moved.exp()),
        a.target
    ))
}

/// In what two runs differ beside their measurements, and whether their times can be compared all the same.
fn differences(a: &[Part], b: &[Part]) -> (Vec<String>, bool) {
    let field = |header: &Header| {
        let e = &header.environment;
        [
            (
                "machine",
                format!("{}, {} cores, {}", known(&e.cpu), e.cores, known(&e.kernel)),
                true,
            ),
            ("tokio", e.built.tokio.clone(), true),
            ("compiler", e.built.rustc.clone(), true),
            ("profile", e.built.profile.clone(), true),
            ("frame pointers", e.built.frame_pointers.to_string(), true),
            ("rounds", header.rounds.to_string(), false),
            ("revision", known(&e.git), false),
        ]
    };
    let mut said = Vec::new();
    let mut same = true;
    for (header_a, _) in a {
        for (header_b, _) in b.iter().filter(|(header, _)| header.target == header_a.target) {
            said.extend(speed(header_a, header_b));
            for ((name, a, weighs), (_, b, _)) in field(header_a).into_iter().zip(field(header_b)) {
                // What is unknown in both runs need not be the same.
                if a != b || a.contains(UNKNOWN) {
                    same &= !weighs;
                    let line = if a == b {
                        format!("{name}: {a} in both, which may differ")
                    } else {
                        format!("{name}: {a}, then {b}")
                    };
                    said.push(line);
                }
            }
        }
    }
    (unique(said), same)
}
