//! The answer: when to use which, in five sentences, and what to use of many. Figures are the run's; what no run can tell, such
//! as what a panic does, is what the article's statements were tested for (`crate::claims`).

use super::crossover::{self, crossover};
use super::headline::headline;
use super::scale::{self, Candidates};
use super::{flavors, in_task, spawns};
use crate::attachments::RecordedRun;
use crate::case::{Flavor, Site};
use crate::in_order::grouped;
use crate::record::{Measurement, Part, Status};
use crate::stats::{Estimate, Verdict};
use crate::strategy::Strategy;
use crate::text::{count, joined, listed, span, time, times};

/// What a sentence rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The measurements of a workload.
    Workload(&'static str),
    /// The measurements of a bench target.
    Target(&'static str),
    /// What an iteration does, counted.
    Counts,
    /// The article's statements, put to experiments.
    Statements,
    /// A document under `docs/`, by its name without the ending, and what it is about.
    Document(&'static str, &'static str),
}

impl Evidence {
    /// What a link to it says.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Workload(name) | Evidence::Target(name) | Evidence::Document(_, name) => name,
            Evidence::Counts => "counts",
            Evidence::Statements => "tested statements",
        }
    }
}

/// A sentence of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// How it begins: what to do.
    pub lead: &'static str,
    /// When.
    pub rest: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

fn sentence(lead: &'static str, rest: String, evidence: &[Evidence]) -> Sentence {
    let evidence = evidence.to_vec();
    Sentence { lead, rest, evidence }
}

/// The sentences of a run: the five, what holds many children, and what was seen in a server under load.
pub fn answer_of(run: &RecordedRun) -> Vec<Sentence> {
    let mut sentences = answer(&run.parts);
    sentences.extend(known_at_run_time(&run.parts));
    let served = run.server.as_ref().and_then(server::table::sentence);
    sentences.extend(served.map(|rest| sentence("In a server", rest, &[SERVERS])));
    sentences
}

/// What is said of servers.
const SERVERS: Evidence = Evidence::Document("SERVER", "servers under load");

fn measured(parts: &[Part]) -> Vec<&Measurement> {
    let rows = parts.iter().flat_map(|(_, rows)| rows);
    rows.filter(|m| m.status == Status::Ok).collect()
}

/// The five sentences of what a run's benches measured, without what it has no figures for; none where it measured nothing that
/// decides.
pub fn answer(parts: &[Part]) -> Vec<Sentence> {
    let all = measured(parts);
    let sentences = [
        use_join(&all),
        use_spawn(parts, &all),
        no_matter(&all),
        measure(&all),
        never(&all),
    ];
    sentences.into_iter().flatten().collect()
}

/// The spawn of a headline's case.
fn of<'a>(
    all: &[&'a Measurement],
    workload: &str,
    tasks: usize,
    which: fn(&Measurement) -> bool,
) -> Option<&'a Measurement> {
    let rows = headline(all.iter().copied()).into_iter().map(|row| row.spawn);
    rows.into_iter()
        .find(|m| m.case.workload == workload && m.case.tasks == tasks && which(m) && m.ratio.is_some())
}

/// Whether a verdict stands behind the ratio.
fn is_sure(m: &Measurement) -> bool {
    matches!(m.verdict, Some(Verdict::Slower | Verdict::Faster | Verdict::Same))
}

/// The ratio on its flavor, and whether it is a sure one.
fn ratio(m: &Measurement) -> String {
    let unsure = unsure(m).map_or(String::new(), |unsure| format!(", {unsure}"));
    format!("{} {}{unsure}", shown(m), on(m.case.flavor))
}

/// The ratio as a share of join!'s time.
fn longer(m: &Measurement) -> String {
    let unsure = unsure(m).map_or(String::new(), |unsure| format!(" ({unsure})"));
    format!("{} the time{unsure} {}", shown(m), on(m.case.flavor))
}

/// Where no verdict stands behind the ratio: that, and the interval of it. Of the others it stands in tables and charts.
fn unsure(m: &Measurement) -> Option<String> {
    let within = m.ratio.filter(|ratio| ratio.level > 0.0);
    let within = within.map_or(String::new(), |ratio| {
        format!(": {} to {}", times(ratio.low), times(ratio.high))
    });
    (!is_sure(m)).then(|| format!("not for sure{within}"))
}

fn shown(m: &Measurement) -> String {
    m.ratio.map_or(String::new(), |ratio| times(ratio.median))
}

/// A flavor in words.
fn on(flavor: Flavor) -> String {
    let threads = threads(flavor);
    match threads.strip_prefix("1 ") {
        Some(what) => format!("on one {what}"),
        None => format!("on {threads}"),
    }
}

/// How many threads run tasks: `1 thread`, `1 worker`, `2 workers`.
pub fn threads(flavor: Flavor) -> String {
    match flavor {
        Flavor::MultiThread(1) => "1 worker".into(),
        Flavor::MultiThread(workers) => format!("{workers} workers"),
        _ => "1 thread".into(),
    }
}

fn use_join(all: &[&Measurement]) -> Option<Sentence> {
    let in_task = |m: &Measurement| m.case.site == Site::Worker && m.case.payload.0 == 0;
    let tiny = of(all, "yield", 8, in_task)?;
    let mut rest = format!(
        "children are few and do next to nothing: spawned, 8 that yield once take {} in a task",
        longer(tiny)
    );
    if let Some(m) = of(all, "yield", 8, |m| m.case.site == Site::BlockOn) {
        rest += &format!(
            ", and {} directly in main: use join! there too, or move the fan-out into a task",
            longer(m)
        );
    }
    rest += ". Joined children may borrow, and stop with their parent.";
    let evidence = [Evidence::Workload("yield"), Evidence::Counts, Evidence::Statements];
    Some(sentence("Use join! when", rest, &evidence))
}

fn use_spawn(parts: &[Part], all: &[&Measurement]) -> Option<Sentence> {
    let mut reasons = Vec::new();
    let mut evidence = Vec::new();
    if let Some(m) = of(all, "compute", 8, |m| m.case.payload.0 == 1 << 20) {
        let (each, ratio) = (each(m), ratio(m));
        reasons.push(match m.ratio.is_some_and(|ratio| ratio.median < 1.0) {
            true => format!("children compute and other cores are free (8 that hash 1 MiB, {each} each: {ratio})"),
            false => format!(
                "children compute for longer than 8 that hash 1 MiB ({each} each: {ratio}) and other cores are free"
            ),
        });
        evidence.push(Evidence::Workload("compute"));
    }
    let mut none_seen = String::new();
    if let Some(wakes) = wakes(parts, all) {
        match wakes {
            Ok(reason) => reasons.push(reason),
            Err(said) => {
                none_seen = format!(" Of children that wait on one thread, each for a wake of its own, {said}.");
            }
        }
        evidence.push(Evidence::Workload("wake"));
        evidence.push(Evidence::Counts);
    }
    if reasons.is_empty() && none_seen.is_empty() {
        return None;
    }
    reasons.push("a child may panic, or must outlive its parent".into());
    evidence.push(Evidence::Statements);
    let rest = format!("{}.{none_seen}", reasons.join("; or "));
    Some(sentence("Use spawn when", rest, &evidence))
}

/// What a child takes of join!.
fn each(m: &Measurement) -> String {
    m.reference_ns
        .map_or("-".into(), |ns| time(ns.median / m.case.tasks as f64))
}

/// From how many children on spawn wins on one thread, and by how much at the most; or that it wins nowhere that was measured.
fn wakes(parts: &[Part], all: &[&Measurement]) -> Option<Result<String, String>> {
    let (header, _) = parts
        .iter()
        .find(|(_, rows)| rows.iter().any(|m| m.case.workload == "wake" && m.reference == "join"))?;
    let rows = in_task(all, "wake", Flavor::CurrentThread);
    let at = crossover(header, &rows)?;
    if let Some(said) = crossover::none_seen(&at, &rows) {
        return Some(Err(said));
    }
    let (first, last) = (rows.first()?, rows.last()?);
    let most = if last.verdict == Some(Verdict::Faster) {
        format!(" (spawned, {} take {})", last.case.tasks, longer(last))
    } else {
        String::new()
    };
    let many = match at.median {
        // Below what was measured.
        0.0 => format!("{} or more", first.case.tasks),
        median => format!("more than {median:.0}"),
    };
    Some(Ok(format!(
        "{many} wait on one thread, each for a wake of its own, as for sockets and channels: join! polls all of them on every \
         wake{most}"
    )))
}

fn no_matter(all: &[&Measurement]) -> Option<Sentence> {
    let m = of(all, "http_delay", 3, |_| true)?;
    let rest = format!(
        "children wait for something slow: spawned, 3 HTTP calls that are answered after 20 ms take {}. Choose by what the two \
         mean.",
        longer(m)
    );
    let evidence = [
        Evidence::Workload("http_delay"),
        Evidence::Workload("http"),
        Evidence::Statements,
    ];
    Some(sentence("It does not matter when", rest, &evidence))
}

fn measure(all: &[&Measurement]) -> Option<Sentence> {
    let mut reasons = Vec::new();
    let mut evidence = Vec::new();
    let small = of(all, "compute", 8, |m| m.case.payload.0 == 16384);
    if let Some(m) = small {
        reasons.push(format!(
            "a child computes for some µs (8 that hash 16 KiB, {} each: {})",
            each(m),
            ratio(m)
        ));
        evidence.push(Evidence::Workload("compute"));
    }
    let busy = busy(all);
    if small.is_some() || busy.is_some() {
        reasons.push(format!(
            "the runtime is busy, as in an axum handler under load{}",
            busy.unwrap_or_default()
        ));
        evidence.push(SERVERS);
    }
    let said = joined(reasons.into_iter(), "; or ")?;
    Some(sentence("Measure when", said + ".", &evidence))
}

/// What was measured beside tasks that are always ready.
fn busy(all: &[&Measurement]) -> Option<String> {
    let beside = |m: &&Measurement| m.case.site.beside() > 0 && m.case.site.in_task();
    let m = spawns(all, "yield")
        .filter(beside)
        .find(|m| m.case.tasks == 8 && m.ratio.is_some())?;
    Some(format!(
        " (8 that yield once beside {} tasks that are always ready: {})",
        m.case.site.beside(),
        ratio(m)
    ))
}

fn never(all: &[&Measurement]) -> Option<Sentence> {
    let tasks = in_task(all, "wake", Flavor::CurrentThread).last()?.case.tasks;
    let polls = |strategy: &str| {
        let strategy: Option<Strategy> = strategy.parse().ok();
        let counts = strategy.and_then(|strategy| strategy.kind().counts);
        counts.map_or("-".into(), |counts| {
            count(counts.woken.children.of(tasks, None) as usize)
        })
    };
    let mut rest = format!(
        "join! thousands: woken one at a time, {tasks} children are polled {} times, spawned ones {}; 10,000 timers want a \
         JoinSet, since tokio lets one task complete 128 of them in a poll",
        polls("join"),
        polls("spawn")
    );
    let mut evidence = vec![Evidence::Counts, Evidence::Document("COUNTS", "timers in one task")];
    let timers = flavors(all).into_iter().find_map(|flavor| {
        let each =
            |(strategy, ns): (&str, Estimate)| format!("{} {}", scale::named(strategy), time(ns.median / 10_000.0));
        let candidates = Candidates::at(all, "timers", flavor, 10_000).0.into_iter();
        Some((flavor, joined(candidates.map(each), ", ")?))
    });
    if let Some((flavor, said)) = timers {
        rest += &format!(" (here, for each of them {}: {said})", on(flavor));
        evidence.push(Evidence::Workload("timers"));
    }
    rest += ". And never block in a child of either: use spawn_blocking.";
    evidence.push(Evidence::Statements);
    Some(sentence("Never", rest, &evidence))
}

/// What holds the children of a number that the program learns as it runs: few, and many, by how they are woken.
pub fn known_at_run_time(parts: &[Part]) -> Option<Sentence> {
    const FLAVOR: Flavor = Flavor::CurrentThread;
    let all = measured(parts);
    let of = |tasks: usize| Some(format!("of {}, {}", count(tasks), chosen(&all, FLAVOR, tasks)?));
    let said = joined([10, 1_000].into_iter().filter_map(of), ". And ")?;
    Some(sentence(
        "Where the number is known at run time only,",
        format!(
            "the fastest of join_all, FuturesUnordered and JoinSet {} is: {said}.",
            on(FLAVOR)
        ),
        &[Evidence::Target("scale"), Evidence::Counts],
    ))
}

/// How far behind the fastest others are.
type Behind<'a> = Vec<(&'a str, f64)>;

/// The fastest of so many children, each with the shapes of waking for which it is that, and how far behind the others are.
fn chosen(all: &[&Measurement], flavor: Flavor, tasks: usize) -> Option<String> {
    let of = |(workload, children)| {
        let candidates = Candidates::at(all, workload, flavor, tasks);
        let (_, first) = *candidates.0.first().filter(|_| candidates.0.len() > 1)?;
        let others = candidates.0[candidates.near()..].iter();
        let behind: Behind = others.map(|(name, ns)| (*name, ns.median / first.median)).collect();
        Some((candidates.fastest(), (children, behind)))
    };
    let shapes = [
        ("ready", "are ready at once"),
        ("yield", "yield once"),
        ("wake", "are woken one at a time"),
        ("mutex", "share a Mutex"),
        ("timers", "sleep"),
    ];
    let said = |(fastest, alike): (Vec<&str>, Vec<(&str, Behind)>)| {
        let (children, behind): (Vec<&str>, Vec<Behind>) = alike.into_iter().unzip();
        let behind = grouped(behind.concat()).into_iter();
        let behind = behind.map(|(name, ratios)| format!("{} {}", scale::named(name), spread(&ratios)));
        let behind = joined(behind, ", ").map_or(String::new(), |behind| format!(" ({behind})"));
        let fastest = scale::in_words(&fastest);
        format!("{fastest} where they {}{behind}", listed(&children, "or"))
    };
    joined(grouped(shapes.into_iter().filter_map(of)).into_iter().map(said), "; ")
}

/// `1.34× to 1.52×`.
fn spread(ratios: &[f64]) -> String {
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    span(times(least), times(most))
}
