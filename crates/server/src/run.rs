//! A run: rounds over all groups and ways, each server a process of its own, in turns; what was seen becomes points.

pub(crate) mod collected;
mod fitting;
mod judged;
mod once;

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use measure::conditions::{Conditions, Watch};
use measure::environment::Environment;
use measure::interrupt;
use measure::progress::{Telling, left};
use measure::record::Folder;
use measure::warnings;

use crate::faults;
use crate::files;
use crate::plan::Plan;
use crate::record::{FILE, FaultSeen, Header, Record, SCHEMA};
use crate::stand::{Subject, connections};
use crate::trouble::Trouble;
pub use collected::CAPACITY;
use collected::{Collected, CollectedWay};
use fitting::fitting;
use judged::neighbours;
pub(crate) use judged::points;
pub use once::test;

/// What to run.
#[derive(Debug)]
pub struct Request<'a> {
    /// What to measure.
    pub plan: &'a Plan,
    /// The filter, as it was given on the command line.
    pub filter: Option<String>,
    /// Where the record goes; `None` to write none.
    pub folder: Option<PathBuf>,
    /// A command that measures the same.
    pub command: String,
    /// The program that the processes are.
    pub program: &'a Path,
}

/// What came out of it.
#[derive(Debug)]
pub struct Outcome {
    /// The record.
    pub record: Record,
    /// Where it was written.
    pub path: Option<PathBuf>,
    /// Why it is not whole.
    pub trouble: Option<Trouble>,
}

/// Measures it.
pub fn run(request: &Request<'_>) -> Result<Outcome, Trouble> {
    let plan = request.plan;
    let most = plan
        .groups
        .iter()
        .map(|group| connections(group.shape.tasks, group.strategies.len() + 1))
        .max();
    files::make_room(most.unwrap_or(0)).map_err(Trouble::NotHere)?;
    let folder = request.folder.as_deref();
    let folder = folder.map(|folder| Folder::take(folder, "server")).transpose()?;
    Trouble::of_interrupts()?;
    let began = Instant::now();
    let mut header = Header {
        schema: SCHEMA,
        target: "server".to_owned(),
        matrix: plan.settings.matrix.to_string(),
        filter: request.filter.clone(),
        complete: false,
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        seconds: 0.0,
        command: request.command.clone(),
        environment: Environment::here(),
        rounds: plan.settings.rounds,
        requests: plan.requests,
        minutes: plan.settings.minutes,
        cut: Vec::new(),
        seed: plan.settings.seed.unwrap_or_else(|| fastrand::u64(..)),
        conditions: Conditions::default(),
        traps: Vec::new(),
        checksum: String::new(),
    };
    let watch = Watch::begin();
    let mut telling = Telling::new();
    let mut measured = Measured::default();
    let trouble = measure_all(request, &mut header, &mut measured, &mut telling).err();
    telling.end();
    interrupt::end_at_once();
    watch.end(&mut header.conditions, true);
    header.seconds = began.elapsed().as_secs_f64();
    header.complete = trouble.is_none();
    header.traps = warnings::sentences(&header.environment, &[], &header.conditions, &[]);
    let record = Record {
        points: measured.groups.iter().flat_map(|collected| points(collected)).collect(),
        neighbours: measured.ways.iter().flat_map(neighbours).collect(),
        faults: measured.faults,
        header,
    };
    let mut path = None;
    if let (Some(folder), None) = (&folder, &trouble) {
        record.write(folder.record())?;
        path = Some(folder.record().to_owned());
    }
    Ok(Outcome { record, path, trouble })
}

/// Where the record of a folder is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

#[derive(Default)]
struct Measured<'a> {
    groups: Vec<Collected<'a>>,
    ways: Vec<CollectedWay<'a>>,
    faults: Vec<FaultSeen>,
}

fn measure_all<'a>(
    request: &Request<'a>,
    header: &mut Header,
    measured: &mut Measured<'a>,
    telling: &mut Telling,
) -> Result<(), Trouble> {
    let plan = request.plan;
    let began = Instant::now();
    for (number, faulty) in plan.faulty.iter().enumerate() {
        if interrupt::pending() {
            return Err(Trouble::Interrupted);
        }
        telling.tell(&format!("server: fault {} of {}", number + 1, plan.faulty.len()));
        measured.faults.push(faults::see(faulty, header.seed)?);
    }
    telling.tell("server: how much can be served");
    for group in &plan.groups {
        let subjects = group.strategies.iter().map(|name| Subject::strategy(name)).collect();
        measured
            .groups
            .push(Collected::begin(group, subjects, request.program, header.seed)?);
    }
    for served in &plan.served {
        // The same rate for all ways: that of the usual one, where it has one.
        let mut others = measured.ways.iter().filter(|way| way.failed.is_none());
        let same = others.find(|way| way.served.flavor == served.flavor);
        let rate = same.map(|way| way.rate);
        measured
            .ways
            .push(CollectedWay::begin(served, rate, request.program, header.seed)?);
    }
    let requests = fitting(plan, measured, began.elapsed().as_secs_f64(), header);
    let rounds = plan.settings.rounds;
    let in_window = requests.div_ceil(2 * rounds);
    let first = Instant::now();
    for round in 0..rounds {
        let left = left(first, round, rounds - round);
        telling.tell(&format!("server: round {} of {rounds}{left}", round + 1));
        for group in measured.groups.iter_mut().filter(|group| group.failed.is_none()) {
            or_failed(group.round(round, in_window, header.seed), &mut group.failed)?;
        }
        for way in measured.ways.iter_mut().filter(|way| way.failed.is_none()) {
            or_failed(way.round(round, 2 * in_window, header.seed), &mut way.failed)?;
        }
    }
    Ok(())
}

/// What fails a group in a round does not end the run; Ctrl-C does.
fn or_failed(done: Result<(), Trouble>, failed: &mut Option<String>) -> Result<(), Trouble> {
    match done {
        Err(Trouble::Interrupted) => Err(Trouble::Interrupted),
        Err(error) => {
            *failed = Some(error.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
