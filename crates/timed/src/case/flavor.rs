//! The axis flavor.

use std::fmt;
use std::str::FromStr;

use super::ParseError;

/// The kind of runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavor {
    /// `Builder::new_current_thread()`.
    CurrentThread,
    /// `Builder::new_multi_thread()` with this many workers.
    MultiThread(usize),
    /// `LocalRuntime`, with `spawn_local` in place of `spawn`.
    Local,
    /// A `LocalSet` on `Builder::new_current_thread()`, with `spawn_local` in place of `spawn`.
    LocalSet,
}

/// More workers than this is a mistake rather than a measurement.
const MAX_WORKERS: usize = 512;

impl Flavor {
    /// Those that have one thread, in the order of tables.
    pub const OF_ONE_THREAD: &[Flavor] = &[Flavor::CurrentThread, Flavor::Local, Flavor::LocalSet];

    /// Threads that poll tasks.
    pub fn workers(self) -> usize {
        match self {
            Flavor::MultiThread(workers) => workers,
            _ => 1,
        }
    }

    /// Whether tasks are made by `spawn_local`, whose futures need not be `Send`.
    pub fn spawns_local(self) -> bool {
        matches!(self, Flavor::Local | Flavor::LocalSet)
    }

    /// Whether the thread that calls `block_on` polls all tasks, and there is no other.
    pub fn has_one_thread(self) -> bool {
        !matches!(self, Flavor::MultiThread(_))
    }
}

/// The names that a flavor can have.
pub const FLAVORS: &str = "current_thread, local, local_set, or multi_thread_K with K workers from 1 to 512";

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flavor::CurrentThread => f.write_str("current_thread"),
            Flavor::MultiThread(workers) => write!(f, "multi_thread_{workers}"),
            Flavor::Local => f.write_str("local"),
            Flavor::LocalSet => f.write_str("local_set"),
        }
    }
}

impl FromStr for Flavor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const WANTED: &str = "a flavor";
        let mut of_one_thread = Flavor::OF_ONE_THREAD.iter();
        if let Some(flavor) = of_one_thread.find(|flavor| flavor.to_string() == text) {
            return Ok(*flavor);
        }
        text.strip_prefix("multi_thread_")
            .and_then(|workers| workers.parse().ok())
            .filter(|workers| (1..=MAX_WORKERS).contains(workers))
            .map(Flavor::MultiThread)
            .filter(|flavor| flavor.to_string() == text)
            .ok_or_else(|| ParseError::new(text, WANTED))
    }
}
