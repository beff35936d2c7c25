//! Runs as Parquet: a line for each measurement, with its machine's fields beside it. Thousands of runs are one file that any
//! engine queries without reading what it is not asked for: no rounds and no blocks, which stay in the records.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use measure::machines::{self, FIELDS, Gathered, Key, Machine, OnMachine};
use measure::stats::random_effects::Known;
use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::record::{Header, Measurement, Status};
use crate::run_store::Run;
use crate::stats::{Estimate, Verdict};

/// A line: a measurement and where it comes from.
struct Line<'a> {
    run: &'a Run,
    header: &'a Header,
    fields: &'a [String; FIELDS.len()],
    m: &'a Measurement,
}

/// What a column holds of a line.
#[derive(Clone, Copy)]
enum Column {
    Text(fn(&Line) -> String),
    MaybeText(fn(&Line) -> Option<String>),
    Whole(fn(&Line) -> usize),
    Number(fn(&Line) -> Option<f64>),
    Yes(fn(&Line) -> bool),
}

/// The columns, in the order of the file.
const COLUMNS: [(&str, Column); 42] = {
    use Column::{MaybeText, Number, Text, Whole, Yes};
    [
        ("machine", Text(|l| l.run.name.clone())),
        ("simulated", MaybeText(|l| l.header.simulated.clone())),
        ("target", Text(|l| l.header.target.clone())),
        ("started", Text(|l| l.header.started.clone())),
        ("cpu", Text(|l| l.fields[0].clone())),
        ("cores", Whole(|l| l.header.environment.cores)),
        ("quota", Text(|l| l.fields[2].clone())),
        ("kernel", Text(|l| l.fields[3].clone())),
        ("governor", Text(|l| l.fields[4].clone())),
        ("rustc", Text(|l| l.fields[5].clone())),
        ("tokio", Text(|l| l.fields[6].clone())),
        ("profile", Text(|l| l.fields[7].clone())),
        ("frame_pointers", Text(|l| l.fields[8].clone())),
        ("revision", Text(|l| l.fields[9].clone())),
        ("matrix", Text(|l| l.fields[10].clone())),
        ("planned_rounds", Whole(|l| l.header.rounds)),
        ("layouts", Whole(|l| l.header.layouts)),
        ("case", Text(|l| l.m.case.to_string())),
        ("workload", Text(|l| l.m.case.workload.clone())),
        ("flavor", Text(|l| l.m.case.flavor.to_string())),
        ("site", Text(|l| l.m.case.site.to_string())),
        ("payload_bytes", Whole(|l| l.m.case.payload.0)),
        ("tasks", Whole(|l| l.m.case.tasks)),
        ("strategy", Text(|l| l.m.strategy.clone())),
        ("reference", Text(|l| l.m.reference.clone())),
        ("control", Yes(|l| l.m.is_control())),
        ("status", Text(|l| status(l.m.status).to_owned())),
        ("reason", MaybeText(|l| l.m.reason.clone())),
        ("flags", Text(|l| l.m.flags.join(" "))),
        (
            "verdict",
            MaybeText(|l| l.m.verdict.map(|verdict| verdict.as_str().to_owned())),
        ),
        ("ratio", Number(|l| l.m.ratio.map(|e| e.median))),
        ("ratio_low", Number(|l| l.m.ratio.map(|e| e.low))),
        ("ratio_high", Number(|l| l.m.ratio.map(|e| e.high))),
        ("ratio_level", Number(|l| l.m.ratio.map(|e| e.level))),
        ("log_error", Number(log_error)),
        ("noise_floor", Number(|l| l.m.noise_floor)),
        ("wall_ns", Number(|l| l.m.wall_ns.map(|e| e.median))),
        ("wall_low_ns", Number(|l| l.m.wall_ns.map(|e| e.low))),
        ("wall_high_ns", Number(|l| l.m.wall_ns.map(|e| e.high))),
        ("reference_ns", Number(|l| l.m.reference_ns.map(|e| e.median))),
        ("difference_ns", Number(|l| l.m.difference_ns.map(|e| e.median))),
        ("cpu_ns", Number(|l| l.m.cpu_ns.map(|e| e.median))),
    ]
};

/// The standard error of the natural log of a ratio.
fn log_error(line: &Line) -> Option<f64> {
    let ratio = line.m.ratio?;
    Known::of(&ratio, line.header.units(line.m).len()).map(|known| known.error)
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Failed => "failed",
        Status::Invalid => "invalid",
    }
}

/// A column's values until they are written; where a column may be null, whether each value is there.
enum Values {
    Text(Vec<ByteArray>, Vec<i16>),
    Whole(Vec<i64>),
    Number(Vec<f64>, Vec<i16>),
    Yes(Vec<bool>),
}

impl Values {
    fn of(column: Column) -> Self {
        match column {
            Column::Text(_) | Column::MaybeText(_) => Values::Text(Vec::new(), Vec::new()),
            Column::Whole(_) => Values::Whole(Vec::new()),
            Column::Number(_) => Values::Number(Vec::new(), Vec::new()),
            Column::Yes(_) => Values::Yes(Vec::new()),
        }
    }
}

/// Lines that are written together.
const TOGETHER: usize = 200_000;

/// A file that runs are written to.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    values: Vec<Values>,
    lines: usize,
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file.
    pub fn new(to: W) -> Result<Self, ParquetError> {
        let column = |(name, column): &(&str, Column)| match column {
            Column::Text(_) => format!("REQUIRED BYTE_ARRAY {name} (STRING);"),
            Column::MaybeText(_) => format!("OPTIONAL BYTE_ARRAY {name} (STRING);"),
            Column::Whole(_) => format!("REQUIRED INT64 {name};"),
            Column::Number(_) => format!("OPTIONAL DOUBLE {name};"),
            Column::Yes(_) => format!("REQUIRED BOOLEAN {name};"),
        };
        let columns: String = COLUMNS.iter().map(column).collect();
        let schema = parse_message_type(&format!("message measurements {{ {columns} }}"))?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        Ok(Self {
            file: SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?,
            values: COLUMNS.iter().map(|(_, column)| Values::of(*column)).collect(),
            lines: 0,
        })
    }

    /// Adds a run.
    pub fn add(&mut self, run: &Run) -> Result<(), ParquetError> {
        for (header, measurements) in &run.parts {
            let fields = machines::fields(header);
            for m in measurements {
                let line = Line {
                    run,
                    header,
                    fields: &fields,
                    m,
                };
                for ((_, column), values) in COLUMNS.iter().zip(&mut self.values) {
                    match (column, values) {
                        (Column::Text(of), Values::Text(values, _)) => values.push(of(&line).into_bytes().into()),
                        (Column::MaybeText(of), Values::Text(values, there)) => {
                            let value = of(&line);
                            there.push(i16::from(value.is_some()));
                            values.extend(value.map(|value| ByteArray::from(value.into_bytes())));
                        }
                        (Column::Whole(of), Values::Whole(values)) => values.push(of(&line) as i64),
                        (Column::Number(of), Values::Number(values, there)) => {
                            let value = of(&line);
                            there.push(i16::from(value.is_some()));
                            values.extend(value);
                        }
                        (Column::Yes(of), Values::Yes(values)) => values.push(of(&line)),
                        _ => unreachable!("values are those of their column"),
                    }
                }
                self.lines += 1;
            }
        }
        if self.lines >= TOGETHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for ((_, column), values) in COLUMNS.iter().zip(&mut self.values) {
            let full = std::mem::replace(values, Values::of(*column));
            let Some(mut to) = group.next_column()? else {
                break;
            };
            match (to.untyped(), full) {
                (ColumnWriter::ByteArrayColumnWriter(to), Values::Text(values, there)) => {
                    to.write_batch(&values, (!there.is_empty()).then_some(&there[..]), None)?;
                }
                (ColumnWriter::Int64ColumnWriter(to), Values::Whole(values)) => {
                    to.write_batch(&values, None, None)?;
                }
                (ColumnWriter::DoubleColumnWriter(to), Values::Number(values, there)) => {
                    to.write_batch(&values, Some(&there), None)?;
                }
                (ColumnWriter::BoolColumnWriter(to), Values::Yes(values)) => {
                    to.write_batch(&values, None, None)?;
                }
                _ => unreachable!("columns are those of the schema"),
            }
            to.close()?;
        }
        group.close()?;
        self.lines = 0;
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if self.lines > 0 {
            self.flush()?;
        }
        self.file.into_inner()
    }
}

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
    Whole(Vec<i64>),
    Number(Vec<Option<f64>>),
    Yes(Vec<bool>),
}

/// Each value that is there in its place.
fn spread<T>(values: Vec<T>, there: &[i16], count: usize) -> Vec<Option<T>> {
    let mut values = values.into_iter();
    let is_there = |line: usize| there.get(line).is_none_or(|level| *level > 0);
    (0..count)
        .map(|line| if is_there(line) { values.next() } else { None })
        .collect()
}

impl Read {
    fn of(reader: ColumnReader, count: usize) -> Result<Self, ParquetError> {
        let mut there = Vec::new();
        Ok(match reader {
            ColumnReader::ByteArrayColumnReader(mut reader) => {
                let mut values = Vec::new();
                reader.read_records(count, Some(&mut there), None, &mut values)?;
                Read::Text(spread(values, &there, count))
            }
            ColumnReader::Int64ColumnReader(mut reader) => {
                let mut values = Vec::new();
                reader.read_records(count, None, None, &mut values)?;
                Read::Whole(values)
            }
            ColumnReader::DoubleColumnReader(mut reader) => {
                let mut values = Vec::new();
                reader.read_records(count, Some(&mut there), None, &mut values)?;
                Read::Number(spread(values, &there, count))
            }
            ColumnReader::BoolColumnReader(mut reader) => {
                let mut values = Vec::new();
                reader.read_records(count, None, None, &mut values)?;
                Read::Yes(values)
            }
            _ => {
                return Err(ParquetError::General(
                    "a column of another type than `export` writes".into(),
                ));
            }
        })
    }
}

/// The columns that stand beside other machines'.
const READ: [&str; 26] = [
    "machine",
    "simulated",
    "target",
    "cpu",
    "cores",
    "quota",
    "kernel",
    "governor",
    "rustc",
    "tokio",
    "profile",
    "frame_pointers",
    "revision",
    "matrix",
    "planned_rounds",
    "layouts",
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

/// The columns of [`FIELDS`], in their order.
const COLUMNS_OF_FIELDS: [&str; FIELDS.len()] = [
    "cpu",
    "cores",
    "quota",
    "kernel",
    "governor",
    "rustc",
    "tokio",
    "profile",
    "frame_pointers",
    "revision",
    "matrix",
    "planned_rounds",
    "layouts",
];

/// Lines of a row group.
struct Lines {
    count: usize,
    columns: Vec<(&'static str, Read)>,
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
        let columns = READ.into_iter().map(read).collect::<Result<_, ParquetError>>()?;
        Ok(Self { count, columns })
    }

    fn column(&self, name: &str) -> Option<&Read> {
        self.columns
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, read)| read)
    }

    fn text(&self, name: &str, line: usize) -> &[u8] {
        match self.column(name) {
            Some(Read::Text(values)) => values[line].as_ref().map_or(&[], ByteArray::data),
            _ => &[],
        }
    }

    fn number(&self, name: &str, line: usize) -> Option<f64> {
        match self.column(name) {
            Some(Read::Number(values)) => values[line],
            _ => None,
        }
    }

    /// As it is shown.
    fn shown(&self, name: &str, line: usize) -> String {
        match self.column(name) {
            Some(Read::Whole(values)) => values[line].to_string(),
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
        for (known, name) in known.iter_mut().zip(COLUMNS_OF_FIELDS) {
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
        if matches!(self.column("control"), Some(Read::Yes(values)) if values[line]) {
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
