//! Reads a record whole, or not at all.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{Header, Line, Measurement, NO_CHECKSUM, RecordError, SCHEMA, Status, io_error};
use crate::case::{is_id, is_name};
use crate::stats::Estimate;

/// XXH3 of a text, in 16 hexadecimal digits.
pub fn checksum(text: &str) -> String {
    format!("{:016x}", twox_hash::XxHash3_64::oneshot(text.as_bytes()))
}

/// Whether a complete record is as it was written, with this checksum in its header.
///
/// # Errors
///
/// What is wrong: the text was changed after it was written.
pub fn verify_checksum(written: &str, text: &str) -> Result<(), String> {
    let field = format!("\"checksum\":\"{written}\"");
    let sum = checksum(&text.replacen(&field, NO_CHECKSUM, 1));
    if written == sum {
        Ok(())
    } else {
        Err(format!(
            "the file was changed after it was written: its checksum is {sum}, its header says `{written}`"
        ))
    }
}

/// Reads a record whole, or not at all.
///
/// # Errors
///
/// [`RecordError`] where the file cannot be read, where a line is cut off, of another schema, or contradicts itself or another one,
/// or the checksum is another.
pub fn read(path: &Path) -> Result<(Header, Vec<Measurement>), RecordError> {
    let text = fs::read_to_string(path).map_err(io_error(path))?;
    let wrong = |line: usize, problem: String| RecordError::at(path, line, problem);
    let mut header = None;
    let mut measurements: Vec<Measurement> = Vec::new();
    let mut seen = HashSet::new();
    let mut last = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        last = number;
        let Some(line) = raw.strip_suffix('\n') else {
            return Err(wrong(number, "the line is cut off".into()));
        };
        if header.is_none() {
            check_schema(line).map_err(|problem| wrong(number, problem))?;
        }
        match serde_json::from_str(line) {
            Ok(Line::Run(run)) if header.is_none() => {
                if !is_name(&run.target) {
                    return Err(wrong(number, format!("`{}` is not a target's name", run.target)));
                }
                header = Some(*run);
            }
            Ok(Line::Run(_)) => return Err(wrong(number, "a second header".into())),
            Ok(Line::Measurement(_)) if header.is_none() => {
                return Err(wrong(number, "the header is missing".into()));
            }
            Ok(Line::Measurement(measurement)) => {
                check(&measurement).map_err(|problem| wrong(number, problem))?;
                if !seen.insert((measurement.case.clone(), measurement.strategy.clone())) {
                    let id = measurement.case.measurement_id(&measurement.strategy);
                    return Err(wrong(number, format!("{id} is there twice")));
                }
                measurements.push(*measurement);
            }
            Err(error) => return Err(wrong(number, not_a_line(&error) + NEVER_EDITED)),
        }
    }
    match header {
        Some(header) => {
            verify_checksum(&header.checksum, &text).map_err(|problem| wrong(1, problem))?;
            Ok((header, measurements))
        }
        None => Err(wrong(last.max(1), "the file is empty".into())),
    }
}

/// What is wrong with a line, whose number is told beside it: serde_json counts the lines of what it was given, which is one.
pub fn not_a_line(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let (problem, _) = said.rsplit_once(" at line ").unwrap_or((&said, ""));
    format!("column {}: {problem}", error.column())
}

/// What to do about such a line of a whole record.
const NEVER_EDITED: &str = "; a record is never edited, so restore it or measure again";

/// Whether a measurement agrees with itself: what is read here becomes part of ids, pages and comparisons.
fn check(m: &Measurement) -> Result<(), String> {
    for name in [&m.strategy, &m.reference] {
        if !is_id(name) {
            return Err(format!("`{name}` is not a strategy's name"));
        }
    }
    let case = &m.case;
    if (m.status == Status::Ok) != (m.wall_ns.is_some() && m.ratio.is_some()) {
        return Err(format!("{case}: status and numbers contradict each other"));
    }
    if m.status == Status::Ok && m.rounds.iter().all(Vec::is_empty) {
        return Err(format!("{case}: ok, and no rounds"));
    }
    for (field, estimate) in [
        ("wall_ns", m.wall_ns),
        ("reference_ns", m.reference_ns),
        ("cpu_ns", m.cpu_ns),
        ("ratio", m.ratio),
        ("carry_over", m.carry_over),
        ("machinery_ns", m.machinery_ns),
        ("server_cpu_ns", m.server_cpu_ns),
        ("first_result_ns", m.first_result_ns),
        ("all_but_one_ns", m.all_but_one_ns),
        ("siblings_ns", m.siblings_ns),
        ("parks", m.parks),
        ("voluntary_switches", m.voluntary_switches),
    ] {
        let Some(Estimate {
            median,
            low,
            high,
            level,
        }) = estimate
        else {
            continue;
        };
        let positive =
            low > 0.0 || (low == 0.0 && !matches!(field, "ratio" | "wall_ns" | "reference_ns" | "carry_over"));
        if !(positive && low <= median && median <= high && high.is_finite() && (0.0..1.0).contains(&level)) {
            return Err(format!("{case}: {field} is no median in an interval"));
        }
    }
    Ok(())
}

pub(super) fn check_schema(line: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    match serde_json::from_str::<Schema>(line) {
        Ok(Schema { schema: SCHEMA }) => Ok(()),
        Ok(Schema { schema }) => Err(format!(
            "written with schema {schema}; this build reads schema {SCHEMA}, whose method is another (docs/METHODOLOGY.md): \
             measure again"
        )),
        Err(error) => Err(format!("no header: {}{NEVER_EDITED}", not_a_line(&error))),
    }
}
