//! A run in Markdown, and its parts spliced between markers into a document.

use std::fmt::Write;

use super::{findings, label, significant, time};
use crate::case::{Case, Flavor, Payload, Site};
use crate::record::{Header, Measurement, Status};
use crate::stats::{Estimate, Verdict};

type Part = (Header, Vec<Measurement>);

/// A section that a document may hold: its name, and what makes it.
type Section = (&'static str, fn(&str, &[Part]) -> String);

/// The sections by name.
const SECTIONS: &[Section] = &[
    ("conditions", conditions),
    ("headline", headline),
    ("verdicts", verdicts),
    ("findings", findings),
    ("tables", tables),
];

/// The whole run.
pub fn render(name: &str, parts: &[Part]) -> String {
    let mut text = format!("# Run {name}\n");
    for (_, make) in SECTIONS {
        let section = make(name, parts);
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
pub fn splice(document: &str, name: &str, parts: &[Part]) -> Result<String, SpliceError> {
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
        let _ = write!(out, "\n{}\n{end}\n", make(name, parts));
        any = true;
    }
    if any { Ok(out) } else { Err(SpliceError::None) }
}

/// On what it was measured, in a sentence.
fn conditions(name: &str, parts: &[Part]) -> String {
    let Some((header, _)) = parts.first() else {
        return String::new();
    };
    let e = &header.environment;
    let seconds: f64 = parts.iter().map(|(header, _)| header.seconds).sum();
    let unknown = || "unknown".to_owned();
    format!(
        "Run `{name}`: {}, {} cores, {}; tokio {}, {}; {} matrix, {} rounds, {:.0} minutes; revision {}.\n",
        escape(&e.cpu.clone().unwrap_or_else(unknown)),
        e.cores,
        escape(&e.kernel.clone().unwrap_or_else(unknown)),
        escape(&e.tokio),
        escape(&e.rustc),
        escape(&header.matrix),
        header.rounds,
        seconds / 60.0,
        escape(&e.git.clone().unwrap_or_else(unknown)),
    )
}

/// Text that stays text in a table of Markdown.
pub(super) fn escape(text: &str) -> String {
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

/// The flavors that a headline speaks of: one thread, one worker, and one worker for each core.
#[derive(Clone, Copy, PartialEq)]
enum On {
    OneThread,
    OneWorker,
    AllCores,
}

/// A row of the headline: what it says, and the case that it takes.
struct Line {
    says: &'static str,
    workload: &'static str,
    on: On,
    site: Site,
    payload: usize,
    tasks: usize,
}

const fn line(
    says: &'static str,
    workload: &'static str,
    on: On,
    payload: usize,
    tasks: usize,
) -> Line {
    Line {
        says,
        workload,
        on,
        site: Site::Worker,
        payload,
        tasks,
    }
}

const HEADLINE: &[Line] = &[
    line(
        "8 children that yield once, in a task",
        "yield",
        On::OneThread,
        0,
        8,
    ),
    line("64 of them", "yield", On::OneThread, 0, 64),
    line("8 of them", "yield", On::AllCores, 0, 8),
    line("8 that carry 4 KiB each", "yield", On::OneThread, 4096, 8),
    Line {
        site: Site::BlockOn,
        ..line(
            "8 that carry nothing, directly in `main`",
            "yield",
            On::AllCores,
            0,
            8,
        )
    },
    line("8 woken one at a time", "wake", On::OneThread, 0, 8),
    line("64 woken one at a time", "wake", On::OneThread, 0, 64),
    line("256 woken one at a time", "wake", On::OneThread, 0, 256),
    line("8 that hash 16 KiB each", "compute", On::AllCores, 16384, 8),
    line(
        "8 that hash 1 MiB each",
        "compute",
        On::AllCores,
        1 << 20,
        8,
    ),
    line(
        "3 fetches of 64 B from a server on the same machine",
        "http",
        On::OneThread,
        64,
        3,
    ),
    line("8 of them", "http", On::OneWorker, 64, 8),
    line(
        "3 fetches that are answered after 20 ms",
        "http_delay",
        On::AllCores,
        64,
        3,
    ),
    line(
        "3 fetches of 64 KiB of JSON, decoded",
        "http_parse",
        On::AllCores,
        65536,
        3,
    ),
];

/// The cases that say the most.
fn headline(_: &str, parts: &[Part]) -> String {
    let all: Vec<&Measurement> = measured(parts).collect();
    let most = all
        .iter()
        .map(|m| m.case.flavor.workers())
        .max()
        .unwrap_or(1);
    let mut text = String::new();
    for line in HEADLINE {
        let flavor = match line.on {
            On::OneThread => Flavor::CurrentThread,
            On::OneWorker => Flavor::MultiThread(1),
            On::AllCores => Flavor::MultiThread(most),
        };
        let case = Case {
            workload: line.workload.to_owned(),
            flavor,
            site: line.site,
            payload: Payload(line.payload),
            tasks: line.tasks,
        };
        let find = |strategy: &str| {
            let mut found = all.iter();
            found.find(|m| m.case == case && m.strategy == strategy && m.reference == "join")
        };
        let (Some(join), Some(spawn)) = (find("join"), find("spawn")) else {
            continue;
        };
        if text.is_empty() {
            text += "| children | runtime | join!, per child | spawn, per child | spawn over join! | noise floor | verdict on spawn |\n";
            text += "|---|---|--:|--:|--:|--:|---|\n";
        }
        let _ = writeln!(
            text,
            "| {} | {flavor} | {} | {} | {} | {} | {} |",
            line.says,
            per_child(join),
            per_child(spawn),
            ratio(spawn),
            floor(spawn),
            verdict(spawn)
        );
    }
    text
}

fn measured(parts: &[Part]) -> impl Iterator<Item = &Measurement> {
    let all = parts.iter().flat_map(|(_, measurements)| measurements);
    all.filter(|m| m.status == Status::Ok)
}

fn per_child(m: &Measurement) -> String {
    m.wall_ns
        .map_or("-".into(), |ns| time(ns.median / m.tasks as f64))
}

fn ratio(m: &Measurement) -> String {
    let shown = |ratio: &Estimate| {
        let [median, low, high] = [ratio.median, ratio.low, ratio.high].map(significant);
        if ratio.level > 0.0 {
            format!("{median}× [{low}, {high}]")
        } else {
            format!("{median}×")
        }
    };
    m.ratio.as_ref().map_or("-".into(), shown)
}

fn floor(m: &Measurement) -> String {
    m.noise_floor.map_or("-".into(), |floor| {
        format!("±{}%", significant(floor * 100.0))
    })
}

fn verdict(m: &Measurement) -> &'static str {
    m.verdict.map_or("-", Verdict::as_str)
}

/// How often each verdict was given, by workload.
fn verdicts(_: &str, parts: &[Part]) -> String {
    let mut rows: Vec<(&str, &str, [usize; 4])> = Vec::new();
    for m in measured(parts).filter(|m| !m.is_control()) {
        let place = match m.verdict {
            Some(Verdict::Slower) => 0,
            Some(Verdict::Faster) => 1,
            Some(Verdict::Same) => 2,
            _ => 3,
        };
        let known = rows
            .iter_mut()
            .find(|(workload, strategy, _)| *workload == m.workload && *strategy == m.strategy);
        match known {
            Some((_, _, counts)) => counts[place] += 1,
            None => {
                let mut counts = [0; 4];
                counts[place] = 1;
                rows.push((&m.workload, &m.strategy, counts));
            }
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "| workload | strategy | cases | slower | faster | same | inconclusive |\n|---|---|--:|--:|--:|--:|--:|\n",
    );
    for (workload, strategy, [slower, faster, same, inconclusive]) in rows {
        let _ = writeln!(
            text,
            "| {workload} | {} | {} | {slower} | {faster} | {same} | {inconclusive} |",
            label(strategy),
            slower + faster + same + inconclusive
        );
    }
    text
}

/// What the tables show, in sentences.
fn findings(_: &str, parts: &[Part]) -> String {
    parts
        .iter()
        .flat_map(|(_, measurements)| findings::sentences(measurements))
        .fold(String::new(), |text, sentence| {
            text + "- " + &sentence + "\n"
        })
}

/// Every measurement, a table for each target.
fn tables(_: &str, parts: &[Part]) -> String {
    let mut text = String::new();
    for (header, measurements) in parts {
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
                    per_child(m),
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
