//! Reading: what stands beside other machines' measurements, without the rest of the file.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use measure::machines::{FIELDS, Gathered, Key, Machine, OnMachine};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::of_fields;
use crate::stats::{Estimate, Verdict};

/// Takes the machines of a file, from this number on; returns the next one.
pub fn gather(path: &Path, gathered: &mut Gathered, mut number: usize) -> Result<usize, String> {
    let wrong = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let reader = SerializedFileReader::new(file).map_err(|error| wrong(&error))?;
    let mut machine: Option<Machine> = None;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(|error| wrong(&error))?;
        let lines = Lines::read(&*group).map_err(|error| wrong(&error))?;
        for line in 0..lines.count {
            if machine
                .as_ref()
                .is_none_or(|machine| machine.name.as_bytes() != lines.text("machine", line))
            {
                if let Some(done) = machine.take() {
                    gathered.take(number, done);
                    number += 1;
                }
                machine = Some(lines.machine(line));
            }
            let machine = machine.as_mut().expect("it was just made");
            lines.fields(line, &mut machine.fields);
            if let Some(measured) = lines.measured(line).map_err(|problem| wrong(&problem))? {
                machine.measured.push(measured);
            }
        }
    }
    if let Some(done) = machine {
        gathered.take(number, done);
        number += 1;
    }
    Ok(number)
}

/// A column of a row group, as far as it is read.
enum Read {
    Text(Vec<Option<ByteArray>>),
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Yes(Vec<Option<bool>>),
}

/// Each value that is there in its place; of a column that is never null all are.
fn values<T: DataType>(mut reader: ColumnReaderImpl<T>, count: usize) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut there, mut values) = (Vec::new(), Vec::new());
    reader.read_records(count, Some(&mut there), None, &mut values)?;
    let mut values = values.into_iter();
    let is_there = |line: usize| there.get(line).is_none_or(|level| *level > 0);
    let lines = (0..count).map(|line| if is_there(line) { values.next() } else { None });
    Ok(lines.collect())
}

impl Read {
    fn of(reader: ColumnReader, count: usize) -> Result<Self, ParquetError> {
        Ok(match reader {
            ColumnReader::ByteArrayColumnReader(reader) => Read::Text(values(reader, count)?),
            ColumnReader::Int64ColumnReader(reader) => Read::Whole(values(reader, count)?),
            ColumnReader::DoubleColumnReader(reader) => Read::Number(values(reader, count)?),
            ColumnReader::BoolColumnReader(reader) => Read::Yes(values(reader, count)?),
            _ => {
                return Err(ParquetError::General(
                    "a column of another type than `export` writes".into(),
                ));
            }
        })
    }
}

/// The columns that stand beside other machines', beside those of the machines' [fields](of_fields).
const READ: [&str; 13] = [
    "machine",
    "simulated",
    "target",
    "case",
    "strategy",
    "reference",
    "control",
    "verdict",
    "ratio",
    "ratio_low",
    "ratio_high",
    "ratio_level",
    "log_error",
];

/// Lines of a row group.
struct Lines {
    count: usize,
    columns: HashMap<&'static str, Read>,
}

impl Lines {
    fn read(group: &dyn RowGroupReader) -> Result<Self, ParquetError> {
        let count = group.metadata().num_rows() as usize;
        let schema = group.metadata().schema_descr_ptr();
        let place = |name: &str| schema.columns().iter().position(|column| column.name() == name);
        let read = |name: &'static str| {
            let lacks = || ParquetError::General(format!("no column `{name}`: not a file of `join-vs-spawn export`"));
            let reader = group.get_column_reader(place(name).ok_or_else(lacks)?)?;
            Ok((name, Read::of(reader, count)?))
        };
        let columns = READ
            .into_iter()
            .chain(of_fields())
            .map(read)
            .collect::<Result<_, ParquetError>>()?;
        Ok(Self { count, columns })
    }

    fn text(&self, name: &str, line: usize) -> &[u8] {
        match self.columns.get(name) {
            Some(Read::Text(values)) => values[line].as_ref().map_or(&[], ByteArray::data),
            _ => &[],
        }
    }

    fn number(&self, name: &str, line: usize) -> Option<f64> {
        match self.columns.get(name) {
            Some(Read::Number(values)) => values[line],
            _ => None,
        }
    }

    /// As it is shown.
    fn shown(&self, name: &str, line: usize) -> String {
        match self.columns.get(name) {
            Some(Read::Whole(values)) => values[line].map_or(String::new(), |number| number.to_string()),
            _ => String::from_utf8_lossy(self.text(name, line)).into_owned(),
        }
    }

    /// A machine that begins in this line.
    fn machine(&self, line: usize) -> Machine {
        Machine {
            name: self.shown("machine", line),
            cores: self.shown("cores", line).parse().unwrap_or(0),
            simulated: Some(self.shown("simulated", line)).filter(|what| !what.is_empty()),
            fields: vec![String::new(); FIELDS.len()],
            measured: Vec::new(),
        }
    }

    /// Adds what the line says of its machine to what is known of it; the lines of one target say the same.
    fn fields(&self, line: usize, known: &mut [String]) {
        let same = line > 0
            && ["machine", "target"]
                .iter()
                .all(|name| self.text(name, line) == self.text(name, line - 1));
        if same {
            return;
        }
        for (known, name) in known.iter_mut().zip(of_fields()) {
            let value = self.shown(name, line);
            if known.is_empty() {
                *known = value;
            } else if known.split(" / ").all(|one| one != value) {
                *known += &format!(" / {value}");
            }
        }
    }

    /// What was measured; `None` for a control.
    fn measured(&self, line: usize) -> Result<Option<(Key, OnMachine)>, String> {
        if matches!(self.columns.get("control"), Some(Read::Yes(values)) if values[line] == Some(true)) {
            return Ok(None);
        }
        let key = Key {
            case: self.shown("case", line).parse().map_err(|error| format!("{error}"))?,
            strategy: self.shown("strategy", line),
            reference: self.shown("reference", line),
        };
        let [median, low, high, level] =
            ["ratio", "ratio_low", "ratio_high", "ratio_level"].map(|name| self.number(name, line));
        let ratio = || {
            Some(Estimate {
                median: median?,
                low: low?,
                high: high?,
                level: level?,
            })
        };
        let on = OnMachine {
            verdict: self.verdict(line),
            ratio: ratio(),
            error: self.number("log_error", line),
        };
        Ok(Some((key, on)))
    }

    fn verdict(&self, line: usize) -> Option<Verdict> {
        let word = self.text("verdict", line);
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.as_str().as_bytes() == word)
    }
}
