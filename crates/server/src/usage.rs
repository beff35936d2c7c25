//! What a process used so far.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use timed::usage::process_cpu_time;

/// CPU time and context switches of a process since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time of all its threads.
    pub cpu: Duration,
    /// Times that a thread gave up its core because it waited.
    pub voluntary: u64,
    /// Times that its core was taken from it.
    pub involuntary: u64,
}

impl Usage {
    /// Of this process.
    pub fn here() -> Self {
        let (voluntary, involuntary) = switches();
        Self {
            cpu: process_cpu_time(),
            voluntary,
            involuntary,
        }
    }

    /// What was used since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            voluntary: self.voluntary.saturating_sub(before.voluntary),
            involuntary: self.involuntary.saturating_sub(before.involuntary),
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            voluntary: self.voluntary + other.voluntary,
            involuntary: self.involuntary + other.involuntary,
        }
    }
}

/// Context switches of all threads of this process, of which `/proc/self/status` has those of the first alone.
fn switches() -> (u64, u64) {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of = |text: &str, name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    tasks.fold((0, 0), |(voluntary, involuntary), task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        (
            voluntary + of(&status, "voluntary_ctxt_switches:"),
            involuntary + of(&status, "nonvoluntary_ctxt_switches:"),
        )
    })
}
