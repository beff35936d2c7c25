//! The headline: the cases that say the most, a line each.

use std::fmt::Write;

use super::{floor, measured, per_child, ratio, verdict};
use crate::attachments::RecordedRun;
use crate::findings::headline;
use crate::text::more;

/// The cases that say the most.
pub(super) fn headline(run: &RecordedRun) -> String {
    let mut text = String::new();
    for row in headline::headline(measured(run)) {
        if text.is_empty() {
            text += "| children | runtime | join!, per child | spawn, per child | spawn − join! | spawn over join! | noise floor | verdict on spawn |\n";
            text += "|---|---|--:|--:|--:|--:|--:|---|\n";
        }
        let spawn = row.spawn;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.says,
            spawn.case.flavor,
            per_child(spawn.reference_ns.or(row.join.wall_ns), spawn),
            per_child(spawn.wall_ns, spawn),
            spawn.difference_ns.map_or("-".into(), |ns| more(ns.median)),
            ratio(spawn),
            floor(spawn),
            verdict(spawn)
        );
    }
    text
}
