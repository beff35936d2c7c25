//! The page of two runs.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::answer::tasks_across;
use super::chart::{Chart, Look, Series, Unit, legend, panels};
use super::data::rank;
use super::intervals::intervals;
use super::rows::{Column, choice, choices, headings, sortable};
use super::{Section, badge, environment, interval, ratio_of, shell, signed, time_of};
use crate::case::Payload;
use crate::compare::{Change, Comparison, Row};
use crate::in_order::unique;
use crate::record::{Header, Part};
use crate::stats::Estimate;
use crate::text::{counted, label, times};

const LOOKS: [&str; 2] = ["run-a", "run-b"];
const NAMES: [&str; 2] = ["A", "B"];

/// Two runs side by side, changes first.
pub fn comparison(names: [&str; 2], a: &[Part], b: &[Part], comparison: &Comparison) -> String {
    let mut groups: BTreeMap<(usize, &str), Vec<&Row>> = BTreeMap::new();
    for row in &comparison.rows {
        let name = row.case.workload.as_str();
        groups.entry((rank(name), name)).or_default().push(row);
    }
    let parts = a.iter().map(|part| (names[0], part));
    let parts = parts.chain(b.iter().map(|part| (names[1], part)));
    let headers: Vec<(String, &Header)> = parts
        .map(|(name, (header, _))| (format!("{name}: {}", header.target), header))
        .collect();
    let answer = html! {
        p.kicker { "Two runs compared: A is " (names[0]) ", B is " (names[1]) }
        h1 { (names[0]) " against " (names[1]) }
        @if !comparison.same_conditions {
            p.warning {
                "The two runs were not made under the same conditions: their times cannot be compared, only their \
                ratios are."
            }
        }
        div.answer { @for sentence in sentences(names, comparison) { p { (sentence) } } }
        (differences(comparison))
    };
    let rows = html! {
        @if comparison.rows.is_empty() {
            p { "The runs have no measurement in common." }
        } @else {
            (table(comparison))
        }
        (missing(comparison))
    };
    let mut sections = vec![Section::new("rows", "all changes", "All changes", rows)];
    let workloads = groups.iter().map(|((_, name), rows)| section(names, name, rows));
    sections.extend(workloads);
    let environment = environment::environment("Machine, build and run, by run and target", &headers);
    sections.push(Section::new("environment", "environment", "Environment", environment));
    let method = html! {
        p {
            "What is compared is the ratio to the reference, which each run measured side by side: times move with the \
            state of a machine. The change is B's ratio over A's, the median of all differences between their \
            rounds in the log, with the exact interval of Hodges and Lehmann. It is called slower or faster where that \
            whole interval lies beyond the threshold, unchanged where it lies within, else inconclusive, which never \
            means that nothing changed; and host where waking a thread, or work like a task's, took longer or shorter \
            by as much."
        }
        (environment::method())
    };
    sections.push(Section::new("method", "method", "Method", method));
    let title = format!("{} against {}: join! or spawn", names[0], names[1]);
    shell(&title, answer, sections)
}

fn sentences(names: [&str; 2], comparison: &Comparison) -> Vec<String> {
    let count = |change| comparison.rows.iter().filter(|row| row.judged == change).count();
    let are = |number: usize| format!("{number} {}", if number == 1 { "is" } else { "are" });
    let host = match count(Change::Host) {
        0 => String::new(),
        number => format!("; the host explains {number}"),
    };
    let mut sentences = vec![format!(
        "Of {} in both runs, relative to the reference, {} became slower from {} to {}, {} faster, and {} unchanged; {} \
         inconclusive{host}.",
        counted(comparison.rows.len(), "measurement"),
        count(Change::Slower),
        names[0],
        names[1],
        count(Change::Faster),
        are(count(Change::Unchanged)),
        are(count(Change::Inconclusive)),
    )];
    let first = comparison.rows.first();
    if let Some(row) = first.filter(|row| matches!(row.judged, Change::Slower | Change::Faster)) {
        sentences.push(format!(
            "The farthest change is {}: from {} to {}, that is {} {}.",
            row.case.measurement_id(&row.strategy),
            times(row.ratio[0].median),
            times(row.ratio[1].median),
            times(row.change.median),
            interval(&row.change),
        ));
    }
    if !comparison.missing.is_empty() {
        let number = counted(comparison.missing.len(), "measurement");
        let lacking = format!("{number} could not be compared, because one of the runs lacks them.");
        sentences.push(lacking);
    }
    sentences
}

fn differences(comparison: &Comparison) -> Markup {
    html! {
        h2 { "How the runs differ" }
        @if comparison.differences.is_empty() {
            p { "In nothing that was recorded: machine, compiler, tokio, profile, rounds and revision are the same." }
        } @else {
            ul { @for difference in &comparison.differences { li { (difference) } } }
        }
    }
}

fn table(comparison: &Comparison) -> Markup {
    const COLUMNS: [Column; 9] = [
        ("case", "case", true),
        ("strategy", "strategy", false),
        ("change", "change", true),
        ("judged", "judged", false),
        ("ratio, A", "ratio-a", true),
        ("ratio, B", "ratio-b", true),
        ("time, A", "time-a", true),
        ("time, B", "time-b", true),
        ("reference's time, A and B", "reference", true),
    ];
    let cases = || comparison.rows.iter().map(|row| (&row.case, row.strategy.as_str()));
    let ordered: BTreeSet<_> = cases().collect();
    let ranks: BTreeMap<_, usize> = ordered.into_iter().zip(0..).collect();
    let median = |e: Option<Estimate>| e.map(|e| e.median);
    let choices = choices(
        cases(),
        choice("judged", comparison.rows.iter().map(|row| row.judged.as_str())),
    );
    let caption = html! {
        "Changes of the ratio to the reference, from A (" (comparison.runs[0]) ") to B (" (comparison.runs[1]) ")"
    };
    let rows = html! {
        @for row in &comparison.rows {
            tr data-case=(ranks[&(&row.case, row.strategy.as_str())]) data-workload=(row.case.workload)
                data-flavor=(row.case.flavor) data-site=(row.case.site) data-payload=(row.case.payload)
                data-tasks=(row.case.tasks) data-strategy=(row.strategy) data-judged=(row.judged.as_str())
                data-change=(row.change.median) data-ratio-a=(row.ratio[0].median)
                data-ratio-b=(row.ratio[1].median) data-time-a=[median(row.wall_ns[0])]
                data-time-b=[median(row.wall_ns[1])] data-reference=[median(row.reference_ns[0])] {
                th scope="row" { code { (row.case) } }
                td { (label(&row.strategy)) }
                td.n { (ratio_of(&row.change)) }
                td { (badge(row.judged.as_str())) }
                @for (ratio, verdict) in row.ratio.iter().zip(row.verdict) {
                    td.n {
                        (ratio_of(ratio))
                        @if let Some(verdict) = verdict { " " small { (signed(verdict.as_str())) } }
                    }
                }
                @for time in row.wall_ns { td.n { (time_of(time)) } }
                td.n { (time_of(row.reference_ns[0])) ", " (time_of(row.reference_ns[1])) }
            }
        }
    };
    sortable(&choices, "All changes", &caption, headings(&COLUMNS), rows)
}

fn missing(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.missing.is_empty() {
            h3 { "Not in both runs" }
            @let head = ["measurement", "lacking in", "reason"];
            (super::table("Measurements that are not in both runs", "Measurements that one run lacks", head, html! {
                @for missing in &comparison.missing {
                    tr {
                        th scope="row" { code { (missing.id) } }
                        td { (missing.run) }
                        td.notes { (missing.reason.as_deref().unwrap_or("not measured")) }
                    }
                }
            }))
        }
    }
}

fn look(run: usize, strategy: &str) -> Look {
    let look = Look::of_strategy(strategy);
    Look {
        class: format!("{} {}", look.class, LOOKS[run]),
        ..look
    }
}

/// Both runs' ratios over the tasks, a panel for each group; what has no line stands in a list of intervals.
fn section(names: [&str; 2], workload: &str, rows: &[&Row]) -> Section {
    let mut groups: BTreeMap<(_, _, Payload), Vec<&Row>> = BTreeMap::new();
    for &row in rows {
        let case = &row.case;
        let key = (case.flavor, case.site, case.payload);
        groups.entry(key).or_default().push(row);
    }
    let mut charts = Vec::new();
    let mut points = Vec::new();
    groups
        .values_mut()
        .for_each(|rows| rows.sort_by_key(|row| row.case.tasks));
    let strategies = unique(groups.values().flatten().map(|row| row.strategy.as_str()));
    for ((flavor, site, payload), rows) in groups {
        let caption = format!("{flavor}, {site}, {payload} each");
        let chart = chart(names, &caption, &rows);
        if chart.is_drawable() {
            charts.push((caption, chart));
            continue;
        }
        for (row, run) in rows.into_iter().flat_map(|row| [(row, 0), (row, 1)]) {
            let (name, tasks) = (NAMES[run], row.case.tasks);
            let name = format!("{name} · {flavor} · {site}, {tasks} × {payload}");
            points.push((name, look(run, &row.strategy), row.ratio[run]));
        }
    }
    let looks = strategies.iter().flat_map(|strategy| {
        [0, 1].map(|run| {
            let name = format!("{}, {} ({})", label(strategy), NAMES[run], names[run]);
            (name, look(run, strategy))
        })
    });
    let looks: Vec<(String, Look)> = looks.collect();
    let title = format!("{workload}: ratios of single points in both runs");
    let content = html! {
        (legend(&looks, false))
        @if !charts.is_empty() {
            h3 { "Ratio against tasks" }
            (panels(&charts))
        }
        @if !points.is_empty() {
            h3 { "Single points" }
            div.panels {
                // Short enough to be seen whole.
                @for some in points.chunks(12) {
                    figure { figcaption { "Ratio with its interval" } (intervals(&title, some)) }
                }
            }
        }
    };
    Section::new(format!("workload-{workload}"), workload, workload, content)
}

fn chart(names: [&str; 2], caption: &str, rows: &[&Row]) -> Chart {
    let mut lines: BTreeMap<&str, [Vec<(f64, Estimate)>; 2]> = BTreeMap::new();
    for row in rows {
        let line = lines.entry(&row.strategy).or_default();
        for (points, ratio) in line.iter_mut().zip(row.ratio) {
            points.push((row.case.tasks as f64, ratio));
        }
    }
    let series = lines.into_iter().flat_map(|(strategy, lines)| {
        lines.into_iter().enumerate().map(move |(run, points)| Series {
            name: format!("{}, {}", label(strategy), names[run]),
            look: look(run, strategy),
            points,
            aside: [-1.8, 1.8][run],
        })
    });
    let title = format!("Ratio against tasks in both runs: {caption}");
    let across = tasks_across(rows.iter().map(|row| row.case.tasks).collect());
    Chart::new(title, across, Unit::Ratio, series)
}
