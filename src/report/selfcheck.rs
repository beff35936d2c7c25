//! The self-check as text and as Markdown.

use std::fmt::Write;

use super::changes::Style;
use super::columns::with_heads;
use super::markdown::{escape, table};
use crate::selfcheck::bars::{Bar, HEAD};
use crate::selfcheck::{Found, solo};
use crate::stats::Estimate;

/// The check as text.
pub fn text(found: &Found) -> String {
    let mut text = text_of(&found.bars);
    if !found.suspects.is_empty() {
        text += "\nTo look at:\n";
    }
    for suspect in &found.suspects {
        let _ = writeln!(text, "  {suspect}");
    }
    let _ = writeln!(text, "\n{}", found.summary());
    text
}

/// The check against programs that run one strategy as text: the bars, then what did not agree.
pub fn solo(found: &solo::Found) -> String {
    let mut text = text_of(&found.bars);
    let ratio = |e: &Estimate| format!("{:.3} [{:.3}, {:.3}]", e.median, e.low, e.high);
    for row in found.rows.iter().filter(|row| !row.overlap() || row.opposite()) {
        let (suite, solo) = (ratio(&row.suite), ratio(&row.solo));
        let _ = writeln!(
            text,
            "  {}: suite {suite}, programs {solo}, {}",
            row.case,
            row.verdict.as_str()
        );
    }
    for cell in &found.hand_written {
        let difference = cell.difference();
        if difference.abs() > 0.05 {
            let _ = writeln!(
                text,
                "  {}: suite {:.2} ns, program {:.2} ns, {:+.1}%",
                cell.id,
                cell.suite_ns,
                cell.program_ns,
                difference * 100.0
            );
        }
    }
    let _ = writeln!(
        text,
        "\n{} cases, {} processes of each strategy, {:.0} s, revision {}.",
        found.rows.len(),
        found.processes,
        found.seconds,
        found.environment.git.as_deref().unwrap_or("unknown")
    );
    text
}

/// The bars as text, a paragraph for each check.
fn text_of(bars: &[Bar]) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut check = "";
    for bar in bars {
        if bar.check != check {
            rows.push(vec![bar.check.clone()]);
            check = &bar.check;
        }
        let mut cells = bar.cells();
        cells[0] = format!("  {}", cells[0]);
        rows.push(cells.to_vec());
    }
    with_heads(Style::Text, HEAD, 1..3, rows)
}

/// The bars as a table of Markdown.
pub fn markdown(bars: &[Bar]) -> String {
    let mut check = "";
    let rows = bars.iter().map(|bar| {
        let first = if bar.check == check { "" } else { &bar.check };
        check = &bar.check;
        let [what, found, share, limit, held] = bar.cells();
        let what = escape(&what);
        let held = if held == "NOT HELD" { "**not held**" } else { &held };
        format!("{first} | {what} | {found} | {share} | {limit} | {held}")
    });
    table("check | figure of | found | share [95% band] | bar |", 2..5, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selfcheck::bars::Limit;

    #[test]
    fn tables_say_what_was_not_held() {
        let bars = [
            Bar::share("A/A", "shares", (5, 100), Some(Limit::AtMost(0.04))),
            Bar::value("A/A", "|values|", Some(0.0012), None),
        ];
        let text = text_of(&bars);
        assert!(text.contains("5 of 100") && text.contains("NOT HELD"), "{text}");
        assert!(text.contains("0.120%") && text.contains("for scale"), "{text}");
        let markdown = markdown(&bars);
        assert!(
            markdown.contains("| A/A | shares | 5 of 100 | 5.00% [1.64%, 11.3%] | ≤ 4.00% | **not held** |"),
            "{markdown}"
        );
        assert!(markdown.contains(r"|  | \|values\| |"), "{markdown}");
    }
}
