//! The page of builds compared.

use maud::{Markup, html};

use super::chart::{Across, Chart, Look, Series, Unit, legend, panels, standalone};
use super::workload::looks;
use super::{Section, heads, interval, shell, sign, table, table_of};
use crate::builds::Judged;
use crate::builds::judged::{Cell, Row};
use crate::builds::place::Manifest;
use crate::case::Case;
use crate::compare::Change;
use crate::in_order::{grouped, unique};
use crate::report::builds::{counts, is_change, sentences};
use crate::stats::Estimate;
use crate::text::{floor, label, time, times};

/// Lines are drawn over so many builds at least.
const FEWEST_IN_A_LINE: usize = 2;
/// And of so many cases, those that changed most.
const MOST_CHARTS: usize = 12;

/// Builds compared: what changed, build by build. `home` is the first page of the site that the page is in.
pub fn builds(manifest: &Manifest, judged: &Judged, home: Option<&str>) -> String {
    let charts = charts(judged);
    let title = match judged.builds.as_slice() {
        [few @ .., last] if few.len() > 3 => format!("{}, and {} more builds up to {last}", judged.base, few.len()),
        all => format!("{} against {}", judged.base, all.join(", ")),
    };
    let answer = html! {
        p.kicker {
            @if let Some(home) = home { a href=(home) { "All of the site" } " · " }
            (judged.builds.len() + 1) " builds compared, " (manifest.matrix) " matrix"
        }
        h1 { (title) }
        div.answer { @for sentence in sentences(judged) { p { (sentence) } } }
    };
    let mut sections = Vec::new();
    if !charts.is_empty() {
        let lines = html! {
            p { "Time of each build over the first one's, for the cases that changed most." }
            (legend(&strategies(judged), false))
            (panels(&charts))
        };
        sections.push(Section::new("lines", "over the builds", "Over the builds", lines));
    }
    let rows = html! {
        @if judged.rows.is_empty() { p { "Nothing was measured in the first build." } } @else { (map(judged)) }
    };
    sections.push(Section::new("rows", "all rows", "All rows", rows));
    let environment = html! {
        (made_of(manifest))
        p { "Measured by " code { (manifest.command) } }
    };
    sections.push(Section::new("environment", "builds", "Builds", environment));
    let method = html! {
        p {
            "Each block is measured by every build, one right after the other in random order, with the same data, each in \
            processes and a layout of its code of its own. A change is the time of a strategy in one build over its time in \
            the first one: the pseudo-median over the rounds, with the exact interval of signed ranks. It is called slower \
            or faster where that whole interval lies beyond the margin of its row, and stands in the table of all rows \
            (Benjamini and Hochberg, 5%). The margin is the threshold, or as far as the first build lies from itself, \
            measured once more in other layouts. The change of a ratio is that of the strategy's time over the reference's."
        }
        p {
            "Counts are of one iteration on one thread. Where they are equal and the time is not, the same work takes \
            another time; where they differ, something else is done."
        }
    };
    sections.push(Section::new("method", "method", "Method", method));
    shell(&title, answer, sections)
}

/// One chart of the measurements of these ids over the builds, as a file of its own; `None` where there is nothing to draw.
pub fn builds_chart(judged: &Judged, ids: &[String]) -> Option<String> {
    let of = |id: &&String| {
        let mut rows = judged.rows.iter();
        rows.find(|row| row.case.measurement_id(&row.strategy) == **id)
    };
    let rows: Vec<_> = ids.iter().filter_map(|id| Some((id, of(&id)?))).collect();
    let middle = (rows.len() as f64 - 1.0) / 2.0;
    let series = rows.iter().enumerate().map(|(number, (id, row))| Series {
        name: (*id).clone(),
        look: Look::of_flavor(number),
        points: points(row),
        aside: (number as f64 - middle) * 2.0,
    });
    let title = format!("Time over that of {}, build by build", judged.base);
    standalone(&Chart::new(title, across(judged), Unit::Ratio, series))
}

/// A row's times over the first build's, by the place of the build.
fn points(row: &Row) -> Vec<(f64, Estimate)> {
    let others = (1..).zip(&row.cells);
    let others = others.filter_map(|(at, cell)| Some((f64::from(at), cell.change?)));
    [(0.0, one())].into_iter().chain(others).collect()
}

/// The builds from left to right.
fn across(judged: &Judged) -> Across {
    let names = [&judged.base].into_iter().chain(&judged.builds);
    let short = |name: &String| name.strip_prefix("tokio=").unwrap_or(name).to_owned();
    Across {
        label: "build".into(),
        ticks: names.enumerate().map(|(at, name)| (at as f64, short(name))).collect(),
        log: false,
    }
}

fn one() -> Estimate {
    Estimate {
        median: 1.0,
        low: 1.0,
        high: 1.0,
        level: 0.0,
    }
}

fn strategies(judged: &Judged) -> Vec<(String, Look)> {
    looks(&unique(judged.rows.iter().map(|row| row.strategy.as_str())))
}

/// A panel for each of the cases that changed most, over three builds or more.
fn charts(judged: &Judged) -> Vec<(String, Chart)> {
    if judged.builds.len() < FEWEST_IN_A_LINE {
        return Vec::new();
    }
    let farthest = |rows: &[&Row]| {
        let changed = rows.iter().flat_map(|row| &row.cells).filter(|cell| is_change(cell));
        changed
            .filter_map(|cell| Some(cell.change?.median.ln().abs()))
            .fold(0.0, f64::max)
    };
    let cases = grouped(judged.rows.iter().map(|row| (&row.case, row)));
    let cases = cases.into_iter().map(|(case, rows)| (farthest(&rows), case, rows));
    let mut cases: Vec<(f64, &Case, Vec<&Row>)> = cases.filter(|(by, ..)| *by > 0.0).collect();
    cases.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    cases.truncate(MOST_CHARTS);
    let chart = |(_, case, rows): (f64, &Case, Vec<&Row>)| {
        let series = rows.iter().enumerate().map(|(number, row)| Series {
            name: label(&row.strategy).to_owned(),
            look: Look::of_strategy(&row.strategy),
            points: points(row),
            aside: number as f64 * 3.0 - 1.5,
        });
        let title = format!("{case}: time over the first build's");
        (case.to_string(), Chart::new(title, across(judged), Unit::Ratio, series))
    };
    cases.into_iter().map(chart).collect()
}

/// Rows × builds, each cell with its change in words; its colour only repeats them.
fn map(judged: &Judged) -> Markup {
    let mut rows: Vec<&Row> = judged.rows.iter().collect();
    // What changed first, in the order of the record else.
    rows.sort_by_key(|row| !row.cells.iter().any(is_change));
    let head = html! {
        (heads(["case", "strategy", "time before", "margin"]))
        (heads(&judged.builds))
        (heads(judged.builds.iter().map(|build| format!("counts in {build}"))))
    };
    let rows = html! {
        @for row in rows {
            tr {
                th scope="row" { code { (row.case) } }
                td { (label(&row.strategy)) }
                td.n { (time(row.base_ns)) }
                td.n { (margin(row.margin)) }
                @for cell in &row.cells { (change(cell)) }
                @for cell in &row.cells { td.notes { (counts(cell)) } }
            }
        }
    };
    let caption = html! { "Time over the first build's, " (judged.base) };
    table_of("map", "All rows", &caption, head, rows)
}

fn margin(margin: f64) -> String {
    match margin.is_finite() {
        true => floor(margin),
        false => "-".to_owned(),
    }
}

fn change(cell: &Cell) -> Markup {
    let Some(change) = &cell.change else {
        return html! { td.v-failed { (cell.missing.as_deref().unwrap_or("not measured")) } };
    };
    html! {
        td class={ "v-" (cell.judged.as_str()) } {
            @if matches!(cell.judged, Change::Slower | Change::Faster) { (sign(cell.judged.as_str())) " " }
            (times(change.median)) " " small { (interval(change)) } br;
            small {
                (cell.judged.as_str())
                @if let (Some(ratio), Some(judged)) = (&cell.ratio_change, cell.ratio_judged) {
                    "; ratio " (times(ratio.median)) " " (judged.as_str())
                }
            }
        }
    }
}

fn made_of(manifest: &Manifest) -> Markup {
    let rows = html! {
        @for build in &manifest.builds {
            tr {
                th scope="row" { (build.name) }
                td { (build.tokio) }
                td { (build.tokio_source.as_deref().unwrap_or("another folder")) }
                td { (build.revision.as_deref().unwrap_or("unknown")) }
                td { (build.rustc) }
                td { code { (build.folder) } }
            }
        }
    };
    let head = ["build", "tokio", "compiled from", "revision", "compiler", "records"];
    table("Builds", "What each build was made of", head, rows)
}
