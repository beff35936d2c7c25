//! The section of the target `scale`: what a child costs by the number of children, and which strategy is the fastest at which
//! number, for each way in which children are woken.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::chart::{Unit, alone, legend, panels};
use super::data::{Data, Group, Workload, known};
use super::workload::{along_tasks, looks};
use super::{heads, table_of};
use crate::findings::scale::{CANDIDATES, Candidates, Shape, in_words, names_of_growth, shapes};
use crate::record::Measurement;
use crate::text::{count, label, time, times};

/// The section under its heading; nothing where the target was not measured.
pub(super) fn section(data: &Data) -> Option<Markup> {
    let header = data.scale.first()?.groups[0].header;
    let measured: Vec<&Measurement> = data.scale.iter().flat_map(Workload::rows).collect();
    let shapes = shapes(header, &measured);
    // What several of the three can answer.
    let asked: Vec<(&Shape, &Group)> = groups(data)
        .filter_map(|group| {
            let of = |shape: &&Shape| shape.workload == group.rows[0].case.workload && shape.flavor == group.flavor;
            Some((shapes.iter().find(of).filter(|shape| shape.fastest.is_some())?, group))
        })
        .collect();
    Some(html! {
        p { "From ten children to a hundred thousand, a number that the program learns as it runs." }
        @if !asked.is_empty() {
            h3 { "join_all, FuturesUnordered or JoinSet, at my number of children?" }
            (question(&asked))
            (fastest(&asked, &measured))
        }
        (all(data, measured.first().map_or("", |m| &m.reference), &shapes))
        @for workload in data.scale.iter().filter(|workload| data.workload(workload.name).is_none()) {
            @if let Some(entry) = known(workload.name) {
                h3 id={ "workload-" (workload.name) } { (workload.name) }
                p { (entry.description) }
                p.note { "Expected: " (entry.expectation) }
            }
        }
    })
}

fn groups<'d, 'a>(data: &'d Data<'a>) -> impl Iterator<Item = &'d Group<'a>> {
    data.scale.iter().flat_map(|workload| &workload.groups)
}

/// A chart for each way in which children are woken, under the sentence that it shows.
fn question(asked: &[(&Shape, &Group)]) -> Markup {
    html! {
        p { "The fastest of the three, for each way in which children are woken. A level line is a cost that grows as the number \
             of children does; each chart has a scale of its own." }
        (legend(&looks(&CANDIDATES), false))
        div.panels {
            @for (shape, group) in asked {
                @if let (Some((_, chart)), Some(fastest)) = (along_tasks(group, &CANDIDATES, Unit::Time), &shape.fastest) {
                    figure {
                        figcaption { strong { (shape.workload) } ", " (shape.flavor) ": " (fastest) ". Time per child:" }
                        (alone(&chart))
                    }
                }
            }
        }
    }
}

/// The fastest candidate at each number of children, and how far behind it the next one is.
fn fastest(asked: &[(&Shape, &Group)], measured: &[&Measurement]) -> Markup {
    let rows = asked.iter().flat_map(|(_, group)| &group.rows);
    let tasks: BTreeSet<usize> = rows.map(|m| m.case.tasks).collect();
    let head = html! { (heads(["children"])) (heads(tasks.iter().map(|tasks| count(*tasks)))) };
    let cell = |shape: &Shape, tasks: usize| {
        let candidates = Candidates::at(measured, shape.workload, shape.flavor, tasks);
        html! {
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
    };
    let rows = html! {
        @for (shape, _) in asked {
            tr {
                th scope="row" { (shape.workload) ", " (shape.flavor) }
                @for &tasks in &tasks { (cell(shape, tasks)) }
            }
        }
    };
    let caption = "The fastest of the three, its time per child, and that of the next one over it";
    table_of("map", "The fastest by number of children", &caption, head, rows)
}

/// All strategies, and what the run says of their growth.
fn all(data: &Data, reference: &str, shapes: &[Shape]) -> Markup {
    let rows = data.scale.iter().flat_map(Workload::rows);
    let strategies: BTreeSet<&str> = rows.map(|m| m.strategy.as_str()).collect();
    let strategies: Vec<&str> = strategies.into_iter().collect();
    let chart = |group: &Group| {
        let (caption, chart) = along_tasks(group, &strategies, Unit::Time)?;
        Some((format!("{}: {caption}", group.rows[0].case.workload), chart))
    };
    let charts: Vec<_> = groups(data).filter_map(chart).collect();
    html! {
        details {
            summary { "All strategies, and how their time grows (ratios in the table are to " (label(reference)) ")" }
            (legend(&looks(&strategies), false))
            (panels(&charts))
            ul { @for sentence in shapes.iter().flat_map(|shape| &shape.more) { li { (sentence) } } }
            @if let Some(rule) = names_of_growth(shapes.iter().flat_map(|shape| &shape.more)) { p.note { (rule) } }
        }
    }
}
