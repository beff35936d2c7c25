//! The benchmark against what is known beforehand: CPU time and delay that were put in are found, a strategy does not differ from
//! itself, and another client sees the same latencies.

use std::path::Path;
use std::time::Duration;

use measure::case::Flavor;
use measure::environment::cores;
use measure::progress::Telling;
use measure::settings::RunSettings;
use measure::stats::{Estimate, Verdict, clopper_pearson};
use measure::text::{more, percent, time, times_within};

use crate::client::Client;
use crate::delay::Delay;
use crate::handler::Injected;
use crate::histogram::Latencies;
use crate::load::Schedule;
use crate::plan::Group;
use crate::point::{Level, Shape};
use crate::record::{Point, Seen};
use crate::run::collected::Collected;
use crate::run::{CAPACITY, points};
use crate::stand::{Stand, Subject, WARMING, warm_up};
use crate::trouble::Trouble;

/// CPU time that is put into each request.
const CPU: Duration = Duration::from_micros(50);

/// Delay that is put into one child of a hundred.
const DELAY: Duration = Duration::from_millis(2);

/// What is put in is found to within this share.
const WITHIN: f64 = 0.10;

/// Two clients agree to within this share.
const AGREE: f64 = 0.05;

/// The share of intervals of a strategy against itself that contain 1.
const CONTAIN: f64 = 0.95;

/// Rounds of each check.
const ROUNDS: usize = 24;

/// Requests of a window: p99 of fewer is the luck of a handful.
const REQUESTS: usize = 800;

/// Windows of the two clients together.
const TURNS: u64 = 64;

/// The loads at which CPU time is put in: those of the default matrix that leave cores free. Below them a request that computes for
/// longer is met by more of the wakes that it else sleeps through, and under a closed loop the load itself changes.
const CPU_LOADS: [Level; 2] = [Level::Percent(30), Level::Percent(60)];

/// The load at which a delay is put in: at higher ones p99 is the queue's.
const DELAY_LOAD: Level = Level::Percent(30);

/// What was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What it is.
    pub what: &'static str,
    /// What was wanted, in words.
    pub wanted: String,
    /// What was found, in words.
    pub found: String,
    /// Whether that is so.
    pub holds: bool,
}

/// Checks all; takes about eight minutes.
pub fn run(program: &Path, settings: &RunSettings) -> Result<Vec<Checked>, Trouble> {
    Trouble::of_interrupts()?;
    let seed = settings.seed.unwrap_or_else(|| fastrand::u64(..));
    let shape = Shape {
        delay: Delay::Fixed,
        flavor: Flavor::MultiThread(cores()),
        bytes: 1 << 10,
        tasks: 3,
    };
    let mut telling = Telling::new();
    let mut all = Vec::new();
    telling.tell("server: another client");
    all.extend(other_client(program, &shape, seed)?);
    let plain = Injected::default();
    let with_cpu = Injected { cpu: CPU, ..plain };
    let with_delay = Injected { delay: DELAY, ..plain };
    let put_in = [plain, with_cpu, with_delay].map(|injected| Subject {
        injected,
        ..Subject::strategy("join")
    });
    let mut collect = |subjects: &[Subject], levels: &[Level], what: &str| {
        let group = Group {
            shape: shape.clone(),
            // Only names: what they are stands in the subjects.
            strategies: (0..subjects.len()).map(|number| format!("join_{number}")).collect(),
            levels: levels.to_vec(),
        };
        let mut collected = Collected::begin(&group, subjects.to_vec(), program, seed)?;
        for round in 0..ROUNDS {
            telling.tell(&format!("server: {what}: round {} of {ROUNDS}", round + 1));
            collected.round(round, REQUESTS, seed)?;
        }
        Ok::<_, Trouble>(points(&collected))
    };
    let found = collect(&put_in, &CPU_LOADS, "what is put in")?;
    all.extend(CPU_LOADS.map(|load| found_cpu(&found, load)));
    all.push(found_delay(&found));
    let same = vec![Subject::strategy("join"); 3];
    let levels = [20, 40, 60].map(Level::Percent);
    all.extend(itself(&collect(&same, &levels, "a strategy against itself")?));
    telling.end();
    Ok(all)
}

fn seen(points: &[Point], level: Level, subject: usize) -> Option<&Seen> {
    let name = format!("join_{subject}");
    let point = points
        .iter()
        .find(|point| point.level == level && point.strategy == name)?;
    point.seen.as_ref()
}

/// What was found of points, in words, and whether it is what was wanted; else why there is nothing.
fn checked(what: &'static str, wanted: String, points: &[Point], found: Option<(String, bool)>) -> Checked {
    let (found, holds) = found.unwrap_or_else(|| {
        let reason = points.iter().find_map(|point| point.reason.clone());
        (reason.unwrap_or_else(|| "nothing was measured".to_owned()), false)
    });
    Checked {
        what,
        wanted,
        found,
        holds,
    }
}

fn found_cpu(points: &[Point], load: Level) -> Checked {
    let put = CPU.as_nanos() as f64;
    let found = || {
        let (own, reference) = (seen(points, load, 1)?, seen(points, load, 0)?);
        let plain = reference.cpu.rounds.iter().zip(reference.cpu.copy.iter().flatten());
        let grown = own.cpu.rounds.iter().zip(plain);
        let grown: Vec<f64> = grown.map(|(own, (one, other))| own - (one + other) / 2.0).collect();
        let grown = Estimate::of(&grown)?;
        let said = format!("{} [{}, {}]", more(grown.median), more(grown.low), more(grown.high));
        Some((said, (grown.median / put - 1.0).abs() <= WITHIN))
    };
    let wanted = format!("{} ± {} at load {load}", time(put), percent(WITHIN));
    let what = "CPU time put into each request, in CPU time per request";
    checked(what, wanted, points, found())
}

fn found_delay(points: &[Point]) -> Checked {
    let found = seen(points, DELAY_LOAD, 2).map(|own| {
        let p99 = &own.p99;
        let said = format!(
            "{}: {}, to {}",
            p99.verdict.as_str(),
            times_within(&p99.ratio),
            time(p99.ns.median)
        );
        (said, p99.verdict == Verdict::Slower)
    });
    let wanted = format!("{} is seen as slower", time(DELAY.as_nanos() as f64));
    let what = "delay put into one child of a hundred, in p99";
    checked(what, wanted, points, found)
}

/// All ratios of a group whose subjects are the same.
fn itself(points: &[Point]) -> [Checked; 2] {
    let wanted = format!(
        "a share of intervals that contain 1 whose upper Clopper-Pearson bound is {} or more",
        percent(CONTAIN)
    );
    let check = |what, ratio: fn(&Seen) -> &Estimate| {
        let ratios: Vec<&Estimate> = points
            .iter()
            .filter_map(|point| point.seen.as_ref())
            .map(ratio)
            .collect();
        let with = ratios.iter().filter(|ratio| ratio.contains(1.0)).count();
        // So few can miss by luck: what is judged is whether the share that they are a sample of can be so great.
        let (_, most) = clopper_pearson(with, ratios.len());
        let half: Vec<f64> = ratios.iter().map(|ratio| (ratio.high / ratio.low).ln() / 2.0).collect();
        Checked {
            what,
            wanted: wanted.clone(),
            found: format!(
                "{with} of {}, bound {}; intervals are ±{} wide, in the median",
                ratios.len(),
                percent(most),
                percent(measure::stats::median(&half))
            ),
            holds: !ratios.is_empty() && most >= CONTAIN,
        }
    };
    [
        check("a strategy against itself, in p99", |seen| &seen.p99.ratio),
        check("a strategy against itself, in CPU time per request", |seen| {
            &seen.cpu.ratio
        }),
    ]
}

/// The same schedules, sent by the load generator and by another client, in turns.
fn other_client(program: &Path, shape: &Shape, seed: u64) -> Result<[Checked; 2], Trouble> {
    let mut stand = Stand::new(program, shape, seed, 1)?;
    let mut server = stand.serve(&Subject::strategy("join"))?;
    let rate = 0.3 * stand.greatest(&mut server, CAPACITY)?.throughput();
    let mut own = Latencies::default();
    let mut other: Vec<u64> = Vec::new();
    let expected = crate::content::expected(shape.tasks, shape.bytes);
    let failed = |reason| Trouble::Failed(format!("the other client: {reason}"));
    let client = Client::new().map_err(failed)?;
    let address = server.address;
    let ask = |schedule: &Schedule, first| client.latencies(address, schedule, first, &expected).map_err(failed);
    for turn in 0..TURNS {
        let schedule = Schedule {
            seed: seed.wrapping_add(turn / 2),
            rate,
            requests: 700,
        };
        let first = turn << 24;
        // There and back.
        if turn % 4 == 0 || turn % 4 == 3 {
            own.add(&stand.open(&mut server, schedule, first, None)?.sent.latencies);
        } else {
            // Its first connections are opened when they are needed; the load generator has all of its own from the beginning.
            let before = if other.is_empty() { schedule } else { warm_up(&schedule) };
            ask(&before, WARMING)?;
            other.extend(ask(&schedule, first)?);
        }
    }
    other.sort_unstable();
    Ok(
        [(0.5, "p50 of another client"), (0.99, "p99 of another client")].map(|(share, what)| {
            let theirs = other[((share * other.len() as f64).ceil() as usize).saturating_sub(1)] as f64;
            let ours = own.quantile(share);
            Checked {
                what,
                wanted: format!("the load generator's ± {}", percent(AGREE)),
                found: format!(
                    "{} of {} requests, the load generator's {}",
                    time(theirs),
                    other.len(),
                    time(ours)
                ),
                holds: (ours / theirs - 1.0).abs() <= AGREE,
            }
        }),
    )
}

/// All checks, a line each.
pub fn render(checked: &[Checked]) -> String {
    let line = |one: &Checked| {
        let holds = if one.holds { "holds" } else { "does not hold" };
        format!("{holds}: {}: wanted {}; found {}\n", one.what, one.wanted, one.found)
    };
    let held = checked.iter().filter(|one| one.holds).count();
    let lines: String = checked.iter().map(line).collect();
    format!("{lines}{held} of {} hold.\n", checked.len())
}
