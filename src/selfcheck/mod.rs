//! The suite measured against itself: how often it is wrong where the truth is known.
//!
//! The truth is known of the same code measured twice, of a `join!` with a delay of known size behind it, and of a ratio
//! whose sides are swapped. All of it is measured as everything else is, in runs of as many rounds.

pub mod bars;
mod cases;
mod judged;
mod load;
pub mod solo;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::block::wakes_threads;
use crate::case::Case;
use crate::criterion_alone;
use crate::environment::Environment;
use crate::matrix::Matrix;
use crate::plan::{Item, Plan};
use crate::program;
use crate::record::Measurement;
use crate::run::{self, Request, RunError};
use crate::settings::RunSettings;
use crate::text::known;
use crate::variables::VariableError;

use bars::Bar;
use cases::Injection;
use load::{Busy, Load};

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// A seventh of the cases, in two or three minutes.
    Quick,
    /// 300 case-runs of the same code against itself, in less than six minutes.
    Default,
    /// 1,000 of them.
    Full,
}

impl Extent {
    /// How often everything on a quiet machine is measured.
    fn repetitions(self) -> usize {
        match self {
            Extent::Quick | Extent::Default => 2,
            Extent::Full => 7,
        }
    }

    /// The part of a list that is checked.
    fn thin<T>(self, all: Vec<T>) -> Vec<T> {
        match self {
            // Seven shares no factor with the number of cases of a flavor, so that those of each differ.
            Extent::Quick => all.into_iter().step_by(7).collect(),
            Extent::Default | Extent::Full => all,
        }
    }

    /// The share of intervals of the same code that may lie wholly beyond ±1%.
    fn beyond_limit(self) -> f64 {
        match self {
            Extent::Quick | Extent::Default => 1.0 / 300.0,
            Extent::Full => 1.0 / 1000.0,
        }
    }
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Whether every bar held.
    pub held: bool,
    /// How much was checked.
    pub extent: Extent,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What machine and what build this was.
    pub environment: Environment,
    /// Each figure, and its bar.
    pub bars: Vec<Bar>,
    /// The same code beyond ±1%, cells far from their hand-written loops, and what could not be measured: a line each.
    pub suspects: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SelfcheckError {
    /// Nothing could be measured.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No case that there is to check is wanted.
    #[error("no case is wanted that there is to check")]
    NoCase,
    /// A variable holds something else than it can.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A process that measures one strategy, or Criterion's own, failed.
    #[error("{0}")]
    Process(String),
}

pub use probes::entries::entries;

/// The rounds of what one thread does, those of injected delays, which take about a second for each measurement, and those of what
/// wakes threads, whose blocks are long.
const ROUNDS: usize = 90;
const INJECTED_ROUNDS: usize = 200;
const LONG_ROUNDS: usize = 30;

/// Measures items.
struct Bench<'a> {
    settings: &'a RunSettings,
    tell: &'a dyn Fn(&str),
}

impl Bench<'_> {
    /// Items as every run measures them; those that wake threads at the pace of the quick matrix.
    fn measure(&self, name: &'static str, items: Vec<Item>, rounds: usize) -> Result<Vec<Measurement>, RunError> {
        (self.tell)(name);
        let entries = entries();
        let served = |case: &Case| crate::workload::find(&entries, &case.workload).is_some_and(|entry| entry.served);
        let long = |item: &Item| wakes_threads(&item.case) || served(&item.case);
        let (long, short): (Vec<Item>, Vec<Item>) = items.into_iter().partition(long);
        let mut all = Vec::new();
        for (items, matrix, rounds) in [
            (short, Matrix::Default, rounds),
            (long, Matrix::Quick, rounds.min(LONG_ROUNDS)),
        ] {
            if items.is_empty() {
                continue;
            }
            let plan = Plan::of(name, entries.clone(), items);
            let settings = RunSettings {
                matrix,
                rounds,
                layouts: self.settings.layouts.min(rounds),
                minutes: Some(60.0),
                span: Duration::ZERO,
                ..self.settings.clone()
            };
            let command = "cargo run --release -- selfcheck".to_owned();
            let request = Request::here(&plan, &settings, command, program::this_program());
            all.extend(run::measured(request)?);
        }
        Ok(all)
    }

    /// How long the chains must be, and the measurements that say so.
    fn injections(&self, cases: &[Case]) -> Result<(Vec<Injection>, Vec<Measurement>), RunError> {
        let trials = self.measure("the delays", cases::trials(cases), 1)?;
        let of = |case: &Case, length: u64| {
            let name = format!("chain+{length}");
            let mut all = trials.iter();
            all.find(|m| m.case == *case && m.strategy == name)
        };
        let injection = |case: &Case| {
            let [one, two] = cases::TRIAL.map(|length| of(case, length));
            let ns = |m: Option<&Measurement>| Some(m?.wall_ns?.median);
            let iteration_ns = one?.reference_ns?.median;
            Some(Injection::new(case.clone(), iteration_ns, [ns(one)?, ns(two)?]))
        };
        let injections = cases.iter().filter_map(injection).collect();
        Ok((injections, trials))
    }
}

/// Runs the whole check; `tell` is told what comes next.
pub fn check(extent: Extent, settings: &RunSettings, tell: impl Fn(&str)) -> Result<Found, SelfcheckError> {
    let began = Instant::now();
    let bench = Bench { settings, tell: &tell };
    let (injections, trials) = bench.injections(&cases::injected(extent))?;
    let mut quiet = Vec::new();
    let short = cases::short(extent);
    for _ in 0..extent.repetitions() {
        let mut plan = cases::plan(extent);
        plan.extend(cases::fetching(extent));
        let mut measured = bench.measure("quiet machine", plan, ROUNDS)?;
        let delays = injections.iter().map(Injection::item).collect();
        measured.extend(bench.measure("injected effects", delays, INJECTED_ROUNDS)?);
        quiet.push(measured);
    }
    let busy_items = cases::busy(&short, &injections);
    let mut bars = judged::same_code(&quiet, extent.beyond_limit());
    bars.extend(judged::injected(&quiet, &injections));
    bars.extend(judged::antisymmetry(&quiet));
    bars.extend(judged::honest(&quiet));
    let mut loud = Vec::new();
    for (check, load) in [
        ("A spinning thread on each core", Load::Spinning),
        ("Bursts of 50 ms on each core", Load::Bursts),
    ] {
        let busy = Busy::begin(load);
        let measured = bench.measure(check, busy_items.clone(), ROUNDS)?;
        drop(busy);
        bars.extend(judged::busy(check, &measured, &quiet));
        loud.push(measured);
    }
    let (hand_written, far) = judged::hand_written(&quiet);
    bars.extend(hand_written);
    tell("plain Criterion");
    let plain: Vec<Case> = short.iter().step_by(4).map(|item| item.case.clone()).collect();
    let failed = |error| SelfcheckError::Process(format!("plain Criterion: {error}"));
    let said = criterion_alone::twice(&plain).map_err(failed)?;
    bars.push(Bar::share(
        "Criterion alone",
        "the same code twice, called improved or regressed",
        (said.changed, said.compared),
        None,
    ));
    let mut suspects = judged::suspects(&[trials]);
    suspects.extend(judged::suspects(&quiet));
    suspects.extend(judged::suspects(&loud));
    suspects.extend(far);
    Ok(Found {
        held: bars.iter().all(|bar| bar.held != Some(false)),
        extent,
        seconds: began.elapsed().as_secs_f64(),
        environment: Environment::here(),
        bars,
        suspects,
    })
}

impl Found {
    /// How many bars held, where and when, in a sentence.
    pub fn summary(&self) -> String {
        let count = |held| {
            let bars = self.bars.iter();
            bars.filter(|bar| bar.held == Some(held)).count()
        };
        let e = &self.environment;
        format!(
            "{} of {} bars held; {:.0} s on {} cores of {}, revision {}.",
            count(true),
            count(true) + count(false),
            self.seconds,
            e.cores,
            known(&e.cpu),
            known(&e.git),
        )
    }
}
