//! The section of the target `scale`: what a child costs by the number of children, and which strategy is the fastest at which
//! number, for each way in which children are woken.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::answer::{per_child, tasks_across};
use super::chart::{Chart, Look, Series, Unit, alone, legend, panels};
use super::data::{Data, Group, Workload, known};
use super::scrolling;
use crate::findings::scale::{CANDIDATES, Candidates, DROPPED, Shape, in_words, named, shapes};
use crate::record::Measurement;
use crate::text::{count, label, time, times};

/// The section under its heading; nothing where the target was not measured.
pub(super) fn section(data: &Data) -> Markup {
    let Some(header) = data.scale.first().map(|workload| workload.groups[0].header) else {
        return html! {};
    };
    let measured: Vec<&Measurement> = groups(data).flat_map(|(_, group)| group.rows.iter().copied()).collect();
    let shapes = shapes(header, &measured);
    html! {
        section id="scale" aria-labelledby="h-scale" {
            h2 id="h-scale" { "scale" }
            p { "From ten children to a hundred thousand, a number that the program learns as it runs." }
            h3 { "join_all, FuturesUnordered or JoinSet, at my number of children?" }
            (question(data, &shapes))
            (fastest(data, &measured))
            (all(data, measured.first().map_or("", |m| &m.reference), &shapes))
            @for workload in data.scale.iter().filter(|workload| data.workload(workload.name).is_none()) {
                @if let Some(entry) = known(workload.name) {
                    h3 id={ "workload-" (workload.name) } { (workload.name) }
                    p { (entry.description) }
                    p.note { "Expected: " (entry.expectation) }
                }
            }
        }
    }
}

fn groups<'d, 'a>(data: &'d Data<'a>) -> impl Iterator<Item = (&'d Workload<'a>, &'d Group<'a>)> {
    data.scale
        .iter()
        .flat_map(|workload| workload.groups.iter().map(move |group| (workload, group)))
}

/// A chart for each way in which children are woken, under the sentence that it shows.
fn question(data: &Data, shapes: &[Shape]) -> Markup {
    let drawn = awaited(data).filter_map(|(workload, group)| {
        let shape = shapes
            .iter()
            .find(|shape| (shape.workload, shape.flavor) == (workload.name, group.flavor))?;
        Some((shape, times_of(workload, group, &CANDIDATES)))
    });
    let drawn: Vec<(&Shape, Chart)> = drawn.filter(|(_, chart)| chart.is_drawable()).collect();
    html! {
        p { "The fastest of the three, for each way in which children are woken. A level line is a cost that grows as the number \
             of children does; each chart has a scale of its own." }
        (legend(&looks(&CANDIDATES), false))
        div.panels {
            @for (shape, chart) in &drawn {
                figure {
                    figcaption {
                        strong { (shape.workload) } ", " (shape.flavor) ": "
                        (shape.fastest.as_deref().unwrap_or("one of them was measured")) ". Time per child:"
                    }
                    (alone(chart))
                }
            }
        }
    }
}

/// What is awaited to its end.
fn awaited<'d, 'a>(data: &'d Data<'a>) -> impl Iterator<Item = (&'d Workload<'a>, &'d Group<'a>)> {
    groups(data).filter(|(workload, _)| workload.name != DROPPED)
}

fn looks(strategies: &[&str]) -> Vec<(String, Look)> {
    strategies
        .iter()
        .map(|name| (named(name).to_owned(), Look::of_strategy(name)))
        .collect()
}

/// The time per child of these strategies.
fn times_of(workload: &Workload, group: &Group, strategies: &[&str]) -> Chart {
    let series = strategies.iter().map(|name| Series {
        name: named(name).to_owned(),
        look: Look::of_strategy(name),
        points: group
            .of(name)
            .filter_map(|m| Some((m.case.tasks as f64, per_child(m.wall_ns?, m.case.tasks))))
            .collect(),
        aside: 0.0,
    });
    Chart {
        title: format!(
            "{}: time per child against the number of children, {}",
            workload.name, group.flavor
        ),
        across: tasks_across(group.rows.iter().map(|m| m.case.tasks).collect()),
        unit: Unit::Time,
        series: series.collect(),
        floor: Vec::new(),
        marks: Vec::new(),
    }
}

/// The fastest candidate at each number of children, and how far behind it the next one is.
fn fastest(data: &Data, measured: &[&Measurement]) -> Markup {
    let tasks: BTreeSet<usize> = awaited(data)
        .flat_map(|(_, group)| &group.rows)
        .map(|m| m.case.tasks)
        .collect();
    let rows = awaited(data).filter_map(|(workload, group)| {
        let cells: Vec<_> = tasks
            .iter()
            .map(|&tasks| (tasks, Candidates::at(measured, workload.name, group.flavor, tasks)))
            .collect();
        let any = cells.iter().any(|(_, candidates)| candidates.0.len() > 1);
        any.then_some((workload.name, group, cells))
    });
    scrolling(
        "The fastest by number of children",
        html! {
            table.map {
                caption { "The fastest of the three, its time per child, and that of the next one over it" }
                thead { tr {
                    th scope="col" { "children" }
                    @for tasks in &tasks { th scope="col" { (count(*tasks)) } }
                } }
                tbody {
                    @for (name, group, cells) in rows {
                        tr {
                            th scope="row" { (name) ", " (group.flavor) }
                            @for (tasks, candidates) in cells {
                                td {
                                    @if let Some((_, ns)) = candidates.0.first() {
                                        (in_words(&candidates.fastest())) br;
                                        small {
                                            (time(ns.median / tasks as f64))
                                            @if let Some((_, next)) = candidates.0.get(candidates.near()) {
                                                "; next " (times(next.median / ns.median))
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// All strategies, and what the run says of their growth.
fn all(data: &Data, reference: &str, shapes: &[Shape]) -> Markup {
    let strategies: BTreeSet<&str> = groups(data)
        .flat_map(|(_, group)| &group.rows)
        .map(|m| m.strategy.as_str())
        .collect();
    let strategies: Vec<&str> = strategies.into_iter().collect();
    let charts = groups(data).map(|(workload, group)| {
        let caption = format!("{}, {}, {}", workload.name, group.flavor, group.site);
        (caption, times_of(workload, group, &strategies))
    });
    let charts: Vec<(String, Chart)> = charts.filter(|(_, chart)| chart.is_drawable()).collect();
    html! {
        details {
            summary { "All strategies, and how their time grows (ratios in the table are to " (label(reference)) ")" }
            (legend(&looks(&strategies), false))
            (panels(&charts))
            ul { @for sentence in shapes.iter().flat_map(|shape| &shape.more) { li { (sentence) } } }
        }
    }
}
