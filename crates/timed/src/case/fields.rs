//! A case in a line of JSON: its id as `case`, and each axis in a field of its own, so that a query has nothing to split.
//! For `#[serde(flatten, with = "case::fields")]`; a line whose fields contradict each other is refused.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::Case;

#[derive(PartialEq, Serialize, Deserialize)]
struct Fields {
    case: Case,
    workload: String,
    flavor: String,
    site: String,
    payload_bytes: usize,
    tasks: usize,
}

impl Fields {
    fn of(case: &Case) -> Self {
        Self {
            case: case.clone(),
            workload: case.workload.clone(),
            flavor: case.flavor.to_string(),
            site: case.site.to_string(),
            payload_bytes: case.payload.0,
            tasks: case.tasks,
        }
    }
}

/// The six fields.
///
/// # Errors
///
/// The serializer's own.
pub fn serialize<S: Serializer>(case: &Case, serializer: S) -> Result<S::Ok, S::Error> {
    Fields::of(case).serialize(serializer)
}

/// The case, if the six fields agree.
///
/// # Errors
///
/// Where a field is missing or no such value, or the id and the axes disagree.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Case, D::Error> {
    let found = Fields::deserialize(deserializer)?;
    let meant = Fields::of(&found.case);
    if found == meant {
        return Ok(found.case);
    }
    let shown = |fields| serde_json::to_string(&fields).expect("names and numbers");
    Err(D::Error::custom(format!(
        "the case's fields do not go with its id: {}, not {}",
        shown(found),
        shown(meant)
    )))
}
