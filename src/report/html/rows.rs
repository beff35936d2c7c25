//! The table of all measurements. What the script filters and sorts by is in attributes of the rows.

use std::collections::{BTreeSet, HashMap};

use maud::{Markup, Render, html};

use super::data::Data;
use super::{Links, badge, heads, ratio_of, scrolling, time_of};
use crate::case::Case;
use crate::census::Row;
use crate::record::{Measurement, Status};
use crate::stats::{Estimate, Verdict};
use crate::text::{floor, label, significant, time};

/// A column: its heading, the attribute that it is sorted by, and whether that is a number.
pub(super) type Column = (&'static str, &'static str, bool);

/// The columns of the census, where there is one.
const COUNTS: [Column; 5] = [
    ("child polls", "polls", true),
    ("parent polls", "parent", true),
    ("wakes", "wakes", true),
    ("allocations", "allocations", true),
    ("bytes allocated", "bytes", true),
];

const COLUMNS: [Column; 11] = [
    ("case", "case", true),
    ("strategy", "strategy", false),
    ("time", "time", true),
    ("per child", "child", true),
    ("ratio", "ratio", true),
    ("noise floor", "floor", true),
    ("verdict", "verdict", false),
    ("CPU time", "cpu", true),
    ("parks", "parks", true),
    ("machinery", "machinery", true),
    ("flags and reasons", "notes", false),
];

/// The table with its controls.
pub(super) fn table(data: &Data, census: &[Row], links: &Links) -> Markup {
    let census: HashMap<(&Case, &str), &Row> = census
        .iter()
        .map(|row| ((&row.case, row.strategy.as_str()), row))
        .collect();
    let counted = |m: &Measurement| census.get(&(&m.case, m.strategy.as_str())).copied();
    let linked = data.all.iter().map(|m| {
        let of = |link: &super::Link| link(&m.case, &m.strategy);
        (of(&links.criterion), of(&links.flamegraph))
    });
    let linked: Vec<(Option<String>, Option<String>)> = linked.collect();
    let any_link = linked.iter().any(|(a, b)| a.is_some() || b.is_some());
    let cases = data.all.iter().map(|m| (&m.case, m.strategy.as_str()));
    let choices = choices(cases, choice("verdict", data.all.iter().map(|m| verdict(m))));
    let counts_too = !census.is_empty();
    let caption = html! {
        "All measurements: time of one whole fan-out, and ratio with its interval"
        @if counts_too { "; counts of one fan-out, made without a clock (≈: a mean, where threads race)" }
    };
    let head = html! {
        (headings(&COLUMNS))
        @if counts_too { (headings(&COUNTS)) }
        @if any_link { (heads(["see also"])) }
    };
    let rows = html! {
        @for (place, (m, (criterion, flamegraph))) in data.all.iter().zip(&linked).enumerate() {
            @let row = counted(m);
            tr id={ "m-" (place) } data-case=(place) data-workload=(m.case.workload) data-flavor=(m.case.flavor)
                data-site=(m.case.site) data-payload=(m.case.payload) data-tasks=(m.case.tasks)
                data-strategy=(m.strategy) data-verdict=(verdict(m)) data-time=[median(m.wall_ns)]
                data-child=[m.wall_ns.map(|e| e.median / m.case.tasks as f64)] data-ratio=[median(m.ratio)]
                data-floor=[m.noise_floor] data-cpu=[median(m.cpu_ns)]
                data-parks=[median(m.parks)] data-machinery=[median(m.machinery_ns)] data-notes=(notes(m))
                data-polls=[row.map(|r| r.child_polls)] data-parent=[row.map(|r| r.parent_polls)]
                data-wakes=[row.map(|r| r.wakes)] data-allocations=[row.map(|r| r.allocations)]
                data-bytes=[row.map(|r| r.bytes_allocated)] {
                (cells(m, data))
                @if counts_too { (counts(row)) }
                @if any_link {
                    td {
                        @if let Some(url) = criterion { a href=(url) { "Criterion" } " " }
                        @if let Some(url) = flamegraph { a href=(url) { "flamegraph" } }
                    }
                }
            }
        }
    };
    sortable(&choices, "All measurements", &caption, head, rows)
}

fn cells(m: &Measurement, data: &Data) -> Markup {
    html! {
        th scope="row" { @if m.status == Status::Ok { a href={ "#" (data.section_of(m)) } { code { (m.case) } } } @else { code { (m.case) } } }
        td { (label(&m.strategy)) @if m.is_control() { " " small { "control" } } }
        td.n { (time_of(m.wall_ns)) }
        td.n { (m.wall_ns.map_or("-".into(), |e| time(e.median / m.case.tasks as f64))) }
        td.n {
            @match m.ratio {
                Some(ratio) => {
                    (ratio_of(&ratio))
                    @if m.reference != data.reference() { " " small { "to " (label(&m.reference)) } }
                },
                None => "-",
            }
        }
        td.n { (m.noise_floor.map_or("-".into(), floor)) }
        td {
            @match (m.status, m.verdict) {
                (Status::Ok, Some(verdict)) => (badge(verdict.as_str())),
                (Status::Ok, None) => "-",
                _ => (badge(verdict(m))),
            }
        }
        td.n { (time_of(m.cpu_ns)) }
        td.n { (m.parks.map_or("-".into(), |e| significant(e.median))) }
        td.n { (time_of(m.machinery_ns)) }
        td.notes { (notes(m)) }
    }
}

fn counts(row: Option<&Row>) -> Markup {
    let count = |value: fn(&Row) -> f64| match row {
        None => "-".into(),
        Some(row) if row.exact => format!("{}", (value(row) * 100.0).round() / 100.0),
        Some(row) => format!("≈ {}", significant(value(row))),
    };
    let values: [fn(&Row) -> f64; COUNTS.len()] = [
        |row| row.child_polls,
        |row| row.parent_polls,
        |row| row.wakes,
        |row| row.allocations,
        |row| row.bytes_allocated,
    ];
    html! { @for value in values { td.n { (count(value)) } } }
}

fn median(estimate: Option<Estimate>) -> Option<f64> {
    estimate.map(|estimate| estimate.median)
}

/// The verdict, or why there is none.
fn verdict(m: &Measurement) -> &'static str {
    match m.status {
        Status::Ok => m.verdict.map_or("none", Verdict::as_str),
        status => status.as_str(),
    }
}

fn notes(m: &Measurement) -> String {
    let mut notes = m.flags.join(" ");
    if m.status != Status::Ok {
        if !notes.is_empty() {
            notes += "; ";
        }
        notes += m.reason.as_deref().unwrap_or("no reason given");
    }
    notes
}

/// Headings that the script makes into buttons.
pub(super) fn headings(columns: &[Column]) -> Markup {
    html! {
        @for (name, key, number) in columns {
            th scope="col" data-key=(key) data-number[*number] { (name) }
        }
    }
}

/// A choice of the controls: the attribute of a row that it is about, and its values in order.
pub(super) fn choice<T: Ord + ToString>(name: &str, values: impl Iterator<Item = T>) -> (&str, Vec<String>) {
    let values: BTreeSet<T> = values.collect();
    (name, values.iter().map(T::to_string).collect())
}

/// The choices for cases and strategies, and one more.
pub(super) fn choices<'a>(
    rows: impl Iterator<Item = (&'a Case, &'a str)> + Clone,
    last: (&'a str, Vec<String>),
) -> [(&'a str, Vec<String>); 7] {
    let cases = || rows.clone().map(|(case, _)| case);
    [
        choice("workload", cases().map(|case| &case.workload)),
        choice("flavor", cases().map(|case| case.flavor)),
        choice("site", cases().map(|case| case.site)),
        choice("payload", cases().map(|case| case.payload)),
        choice("tasks", cases().map(|case| case.tasks)),
        choice("strategy", rows.clone().map(|(_, strategy)| strategy)),
        last,
    ]
}

/// A table that the script filters and sorts, and its controls; without the script they do nothing, so it is the script that
/// shows them.
pub(super) fn sortable(
    choices: &[(&str, Vec<String>)],
    label: &str,
    caption: &dyn Render,
    head: Markup,
    rows: Markup,
) -> Markup {
    html! {
        form id="controls" hidden {
            label { "text" input type="search" name="filter" autocomplete="off" spellcheck="false"; }
            @for (name, values) in choices {
                label {
                    (name)
                    select name=(name) {
                        option value="" { "all" }
                        @for value in values { option value=(value) { (value) } }
                    }
                }
            }
            button type="reset" { "Show all" }
            p id="shown" role="status" {}
        }
        (scrolling(label, html! {
            table data-rows { caption { (*caption) } thead { tr { (head) } } tbody { (rows) } }
        }))
    }
}
