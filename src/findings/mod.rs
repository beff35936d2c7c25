//! What a run's table shows, in sentences made from its measurements.

pub mod answer;
pub mod crossover;
pub mod headline;
pub mod scale;
mod wakes;

use std::collections::HashMap;

use crate::case::{Case, Flavor, Site};
use crate::in_order::unique;
use crate::record::{Header, Measurement, Status};
use crate::stats::{Estimate, FALSE_DISCOVERIES, Verdict, benjamini_hochberg, round_medians, sign_test_p};
use crate::table;
use crate::text::{children, joined, label, significant, time};

/// One to three sentences, and before them the verdicts counted.
pub fn sentences(header: &Header, measurements: &[Measurement]) -> Vec<String> {
    let measured: Vec<&Measurement> = measurements.iter().filter(|m| m.status == Status::Ok).collect();
    let mut sentences = table::counts(measurements);
    sentences.extend(standing(header, &measured));
    sentences.extend(overhead(&measured));
    sentences.extend(site(&measured));
    sentences.extend(wakeups(header, &measured));
    sentences.extend(wakes::sentences(header, &measured));
    sentences.extend(compute(&measured));
    sentences.extend(http(&measured));
    sentences.extend(straggler(&measured));
    sentences.extend(hot(&measured));
    sentences.extend(scale::sentences(header, &measured));
    sentences
}

/// Tables of fewer differences are read row by row.
const FEWEST_DIFFERENCES: usize = 20;

/// How many of the differences stand as a table, beyond each as a row.
fn standing(header: &Header, measured: &[&Measurement]) -> Option<String> {
    let rows: Vec<&&Measurement> = measured.iter().filter(|m| !m.is_control()).collect();
    let p_values: Vec<f64> = rows
        .iter()
        .map(|m| sign_test_p(&header.sample(m).units(), m.noise_floor.unwrap_or(0.0)))
        .collect();
    let differs = |m: &Measurement| matches!(m.verdict, Some(Verdict::Slower | Verdict::Faster));
    let differences = rows.iter().filter(|m| differs(m)).count();
    if differences < FEWEST_DIFFERENCES {
        return None;
    }
    let stand = benjamini_hochberg(&p_values);
    let standing = rows.iter().zip(stand).filter(|(m, stands)| differs(m) && *stands);
    Some(format!(
        "As a table: {} of its {differences} differences stand together, of which fewer than {:.0}% are false on average \
         (sign tests over the layouts, Benjamini-Hochberg).",
        standing.count(),
        FALSE_DISCOVERIES * 100.0
    ))
}

/// The spawn of a case, against join!.
fn spawns<'a>(measured: &'a [&'a Measurement], workload: &'a str) -> impl Iterator<Item = &'a Measurement> {
    measured
        .iter()
        .copied()
        .filter(move |m| m.case.workload == workload && m.strategy == "spawn" && m.reference == "join")
}

/// Those of a flavor in a spawned task, by the number of children.
pub(crate) fn in_task<'a>(measured: &'a [&'a Measurement], workload: &'a str, flavor: Flavor) -> Vec<&'a Measurement> {
    let mut rows: Vec<&Measurement> = spawns(measured, workload)
        .filter(|m| m.case.flavor == flavor && m.case.site == Site::Worker)
        .collect();
    rows.sort_by_key(|m| m.case.tasks);
    rows
}

fn flavors(measured: &[&Measurement]) -> Vec<Flavor> {
    unique(measured.iter().map(|m| m.case.flavor))
}

/// An estimate with its interval, where it has one.
pub(crate) fn estimated(estimate: &Estimate, unit: &str) -> String {
    let [median, low, high] = [estimate.median, estimate.low, estimate.high].map(significant);
    match estimate.level > 0.0 {
        true => format!("{median}{unit} [{low}, {high}]"),
        false => format!("{median}{unit}"),
    }
}

fn with_interval(ratio: &Estimate) -> String {
    let about = if ratio.level > 0.0 { "" } else { "about " };
    format!("{about}{}", estimated(ratio, "×"))
}

/// What a spawn costs where nothing else does.
fn overhead(measured: &[&Measurement]) -> Option<String> {
    let of = |flavor| {
        let rows = in_task(measured, "yield", flavor);
        let most = rows.into_iter().rfind(|m| m.case.payload.0 == 0)?;
        let more = most.difference_ns?.median;
        let ratio = with_interval(&most.ratio?);
        let direction = if more > 0.0 { "more" } else { "less" };
        Some(format!(
            "{ratio} at {} children on {flavor} ({} {direction} for each child)",
            most.case.tasks,
            time(more.abs())
        ))
    };
    let said = joined(flavors(measured).into_iter().filter_map(of), ", ")?;
    Some(format!(
        "Children that yield once and carry nothing, fanned out in a spawned task: spawn takes, in join!'s time, {said}."
    ))
}

fn control<'a>(measured: &[&'a Measurement], case: &Case) -> Option<&'a Measurement> {
    measured.iter().copied().find(|m| m.case == *case && m.is_control())
}

/// What the site costs: the same spawns from block_on and from a worker. Not paired in blocks, but in rounds.
fn site(measured: &[&Measurement]) -> Option<String> {
    let worst = ["yield", "ready"]
        .iter()
        .flat_map(|workload| spawns(measured, workload))
        .filter(|m| m.case.site == Site::BlockOn && m.case.flavor != Flavor::CurrentThread)
        .filter_map(|from_block_on| {
            let case = Case {
                site: Site::Worker,
                ..from_block_on.case.clone()
            };
            let from_worker = measured.iter().find(|m| m.case == case && m.strategy == "spawn")?;
            let ratio = in_same_rounds(from_block_on, from_worker)?;
            Some((ratio, from_block_on, from_worker.wall_ns?.median))
        })
        .max_by(|a, b| a.0.low.total_cmp(&b.0.low))?;
    let (ratio, from_block_on, worker_ns) = worst;
    let case = &from_block_on.case;
    Some(format!(
        "The site: spawning {} ({}, {}) on {} takes {} when the fan-out runs in block_on, as directly in main, and {} \
         in a spawned task; in the rounds that have both, {} as long.",
        children(case.tasks),
        case.workload,
        case.payload,
        case.flavor,
        time(from_block_on.wall_ns?.median),
        time(worker_ns),
        with_interval(&ratio),
    ))
}

/// ns per iteration in each round in which it was measured.
fn by_round(m: &Measurement) -> impl Iterator<Item = (usize, f64)> {
    m.in_rounds.iter().copied().zip(round_medians(&m.block_ns))
}

/// The time of one over that of another, in the rounds that have both: what a round's process and moment do to one, they do to
/// the other.
fn in_same_rounds(m: &Measurement, other: &Measurement) -> Option<Estimate> {
    let other: HashMap<usize, f64> = by_round(other).collect();
    let logs = by_round(m).filter_map(|(round, ns)| Some((ns / other.get(&round)?).ln()));
    Some(Estimate::of(&logs.collect::<Vec<f64>>())?.map(f64::exp))
}

/// Up to which number of children join! wins where their wakes come one at a time.
fn wakeups(header: &Header, measured: &[&Measurement]) -> Option<String> {
    let of = |flavor| {
        let rows = in_task(measured, "wake", flavor);
        let at = crossover::crossover(header, &rows)?;
        Some(format!("{flavor} {}", crossover::words(&at, &rows)))
    };
    let said = joined(flavors(measured).into_iter().filter_map(of), ", ")?;
    Some(format!(
        "Separate wakes: join! polls all its unfinished children on each, so spawn overtakes it from this number of \
         children on: {said}."
    ))
}

/// Where spawn begins to win on work.
fn compute(measured: &[&Measurement]) -> Option<String> {
    let of = |flavor| {
        let mut rows = in_task(measured, "compute", flavor);
        // By the work of one iteration: the time that join! takes for it.
        rows.sort_by_key(|m| (m.case.payload.0 * m.case.tasks, m.case.payload.0));
        let (best, at) = rows
            .iter()
            .filter_map(|m| Some((m.ratio?, &m.case)))
            .min_by(|a, b| a.0.median.total_cmp(&b.0.median))?;
        let from = match rows.iter().find(|m| m.verdict == Some(Verdict::Faster)) {
            Some(m) => {
                let control = control(measured, &m.case).and_then(|control| control.wall_ns);
                let work = control.map_or(String::new(), |ns| format!(", {} of work", time(ns.median)));
                let case = &m.case;
                format!("from {} of {} on{work}", children(case.tasks), case.payload)
            }
            None => "nowhere for sure in this run".to_owned(),
        };
        Some(format!(
            "{flavor} {from}; at best {} of join!'s time, {} of {}",
            with_interval(&best),
            children(at.tasks),
            at.payload
        ))
    };
    let said = joined(flavors(measured).into_iter().filter_map(of), ". ")?;
    Some(format!(
        "Independent work that never awaits: spawn begins to win, in order of work: {said}."
    ))
}

/// What the strategy is of a request.
fn http(measured: &[&Measurement]) -> Option<String> {
    let of = |(workload, which)| {
        let rows: Vec<&Measurement> = spawns(measured, workload)
            .filter(|m| m.case.site == Site::Worker && m.case.tasks == 3)
            .collect();
        let payload = rows.first()?.case.payload;
        let of_flavor: Vec<String> = rows
            .iter()
            .filter(|m| m.case.payload == payload)
            .filter_map(|m| Some(format!("{} {}", m.case.flavor, with_interval(&m.ratio?))))
            .collect();
        Some(format!("of {payload} {which}: {}", of_flavor.join(", ")))
    };
    let kinds = [
        ("http", "that are answered at once"),
        ("http_delay", "that are answered after 20 ms"),
        ("http_parse", "of JSON that is decoded"),
    ];
    let said = joined(kinds.into_iter().filter_map(of), "; ")?;
    Some(format!("Three fetches in a spawned task, spawn over join!, {said}."))
}

/// When results are there, where one comes late.
fn straggler(measured: &[&Measurement]) -> Option<String> {
    let of = |m: &&Measurement| {
        let stages = [m.first_result_ns?, m.all_but_one_ns?, m.wall_ns?];
        let [first, most, all] = stages.map(|ns| time(ns.median));
        let strategy = label(&m.strategy);
        Some(format!("{strategy} on {} {first}, {most} and {all}", m.case.flavor))
    };
    let is_late = |m: &&&Measurement| m.case.workload == "http_straggler" && m.case.site == Site::Worker;
    let said = joined(measured.iter().filter(is_late).filter_map(of), "; ")?;
    Some(format!(
        "Where the first child's answer is late, the parent has the first result, all but one and all after: {said}."
    ))
}

/// How long the siblings of a hot child wait.
fn hot(measured: &[&Measurement]) -> Option<String> {
    let of = |m: &&Measurement| {
        let siblings = time(m.siblings_ns?.median);
        Some(format!("{} on {} {siblings}", label(&m.strategy), m.case.flavor))
    };
    let in_task = measured.iter().filter(|m| m.case.site == Site::Worker);
    let said = joined(in_task.filter_map(of), ", ")?;
    Some(format!(
        "Where the first child computes without a pause, its siblings, which yield once, have ended after: {said}."
    ))
}
