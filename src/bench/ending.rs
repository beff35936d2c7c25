//! What a target says when it has measured: a few lines where others follow, and after the last one the summary over all.

use std::path::{Path, PathBuf};

use super::invocation::Invocation;
use crate::matrix::SERVER_TARGET;
use crate::record::{self, Header, Measurement};
use crate::report::summary::{Paths, headlines, summary};
use crate::run::Outcome;
use crate::targets::targets;

fn invocation() -> Option<Invocation> {
    let targets: Vec<&str> = targets()
        .iter()
        .map(|target| target.name)
        .chain([SERVER_TARGET])
        .collect();
    Invocation::of_this_program(&targets)
}

/// The first lines of what was measured, where the summary comes later.
pub(super) fn so_far(target: &str, outcome: &Outcome) {
    if invocation().is_some_and(|invocation| invocation.others_follow(target)) {
        print!("{}", headlines(&(outcome.header.clone(), outcome.measurements.clone())));
    }
}

/// This target has ended: where it is the last one of the `cargo bench` that started it, or was started by itself, says what
/// came out of all of them. `part` is what it measured, `record` where that was written.
pub(super) fn end(
    target: &str,
    part: Option<(&Header, &[Measurement])>,
    record: Option<&Path>,
    criterion: Option<PathBuf>,
    failed: bool,
) {
    let ended = match invocation() {
        Some(invocation) => match invocation.end(target, record, failed) {
            Some(ended) => ended,
            None => return,
        },
        None => vec![(target.to_owned(), record.map(Path::to_owned))],
    };
    let mut parts = Vec::new();
    let mut paths = Paths {
        criterion,
        ..Paths::default()
    };
    for (name, record) in ended {
        let read = match (part, &record) {
            // It is here even where it could not be written.
            (Some((header, measurements)), _) if name == target => Some((header.clone(), measurements.to_vec())),
            // It has said its own.
            (_, Some(_)) if name == SERVER_TARGET => None,
            (_, Some(path)) => record::read(path)
                .inspect_err(|error| eprintln!("{name} is not in the summary: {error}"))
                .ok(),
            _ => None,
        };
        parts.extend(read);
        paths.records.extend(record);
    }
    if !parts.is_empty() {
        print!("{}", summary(&parts, &paths));
    }
}
