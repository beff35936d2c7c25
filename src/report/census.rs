//! The rows of a census as text, and compared with rows that were expected.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::columns::{Column, named};
use crate::case::parse_measurement_id;
use crate::census::Row;

/// The columns of the text, beside the measurement's id, and what stands in them.
const COLUMNS: [Column<Row>; 11] = [
    ("child_polls", |row| count(row.child_polls)),
    ("parent_polls", |row| count(row.parent_polls)),
    ("wakes", |row| count(row.wakes)),
    ("tasks_spawned", |row| count(row.tasks_spawned)),
    ("allocations", |row| count(row.allocations)),
    ("bytes_allocated", |row| count(row.bytes_allocated)),
    ("peak_bytes", |row| row.peak_bytes.to_string()),
    ("parks", |row| row.parks.map_or(UNCOUNTED.into(), count)),
    ("driver_wakes", |row| row.driver_wakes.map_or(UNCOUNTED.into(), count)),
    ("future_bytes", |row| row.future_bytes.to_string()),
    ("child_future_bytes", |row| row.child_future_bytes.to_string()),
];

/// In place of a count that the system does not tell.
const UNCOUNTED: &str = "-";

fn count(value: f64) -> String {
    let digits = if value.fract() == 0.0 { 0 } else { 2 };
    format!("{value:.digits$}")
}

fn id(row: &Row) -> String {
    row.case.measurement_id(&row.strategy)
}

/// The rows as a table, a measurement a line, its id first.
pub fn render(rows: &[Row]) -> String {
    named("measurement", &COLUMNS, rows.iter().map(|row| (id(row), row)))
}

/// Rows that were expected cannot be read: the file, the line where it is one, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExpectedError(String);

/// Compares rows with those of a file that `census` printed, in which lines that begin with `#` are comments: how many
/// it holds, and a line for each difference.
pub fn differences(rows: &[Row], path: &Path) -> Result<(usize, Vec<String>), ExpectedError> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| ExpectedError(format!("{file}: {error}")))?;
    let mut expected: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let is_row = |line: &str| !(line.is_empty() || line.starts_with('#'));
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| is_row(line)) {
        let error = |problem: String| {
            ExpectedError(format!(
                "{file}:{number}: {problem}; it should be as `census` prints it"
            ))
        };
        let mut words = line.split_whitespace();
        let id = words.next().unwrap_or_default();
        let values: Vec<&str> = words.collect();
        if expected.is_empty() && id == "measurement" {
            continue;
        }
        parse_measurement_id(id).map_err(|problem| error(problem.to_string()))?;
        if values.len() != COLUMNS.len() {
            return Err(error(format!("{} numbers", values.len())));
        }
        if expected.insert(id, values).is_some() {
            return Err(error(format!("{id} again")));
        }
    }
    let known = expected.len();
    let mut found = Vec::new();
    for row in rows {
        let id = id(row);
        let Some(wanted) = expected.remove(id.as_str()) else {
            found.push(format!("{id}: not expected"));
            continue;
        };
        let mut text = String::new();
        for ((name, of), was) in COLUMNS.iter().zip(wanted) {
            let is = of(row);
            // What this system does not count is no difference.
            if is != was && is != UNCOUNTED {
                let _ = write!(
                    text,
                    "{} {name} {is}, expected {was}",
                    if text.is_empty() { "" } else { ";" }
                );
            }
        }
        if !text.is_empty() {
            found.push(format!("{id}:{text}"));
        }
    }
    found.extend(expected.keys().map(|id| format!("{id}: not counted")));
    Ok((known, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;

    fn row(strategy: &str, allocations: f64) -> Row {
        let case: Case = "yield/current_thread/worker/0B/8".parse().expect("a case");
        Row {
            case,
            strategy: strategy.to_owned(),
            exact: true,
            child_polls: 16.0,
            parent_polls: 2.0,
            wakes: 8.5,
            tasks_spawned: 0.0,
            allocations,
            bytes_allocated: 0.0,
            peak_bytes: 0,
            parks: Some(2.0),
            driver_wakes: Some(0.0),
            future_bytes: 600,
            child_future_bytes: 32,
        }
    }

    #[test]
    fn a_difference_names_row_column_and_both_values() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let expected = [row("join", 0.0), row("spawn", 9.0)];
        std::fs::write(file.path(), format!("# why\n{}", render(&expected))).expect("written");
        assert_eq!(differences(&expected, file.path()).unwrap(), (2, Vec::new()));
        let elsewhere = expected.clone().map(|row| Row {
            driver_wakes: None,
            ..row
        });
        assert_eq!(differences(&elsewhere, file.path()).unwrap(), (2, Vec::new()));
        let (_, found) = differences(&[row("spawn", 17.0), row("join_set", 1.0)], file.path()).expect("it can be read");
        assert_eq!(
            found,
            [
                "yield/current_thread/worker/0B/spawn/8: allocations 17, expected 9",
                "yield/current_thread/worker/0B/join_set/8: not expected",
                "yield/current_thread/worker/0B/join/8: not counted",
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_census_is_told_by_its_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (text, said) in [
            ("yield/8 1 2\n", ":1: "),
            ("# x\nyield/current_thread/worker/0B/join/8 1\n", ":2: 1 numbers"),
        ] {
            std::fs::write(file.path(), text).expect("written");
            let error = differences(&[], file.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn whole_numbers_are_whole_in_json() {
        let json = serde_json::to_value(row("spawn", 9.0)).expect("a row");
        assert_eq!(json["allocations"].to_string(), "9");
        assert_eq!(json["wakes"].to_string(), "8.5");
        assert_eq!(json["case"], "yield/current_thread/worker/0B/8");
    }
}
