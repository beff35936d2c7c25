//! The page of one run.

use maud::{Markup, html};

use super::data::Data;
use super::{Links, advise, answer, environment, growth, listed, rows, selfcheck, server, shell, workload};
use crate::attachments::RecordedRun;
use crate::claims::Tested;
use crate::findings;
use crate::record::{Header, Measurement, Part};
use crate::report::summary::traps_met;
use crate::text::counted;

/// One run as a page.
pub fn page(run: &RecordedRun, links: &Links) -> String {
    let (name, parts) = (&run.name, &run.parts);
    let data = Data::new(parts);
    let mut sections = vec![("answer".to_owned(), "answer".to_owned())];
    let measurements: Vec<&Measurement> = parts.iter().flat_map(|(_, measurements)| measurements).collect();
    let advice = advise::section(name, &measurements);
    if advice.is_some() {
        sections.push(("advise".into(), "your workload".into()));
    }
    for workload in &data.workloads {
        let id = format!("workload-{}", workload.name);
        sections.push((id, workload.name.to_owned()));
    }
    for (id, name, there) in [
        ("scale", "scale", !data.scale.is_empty()),
        ("server", "server", run.server.is_some()),
        ("measurements", "all measurements", true),
        ("environment", "environment", true),
        ("statements", "statements", !run.claims.is_empty()),
        ("selfcheck", "self-check", run.selfcheck.is_some()),
        ("method", "method", true),
    ] {
        if there {
            sections.push((id.into(), name.into()));
        }
    }
    let headers: Vec<(String, &Header)> = parts
        .iter()
        .map(|(header, _)| (header.target.clone(), header))
        .collect();
    let content = html! {
        header id="answer" {
            p.kicker { @if let Some(home) = &links.home { a href=(home) { "All of the site" } " · " } (about(&data, parts)) }
            h1 { "join! or spawn: " (name) }
            @for header in parts.iter().map(|(header, _)| header).filter(|header| !header.complete) {
                p.warning { "The run of " (header.target) " is not complete." }
            }
            (answer::opening(&data, run))
            @for trap in traps_met(parts) { p.warning { (trap) } }
        }
        @if let Some(advice) = advice { (advice) }
        (in_words(parts))
        @for workload in &data.workloads { (workload::section(&data, workload)) }
        (growth::section(&data))
        @if let Some(record) = &run.server {
            section id="server" aria-labelledby="h-server" {
                h2 id="h-server" { "Server" }
                (server::chapter(record))
            }
        }
        section id="measurements" aria-labelledby="h-measurements" {
            h2 id="h-measurements" { "All measurements" }
            @if data.all.is_empty() { p { "There are none." } } @else { (rows::table(&data, &run.census, links)) }
        }
        section id="environment" aria-labelledby="h-environment" {
            h2 id="h-environment" { "Environment" }
            (environment::environment("Machine, build and run, by target", &headers))
        }
        @if !run.claims.is_empty() {
            section id="statements" aria-labelledby="h-statements" {
                h2 id="h-statements" { "The article’s statements, tested" }
                (statements(&run.claims))
            }
        }
        @if let Some(found) = &run.selfcheck {
            section id="selfcheck" aria-labelledby="h-selfcheck" {
                h2 id="h-selfcheck" { "Self-check" }
                (selfcheck::selfcheck(found))
            }
        }
        section id="method" aria-labelledby="h-method" {
            h2 id="h-method" { "Method" }
            (environment::method())
        }
    };
    shell(&format!("{name}: join! or spawn"), &sections, content)
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
        words.push(listed(&targets));
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
fn in_words(parts: &[Part]) -> Markup {
    let said: Vec<(&str, Vec<String>)> = parts
        .iter()
        .map(|(header, rows)| (header.target.as_str(), findings::sentences(header, rows)))
        .filter(|(_, sentences)| !sentences.is_empty())
        .collect();
    html! {
        @if !said.is_empty() {
            section id="findings" aria-labelledby="h-findings" {
                h2 id="h-findings" { "Findings of each target" }
                @for (target, sentences) in said {
                    details {
                        summary { h3 { (target) } }
                        ul { @for sentence in sentences { li { (sentence) } } }
                    }
                }
            }
        }
    }
}
