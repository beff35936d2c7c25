//! What a `cargo bench` says at its end, over all targets that it ran: the answer, the rows that tell most, what disturbed it,
//! and where there is more. It fits a terminal of 100 columns.

use std::path::{Path, PathBuf};

use super::changes::Style;
use super::columns::table;
use crate::findings::answer::{answer, known_at_run_time};
use crate::findings::headline::{Headline, headline};
use crate::findings::scale::shapes;
use crate::in_order::grouped;
use crate::record::{Header, Measurement, Part, Status};
use crate::session::memory;
use crate::stats::Verdict;
use crate::table::{counts, telling};
use crate::text::{interval, joined, label, more, span, times};
use crate::warnings::not_applicable;

/// Columns of a terminal.
const WIDTH: usize = 100;
/// Rows of the table.
const ROWS: usize = 12;
/// Of fewer headline rows there is more to say by what tells most.
const FEWEST_HEADLINES: usize = 6;
/// Failures that are listed one by one.
const FAILURES: usize = 8;

/// Where there is more.
#[derive(Debug, Default)]
pub struct Paths {
    /// The records of the targets.
    pub records: Vec<PathBuf>,
    /// Criterion's report, where it was made.
    pub criterion: Option<PathBuf>,
}

/// The summary.
pub fn summary(parts: &[Part], paths: &Paths) -> String {
    let mut text = String::from("\n");
    let mut said = answer(parts);
    if said.is_empty() {
        said.extend(known_at_run_time(parts));
    }
    for sentence in said {
        text += &wrapped(&format!("{} {}", sentence.lead, sentence.rest), "  ");
    }
    text += &rows(parts);
    if let [(header, measurements)] = parts {
        text += &verdicts(header, measurements, false);
    } else {
        // What is against join! in all of them is one sentence; the others were said with their target.
        let all: Vec<Measurement> = parts.iter().flat_map(|(_, rows)| rows).cloned().collect();
        let against_join = counts(&all.into_iter().filter(|m| m.reference == "join").collect::<Vec<_>>());
        text.extend(against_join.iter().map(|sentence| wrapped(sentence, "  ")));
    }
    text += &failures(parts);
    text += &traps(parts);
    text += &cut(parts);
    if let [(header, _)] = parts {
        text += &memory_of(header);
    }
    text += &extent(parts);
    text += &more_in(parts, paths);
    text
}

/// What a target says when it has measured and others follow: some lines, of spawn's time over join!'s.
pub fn headlines((header, measurements): &Part) -> String {
    let ok: Vec<&Measurement> = measurements.iter().filter(|m| m.status == Status::Ok).collect();
    let fastest: Vec<String> = shapes(header, &ok)
        .into_iter()
        .filter_map(|shape| Some(format!("  {} on {}: {}.", shape.workload, shape.flavor, shape.fastest?)))
        .collect();
    // Of large numbers of children the question is which strategy holds them, and not how many verdicts there are.
    let mut text = if fastest.is_empty() {
        verdicts(header, measurements, true)
    } else {
        let of = format!(
            "{}: the fastest of join_all, FuturesUnordered and JoinSet:",
            header.target
        );
        let lines = fastest.iter().map(|line| wrapped(line, "    "));
        lines.fold(wrapped(&of, "  "), |text, line| text + &line)
    };
    for row in headline(measurements.iter()).iter().take(4) {
        let m = row.spawn;
        text += &format!(
            "  {} ({}): {} {}, {}\n",
            row.says,
            m.case.flavor,
            m.ratio.map_or("-".into(), |ratio| times(ratio.median)),
            m.ratio.map_or(String::new(), |ratio| interval(&ratio, "(a preview)")),
            m.verdict.map_or("-", Verdict::as_str),
        );
    }
    text + &memory_of(header)
}

fn memory_of(header: &Header) -> String {
    memory(&header.resident_bytes).map_or(String::new(), |said| wrapped(&said, "  "))
}

/// A text for a terminal of 100 columns, lines after the first so far in.
pub(crate) fn wrapped(text: &str, indent: &str) -> String {
    let options = textwrap::Options::new(WIDTH).subsequent_indent(indent);
    textwrap::fill(text, options) + "\n"
}

fn verdicts(header: &Header, measurements: &[Measurement], named: bool) -> String {
    let name = if named {
        format!("{}: ", header.target)
    } else {
        String::new()
    };
    let sentences = counts(measurements).into_iter();
    sentences
        .map(|sentence| wrapped(&format!("{name}{sentence}"), "  "))
        .collect()
}

/// The table: a dozen rows.
fn rows(parts: &[Part]) -> String {
    let rows = || parts.iter().flat_map(|(_, rows)| rows);
    let all = || rows().filter(|m| m.status == Status::Ok);
    let headlines = headline(all());
    let (table, shown) = if headlines.len() >= FEWEST_HEADLINES {
        // The last one of the same children says least.
        let shown: Vec<&Headline> = headlines.iter().take(ROWS).collect();
        let rows = shown.iter().map(|row| (row.says.to_owned(), row.spawn));
        (rows_of("children", true, rows), shown.first().map(|row| row.spawn))
    } else {
        let mut rows: Vec<&Measurement> = all().filter(|m| !m.is_control()).collect();
        if rows.is_empty() {
            rows = all().collect();
        }
        rows.sort_by(|a, b| telling(b).total_cmp(&telling(a)));
        rows.truncate(ROWS);
        let first = rows.first().copied();
        let ids = rows.into_iter().map(|m| (m.case.measurement_id(&m.strategy), m));
        (rows_of("measurement", false, ids), first)
    };
    let Some(first) = shown else {
        return String::new();
    };
    let level = first.ratio.map_or(0.0, |ratio| ratio.level);
    let layouts = || parts.iter().map(|(header, _)| header.layouts_made());
    let over = match (layouts().min().unwrap_or(1), layouts().max().unwrap_or(1)) {
        (1, _) => "rounds".to_owned(),
        (least, most) => format!("{} layouts", span(least, most)),
    };
    let legend = if level > 0.0 {
        format!(
            "More: for each child. Ratio: over {}'s time; intervals: {:.1}% or more, over {over}.",
            label(&first.reference),
            level * 100.0
        )
    } else {
        "Ratio: time over the reference's; fewer than 6 rounds are a preview: no interval, and every verdict is \
         inconclusive."
            .to_owned()
    };
    format!("\n{table}{}", wrapped(&legend, ""))
}

fn rows_of<'a>(first: &str, flavor: bool, rows: impl Iterator<Item = (String, &'a Measurement)>) -> String {
    let before = |first: String, flavor_of: String| [first].into_iter().chain(flavor.then_some(flavor_of));
    let rows = rows.map(|(name, m)| {
        before(name, m.case.flavor.to_string()).chain([
            m.difference_ns.map_or("-".into(), |ns| more(ns.median)),
            m.ratio.map_or("-".into(), |ratio| times(ratio.median)),
            m.ratio.map_or("-".into(), |ratio| interval(&ratio, "none")),
            m.verdict.map_or("-", Verdict::as_str).to_owned(),
        ])
    });
    let head = before(first.to_owned(), "runtime".to_owned());
    let head: Vec<String> = head
        .chain(["more", "ratio", "interval", "verdict"].map(str::to_owned))
        .collect();
    let verdict = head.len() - 1;
    table(Style::Text, head, verdict - 3..verdict, rows)
}

fn failures(parts: &[Part]) -> String {
    let all = parts
        .iter()
        .flat_map(|(header, rows)| rows.iter().map(move |m| (header, m)));
    let failed: Vec<(&Header, &Measurement)> = all.filter(|(_, m)| m.status != Status::Ok).collect();
    let line = |(header, m): &(&Header, &Measurement)| {
        let what = match m.status {
            Status::Failed if not_applicable(&m.case, header.environment.cores).is_some() => "left out",
            status => status.as_str(),
        };
        let reason = m.reason.as_deref().unwrap_or("no reason given");
        format!("{what}: {}: {reason}\n", m.case.measurement_id(&m.strategy))
    };
    let mut text: String = failed.iter().take(FAILURES).map(line).collect();
    if let Some(more) = failed.len().checked_sub(FAILURES + 1) {
        text += &format!("and {} more that were not measured, in the records\n", more + 1);
    }
    text
}

fn traps(parts: &[Part]) -> String {
    let traps = traps_met(parts).into_iter();
    traps.map(|trap| wrapped(&format!("Trap: {trap}"), "  ")).collect()
}

/// Each trap once, with the targets that met it.
pub fn traps_met(parts: &[Part]) -> Vec<String> {
    let traps = parts
        .iter()
        .flat_map(|(header, _)| header.traps.iter().map(move |trap| (header.target.as_str(), trap)));
    let kinds = grouped(traps.map(|met| (met.1.split(':').next(), met)));
    let line = |(_, met): (_, Vec<(&str, &String)>)| {
        let targets: Vec<&str> = met.iter().map(|(target, _)| *target).collect();
        let others = match targets.as_slice() {
            [_] if parts.len() == 1 => String::new(),
            [one] => format!(" ({one})"),
            [first, others @ ..] => format!(" ({first}; also {})", others.join(", ")),
            [] => String::new(),
        };
        format!("{}{others}", met[0].1)
    };
    kinds.into_iter().map(line).collect()
}

/// What was left out for want of time.
fn cut(parts: &[Part]) -> String {
    if let [(header, _)] = parts {
        let lines = header.cut.iter().map(|cut| wrapped(&format!("Cut: {cut}"), "  "));
        return lines.collect();
    }
    let cut = parts.iter().filter(|(header, _)| !header.cut.is_empty());
    let part = |(header, _): &Part| format!("{} {} of {}", header.target, header.states.len(), header.rounds);
    joined(cut.map(part), ", ").map_or(String::new(), |parts| {
        let said = format!(
            "Rounds that fitted into the time of their target, of which cases of long blocks have all that they were to have: \
             {parts}. JVS_MINUTES gives a target more minutes, or fewer."
        );
        wrapped(&said, "  ")
    })
}

/// How much was measured, in how long.
fn extent(parts: &[Part]) -> String {
    let Some((header, _)) = parts.first() else {
        return String::new();
    };
    let measurements: usize = parts.iter().map(|(_, rows)| rows.len()).sum();
    let seconds: f64 = parts.iter().map(|(header, _)| header.seconds).sum();
    let rounds = || parts.iter().map(|(header, _)| header.states.len());
    let rounds = span(rounds().min().unwrap_or(0), rounds().max().unwrap_or(0));
    let seed = match parts.iter().all(|(other, _)| other.seed == header.seed) {
        true => format!(" Seed {}.", header.seed),
        false => String::new(),
    };
    let complete = parts.iter().all(|(header, _)| header.complete);
    let e = &header.environment;
    let text = format!(
        "{measurements} measurements in {seconds:.0} s, {rounds} rounds{}; tokio {}, {}, {} cores.{seed}",
        if complete { "" } else { ", cut short" },
        e.built.tokio,
        e.cpu.as_deref().unwrap_or("an unknown processor"),
        e.cores
    );
    wrapped(&text, "  ")
}

fn more_in(parts: &[Part], paths: &Paths) -> String {
    let mut text = String::new();
    match paths.records.as_slice() {
        [] => {}
        [one] => text += &format!("Record: {}\n", shown(one)),
        [first, ..] => text += &format!("Records: {}\n", shown(first.parent().unwrap_or(first))),
    }
    if let Some(path) = &paths.criterion {
        text += &format!("Criterion's report: {} (its lines: --verbose)\n", shown(path));
    }
    if !paths.records.is_empty() && parts.iter().any(|(_, rows)| !rows.is_empty()) {
        let run = paths.records.first().and_then(|path| path.parent());
        let name = run
            .and_then(Path::file_name)
            .map_or("latest".into(), |name| name.to_string_lossy());
        text += &format!("As a page: cargo run --release -- report {name}   every row: the same with --format text\n");
    }
    text
}

/// A path as a reader may type it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}
