//! A run in Markdown, and its parts spliced between markers into a document.

mod answer;
mod counts;
mod headline;
mod server;

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

use super::{claims, selfcheck};
use crate::attachments::RecordedRun;
use crate::case::Case;
use crate::findings;
use crate::in_order::grouped;
use crate::record::{Measurement, Part, Status};
use crate::stats::{Estimate, Verdict};
use crate::table::in_two_modes;
use crate::text::{self, known, label, time};

/// A section that a document may hold: its name, and what makes it; empty where the run has nothing for it.
type Section = (&'static str, fn(&RecordedRun) -> String);

/// The sections by name.
const SECTIONS: &[Section] = &[
    ("charts", answer::charts),
    ("answer", answer::answer),
    ("conditions", conditions),
    ("headline", headline::headline),
    ("server", server::chapter),
    ("counts", counts::counts),
    ("claims", claims),
    ("selfcheck", selfcheck),
    ("sample", sample),
    ("verdicts", verdicts),
    ("findings", findings),
    ("tables", tables),
];

/// The whole run.
pub fn render(run: &RecordedRun) -> String {
    let mut text = format!("# Run {}\n", escape(&run.name));
    for (_, make) in SECTIONS {
        let section = make(run);
        if !section.is_empty() {
            let _ = write!(text, "\n{section}");
        }
    }
    text
}

fn names() -> String {
    SECTIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

/// `document` with each `<!-- BEGIN SECTION -->` … `<!-- END SECTION -->` filled from the run.
///
/// # Errors
///
/// The line whose marker is not in order, and why; or that there is none.
pub fn splice(document: &str, run: &RecordedRun) -> Result<String, String> {
    let mut out = String::new();
    let mut lines = document.lines().enumerate();
    let mut any = false;
    while let Some((index, line)) = lines.next() {
        out += line;
        out.push('\n');
        let begun = line
            .trim()
            .strip_prefix("<!-- BEGIN ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        let Some(section) = begun else { continue };
        let wrong = |what: String| format!("line {}: {what}", index + 1);
        let Some((_, make)) = SECTIONS.iter().find(|(known, _)| *known == section) else {
            return Err(wrong(format!("no section `{section}`; there are {}", names())));
        };
        let end = format!("<!-- END {section} -->");
        if !lines.by_ref().any(|(_, line)| line.trim() == end) {
            return Err(wrong(format!("`<!-- BEGIN {section} -->` without `{end}`")));
        }
        let _ = write!(out, "\n{}\n{end}\n", make(run));
        any = true;
    }
    let none = || format!("no `<!-- BEGIN SECTION -->` in it; sections are {}", names());
    any.then_some(out).ok_or_else(none)
}

/// How many rounds its targets made, which may be fewer than were planned.
fn rounds(run: &RecordedRun) -> String {
    let made = |(header, _): &Part| header.states.len();
    let least = run.parts.iter().map(made).min().unwrap_or(0);
    let most = run.parts.iter().map(made).max().unwrap_or(0);
    let planned = run.parts.first().map_or(0, |(header, _)| header.rounds);
    match (least, most) {
        (least, most) if least == most && most == planned => format!("{planned} rounds"),
        (least, most) if least == most => format!("{most} rounds of {planned} planned"),
        (least, most) => format!("{least} to {most} rounds a target, {planned} planned"),
    }
}

/// On what it was measured, in a sentence.
fn conditions(run: &RecordedRun) -> String {
    let Some((header, _)) = run.parts.first() else {
        return String::new();
    };
    let e = &header.environment;
    let seconds: f64 = run.parts.iter().map(|(header, _)| header.seconds).sum();
    let mut text = format!(
        "Run `{}`: {}, {} cores, {}; tokio {}, {}; {} matrix, {}, {:.0} minutes; revision {}.\n",
        run.name,
        escape(&known(&e.cpu)),
        e.cores,
        escape(&known(&e.kernel)),
        escape(&e.built.tokio),
        escape(&e.built.rustc),
        escape(&header.matrix),
        rounds(run),
        seconds / 60.0,
        escape(&known(&e.git)),
    );
    if run.traps().next().is_some() {
        text += "\nSeen while it ran:\n\n";
    }
    for (target, trap) in run.traps() {
        let _ = writeln!(text, "- {}: {}", escape(target), escape(trap));
    }
    text
}

/// Text that stays text in a table of Markdown.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '&' => escaped += "&amp;",
            '|' | '`' | '*' | '[' | ']' | '\\' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A table with these heads, numbers in some of its columns, and the cells of rows; nothing without a row.
pub(super) fn table(head: &str, numbers: Range<usize>, rows: impl IntoIterator<Item = String>) -> String {
    let rows: String = rows.into_iter().map(|row| format!("| {row} |\n")).collect();
    if rows.is_empty() {
        return rows;
    }
    let rule = |column| if numbers.contains(&column) { "--:|" } else { "---|" };
    let rule: String = (0..=head.matches('|').count()).map(rule).collect();
    format!("| {head} |\n|{rule}\n{rows}")
}

fn measured(run: &RecordedRun) -> impl Iterator<Item = &Measurement> {
    run.measurements().filter(|m| m.status == Status::Ok)
}

fn per_child(ns: Option<Estimate>, m: &Measurement) -> String {
    ns.map_or("-".into(), |ns| time(ns.median / m.case.tasks as f64))
}

fn ratio(m: &Measurement) -> String {
    m.ratio
        .as_ref()
        .map_or("-".into(), |ratio| findings::estimated(ratio, "×"))
}

fn floor(m: &Measurement) -> String {
    m.noise_floor.map_or("-".into(), text::floor)
}

fn verdict(m: &Measurement) -> String {
    let word = m.verdict.map_or("-", Verdict::as_str).to_owned();
    match (m.verdict, m.modes.as_slice()) {
        (Some(Verdict::Depends), [fast, slow]) => format!("{word}: {}", in_two_modes(fast, slow)),
        _ => word,
    }
}

/// The article's statements, tested; figures are the run's where it measured the case.
fn claims(run: &RecordedRun) -> String {
    let measured: HashMap<&Case, &Measurement> = measured(run)
        .filter(|m| m.strategy == "spawn" && m.reference == "join")
        .map(|m| (&m.case, m))
        .collect();
    let served = run.server.as_ref().and_then(::server::table::sentence);
    claims::markdown(&run.claims, served.as_deref(), |case| measured.get(case).copied())
}

/// The self-check: each bar, and whether it held.
fn selfcheck(run: &RecordedRun) -> String {
    let Some(found) = &run.selfcheck else {
        return String::new();
    };
    format!("{}\n\n{}", escape(&found.summary()), selfcheck::markdown(&found.bars))
}

/// How often each verdict was given, by workload.
fn verdicts(run: &RecordedRun) -> String {
    let compared = measured(run).filter(|m| !m.is_control());
    let verdict = |m: &Measurement| m.verdict.unwrap_or(Verdict::Inconclusive);
    let rows = grouped(compared.map(|m| ((&m.case.workload, &m.strategy), verdict(m))));
    let head = format!(
        "workload | strategy | cases | {}",
        Verdict::ALL.map(Verdict::as_str).join(" | ")
    );
    let rows = rows.into_iter().map(|((workload, strategy), all)| {
        let count = |verdict| all.iter().filter(|of| **of == verdict).count().to_string();
        let cells = Verdict::ALL.map(count).join(" | ");
        format!("{workload} | {} | {} | {cells}", label(strategy), all.len())
    });
    table(&head, 2..3 + Verdict::ALL.len(), rows)
}

/// Some rows as the terminal shows them, most telling first.
fn sample(run: &RecordedRun) -> String {
    const LINES: usize = 6;
    let part = run.parts.iter().find(|(header, _)| header.target == "wakeups");
    let Some((header, measurements)) = part.or(run.parts.first()) else {
        return String::new();
    };
    let table = crate::table::render(header, measurements);
    let rows = table.lines().take(LINES).map(|line| format!("{line}\n"));
    format!("```text\n{}```\n", rows.collect::<String>())
}

/// What the tables show, in sentences.
fn findings(run: &RecordedRun) -> String {
    let part = |(header, measurements): &Part| {
        let sentences = findings::sentences(header, measurements);
        let lines: String = sentences.iter().map(|said| format!("- {}\n", escape(said))).collect();
        format!("### {}\n\n{lines}", header.target)
    };
    run.parts.iter().map(part).collect::<Vec<String>>().join("\n")
}

/// Every measurement, a table for each target.
fn tables(run: &RecordedRun) -> String {
    const HEAD: &str = "case | strategy | time | per child | over the reference | noise floor | verdict";
    let row = |m: &Measurement| {
        let (case, strategy) = (&m.case, label(&m.strategy));
        if m.status != Status::Ok {
            let reason = escape(m.reason.as_deref().unwrap_or("failed"));
            return format!("{case} | {strategy} | | | | | {reason}");
        }
        let time = m.wall_ns.map_or("-".into(), |ns| time(ns.median));
        let cells = [time, per_child(m.wall_ns, m), ratio(m), floor(m), verdict(m)];
        format!("{case} | {strategy} | {}", cells.join(" | "))
    };
    let part = |(header, measurements): &Part| {
        let rows = table(HEAD, 2..6, measurements.iter().map(row));
        format!("## {}\n\n{rows}", header.target)
    };
    run.parts.iter().map(part).collect::<Vec<String>>().join("\n")
}
