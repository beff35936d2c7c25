//! What profiles show: stacks, pictures of them, what differs between two, and a page about both.

pub mod draw;
pub mod page;
pub mod shares;
pub mod stacks;

use serde::{Deserialize, Serialize};

use crate::case::Case;

/// What is known of a measurement's stacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The case.
    pub case: Case,
    /// The strategy; only it ran, without a reference.
    pub strategy: String,
    /// Samples in the picture.
    pub samples: u64,
    /// Samples that are not, since they were of the harness: set-up, building and ending runtimes.
    pub cut: u64,
    /// Those of the picture whose stack goes to its thread's entry, through frames that all have names.
    pub whole: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// CPU time of the whole process, in seconds.
    pub cpu_seconds: f64,
    /// tokio's version.
    pub tokio: String,
}

impl Profile {
    /// The measurement's id.
    pub fn id(&self) -> String {
        self.case.measurement_id(&self.strategy)
    }

    /// What the picture cannot show, where it is much.
    pub fn caveat(&self) -> Option<String> {
        let share = self.cpu_seconds / self.seconds;
        if share < 0.8 {
            return Some(format!(
                "CPU time is {:.0}% of wall time: for the rest all threads were parked, which no sample shows",
                share * 100.0
            ));
        }
        (share > 1.25).then(|| {
            format!("CPU time is {share:.2} times the wall time: threads that run at the same time are added up")
        })
    }
}
