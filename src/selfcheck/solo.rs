//! The suite against programs that run one strategy only: is its ratio the one that two such programs have?
//!
//! Each program is a process that makes one runtime, runs one strategy in it until it is in its steady state, measures it
//! and ends. Processes of all cases and strategies come in random order.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::bars::{Bar, Limit};
use super::{SelfcheckError, entries};
use crate::block::{Shape, wakes_threads};
use crate::case::{Case, Flavor, Site};
use crate::environment::{Environment, cores};
use crate::layouts::Layouts;
use crate::plan::{Item, Plan};
use crate::record::{Measurement, Status};
use crate::round::{Job, measure_solo};
use crate::run::{self, Request, RunError};
use crate::run_store::Run;
use crate::selection::Selection;
use crate::session;
use crate::settings::RunSettings;
use crate::shared_core::longest_free_ns;
use crate::stats::{Estimate, MARGIN, Verdict, median};
use crate::targets::without_scale;
use crate::warnings::not_applicable;
use crate::workload::{self, Entry};

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

/// A hand-written loop in programs of its own, and the suite's cell, in ns per iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandWritten {
    /// The suite's measurement.
    pub id: String,
    /// The median over programs.
    pub program_ns: f64,
    /// The suite's.
    pub suite_ns: f64,
}

impl HandWritten {
    /// How much longer the suite's takes, as a fraction.
    pub fn difference(&self) -> f64 {
        self.suite_ns / self.program_ns - 1.0
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

/// How such a program measures: long enough to be in the steady state (docs/METHODOLOGY.md, "The steady state").
fn shape(case: &Case, served: bool) -> Shape {
    let (settle_ms, slice_us, quads) = match (served, wakes_threads(case)) {
        (true, _) => (60, 5_000, 6),
        (false, true) => (150, 5_000, 5),
        (false, false) => (100, 80, 32),
    };
    Shape {
        settle: Duration::from_millis(settle_ms),
        slice: Duration::from_micros(slice_us),
        quads,
    }
}

/// Processes of each hand-written loop, where no fewer are asked for.
const HAND_WRITTEN: usize = 10;

/// The hand-written loops that run alone, and the suite's strategies: on one thread, as `#[tokio::main]` builds it.
fn hand_written_cases() -> Vec<Case> {
    let cases = super::cases::hand_written().into_iter().map(|item| item.case);
    cases.filter(|case| case.flavor == Flavor::CurrentThread).collect()
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
    let all = match kept {
        Some(run) => run.measurements().cloned().collect(),
        None => measure_all(selection, &tell)?,
    };
    let spawns: Vec<Measurement> = all
        .into_iter()
        .filter(|m| m.strategy == "spawn" && m.reference == "join" && m.status == Status::Ok)
        .filter(|m| wanted(&m.case.to_string()) && not_applicable(&m.case, cores()).is_none())
        .collect();
    let chosen = chosen(&spawns);
    let mut by_hand = hand_written_cases();
    by_hand.retain(|case| wanted(&case.to_string()));
    if chosen.is_empty() && by_hand.is_empty() {
        return Err(SelfcheckError::Solo("no case is wanted that the run has".into()));
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

/// The default cases of all targets, measured as `cargo bench` does.
fn measure_all(selection: &Selection, tell: &impl Fn(&str)) -> Result<Vec<Measurement>, SelfcheckError> {
    let mut all = Vec::new();
    for target in without_scale() {
        let measurements = selection.measurements(&target, cores(), |_| true);
        let measurements = measurements.map_err(|error| SelfcheckError::Solo(error.to_string()))?;
        if measurements.is_empty() {
            continue;
        }
        tell(&format!("the suite: {}", target.name));
        all.extend(suite(
            &selection.plan(&target, &measurements),
            &selection.settings_for(&target),
            0,
        )?);
    }
    Ok(all)
}

fn suite(plan: &Plan, settings: &RunSettings, first_layout: usize) -> Result<Vec<Measurement>, RunError> {
    let command = "cargo run --release -- selfcheck solo".to_owned();
    run::measured(Request {
        first_layout,
        ..Request::here(plan, settings, command, session::this_program())
    })
}

/// What a process measured.
#[derive(Debug, Clone, Copy)]
struct Time {
    /// ns per iteration.
    ns: f64,
    /// How long what is like a task took on its core, in ns; 0 where it wakes threads.
    core_ns: f64,
}

/// Of fewer processes whose core was nobody else's all count, as of rounds.
const FEWEST_FREE: usize = 10;

/// The times that count: of processes whose core was nobody else's, as of the suite's blocks, where there are enough.
fn of_free_cores(times: Vec<[Vec<Time>; 2]>) -> Vec<[Vec<f64>; 2]> {
    let looks: Vec<f64> = times.iter().flatten().flatten().map(|time| time.core_ns).collect();
    let looks: Vec<f64> = looks.into_iter().filter(|ns| *ns > 0.0).collect();
    let longest = longest_free_ns(&looks).unwrap_or(f64::INFINITY);
    let counted = |sides: [Vec<Time>; 2]| {
        let free = |side: &Vec<Time>| side.iter().filter(|time| time.core_ns <= longest).count();
        let enough = sides.iter().all(|side| free(side) >= FEWEST_FREE);
        sides.map(|side| {
            let counted = side.iter().filter(|time| !enough || time.core_ns <= longest);
            counted.map(|time| time.ns).collect()
        })
    };
    times.into_iter().map(counted).collect()
}

/// Starts processes that run one strategy each.
struct Programs {
    layouts: Layouts,
    entries: Vec<Entry>,
    random: fastrand::Rng,
    deadline: Duration,
}

impl Programs {
    fn new(selection: &Selection) -> Self {
        let settings = &selection.settings;
        Self {
            layouts: Layouts::of(&session::this_program(), settings.layouts, |_, _| {}),
            entries: entries(),
            random: fastrand::Rng::with_seed(settings.seed.unwrap_or_else(|| fastrand::u64(..))),
            deadline: settings.deadline,
        }
    }

    /// One process of each strategy of each case, in random order; its time is added to those of its case and side, in ns
    /// per iteration.
    fn run_each(&mut self, cases: &[(Case, [&str; 2])], times: &mut [[Vec<Time>; 2]]) -> Result<(), SelfcheckError> {
        let mut order: Vec<(usize, usize)> = (0..cases.len()).flat_map(|case| [(case, 0), (case, 1)]).collect();
        self.random.shuffle(&mut order);
        for (place, side) in order {
            let (case, strategies) = &cases[place];
            times[place][side].push(self.time(case, strategies[side])?);
        }
        Ok(())
    }

    fn time(&mut self, case: &Case, strategy: &str) -> Result<Time, SelfcheckError> {
        let job = Job {
            case: case.clone(),
            strategies: vec![strategy.to_owned()],
            copy: false,
        };
        let served = workload::find(&self.entries, &case.workload).is_some_and(|entry| entry.served);
        let program = self.layouts.program(self.random.usize(..self.layouts.count()));
        let measured = measure_solo(program, job, shape(case, served), self.random.u64(..), self.deadline);
        let measured = measured.map_err(|reason| SelfcheckError::Solo(format!("{case}, {strategy}: {reason}")))?;
        Ok(Time {
            ns: measured.block.sides[0].wall_ns,
            core_ns: measured.core_ns.map_or(0.0, |[before, after]| before.max(after)),
        })
    }
}

/// The times of both strategies of each case, in ns per iteration, one for each process.
fn solo(
    cases: &[(Case, [&str; 2])],
    processes: usize,
    selection: &Selection,
    tell: &impl Fn(&str),
) -> Result<Vec<[Vec<Time>; 2]>, SelfcheckError> {
    let mut times = no_times(cases.len());
    if cases.is_empty() {
        return Ok(times);
    }
    tell(&format!(
        "{} cases, {processes} processes of each strategy",
        cases.len()
    ));
    let mut programs = Programs::new(selection);
    for nth in 0..processes {
        programs.run_each(cases, &mut times)?;
        if (nth + 1) % 5 == 0 {
            tell(&format!("{} of {processes} processes of each", nth + 1));
        }
    }
    Ok(times)
}

fn no_times<T: Clone>(cases: usize) -> Vec<[Vec<T>; 2]> {
    vec![[Vec::new(), Vec::new()]; cases]
}

/// Rounds of the suite and processes of the hand-written loops in turn, so that no pair is of different minutes: on a host
/// whose speed changes from one to the next, that would be compared.
fn compare_hand_written(
    cases: Vec<Case>,
    processes: usize,
    selection: &Selection,
    tell: &impl Fn(&str),
) -> Result<Vec<HandWritten>, SelfcheckError> {
    const SUITE: [&str; 2] = ["join", "spawn"];
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    tell("hand-written loops");
    let items = cases.iter().map(|case| Item::of(case.clone(), &SUITE, "join"));
    let plan = Plan::of("solo", entries(), items.collect());
    let by_hand: Vec<(Case, [&str; 2])> = cases
        .into_iter()
        .map(|case| (case, ["hand_join", "hand_spawn"]))
        .collect();
    let mut programs = Programs::new(selection);
    let mut times = no_times(by_hand.len());
    let mut cells = no_times(by_hand.len());
    let one_round = RunSettings {
        rounds: 1,
        ..selection.settings.clone()
    };
    for _ in 0..processes {
        let round_first = programs.random.bool();
        if !round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
        let first_layout = programs.random.usize(..programs.layouts.count());
        let measured = suite(&plan, &one_round, first_layout)?;
        for (cells, (case, _)) in cells.iter_mut().zip(&by_hand) {
            for (cells, strategy) in cells.iter_mut().zip(SUITE) {
                let cell = measured.iter().find(|m| m.case == *case && m.strategy == strategy);
                cells.extend(cell.and_then(|m| m.wall_ns).map(|ns| ns.median));
            }
        }
        if round_first {
            programs.run_each(&by_hand, &mut times)?;
        }
    }
    let mut found = Vec::new();
    for (((case, _), times), cells) in by_hand.iter().zip(times).zip(cells) {
        for ((strategy, times), cells) in SUITE.iter().zip(times).zip(cells) {
            if !cells.is_empty() {
                found.push(HandWritten {
                    id: case.measurement_id(strategy),
                    program_ns: median(&times.iter().map(|time| time.ns).collect::<Vec<_>>()),
                    suite_ns: median(&cells),
                });
            }
        }
    }
    Ok(found)
}

fn judge(rows: &[Row], hand_written: &[HandWritten]) -> Vec<Bar> {
    const CHECK: &str = "Against programs that run one strategy";
    let count = |so: fn(&Row) -> bool| (rows.iter().filter(|row| so(row)).count(), rows.len());
    let at_worker: Vec<f64> = rows
        .iter()
        .filter(|row| row.case.site == Site::Worker)
        .map(Row::distance)
        .collect();
    let mut bars = Vec::new();
    if !rows.is_empty() {
        bars.extend([
            Bar::share(
                CHECK,
                "intervals overlap",
                count(Row::overlap),
                Some(Limit::AtLeast(0.95)),
            ),
            Bar::share(
                CHECK,
                "the opposite verdict",
                count(Row::opposite),
                Some(Limit::AtMost(0.0)),
            ),
        ]);
    }
    if !at_worker.is_empty() {
        bars.push(Bar::value(
            CHECK,
            "median difference, site worker",
            Some(median(&at_worker)),
            Some(Limit::AtMost(0.03)),
        ));
    }
    if !hand_written.is_empty() {
        const CHECK: &str = "Against hand-written programs, current_thread";
        let counted = |close: fn(&HandWritten) -> bool| {
            let all = hand_written.iter();
            (all.filter(|cell| close(cell)).count(), hand_written.len())
        };
        bars.push(Bar::share(
            CHECK,
            "times within 5%",
            counted(|cell| cell.difference().abs() <= 0.05),
            Some(Limit::AtLeast(1.0)),
        ));
        bars.push(Bar::share(
            CHECK,
            "within 5% or 1 ns",
            counted(|cell| {
                let ns = (cell.suite_ns - cell.program_ns).abs();
                cell.difference().abs() <= 0.05 || ns <= 1.0
            }),
            None,
        ));
    }
    bars
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
