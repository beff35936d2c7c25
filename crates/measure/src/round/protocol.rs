//! What a round's process and its parent say to each other: lines of JSON.

use serde::{Deserialize, Serialize};

use super::Job;
use crate::block::{Block, Shape};

/// The version of what follows: a program of another one cannot be a round of this one.
pub(crate) const PROTOCOL: u32 = 4;

/// The first argument that makes the program a round instead of itself.
pub(super) const ARGUMENT: &str = "--round-of-join-vs-spawn";

/// Comes before each answer, wherever a user's own output left the line: ASCII's record separator.
pub(super) const MARK: u8 = 0x1e;

/// One block to measure, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BlockTask {
    pub(super) job: Job,
    pub(super) shape: Shape,
    pub(super) seed: u64,
}

/// What the parent says to the child: blocks to measure one after the other, in one runtime where they are several. Each has an
/// answer of its own; the first that fails is the last.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// Of one flavor and one site.
    pub(super) parts: Vec<BlockTask>,
    /// The core that a case of one thread stays on, among those that the process may use.
    pub(super) core: usize,
    /// The longest look at a core that is nobody else's, in ns, as far as it is known.
    pub(super) free_ns: Option<f64>,
    /// Whether that core has rested and is to be kept busy for a while before anything is measured on it.
    pub(super) rested: bool,
    /// Whether in the process itself, as in a program that does nothing else, and not in a copy of it.
    pub(super) in_place: bool,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Event {
    /// It waits for tasks.
    Ready,
    Block {
        block: Box<Block>,
        /// Its mock servers' processes.
        servers: Vec<u32>,
        /// [`crate::shared_core::task_ns`] right before and right after it, where it has one thread.
        core_ns: Option<[f64; 2]>,
    },
    /// The last event of its process.
    Failed(String),
}
