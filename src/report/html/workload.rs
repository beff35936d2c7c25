//! The section of a workload: lines along its axes, who wins over both of them, and what only some workloads have.

use std::collections::{BTreeSet, HashMap};

use maud::{Markup, html};

use super::answer::{figure_of, figure_with_legend, tasks_across};
use super::chart::{Across, Chart, Look, Series, Unit, legend, panels};
use super::data::{Data, Group, Workload, known};
use super::exchange::exchange;
use super::intervals::intervals;
use super::{Section, heads, interval, signed, table_of};
use crate::case::Payload;
use crate::findings::crossover;
use crate::in_order::grouped;
use crate::record::Measurement;
use crate::stats::Estimate;
use crate::text::{counted, label, listed, times};

/// The section, under its heading.
pub(super) fn section(data: &Data, workload: &Workload) -> Section {
    let strategies = strategies(workload);
    let looks = looks(&strategies);
    let reference = label(data.reference());
    let axes: [(&str, Along); 2] = [("tasks", along_tasks), ("payload", along_payloads)];
    let kinds = axes.into_iter().flat_map(|(axis, along)| {
        [Unit::Time, Unit::Ratio].map(|unit| {
            let charts = workload
                .groups
                .iter()
                .filter_map(|group| along(group, &strategies, unit));
            let charts = charts.filter(|(_, chart)| chart.is_drawable());
            (axis, unit, charts.collect::<Vec<(String, Chart)>>())
        })
    });
    let kinds: Vec<_> = kinds.filter(|(.., charts)| !charts.is_empty()).collect();
    let figure = figure_of(data, workload);
    let all = html! {
        @for (axis, unit, charts) in &kinds {
            @let ratio = *unit == Unit::Ratio;
            @let looks: Vec<_> = looks.iter().filter(|(name, _)| !ratio || name != reference).cloned().collect();
            h3 { (what(*unit)) " against " (axis) }
            (legend(&looks, ratio))
            (panels(charts))
        }
        (single_points(workload))
        (maps(workload, reference))
    };
    let content = html! {
        @if let Some(entry) = known(workload.name) {
            p { (entry.description) }
            p.note { "Expected: " (entry.expectation) }
        }
        @if let Some(figure) = &figure { (figure_with_legend(data, figure)) }
        (crossovers(workload, reference))
        // One figure answers; the others are there for who wants to know more.
        @if figure.is_some() {
            details {
                summary { "All charts of " (workload.name) ", by runtime, site and payload, and who wins" }
                (all)
            }
        } @else { (all) }
        (exchange(data, workload))
    };
    let name = workload.name;
    Section::new(format!("workload-{name}"), name, name, content)
}

/// How these strategies look.
pub(super) fn looks(strategies: &[&str]) -> Vec<(String, Look)> {
    let look = |name: &&str| (label(name).to_owned(), Look::of_strategy(name));
    strategies.iter().map(look).collect()
}

/// In the order in which they are shown everywhere, the reference first.
fn strategies<'a>(workload: &Workload<'a>) -> Vec<&'a str> {
    let names: BTreeSet<(bool, &str)> = workload
        .rows()
        .map(|m| (!m.is_control(), m.strategy.as_str()))
        .collect();
    names.into_iter().map(|(_, name)| name).collect()
}

/// A chart along an axis, and what it is of.
type Along = fn(&Group, &[&str], Unit) -> Option<(String, Chart)>;

/// Lines over rows that have a place each; of ratios, those of the reference are the noise floor's, not a line.
fn chart(title: String, across: Across, rows: &[(f64, &Measurement)], strategies: &[&str], unit: Unit) -> Chart {
    let mut points: HashMap<&str, Vec<(f64, Estimate)>> = HashMap::new();
    for (at, m) in rows {
        if unit == Unit::Time || !m.is_control() {
            let value = match unit {
                Unit::Time => m.wall_ns.map(|e| e.map(|ns| ns / m.case.tasks as f64)),
                Unit::Ratio => m.ratio,
            };
            points
                .entry(&m.strategy)
                .or_default()
                .extend(value.map(|value| (*at, value)));
        }
    }
    let series = strategies.iter().filter_map(|&name| {
        Some(Series {
            name: label(name).to_owned(),
            look: Look::of_strategy(name),
            points: points.remove(name)?,
            aside: 0.0,
        })
    });
    let floors = rows.iter().filter(|_| unit == Unit::Ratio);
    let mut floor: Vec<(f64, f64)> = floors.filter_map(|(at, m)| Some((*at, m.noise_floor?))).collect();
    floor.dedup_by_key(|(at, _)| *at);
    Chart {
        floor,
        ..Chart::new(title, across, unit, series)
    }
}

/// Lines over the numbers of children of the payload that has most of them, and what they are of.
pub(super) fn along_tasks(group: &Group, strategies: &[&str], unit: Unit) -> Option<(String, Chart)> {
    let (at, rows) = group.by_tasks()?;
    let across = tasks_across(rows.iter().map(|m| m.case.tasks).collect());
    let rows: Vec<(f64, &Measurement)> = rows.into_iter().map(|m| (m.case.tasks as f64, m)).collect();
    let caption = format!("{}, {}, {at} each", group.flavor, group.site);
    let title = format!("{} against tasks: {caption}", what(unit));
    Some((caption, chart(title, across, &rows, strategies, unit)))
}

fn along_payloads(group: &Group, strategies: &[&str], unit: Unit) -> Option<(String, Chart)> {
    let (at, rows) = group.by_payload()?;
    let payloads: BTreeSet<Payload> = rows.iter().map(|m| m.case.payload).collect();
    let payloads: Vec<Payload> = payloads.into_iter().collect();
    let step = |payload: Payload| payloads.binary_search(&payload).unwrap_or(0) as f64;
    let rows: Vec<(f64, &Measurement)> = rows.into_iter().map(|m| (step(m.case.payload), m)).collect();
    let ticks = payloads.iter().map(|&payload| (step(payload), payload.to_string()));
    let across = Across {
        label: "payload of a child".into(),
        ticks: ticks.collect(),
        log: false,
    };
    let caption = format!("{}, {}, {at} tasks", group.flavor, group.site);
    let title = format!("{} against payload: {caption}", what(unit));
    Some((caption, chart(title, across, &rows, strategies, unit)))
}

fn what(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "Time per child",
        Unit::Ratio => "Ratio",
    }
}

/// Where lines cross 1, for workloads in which they are meant to.
fn crossovers(workload: &Workload, reference: &str) -> Markup {
    if workload.name != "wake" {
        return html! {};
    }
    let mut found: Vec<(&str, String)> = Vec::new();
    for group in &workload.groups {
        for name in strategies(workload)
            .into_iter()
            .filter(|name| *name != group.rows[0].reference)
        {
            let rows = group.along_tasks(name);
            if let Some(at) = crossover::crossover(group.header, &rows) {
                let words = crossover::words(&at, &rows);
                found.push((name, format!("{words} on {}, {}", group.flavor, group.site)));
            }
        }
    }
    html! {
        @for (name, words) in grouped(found) {
            p {
                strong { (label(name)) " overtakes " (reference) } " at this number of tasks, with the interval over the \
                rounds: " (listed(&words, "and")) "."
            }
        }
    }
}

/// Ratios of groups that have no axis to be drawn over.
fn single_points(workload: &Workload) -> Markup {
    let points: Vec<(String, Look, Estimate)> = workload
        .groups
        .iter()
        .filter(|group| group.by_tasks().is_none() && group.by_payload().is_none())
        .flat_map(|group| &group.rows)
        .filter(|m| !m.is_control())
        .filter_map(|m| {
            let (case, strategy) = (&m.case, label(&m.strategy));
            let name = format!("{strategy} · {} · {}, {}", case.flavor, case.site, case.tasks);
            Some((name, Look::of_strategy(&m.strategy), m.ratio?))
        })
        .collect();
    let title = format!("{}: ratios of single points", workload.name);
    html! {
        @if !points.is_empty() {
            h3 { "Single points" }
            div.panels {
                figure {
                    figcaption { "Ratio with its interval: strategy, flavor, site, tasks" }
                    (intervals(&title, &points))
                }
            }
        }
    }
}

/// Who wins over tasks and payload, for each group that has several payloads.
fn maps(workload: &Workload, reference: &str) -> Markup {
    let mut maps = Vec::new();
    for group in &workload.groups {
        for name in strategies(workload) {
            let rows: Vec<&Measurement> = group.of(name).filter(|m| !m.is_control()).collect();
            let payloads: BTreeSet<Payload> = rows.iter().map(|m| m.case.payload).collect();
            if payloads.len() > 1 {
                maps.push(map(group, name, &rows, &payloads));
            }
        }
    }
    html! {
        @if !maps.is_empty() {
            h3 { "Who wins" }
            p.note {
                "Ratio to " (reference) " over tasks and payload. "
                span aria-hidden="true" { "▲ " } "slower: " (reference) " wins. "
                span aria-hidden="true" { "▼ " } "faster: the strategy wins. "
                span aria-hidden="true" { "? " } "inconclusive. An empty cell was not measured."
            }
            div.maps { @for map in maps { (map) } }
        }
    }
}

fn map(group: &Group, name: &str, rows: &[&Measurement], payloads: &BTreeSet<Payload>) -> Markup {
    let tasks: BTreeSet<usize> = rows.iter().map(|m| m.case.tasks).collect();
    let cells: HashMap<(Payload, usize), &Measurement> =
        rows.iter().map(|m| ((m.case.payload, m.case.tasks), *m)).collect();
    let caption = format!("{}: {}, {}", label(name), group.flavor, group.site);
    let workload = &group.rows[0].case.workload;
    let head = html! { (heads(["payload"])) (heads(tasks.iter().map(|tasks| counted(*tasks, "task")))) };
    let rows = html! {
        @for payload in payloads {
            tr {
                th scope="row" { (payload) }
                @for tasks in &tasks { (cell(cells.get(&(*payload, *tasks)))) }
            }
        }
    };
    table_of(
        "map",
        &format!("Who wins in {workload}, {caption}"),
        &caption,
        head,
        rows,
    )
}

fn cell(m: Option<&&Measurement>) -> Markup {
    let Some((ratio, verdict)) = m.and_then(|m| Some((m.ratio?, m.verdict?))) else {
        return html! { td {} };
    };
    html! {
        td class={ "v-" (verdict.as_str()) } title=(interval(&ratio)) {
            (times(ratio.median)) br;
            small { (signed(verdict.as_str())) }
        }
    }
}
