//! What strategies weigh while their children wait, as text.

use super::columns::{Column, named};
use crate::census::Weight;
use crate::text::significant;

/// The columns, beside the strategy, and what stands in them; what stands behind a slash is for each child.
const COLUMNS: [Column<Weight>; 8] = [
    ("waiting", |weight| weight.waiting.to_string()),
    ("future_bytes", |weight| weight.future_bytes.to_string()),
    ("child_future_bytes", |weight| weight.child_future_bytes.to_string()),
    ("allocations/child", |weight| {
        format!("{:.2}", weight.per_child.allocations)
    }),
    ("live_bytes/child", |weight| {
        format!("{:.2}", weight.per_child.live_bytes)
    }),
    ("peak_bytes/child", |weight| {
        format!("{:.2}", weight.per_child.peak_bytes)
    }),
    ("resident_bytes/child", |weight| {
        let bytes = weight.per_child.resident_bytes;
        bytes.map_or("-".into(), |bytes| format!("{bytes:.0}"))
    }),
    ("peak_resident", |weight| {
        weight.peak_resident_bytes.map_or("-".into(), mebibytes)
    }),
];

/// The rows as a table, a strategy a line.
pub fn render(rows: &[Weight]) -> String {
    let rows = rows.iter().map(|weight| (weight.strategy.clone(), weight));
    named("strategy", &COLUMNS, rows)
}

/// Bytes in MiB.
pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", significant(bytes as f64 / f64::from(1 << 20)))
}
