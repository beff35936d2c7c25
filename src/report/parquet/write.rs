//! Writing: columns are filled line by line, and written some hundred thousand lines at a time.

use std::io::Write;
use std::sync::Arc;

use measure::machines;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{COLUMNS, Column, Line};
use crate::run_store::Run;

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
