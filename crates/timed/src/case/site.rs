//! The axis site.

use std::fmt;
use std::str::FromStr;

use super::ParseError;

/// Where the fan-out runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// Inside a spawned task.
    Worker,
    /// In the future given to `Runtime::block_on`, as in `#[tokio::main] async fn main`.
    BlockOn,
    /// Inside a spawned task, beside so many other tasks that are always ready: a runtime that never rests.
    WorkerBeside(u16),
    /// In `block_on`, beside as many.
    BlockOnBeside(u16),
}

/// More always-ready tasks than this are a mistake rather than a measurement.
const MAX_BESIDE: u16 = 1024;

impl Site {
    /// Whether it is inside a spawned task.
    pub fn in_task(self) -> bool {
        matches!(self, Site::Worker | Site::WorkerBeside(_))
    }

    /// The tasks that are always ready beside the fan-out.
    pub fn beside(self) -> u16 {
        match self {
            Site::Worker | Site::BlockOn => 0,
            Site::WorkerBeside(tasks) | Site::BlockOnBeside(tasks) => tasks,
        }
    }
}

/// The names that a site can have.
pub const SITES: &str = "worker, block_on, worker_beside_K, block_on_beside_K with K always-ready tasks from 1 to 1024";

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.in_task() { "worker" } else { "block_on" })?;
        match self.beside() {
            0 => Ok(()),
            tasks => write!(f, "_beside_{tasks}"),
        }
    }
}

impl FromStr for Site {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let beside = |rest: &str| -> Option<u16> {
            let tasks = rest.strip_prefix("_beside_")?;
            let number = tasks.parse().ok()?;
            ((1..=MAX_BESIDE).contains(&number) && number.to_string() == tasks).then_some(number)
        };
        let site = match (text.strip_prefix("worker"), text.strip_prefix("block_on")) {
            (Some(""), _) => Some(Site::Worker),
            (_, Some("")) => Some(Site::BlockOn),
            (Some(rest), _) => beside(rest).map(Site::WorkerBeside),
            (_, Some(rest)) => beside(rest).map(Site::BlockOnBeside),
            _ => None,
        };
        site.ok_or_else(|| ParseError::new(text, "a site"))
    }
}
