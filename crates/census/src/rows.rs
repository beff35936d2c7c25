//! The rows of a census.

use serde::{Deserialize, Serialize, Serializer};

use timed::case::{self, Case};

/// What one iteration of a measurement does. Counts are whole numbers where `exact`, else means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case; in JSON its id, and each axis in a field of its own.
    #[serde(flatten, with = "case::fields")]
    pub case: Case,
    /// The strategy.
    pub strategy: String,
    /// Whether it is the same each time: one thread does everything.
    pub exact: bool,
    /// Polls of all children.
    #[serde(serialize_with = "whole")]
    pub child_polls: f64,
    /// Polls of what the fan-out runs in.
    #[serde(serialize_with = "whole")]
    pub parent_polls: f64,
    /// Calls of the wakers of the parent and of children that are tasks.
    #[serde(serialize_with = "whole")]
    pub wakes: f64,
    /// Children in a task of their own.
    #[serde(serialize_with = "whole")]
    pub tasks_spawned: f64,
    /// Allocations of the whole process.
    #[serde(serialize_with = "whole")]
    pub allocations: f64,
    /// Bytes of them.
    #[serde(serialize_with = "whole")]
    pub bytes_allocated: f64,
    /// The most bytes that were allocated at once, beyond those before the iteration.
    pub peak_bytes: u64,
    /// How often workers parked: had nothing to run, and waited. `None` in rows that were made without it.
    #[serde(default, serialize_with = "whole_or_null")]
    pub parks: Option<f64>,
    /// How often a thread was woken by a write to the eventfd of tokio's I/O driver, on which one parked worker waits (the
    /// others wait on a futex). `None` where the system does not tell, or the workload itself writes.
    #[serde(default, serialize_with = "whole_or_null")]
    pub driver_wakes: Option<f64>,
    /// Size of the future of the whole fan-out.
    pub future_bytes: usize,
    /// Size of one child's future.
    pub child_future_bytes: usize,
}

/// A whole number as one: `9`, not `9.0`.
fn whole<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

fn whole_or_null<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(value) => whole(value, serializer),
    }
}
