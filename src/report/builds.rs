//! Builds compared, for the terminal and as Markdown.

pub use super::changes::Style;
use super::changes::{interval, percent};
use super::columns::table;
use crate::builds::Judged;
use crate::builds::judged::{Cell, CountChange, Row};
use crate::compare::Change;
use crate::text::{floor, label, time};

/// What changed, as text. Rows that did not surely change are counted, and shown where `all`.
pub fn render(judged: &Judged, all: bool, style: Style) -> String {
    let bullet = style.bullet();
    let mut text = String::new();
    for (number, build) in judged.builds.iter().enumerate() {
        let rows: Vec<(&Row, &Cell)> = judged
            .cells(number)
            .filter(|(_, cell)| all || is_change(cell))
            .collect();
        if !rows.is_empty() {
            text += &format!("{}\n\n", title(&style.plain(build), &style.plain(&judged.base), style));
            text += &changes(rows, style);
            text += "\n";
        }
    }
    for sentence in sentences(judged) {
        text += &format!("{bullet}{}\n", style.plain(&sentence));
    }
    let hidden = (0..judged.builds.len())
        .flat_map(|number| judged.cells(number))
        .filter(|(_, cell)| !is_change(cell) && cell.change.is_some())
        .count();
    if !all && hidden > 0 {
        text += &format!("{bullet}{hidden} rows without a sure change are not shown (--all shows them).\n");
    }
    text
}

fn title(build: &str, base: &str, style: Style) -> String {
    match style {
        Style::Text => format!("{build} against {base}"),
        Style::Markdown => format!("**{build}** against {base}"),
    }
}

/// Whether its time or its ratio surely changed.
pub fn is_change(cell: &Cell) -> bool {
    let sure = |change| matches!(change, Change::Slower | Change::Faster);
    sure(cell.judged) || cell.ratio_judged.is_some_and(sure)
}

fn changes(mut rows: Vec<(&Row, &Cell)>, style: Style) -> String {
    rows.sort_by(|(_, a), (_, b)| distance(b).total_cmp(&distance(a)));
    let head = [
        "case", "strategy", "before", "after", "time", "interval", "judged", "ratio", "judged", "counts",
    ];
    let none = || "-".to_owned();
    let rows = rows.into_iter().map(|(row, cell)| {
        [
            row.case.to_string(),
            label(&row.strategy).to_owned(),
            time(row.base_ns),
            cell.wall_ns.map_or_else(none, time),
            cell.change.map_or_else(none, |change| percent(change.median)),
            cell.change.as_ref().map_or_else(none, interval),
            cell.judged.as_str().to_owned(),
            cell.ratio_change.map_or_else(none, |change| percent(change.median)),
            cell.ratio_judged.map_or("-", Change::as_str).to_owned(),
            counts(cell),
        ]
    });
    table(style, head, [2, 3, 4, 5, 7], rows)
}

/// How far a change surely is.
fn distance(cell: &Cell) -> f64 {
    let Some(change) = cell.change else {
        return f64::NEG_INFINITY;
    };
    let sure = if is_change(cell) { 1e3 } else { 0.0 };
    sure + change.low.ln().max(-change.high.ln())
}

/// What of a cell's counts is another number than the first build's.
pub fn counts(cell: &Cell) -> String {
    match cell.counts.as_deref() {
        None => "-".to_owned(),
        Some([]) => "equal".to_owned(),
        Some(changes) => {
            let words: Vec<String> = changes.iter().map(count_change).collect();
            words.join(", ")
        }
    }
}

fn count_change(change: &CountChange) -> String {
    let number = |value: f64| {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    format!("{} {} → {}", change.what, number(change.from), number(change.to))
}

/// What the comparison says, build by build, and what its null pair says of it.
pub fn sentences(judged: &Judged) -> Vec<String> {
    let mut sentences = Vec::new();
    for (number, build) in judged.builds.iter().enumerate() {
        let cells = || judged.cells(number).map(|(_, cell)| cell);
        let compared = cells().filter(|cell| cell.change.is_some()).count();
        let [slower, faster, unchanged] =
            [Change::Slower, Change::Faster, Change::Unchanged].map(|change| judged.count(number, change));
        sentences.push(format!(
            "{build} against {}: of {compared} times {slower} rose, {faster} fell, {unchanged} are unchanged, {} inconclusive.",
            judged.base,
            compared - slower - faster - unchanged,
        ));
        // A count tells whether something else is done, a time how long it takes.
        let counted = cells()
            .filter(|cell| is_change(cell))
            .filter_map(|cell| cell.counts.as_ref());
        let (equal, other): (Vec<_>, Vec<_>) = counted.partition(|counts| counts.is_empty());
        if equal.len() + other.len() > 0 {
            sentences.push(format!(
                "Of the changed ones that can be counted, {} do the same work in another time (all that is counted is equal), and \
                 {} do other work.",
                equal.len(),
                other.len()
            ));
        }
        let lacking: Vec<&str> = cells().filter_map(|cell| cell.missing.as_deref()).collect();
        if let Some(reason) = lacking.first() {
            sentences.push(format!("{build} has no time for {} rows: {reason}.", lacking.len()));
        }
    }
    let (called, of) = judged.null_changed();
    let margins = judged.margins().map_or(String::new(), |(median, widest)| {
        format!(
            " A change counts beyond what that shows in its row, {} at the median and {} at the widest, and never below {}.",
            floor(median),
            floor(widest),
            floor(judged.threshold)
        )
    });
    sentences.push(format!(
        "{} again, in other layouts of its code, where nothing changed: {called} of {of} times called changed.{margins}",
        judged.base
    ));
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Estimate;

    fn judged_with(change: f64, counts: Option<Vec<CountChange>>) -> Judged {
        let estimate = |median: f64| Estimate {
            median,
            low: median * 0.98,
            high: median * 1.02,
            level: 0.95,
        };
        Judged {
            base: "tokio=1.50.0".into(),
            builds: vec!["tokio=1.51.0".into()],
            threshold: 0.03,
            rows: vec![Row {
                case: "yield/multi_thread_2/worker/0B/4".parse().expect("an id"),
                strategy: "spawn".into(),
                base_ns: 1480.0,
                null: Some(estimate(1.0)),
                null_judged: Change::Unchanged,
                margin: 0.03,
                cells: vec![Cell {
                    wall_ns: Some(1480.0 * change),
                    change: Some(estimate(change)),
                    ratio_change: Some(estimate(change)),
                    judged: if change > 1.1 {
                        Change::Slower
                    } else {
                        Change::Unchanged
                    },
                    ratio_judged: Some(Change::Unchanged),
                    counts,
                    missing: None,
                }],
            }],
        }
    }

    #[test]
    fn what_changed_comes_first_and_says_whether_the_work_did() {
        let text = render(&judged_with(2.24, Some(Vec::new())), false, Style::Text);
        assert!(text.starts_with("tokio=1.51.0 against tokio=1.50.0\n"), "{text}");
        for part in [
            "+124.0%",
            "1.48 µs",
            "equal",
            "of 1 times 1 rose",
            "0 of 1 times called changed",
            "±3.00%",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let more = CountChange {
            what: "allocations",
            from: 9.0,
            to: 17.0,
        };
        let text = render(&judged_with(2.24, Some(vec![more])), false, Style::Markdown);
        assert!(
            text.contains("allocations 9 → 17") && text.contains("1 do other work"),
            "{text}"
        );
        assert!(text.contains("| case"), "{text}");
    }

    #[test]
    fn what_did_not_change_is_counted_and_shown_where_it_is_asked_for() {
        let judged = judged_with(1.0, None);
        let text = render(&judged, false, Style::Text);
        assert!(
            text.contains("1 are unchanged") && text.contains("1 rows without a sure change"),
            "{text}"
        );
        assert!(!text.contains("yield/multi_thread_2"), "{text}");
        assert!(render(&judged, true, Style::Text).contains("yield/multi_thread_2"));
    }
}
