//! Records: one JSON line for the run, one for each measurement. Schema 2.
//!
//! A run that is under way streams its blocks into `TARGET.jsonl.partial`; when it is complete,
//! `TARGET.jsonl` is replaced by rename, so that a reader sees the old run or the new one and nothing between.

mod folder;
mod measurement;
mod read;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::case::Case;
use crate::conditions::Conditions;
use crate::environment::Environment;
use crate::machine_state::State;
use crate::shard::Sharded;
use crate::stats::{Sample, round_medians};

pub use read::{checksum, not_a_line, verify_checksum};

pub use folder::{Folder, Lock, Stream};
pub use measurement::{FEWEST_SAMPLES, Measurement, Status};
pub use read::read;

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
    /// Whether the run ended as it should: what did not fit into its time was left out, and is said in [`cut`](Self::cut).
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
    /// Rounds that were planned; `states` has an entry for each that was made.
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
    /// Which part of its matrix it is, where that was shared out; left out else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Sharded>,
    /// From what it was made, where no machine measured it; left out else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<String>,
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

impl Header {
    /// In how many layouts its rounds were made: no more than there were rounds.
    pub fn layouts_made(&self) -> usize {
        let made: BTreeSet<usize> = self.states.iter().map(|state| state.layout).collect();
        made.len().max(1)
    }

    /// What the interval of a measurement of this run is made of: the natural logs of its ratio, one for each round, and which
    /// rounds share a layout. Not of a control, whose interval is the shift between two samples.
    pub fn sample(&self, m: &Measurement) -> Sample {
        let layout = |round: &usize| self.states.get(*round).map(|state| state.layout);
        let layouts: Option<Vec<usize>> = m.in_rounds.iter().map(layout).collect();
        Sample::new(round_medians(&m.rounds), &layouts.unwrap_or_default())
    }
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

impl Memory {
    /// Of two runs, that of which each process grew the most.
    pub fn or_more(self, other: Self) -> Self {
        let grown = |(first, last): &(u64, u64)| last.saturating_sub(*first);
        let most = |a: Option<(u64, u64)>, b: Option<(u64, u64)>| [b, a].into_iter().flatten().max_by_key(grown);
        Self {
            run: most(self.run, other.run),
            round: most(self.round, other.round),
            server: most(self.server, other.server),
        }
    }
}

/// A record: a run's header, and its measurements, of one target.
pub type Part = (Header, Vec<Measurement>);

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
        /// How long what is like a task took right before and right after it, in ns; null where it wakes threads.
        core_ns: Option<[f64; 2]>,
        /// What was measured.
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
    /// A look found the case clear: it is not measured any more.
    Clear {
        /// The case.
        case: Case,
    },
    /// What was left out so that the run fits into its time.
    Cut {
        /// Of what.
        of: CutOf,
        /// In words; `None` takes an earlier cut back.
        what: Option<String>,
    },
}

/// What was left out of. A later cut of the same takes the place of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutOf {
    /// Of each block.
    Blocks,
    /// Of the rounds.
    Rounds,
}

/// A record that cannot be read or written: the file, the line where there is one, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", path.display(), line.map_or(String::new(), |line| format!(":{line}")))]
pub struct RecordError {
    path: PathBuf,
    line: Option<usize>,
    problem: String,
}

impl RecordError {
    /// Of a file, what is wrong with it.
    pub fn of(path: &Path, problem: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            problem: problem.to_string(),
        }
    }

    /// Of a line of it, from 1.
    pub fn at(path: &Path, line: usize, problem: impl fmt::Display) -> Self {
        Self {
            line: Some(line),
            ..Self::of(path, problem)
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RecordError + '_ {
    move |error| RecordError::of(path, error)
}

fn to_line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("records hold finite numbers and strings only");
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
pub const NO_CHECKSUM: &str = "\"checksum\":\"\"";
