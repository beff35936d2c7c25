//! What the census says of the cases that say the most.

use super::table;
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
    const HEAD: &str = "children | join!: child polls | its polls | wakes | allocations | future | spawn: child polls | its polls | \
        wakes | allocations | of them";
    let row = |(says, id): &(&str, &str)| {
        let find = |strategy: &str| {
            let mut rows = run.census.iter();
            rows.find(|row| row.strategy == strategy && row.case.to_string() == *id)
        };
        let (join, spawn) = (find("join")?, find("spawn")?);
        let polls = |row: &Row| {
            [row.child_polls, row.parent_polls, row.wakes, row.allocations]
                .map(number)
                .join(" | ")
        };
        let bytes = [join.future_bytes as f64, spawn.bytes_allocated].map(number);
        Some(format!(
            "{says} | {} | {} B | {} | {} B",
            polls(join),
            bytes[0],
            polls(spawn),
            bytes[1]
        ))
    };
    table(HEAD, 1..11, CASES.iter().filter_map(row))
}

/// A count, with commas between thousands.
fn number(value: f64) -> String {
    if value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    count(value as usize)
}
