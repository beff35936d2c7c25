//! The page of many machines.

use maud::{Markup, html};

use super::environment::fields_of;
use super::rows::{Column, choice, headings, sortable};
use super::{Section, badge, heads, interval, ratio_of, shell};
use crate::report::machines::{HOW_TO_READ, counts, differences, holds, named, simulated, summary, word};
use crate::text::{label, percent};
use measure::machines::{Machines, OnMachine, Row, Together};

/// More machines than this are counted instead of standing side by side.
const SIDE_BY_SIDE: usize = 12;

const BEFORE: [Column; 2] = [("case", "case", true), ("strategy", "strategy", false)];
const AFTER: [Column; 6] = [
    ("all", "all", true),
    ("one more", "more", true),
    ("I²", "share", true),
    ("holds on", "holds", true),
    ("together", "together", false),
    ("the opposite on", "opposite", true),
];

/// Many machines, what differs from machine to machine first.
pub fn machines(machines: &Machines) -> String {
    let answer = html! {
        p.kicker { (machines.names.len()) " machines" }
        h1 { "join! or spawn on " (machines.names.len()) " machines" }
        @if let Some(simulated) = simulated(machines) { p.warning { (simulated) } }
        div.answer {
            p { (summary(machines)) }
            @for row in machines.rows.iter().filter(|row| row.judged == Together::Differs).take(12) {
                p {
                    code { (row.case) } ", " (label(&row.strategy)) ": " (holds(row)) ", and the opposite on "
                    (named(machines, &row.opposite)) "."
                }
            }
        }
    };
    let rows = html! {
        @if machines.rows.is_empty() { p { "There are none." } } @else { (table(machines)) }
    };
    let differ = html! {
        @if machines.differences.is_empty() {
            p { "Nothing that was recorded." }
        } @else if machines.names.len() > SIDE_BY_SIDE {
            ul { @for line in differences(machines) { li { (line) } } }
        } @else {
            (environment(machines))
        }
    };
    let method = html! {
        p { (HOW_TO_READ) }
        p {
            "A run is taken as one machine. The centre is the mean of the machines' log ratios with the interval of Student's t, \
            which holds however unlike their errors are (Ibragimov and Müller, 2010). multi_thread_cores is a runtime with as many \
            workers as the machine has cores."
        }
    };
    let sections = vec![
        Section::new("rows", "all measurements", "All measurements", rows),
        Section::new(
            "differences",
            "the machines",
            "What differs between the machines",
            differ,
        ),
        Section::new("method", "method", "Method", method),
    ];
    shell("join! or spawn on several machines", answer, sections)
}

fn table(machines: &Machines) -> Markup {
    let side_by_side = machines.names.len() <= SIDE_BY_SIDE;
    let axis = |place: usize| {
        let cases = machines.rows.iter();
        cases.filter_map(move |row| row.case.split('/').nth(place))
    };
    let choices = [
        choice("workload", axis(0)),
        choice("flavor", axis(1)),
        choice("site", axis(2)),
        choice("payload", axis(3)),
        choice("tasks", axis(4).map(|tasks| tasks.parse().unwrap_or(0usize))),
        choice("strategy", machines.rows.iter().map(|row| &row.strategy)),
        choice("together", machines.rows.iter().map(|row| row.judged.as_str())),
    ];
    let head = html! {
        (headings(&BEFORE))
        @if side_by_side { (heads(&machines.names)) } @else { (heads(["machines"])) }
        (headings(&AFTER))
    };
    let rows = html! {
        @for (place, row) in machines.rows.iter().enumerate() { (line(machines, place, row, side_by_side)) }
    };
    let caption = "Ratios to the reference: on each machine, and over them";
    sortable(&choices, "All measurements", &caption, head, rows)
}

fn line(machines: &Machines, place: usize, row: &Row, side_by_side: bool) -> Markup {
    let axis = |place: usize| row.case.split('/').nth(place).unwrap_or_default();
    let effects = row.effects;
    html! {
        tr data-case=(place) data-workload=(axis(0)) data-flavor=(axis(1)) data-site=(axis(2)) data-payload=(axis(3))
            data-tasks=(axis(4)) data-strategy=(row.strategy) data-together=(row.judged.as_str())
            data-all=[effects.map(|e| e.ratio.median)] data-more=[effects.map(|e| e.prediction.high / e.prediction.low)]
            data-share=[effects.map(|e| e.i_squared)] data-holds=(row.holds as f64 / row.of.max(1) as f64)
            data-opposite=(row.opposite.len()) {
            th scope="row" { code { (row.case) } }
            td { (label(&row.strategy)) }
            @if side_by_side {
                @for number in 0..machines.names.len() {
                    td.n {
                        @match row.on.iter().find(|(of, _)| *of == number) {
                            Some((_, on)) => (cell(on)),
                            None => "-",
                        }
                    }
                }
            } @else {
                td { (counts(row)) }
            }
            @match effects {
                Some(e) => {
                    td.n { (ratio_of(&e.ratio)) }
                    td.n { span.interval { (interval(&e.prediction)) } }
                    td.n { (percent(e.i_squared)) }
                },
                None => { td.n { "-" } td.n { "-" } td.n { "-" } },
            }
            td { (holds(row)) }
            td { (badge(row.judged.as_str())) }
            td { (named(machines, &row.opposite)) }
        }
    }
}

fn cell(on: &OnMachine) -> Markup {
    html! {
        @match (on.ratio, on.verdict) {
            (Some(ratio), verdict) => {
                (ratio_of(&ratio)) " "
                @if let Some(verdict) = verdict { (badge(verdict.as_str())) }
            },
            _ => (badge(word(on))),
        }
    }
}

/// What differs, a column for each machine.
fn environment(machines: &Machines) -> Markup {
    let rows = machines.differences.iter();
    let rows = rows.map(|difference| (difference.field, difference.values.clone()));
    fields_of("What differs between the machines", machines.names.iter(), rows)
}
