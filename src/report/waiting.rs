//! What strategies weigh while their children wait, as text.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::census::Weight;
use crate::text::{lines, significant};

/// The columns, beside the strategy; what stands behind a slash is for each child.
const COLUMNS: [&str; 8] = [
    "waiting",
    "future_bytes",
    "child_future_bytes",
    "allocations/child",
    "live_bytes/child",
    "peak_bytes/child",
    "resident_bytes/child",
    "peak_resident",
];

/// The rows as a table, a strategy a line.
pub fn render(rows: &[Weight]) -> String {
    let mut table = Table::new();
    let head = std::iter::once("strategy").chain(COLUMNS);
    table.load_style(presets::NOTHING).set_header(head);
    for weight in rows {
        let per_child = weight.per_child;
        let each = |value: f64| format!("{value:.2}");
        let numbers = [
            weight.waiting.to_string(),
            weight.future_bytes.to_string(),
            weight.child_future_bytes.to_string(),
            each(per_child.allocations),
            each(per_child.live_bytes),
            each(per_child.peak_bytes),
            per_child
                .resident_bytes
                .map_or("-".into(), |bytes| format!("{bytes:.0}")),
            weight.peak_resident_bytes.map_or("-".into(), mebibytes),
        ];
        let numbers = numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(&weight.strategy)).chain(numbers));
    }
    lines(&table)
}

/// Bytes in MiB.
pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", significant(bytes as f64 / f64::from(1 << 20)))
}
