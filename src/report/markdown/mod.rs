//! A run in Markdown, and its parts spliced between markers into a document.

mod answer;
mod counts;
mod headline;
mod server;

use std::collections::HashMap;
use std::fmt::Write;

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

/// A document whose markers are not in order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// A marker names something that is not made.
    #[error("line {line}: no section `{name}`; there are {}", names())]
    Unknown {
        /// The line, from 1.
        line: usize,
        /// What it names.
        name: String,
    },
    /// A section begins and does not end.
    #[error("line {line}: `<!-- BEGIN {name} -->` without `<!-- END {name} -->`")]
    Open {
        /// The line of its beginning, from 1.
        line: usize,
        /// Its name.
        name: String,
    },
    /// There is nothing to splice into.
    #[error("no `<!-- BEGIN SECTION -->` in it; sections are {}", names())]
    None,
}

fn names() -> String {
    let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    names.join(" ")
}

/// `document` with each `<!-- BEGIN SECTION -->` … `<!-- END SECTION -->` filled from the run.
pub fn splice(document: &str, run: &RecordedRun) -> Result<String, SpliceError> {
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
        let Some((_, make)) = SECTIONS.iter().find(|(known, _)| *known == section) else {
            return Err(SpliceError::Unknown {
                line: index + 1,
                name: section.to_owned(),
            });
        };
        let end = format!("<!-- END {section} -->");
        if !lines.by_ref().any(|(_, line)| line.trim() == end) {
            return Err(SpliceError::Open {
                line: index + 1,
                name: section.to_owned(),
            });
        }
        let _ = write!(out, "\n{}\n{end}\n", make(run));
        any = true;
    }
    if any { Ok(out) } else { Err(SpliceError::None) }
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
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "| workload | strategy | cases | {} |\n|---|---|--:{}|\n",
        Verdict::ALL.map(Verdict::as_str).join(" | "),
        "|--:".repeat(Verdict::ALL.len())
    );
    for ((workload, strategy), all) in rows {
        let count = |verdict| all.iter().filter(|of| **of == verdict).count().to_string();
        let cells = Verdict::ALL.map(count).join(" | ");
        let _ = writeln!(text, "| {workload} | {} | {} | {cells} |", label(strategy), all.len());
    }
    text
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
    let mut text = String::new();
    for (header, measurements) in &run.parts {
        let _ = write!(
            text,
            "{}### {}\n\n",
            if text.is_empty() { "" } else { "\n" },
            header.target
        );
        for sentence in findings::sentences(header, measurements) {
            let _ = writeln!(text, "- {}", escape(&sentence));
        }
    }
    text
}

/// Every measurement, a table for each target.
fn tables(run: &RecordedRun) -> String {
    let mut text = String::new();
    for (header, measurements) in &run.parts {
        let _ = write!(
            text,
            "{}## {}\n\n| case | strategy | time | per child | over the reference | noise floor | verdict |\n|---|---|--:|--:|--:|--:|---|\n",
            if text.is_empty() { "" } else { "\n" },
            header.target
        );
        for m in measurements {
            let _ = match m.status {
                Status::Ok => writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {} | {} |",
                    m.case,
                    label(&m.strategy),
                    m.wall_ns.map_or("-".into(), |ns| time(ns.median)),
                    per_child(m.wall_ns, m),
                    ratio(m),
                    floor(m),
                    verdict(m)
                ),
                _ => writeln!(
                    text,
                    "| {} | {} | | | | | {} |",
                    m.case,
                    label(&m.strategy),
                    escape(m.reason.as_deref().unwrap_or("failed"))
                ),
            };
        }
    }
    text
}
