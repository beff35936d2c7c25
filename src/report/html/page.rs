//! The page of one run.

use maud::{Markup, html};

use super::data::Data;
use super::{Links, Section, advise, answer, environment, growth, rows, selfcheck, server, shell, workload};
use crate::attachments::RecordedRun;
use crate::claims::Tested;
use crate::findings;
use crate::record::{Header, Measurement, Part};
use crate::report::summary::traps_met;
use crate::text::{counted, listed};

/// One run as a page.
pub fn page(run: &RecordedRun, links: &Links) -> String {
    let (name, parts) = (&run.name, &run.parts);
    let data = Data::new(parts);
    let measurements: Vec<&Measurement> = parts.iter().flat_map(|(_, measurements)| measurements).collect();
    let headers: Vec<(String, &Header)> = parts
        .iter()
        .map(|(header, _)| (header.target.clone(), header))
        .collect();
    let answer = html! {
        p.kicker { @if let Some(home) = &links.home { a href=(home) { "All of the site" } " · " } (about(&data, parts)) }
        h1 { "join! or spawn: " (name) }
        @for header in parts.iter().map(|(header, _)| header).filter(|header| !header.complete) {
            p.warning { "The run of " (header.target) " is not complete." }
        }
        (answer::opening(&data, run))
        @for trap in traps_met(parts) { p.warning { (trap) } }
    };
    let mut sections = Vec::new();
    let advice = advise::section(name, &measurements);
    sections.extend(advice.map(|it| Section::new("advise", "your workload", "For your own workload", it)));
    sections.extend(in_words(parts).map(|it| Section::new("findings", "", "Findings of each target", it)));
    for workload in &data.workloads {
        sections.push(workload::section(&data, workload));
    }
    sections.extend(growth::section(&data).map(|it| Section::new("scale", "scale", "scale", it)));
    let server = run.server.as_ref().map(server::chapter);
    sections.extend(server.map(|it| Section::new("server", "server", "Server", it)));
    let all = html! {
        @if data.all.is_empty() { p { "There are none." } } @else { (rows::table(&data, &run.census, links)) }
    };
    sections.push(Section::new(
        "measurements",
        "all measurements",
        "All measurements",
        all,
    ));
    let environment = environment::environment("Machine, build and run, by target", &headers);
    sections.push(Section::new("environment", "environment", "Environment", environment));
    if !run.claims.is_empty() {
        let heading = "The article’s statements, tested";
        sections.push(Section::new(
            "statements",
            "statements",
            heading,
            statements(&run.claims),
        ));
    }
    let selfcheck = run.selfcheck.as_ref().map(selfcheck::selfcheck);
    sections.extend(selfcheck.map(|it| Section::new("selfcheck", "self-check", "Self-check", it)));
    sections.push(Section::new("method", "method", "Method", environment::method()));
    shell(&format!("{name}: join! or spawn"), answer, sections)
}

/// Each statement with its verdict; what was seen is behind it.
fn statements(claims: &[Tested]) -> Markup {
    html! {
        p.note { "Each is a prediction of what an experiment sees, beside a counterpart in which it must fail." }
        dl.statements {
            @for tested in claims {
                dt { (tested.source) ": “" (tested.statement) "” " strong { (tested.verdict_in_words()) } }
                dd {
                    (tested.instead)
                    details { summary { "What was seen" } p { (tested.evidence) } }
                }
            }
        }
    }
}

/// One line: what was measured, where and when.
fn about(data: &Data, parts: &[Part]) -> String {
    let mut words = vec![counted(data.all.len(), "measurement")];
    let targets: Vec<String> = parts.iter().map(|(h, _)| h.target.clone()).collect();
    if !targets.is_empty() {
        words.push(listed(&targets, "and"));
    }
    if let Some((header, _)) = parts.first() {
        let e = &header.environment;
        words.extend(e.cpu.clone());
        words.push(counted(e.cores, "core"));
        words.push(format!("tokio {}", e.built.tokio));
        words.push(header.started.split('T').next().unwrap_or_default().into());
    }
    words.join(" · ")
}

/// What the tables at the end of each target say.
fn in_words(parts: &[Part]) -> Option<Markup> {
    let said: Vec<(&str, Vec<String>)> = parts
        .iter()
        .map(|(header, rows)| (header.target.as_str(), findings::sentences(header, rows)))
        .filter(|(_, sentences)| !sentences.is_empty())
        .collect();
    let content = html! {
        @for (target, sentences) in &said {
            details {
                summary { h3 { (target) } }
                ul { @for sentence in sentences { li { (sentence) } } }
            }
        }
    };
    (!said.is_empty()).then_some(content)
}
