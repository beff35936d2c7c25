//! Runs as Parquet: a line for each measurement, with its machine's fields beside it. Thousands of runs are one file that any
//! engine queries without reading what it is not asked for: no rounds and no blocks, which stay in the records.

mod read;
mod write;

use measure::machines::FIELDS;
use measure::stats::random_effects::LogRatio;

use crate::record::{Header, Measurement};
use crate::run_store::Run;

pub use read::gather;
pub use write::Writer;

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
        ("status", Text(|l| l.m.status.as_str().to_owned())),
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
    LogRatio::of(&ratio, line.header.sample(line.m).independent()).map(|known| known.error)
}

/// The columns of [`FIELDS`], which stand beside each other in their order.
fn of_fields() -> impl Iterator<Item = &'static str> {
    let names = COLUMNS.iter().map(|(name, _)| *name);
    names.skip_while(|name| *name != "cpu").take(FIELDS.len())
}
