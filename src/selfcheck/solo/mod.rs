//! The suite against programs that run one strategy only: is its ratio the one that two such programs have?
//!
//! Each program is a process that makes one runtime, runs one strategy in it until it is in its steady state, measures it
//! and ends. Processes of all cases and strategies come in random order.

mod by_hand;
mod programs;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::SelfcheckError;
use super::bars::{
    Bar, Bars,
    Limit::{AtLeast, AtMost},
};
use crate::case::{Case, Site};
use crate::environment::{Environment, cores};
use crate::program;
use crate::record::{Measurement, Status};
use crate::run::{self, Request};
use crate::run_store::Run;
use crate::selection::Selection;
use crate::stats::{Estimate, MARGIN, Verdict, median};
use crate::targets::without_scale;
use crate::warnings::not_applicable;

use by_hand::{HAND_WRITTEN, compare_hand_written, hand_written_cases};
use programs::{of_free_cores, solo};

pub use by_hand::HandWritten;

/// A case in the suite and in programs of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// spawn over join! in the suite.
    pub suite: Estimate,
    /// The same between programs that run one of them.
    pub solo: Estimate,
    /// The suite's verdict.
    pub verdict: Verdict,
}

impl Row {
    /// Whether the intervals meet.
    pub fn overlap(&self) -> bool {
        self.suite.low <= self.solo.high && self.solo.low <= self.suite.high
    }

    /// Whether the suite says the opposite of what programs show.
    pub fn opposite(&self) -> bool {
        match self.verdict {
            Verdict::Slower => self.solo.high.ln() < -MARGIN,
            Verdict::Faster => self.solo.low.ln() > MARGIN,
            _ => false,
        }
    }

    fn distance(&self) -> f64 {
        (self.suite.median / self.solo.median).ln().abs()
    }
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Whether every bar held.
    pub held: bool,
    /// Processes of each strategy of each case.
    pub processes: usize,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What machine and what build this was.
    pub environment: Environment,
    /// Each figure, and its bar.
    pub bars: Vec<Bar>,
    /// Every case.
    pub rows: Vec<Row>,
    /// Every hand-written loop.
    pub hand_written: Vec<HandWritten>,
}

/// Compares the suite, as a kept run has it or as it measures now, with `processes` processes of each strategy of each case
/// that is `wanted`; `tell` is told what goes on.
pub fn check(
    processes: usize,
    kept: Option<&Run>,
    selection: &Selection,
    wanted: impl Fn(&str) -> bool,
    tell: impl Fn(&str),
) -> Result<Found, SelfcheckError> {
    let began = Instant::now();
    let mut by_hand = hand_written_cases();
    by_hand.retain(|case| wanted(&case.to_string()));
    let all = match kept {
        Some(run) => run.measurements().cloned().collect(),
        None => measure_wanted(selection, &wanted, &tell)?,
    };
    let spawns: Vec<Measurement> = all
        .into_iter()
        .filter(|m| m.strategy == "spawn" && m.reference == "join" && m.status == Status::Ok)
        .filter(|m| wanted(&m.case.to_string()) && not_applicable(&m.case, cores()).is_none())
        .collect();
    let chosen = chosen(&spawns);
    if chosen.is_empty() && by_hand.is_empty() {
        return Err(SelfcheckError::NoCase);
    }
    let cases: Vec<(Case, [&str; 2])> = chosen.iter().map(|m| (m.case.clone(), ["spawn", "join"])).collect();
    let times = of_free_cores(solo(&cases, processes, selection, &tell)?);
    let rows = chosen.iter().zip(times).filter_map(|(m, [spawn, join])| {
        let logs: Vec<f64> = spawn
            .iter()
            .zip(&join)
            .map(|(spawn, join)| (spawn / join).ln())
            .collect();
        Some(Row {
            case: m.case.clone(),
            suite: m.ratio?,
            solo: Estimate::of(&logs)?.map(f64::exp),
            verdict: m.verdict?,
        })
    });
    let rows: Vec<Row> = rows.collect();
    let hand_written = compare_hand_written(by_hand, processes.min(HAND_WRITTEN), selection, &tell)?;
    let bars = judge(&rows, &hand_written);
    Ok(Found {
        held: bars.iter().all(|bar| bar.held != Some(false)),
        processes,
        seconds: began.elapsed().as_secs_f64(),
        environment: Environment::here(),
        bars,
        rows,
        hand_written,
    })
}

/// Every case on all cores but http's, and a third of the others.
fn chosen(spawns: &[Measurement]) -> Vec<&Measurement> {
    let fetches = |case: &Case| case.workload.starts_with("http");
    let several = |m: &&Measurement| m.case.flavor.workers() > 1 && !fetches(&m.case);
    let (mut chosen, others): (Vec<_>, Vec<_>) = spawns.iter().partition(several);
    chosen.extend(others.into_iter().step_by(3));
    chosen
}

/// The default cases of all targets that are wanted, measured as `cargo bench` does with a filter.
fn measure_wanted(
    selection: &Selection,
    wanted: &impl Fn(&str) -> bool,
    tell: &impl Fn(&str),
) -> Result<Vec<Measurement>, SelfcheckError> {
    let mut all = Vec::new();
    for target in without_scale() {
        let mut measurements = selection.measurements(&target, cores(), |_| true)?;
        measurements.retain(|(case, _)| wanted(&case.to_string()));
        if measurements.is_empty() {
            continue;
        }
        tell(&format!("the suite: {}", target.name));
        let plan = selection.plan(&target, &measurements);
        let settings = selection.settings_for(&target);
        let command = "cargo run --release -- selfcheck solo".to_owned();
        all.extend(run::measured(Request::here(
            &plan,
            &settings,
            command,
            program::this_program(),
        ))?);
    }
    Ok(all)
}

fn judge(rows: &[Row], hand_written: &[HandWritten]) -> Vec<Bar> {
    let mut bars = Bars::of("Against programs that run one strategy");
    if !rows.is_empty() {
        bars.share("intervals overlap", rows, Row::overlap, AtLeast(0.95));
        bars.share("the opposite verdict", rows, Row::opposite, AtMost(0.0));
    }
    let at_worker = rows.iter().filter(|row| row.case.site == Site::Worker);
    let at_worker: Vec<f64> = at_worker.map(Row::distance).collect();
    if !at_worker.is_empty() {
        let figure = Some(median(&at_worker));
        bars.value("median difference, site worker", figure, AtMost(0.03));
    }
    let mut by_hand = Bars::of("Against hand-written programs, current_thread");
    if !hand_written.is_empty() {
        let close = |cell: &HandWritten| cell.difference().abs() <= 0.05;
        let within_a_ns = |cell: &HandWritten| close(cell) || (cell.suite_ns - cell.program_ns).abs() <= 1.0;
        by_hand.share("times within 5%", hand_written, close, AtLeast(1.0));
        by_hand.share("within 5% or 1 ns", hand_written, within_a_ns, None);
    }
    [bars.all, by_hand.all].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(suite: f64, solo: f64, verdict: Verdict) -> Row {
        let estimate = |median: f64| Estimate {
            median,
            low: median * 0.97,
            high: median * 1.03,
            level: 0.95,
        };
        Row {
            case: "yield/multi_thread_2/worker/0B/8".parse().unwrap(),
            suite: estimate(suite),
            solo: estimate(solo),
            verdict,
        }
    }

    #[test]
    fn a_ratio_that_no_program_has_is_found() {
        let held = |rows: &[Row]| -> Vec<Option<bool>> { judge(rows, &[]).iter().map(|bar| bar.held).collect() };
        let good = row(2.0, 2.02, Verdict::Slower);
        assert_eq!(held(std::slice::from_ref(&good)), [Some(true); 3]);
        let far = row(2.0, 2.4, Verdict::Slower);
        assert_eq!(held(&[far]), [Some(false), Some(true), Some(false)]);
        let wrong = row(0.8, 1.1, Verdict::Faster);
        assert_eq!(held(&[wrong]), [Some(false); 3]);
        let cell = |suite_ns| HandWritten {
            id: "x".into(),
            program_ns: 100.0,
            suite_ns,
        };
        assert_eq!(judge(std::slice::from_ref(&good), &[cell(104.0)])[3].held, Some(true));
        assert_eq!(judge(&[good], &[cell(106.0)])[3].held, Some(false));
    }
}
