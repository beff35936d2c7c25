//! Overhead, and what follows from it: measured here and now, side by side, in six short rounds.

use std::time::Duration;

use super::experiment::{Experiment, Seen};
use super::{Claim, ClaimsError};
use crate::case::{Case, Flavor};
use crate::environment::cores;
use crate::matrix::Matrix;
use crate::plan::{Item, Plan};
use crate::program;
use crate::record::{Measurement, Status};
use crate::run::{self, Request};
use crate::settings::RunSettings;
use crate::stats::Estimate;
use crate::text::times_within;
use crate::variables::variable;
use crate::workload::{self, Entry};

/// Up to this ratio a cost is called slightly higher: half as much again. The article gives no number; a reader who is
/// told "slightly" will hardly expect more.
const SLIGHTLY: f64 = 1.5;
/// Differences up to this are called none here, six short rounds being what they are.
const NONE: f64 = 1.02;

/// Measurements of the cases that this module names.
pub(super) struct Measured(Vec<Measurement>);

/// A case, and the condition that it is.
type Point = (&'static str, Case);

fn point(condition: &'static str, id: &str) -> Point {
    (condition, id.parse().expect("these are ids of cases"))
}

/// Children that do next to nothing, on one thread and on all.
fn overheads() -> [Point; 5] {
    let (one, all) = (Flavor::CurrentThread, Flavor::MultiThread(cores()));
    [
        point("8 children that yield once", &format!("yield/{one}/worker/0B/8")),
        point("8 children that yield once", &format!("yield/{all}/worker/0B/8")),
        point("64 children that yield once", &format!("yield/{one}/worker/0B/64")),
        point(
            "8 that yield once, directly in main",
            &format!("yield/{all}/block_on/0B/8"),
        ),
        point("256 children woken one at a time", &format!("wake/{one}/worker/0B/256")),
    ]
}

/// Fetches of an answer that takes 20 ms.
fn fetches() -> Point {
    let id = "http_delay/current_thread/worker/64B/3";
    point("3 children wait 20 ms for a server", id)
}

/// Measures.
pub(super) fn measure() -> Result<Measured, ClaimsError> {
    let asked = RunSettings::read(variable, Matrix::Default)?;
    let settings = RunSettings {
        rounds: 6,
        layouts: 6,
        span: Duration::ZERO,
        minutes: None,
        ..asked
    };
    let item = |(_, case): Point, strategies: &[&str]| Item::of(case, strategies, "join");
    let (fetching, others): (Vec<Entry>, Vec<Entry>) = workload::all().into_iter().partition(|entry| entry.served);
    let plan = |entries, items| Plan::of("claims", entries, items);
    let plans = [
        plan(others, overheads().map(|point| item(point, &["join", "spawn"])).into()),
        plan(fetching, vec![item(fetches(), &["join", "spawn", "sequential"])]),
    ];
    let mut measured = Vec::new();
    for plan in &plans {
        let command = "cargo run --release -- claims".to_owned();
        let request = Request::here(plan, &settings, command, program::this_program());
        measured.extend(run::measured(request)?);
    }
    let failed = measured.iter().find(|m| m.status != Status::Ok);
    match failed {
        None => Ok(Measured(measured)),
        Some(m) => Err(ClaimsError::NoAnswer(format!(
            "the costs could not be measured: {}: {}",
            m.case.measurement_id(&m.strategy),
            m.reason.as_deref().unwrap_or("no reason given")
        ))),
    }
}

impl Measured {
    /// Experiments on these points: what `words` say of spawn's ratio to join!, and, as the counterpart, of another strategy's.
    fn experiments<const N: usize>(
        &self,
        points: [Point; N],
        predicted: &'static str,
        words: fn(&Estimate) -> &'static str,
        counterpart: &str,
    ) -> Vec<Experiment> {
        let look = |case: &Case, strategy: &str| {
            let mut all = self.0.iter();
            let found = all.find(|m| m.case == *case && m.strategy == strategy);
            let ratio = found.and_then(|m| m.ratio).expect("a usable measurement has a ratio");
            let seen = Seen {
                what: words(&ratio).to_owned(),
                figure: Some(times_within(&ratio)),
                case: Some(case.clone()),
            };
            move || seen.clone()
        };
        let experiment = |(condition, case): Point| {
            let [subject, counterpart] = ["spawn", counterpart].map(|strategy| look(&case, strategy));
            Experiment::new(condition, case.flavor, predicted, subject, counterpart)
        };
        points.map(experiment).into()
    }
}

const SLIGHTLY_MORE: &str = "spawn costs slightly more";

fn how_much(ratio: &Estimate) -> &'static str {
    match ratio {
        r if r.low > SLIGHTLY => "spawn costs far more",
        r if r.low > NONE && r.high <= SLIGHTLY => SLIGHTLY_MORE,
        r if r.high < 1.0 / NONE => "spawn costs less",
        r if r.low > NONE => "spawn costs more",
        _ => "no difference",
    }
}

const DIFFERENT: &str = "they differ";

/// Whether the interval lies beyond this ratio, or its inverse.
fn differs(ratio: &Estimate, by: f64) -> bool {
    ratio.low > by || ratio.high < 1.0 / by
}

fn whether(ratio: &Estimate) -> &'static str {
    if differs(ratio, NONE) {
        DIFFERENT
    } else {
        "no difference"
    }
}

const AS_FAST: &str = "as fast";

fn as_fast(ratio: &Estimate) -> &'static str {
    // 5%: a fetch of 20 ms may be late by one.
    if differs(ratio, 1.05) { "not as fast" } else { AS_FAST }
}

/// What [`claims`] is about, without measuring.
pub(super) const STATEMENTS: [&str; 4] = [
    "Slightly lower (same task)",
    "Slightly higher (separate tasks)",
    "Choosing the right one is crucial for efficiency",
    "Fetch multiple API responses, then process them together",
];

/// The statements.
pub(super) fn claims(measured: &Measured) -> Vec<Claim> {
    let overhead = || measured.experiments(overheads(), SLIGHTLY_MORE, how_much, "join");
    let mut matters = measured.experiments(overheads(), DIFFERENT, whether, "join");
    matters.extend(measured.experiments([fetches()], DIFFERENT, whether, "join"));
    let [lower, higher, crucial, fetch] = STATEMENTS;
    vec![
        Claim {
            source: "Overhead, join!",
            statement: lower,
            instead: "A child of join! costs no allocation and no scheduling: a fraction of a spawned one, while there are \
                      few of them; every wake polls all that are unfinished, so that many cost more.",
            experiments: overhead(),
        },
        Claim {
            source: "Overhead, spawn",
            statement: higher,
            instead: "A spawned child costs an allocation, a place in a queue, a wake and a join: some hundred ns, times \
                      what a yielding child of join! costs, and nothing beside 20 ms of waiting. Directly in main it \
                      costs microseconds more.",
            experiments: overhead(),
        },
        Claim {
            source: "text",
            statement: crucial,
            instead: "It matters where children are tiny and many, where wakes come one at a time, or where there is work \
                      for a second core. Where children wait for servers, choose by meaning.",
            experiments: matters,
        },
        Claim {
            source: "text, join!",
            statement: fetch,
            instead: "Three responses that take 20 ms are there as soon under join! as spawned. Spawn if decoding them is \
                      work for a second core.",
            experiments: measured.experiments([fetches()], AS_FAST, as_fast, "sequential"),
        },
    ]
}
