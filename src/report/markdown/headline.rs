//! The headline: the cases that say the most, a line each.

use super::{floor, measured, per_child, ratio, table, verdict};
use crate::attachments::RecordedRun;
use crate::findings::headline;
use crate::text::more;

/// The cases that say the most.
pub(super) fn headline(run: &RecordedRun) -> String {
    const HEAD: &str = "children | runtime | join!, per child | spawn, per child | spawn − join! | spawn over join! | noise floor | verdict on spawn";
    let row = |row: headline::Headline| {
        let spawn = row.spawn;
        let cells = [
            row.says.to_owned(),
            spawn.case.flavor.to_string(),
            per_child(spawn.reference_ns.or(row.join.wall_ns), spawn),
            per_child(spawn.wall_ns, spawn),
            spawn.difference_ns.map_or("-".into(), |ns| more(ns.median)),
            ratio(spawn),
            floor(spawn),
            verdict(spawn),
        ];
        cells.join(" | ")
    };
    table(HEAD, 2..7, headline::headline(measured(run)).into_iter().map(row))
}
