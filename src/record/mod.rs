//! Records: one JSON line for the run, one for each measurement. Schema 2.
//!
//! A run that is under way streams its blocks into `TARGET.jsonl.partial`; when it is complete,
//! `TARGET.jsonl` is replaced by rename, so that a reader sees the old run or the new one and nothing between.

mod folder;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::case::{self, Case, is_name};
use crate::environment::Environment;
use crate::machine_state::State;
use crate::stats::{Estimate, Mode, Stretch, Verdict};
use crate::traps::Conditions;

pub use folder::{Folder, Stream};

/// The version of everything in this file.
pub const SCHEMA: u32 = 2;

/// The first line of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// The bench target.
    pub target: String,
    /// `quick`, `default` or `full`.
    pub matrix: String,
    /// The filter given on the command line.
    pub filter: Option<String>,
    /// Whether every round ran to its end.
    pub complete: bool,
    /// When the run began, RFC 3339, UTC.
    pub started: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// A command that measures the same.
    pub command: String,
    /// What machine and what build this was.
    #[serde(flatten)]
    pub environment: Environment,
    /// Rounds of the run.
    pub rounds: usize,
    /// Differently linked copies of the program that its rounds were made by.
    pub layouts: usize,
    /// Why there is one layout, where more were wanted.
    pub only_one_layout: Option<String>,
    /// Minutes that it might take; null for no limit.
    pub minutes: Option<f64>,
    /// What was left out so that it fitted into them, in words.
    pub cut: Vec<String>,
    /// The machine when each round began, and the round's layout.
    pub states: Vec<State>,
    /// Seed of all orders and data.
    pub seed: u64,
    /// Hash of the list of measurements, to tell whether a run that was cut short is the same run.
    pub plan: String,
    /// Share of the blocks' wall time that lay inside timed slices.
    pub timed_share: Option<f64>,
    /// Resident memory of its processes, in bytes, after their first case and at their end.
    pub resident_bytes: Memory,
    /// What happened around it.
    pub conditions: Conditions,
    /// What makes its numbers less than they look, in words.
    pub traps: Vec<String>,
    /// XXH3 of the whole file with this field empty, in 16 hexadecimal digits: a record that was changed is refused. Empty
    /// in a file that is not complete.
    pub checksum: String,
}

/// Resident memory of the processes of a run, in bytes, each after its first case and at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The process that was started by the user.
    pub run: Option<(u64, u64)>,
    /// The round that grew the most.
    pub round: Option<(u64, u64)>,
    /// The mock server that grew the most.
    pub server: Option<(u64, u64)>,
}

/// Whether a measurement can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Measured in every round.
    Ok,
    /// The case's process died, hung, or returned an error.
    Failed,
    /// Measured, but under conditions that make the numbers worthless.
    Invalid,
}

/// One case × one strategy. Times are ns per iteration, one whole fan-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The case; in JSON its id, and each axis in a field of its own.
    #[serde(flatten, with = "case::fields")]
    pub case: Case,
    /// How the children are awaited.
    pub strategy: String,
    /// What the ratio is relative to.
    pub reference: String,
    /// Whether the numbers can be used; where they cannot, they are null.
    pub status: Status,
    /// Why they cannot.
    pub reason: Option<String>,
    /// `bimodal`, `oversubscribed`, `driver_races`, `server_bound`, `state_changed`.
    pub flags: Vec<String>,
    /// Whether the strategies had a runtime of their own each, or shared one.
    pub own_runtime: bool,
    /// Wall time.
    pub wall_ns: Option<Estimate>,
    /// The reference's wall time, in the same blocks or in those beside them, to stand beside `wall_ns`.
    pub reference_ns: Option<Estimate>,
    /// How much longer it takes than the reference, in ns for each child.
    pub difference_ns: Option<Estimate>,
    /// CPU time of all threads of the process; null where there is no such clock.
    pub cpu_ns: Option<Estimate>,
    /// Wall time over the reference's; on the reference's own line, the control: it against a copy of itself in another
    /// process and layout.
    pub ratio: Option<Estimate>,
    /// How far the case's control strayed from 1, a fraction.
    pub noise_floor: Option<f64>,
    /// The ratio in a shared runtime over the ratio of both alone; null where runtimes are not shared.
    pub carry_over: Option<Estimate>,
    /// Two modes of opposite sign, the faster first; empty where there are none.
    pub modes: Vec<Mode>,
    /// The ratio in each of two states that dwell, the lower first; empty where it has one.
    pub states: Vec<Stretch>,
    /// What the ratio says.
    pub verdict: Option<Verdict>,
    /// Wall time of the workload's own machinery, without any children; null where it has none.
    pub machinery_ns: Option<Estimate>,
    /// CPU time of the mock server; null where there is none.
    pub server_cpu_ns: Option<Estimate>,
    /// Time until the parent had the first result; null but for `http_straggler`.
    pub first_result_ns: Option<Estimate>,
    /// Time until it had all results but one; null but for `http_straggler`.
    pub all_but_one_ns: Option<Estimate>,
    /// Connections opened to the mock server by the end of each round's blocks; empty where there is none.
    pub connections_opened: Vec<Vec<u64>>,
    /// The rounds in which it was measured, from 0.
    pub in_rounds: Vec<usize>,
    /// Natural-log ratios of each of these rounds.
    pub rounds: Vec<Vec<f64>>,
    /// ns per iteration of each of these rounds' block, or, where there are fewer than ten, of its slices.
    pub block_ns: Vec<Vec<f64>>,
}

impl Measurement {
    /// A measurement without numbers.
    pub fn failed(case: &Case, strategy: &str, reference: &str, reason: &str) -> Self {
        Self {
            case: case.clone(),
            strategy: strategy.to_owned(),
            reference: reference.to_owned(),
            status: Status::Failed,
            reason: Some(reason.to_owned()),
            flags: Vec::new(),
            own_runtime: false,
            wall_ns: None,
            reference_ns: None,
            difference_ns: None,
            cpu_ns: None,
            ratio: None,
            noise_floor: None,
            carry_over: None,
            modes: Vec::new(),
            states: Vec::new(),
            verdict: None,
            machinery_ns: None,
            server_cpu_ns: None,
            first_result_ns: None,
            all_but_one_ns: None,
            connections_opened: Vec::new(),
            in_rounds: Vec::new(),
            rounds: Vec::new(),
            block_ns: Vec::new(),
        }
    }

    /// A measurement under conditions that make its numbers worthless.
    pub fn invalid(case: &Case, strategy: &str, reference: &str, reason: &str) -> Self {
        Self {
            status: Status::Invalid,
            ..Self::failed(case, strategy, reference, reason)
        }
    }

    /// Whether this is the reference measured against itself.
    pub fn is_control(&self) -> bool {
        self.strategy == self.reference
    }
}

/// A line of a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Run(Box<Header>),
    Measurement(Box<Measurement>),
}

/// A line of a run that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PartialLine {
    /// The header, `complete` being false.
    Run(Box<Header>),
    /// One block of one pair.
    Block {
        /// The round, from 0.
        round: usize,
        /// The case.
        case: Case,
        /// One strategy, or two that shared a runtime.
        strategies: Vec<String>,
        /// Whether in the round's second process.
        copy: bool,
        /// What it was measured.
        #[serde(flatten)]
        block: Block,
    },
    /// A round began.
    Round {
        /// The round, from 0.
        round: usize,
        /// The machine when it did.
        state: State,
    },
    /// All blocks of a case in a round are there.
    Done {
        /// The round, from 0.
        round: usize,
        /// The case.
        case: Case,
    },
    /// The run was cut short before this line and is gone on with after it: blocks of cases that were not done
    /// by then do not count.
    Resumed,
    /// After each round: what happened around the run until now.
    Around {
        /// Seconds over all parts.
        seconds: f64,
        /// What happened around it.
        conditions: Conditions,
        /// Memory of its processes.
        resident_bytes: Memory,
    },
    /// The case is not measured any more.
    Failed {
        /// The case.
        case: Case,
        /// Why not.
        reason: String,
    },
    /// What was left out so that the run fits into its time.
    Cut {
        /// In words.
        what: String,
    },
}

/// A record that cannot be read or written. Names the file, and the line where there is one.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be opened, read, written or renamed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a record of this schema.
    #[error("{path}:{line}: {problem}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Another run holds the folder.
    #[error(
        "{path}: another run is writing here; wait for its end, or set JVS_RESULTS to another folder"
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RecordError + '_ {
    move |source| RecordError::Io {
        path: path.to_owned(),
        source,
    }
}

fn to_line(value: &impl Serialize) -> String {
    let mut line =
        serde_json::to_string(value).expect("records hold finite numbers and strings only");
    line.push('\n');
    line
}

/// A record as text, its checksum in its header.
pub fn to_text(header: &Header, measurements: &[Measurement]) -> String {
    let header = Header {
        checksum: String::new(),
        ..header.clone()
    };
    let mut text = to_line(&Line::Run(Box::new(header)));
    for measurement in measurements {
        text += &to_line(&Line::Measurement(Box::new(measurement.clone())));
    }
    let sum = checksum(&text);
    text.replacen(NO_CHECKSUM, &format!("\"checksum\":\"{sum}\""), 1)
}

/// The field of a header whose checksum is not made yet.
const NO_CHECKSUM: &str = "\"checksum\":\"\"";

fn checksum(text: &str) -> String {
    format!("{:016x}", twox_hash::XxHash3_64::oneshot(text.as_bytes()))
}

/// Whether a complete record is as it was written.
fn check_sum(header: &Header, text: &str) -> Result<(), String> {
    let written = format!("\"checksum\":\"{}\"", header.checksum);
    let sum = checksum(&text.replacen(&written, NO_CHECKSUM, 1));
    if header.checksum == sum {
        Ok(())
    } else {
        Err(format!(
            "the file was changed after it was written: its checksum is {sum}, its header says `{}`",
            header.checksum
        ))
    }
}

/// Reads a record whole, or not at all.
pub fn read(path: &Path) -> Result<(Header, Vec<Measurement>), RecordError> {
    let text = fs::read_to_string(path).map_err(io_error(path))?;
    let wrong = |line: usize, problem: String| RecordError::Content {
        path: path.to_owned(),
        line,
        problem,
    };
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
                    return Err(wrong(
                        number,
                        format!("`{}` is not a target's name", run.target),
                    ));
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
            Err(error) => return Err(wrong(number, error.to_string())),
        }
    }
    match header {
        Some(header) => {
            check_sum(&header, &text).map_err(|problem| wrong(1, problem))?;
            Ok((header, measurements))
        }
        None => Err(wrong(last.max(1), "the file is empty".into())),
    }
}

/// Whether a measurement agrees with itself: what is read here becomes part of ids, pages and comparisons.
fn check(m: &Measurement) -> Result<(), String> {
    for name in [&m.strategy, &m.reference] {
        if !is_name(name) {
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
        let positive = low > 0.0
            || (low == 0.0
                && !matches!(field, "ratio" | "wall_ns" | "reference_ns" | "carry_over"));
        if !(positive
            && low <= median
            && median <= high
            && high.is_finite()
            && (0.0..1.0).contains(&level))
        {
            return Err(format!("{case}: {field} is no median in an interval"));
        }
    }
    Ok(())
}

fn check_schema(line: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    match serde_json::from_str::<Schema>(line) {
        Ok(Schema { schema: SCHEMA }) => Ok(()),
        Ok(Schema { schema }) => Err(format!(
            "written with schema {schema}; this build reads schema {SCHEMA}, whose method is another (METHODOLOGY.md): \
             measure again"
        )),
        Err(error) => Err(format!("no header: {error}")),
    }
}
