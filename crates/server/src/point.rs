//! Points: what is measured, and how it is called.
//!
//! An id is `WORKLOAD@LOAD/FLAVOR/worker/PAYLOAD/STRATEGY/TASKS`, as those of all bench targets: the workload is the backend's delay,
//! LOAD is in percent of the greatest throughput of the reference, or `max` for a closed loop.

use std::fmt;

use measure::case::{Flavor, Payload};
use serde::{Deserialize, Serialize};

use crate::delay::Delay;

/// How much load there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In percent of the greatest throughput of the reference, in an open loop.
    Percent(u32),
    /// As much as goes, in a closed loop.
    Max,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::Percent(percent) => write!(f, "{percent}"),
            Level::Max => f.write_str("max"),
        }
    }
}

/// What all points of a server process have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    /// When the backend answers.
    pub delay: Delay,
    /// The server's runtime.
    pub flavor: Flavor,
    /// Bytes of a child's document.
    pub bytes: usize,
    /// Children of a request.
    pub tasks: usize,
}

impl Shape {
    /// The id of a point without its strategy, as cases of other targets have one.
    pub fn case(&self, level: Level) -> String {
        format!("{}/{}", self.group(level), self.tasks)
    }

    /// The id of a point.
    pub fn id(&self, level: Level, strategy: &str) -> String {
        format!("{}/{strategy}/{}", self.group(level), self.tasks)
    }

    fn group(&self, level: Level) -> String {
        let Shape {
            delay, flavor, bytes, ..
        } = self;
        format!("{delay}@{level}/{flavor}/worker/{}", Payload(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_of_a_measurement() {
        let shape = Shape {
            delay: Delay::Straggler,
            flavor: Flavor::MultiThread(2),
            bytes: 64 << 10,
            tasks: 3,
        };
        for level in [Level::Percent(85), Level::Max] {
            let id = shape.id(level, "buffer_unordered@2");
            let (case, strategy) = measure::case::parse_measurement_id(&id).unwrap();
            assert_eq!(
                (case.to_string(), strategy.as_str()),
                (shape.case(level), "buffer_unordered@2")
            );
        }
    }
}
