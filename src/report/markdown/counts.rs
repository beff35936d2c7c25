//! What the census says of the cases that say the most.

use std::fmt::Write;

use crate::attachments::RecordedRun;
use crate::census::Row;
use crate::text::count;

/// What the children are, and the case; on one thread, where counts are exact.
const CASES: &[(&str, &str)] = &[
    ("8 that yield once", "yield/current_thread/worker/0B/8"),
    ("64 of them", "yield/current_thread/worker/0B/64"),
    ("8 that carry 4 KiB each", "yield/current_thread/worker/4KiB/8"),
    ("8 that carry 16 KiB each", "yield/current_thread/worker/16KiB/8"),
    ("8 woken one at a time", "wake/current_thread/worker/0B/8"),
    ("64 of them", "wake/current_thread/worker/0B/64"),
    ("256 of them", "wake/current_thread/worker/0B/256"),
];

/// Counts of join! beside those of spawn.
pub(super) fn counts(run: &RecordedRun) -> String {
    let mut text = String::new();
    for (says, id) in CASES {
        let find = |strategy: &str| {
            let mut rows = run.census.iter();
            rows.find(|row| row.strategy == strategy && row.case.to_string() == *id)
        };
        let (Some(join), Some(spawn)) = (find("join"), find("spawn")) else {
            continue;
        };
        if text.is_empty() {
            text += "| children | join!: child polls | its polls | wakes | allocations | future | spawn: child polls | its polls | wakes | allocations | of them |\n";
            text += "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        }
        let polls = |row: &Row| {
            let [children, parent, wakes] = [row.child_polls, row.parent_polls, row.wakes].map(number);
            format!("{children} | {parent} | {wakes} | {}", number(row.allocations))
        };
        let _ = writeln!(
            text,
            "| {says} | {} | {} B | {} | {} B |",
            polls(join),
            number(join.future_bytes as f64),
            polls(spawn),
            number(spawn.bytes_allocated)
        );
    }
    text
}

/// A count, with commas between thousands.
fn number(value: f64) -> String {
    if value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    count(value as usize)
}
