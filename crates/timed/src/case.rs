//! A case, its axes, and the only place that turns them into text and back.
//!
//! A **case** is one point workload × flavor × site × payload × tasks; a **measurement** is one case × one
//! strategy. Their ids are Criterion's: the group is `WORKLOAD/FLAVOR/SITE/PAYLOAD`, then the strategy, then
//! the number of tasks.

pub mod fields;
mod flavor;
mod payload;
mod site;

use std::fmt;
use std::str::FromStr;

pub use flavor::{FLAVORS, Flavor};
pub use payload::Payload;
pub use site::{SITES, Site};

/// Text that is not an axis value or an id, and what kind of one was wanted; [`FLAVORS`] and [`SITES`] list values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct ParseError {
    /// The offending text.
    pub text: String,
    /// What would have been right.
    pub wanted: &'static str,
}

impl ParseError {
    fn new(text: &str, wanted: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            wanted,
        }
    }
}

/// One point of the space that is measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// What each child does, by name.
    pub workload: String,
    /// The kind of runtime.
    pub flavor: Flavor,
    /// Where the fan-out runs.
    pub site: Site,
    /// Bytes each child carries.
    pub payload: Payload,
    /// Children of one iteration.
    pub tasks: usize,
}

impl Case {
    /// The Criterion group: the case without its number of tasks.
    pub fn group(&self) -> String {
        format!("{}/{}/{}/{}", self.workload, self.flavor, self.site, self.payload)
    }

    /// The id of this case measured with `strategy`, as Criterion, `--list` and the filter know it.
    pub fn measurement_id(&self, strategy: &str) -> String {
        format!("{}/{strategy}/{}", self.group(), self.tasks)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group(), self.tasks)
    }
}

const WANTED_CASE: &str = "a case id: WORKLOAD/FLAVOR/SITE/PAYLOAD/TASKS";

impl FromStr for Case {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [workload, flavor, site, payload, tasks] = parts[..] else {
            return Err(ParseError::new(text, WANTED_CASE));
        };
        if !is_id(workload) {
            return Err(ParseError::new(text, WANTED_CASE));
        }
        Ok(Case {
            workload: workload.to_owned(),
            flavor: flavor.parse()?,
            site: site.parse()?,
            payload: payload.parse()?,
            tasks: parse_tasks(tasks)?,
        })
    }
}

impl serde::Serialize for Case {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Case {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Splits a measurement's id into its case and its strategy.
///
/// # Errors
///
/// [`ParseError`]: which part of the id is wrong, and what it may be.
pub fn parse_measurement_id(text: &str) -> Result<(Case, String), ParseError> {
    const WANTED: &str = "a measurement id: WORKLOAD/FLAVOR/SITE/PAYLOAD/STRATEGY/TASKS";
    let error = || ParseError::new(text, WANTED);
    let (rest, tasks) = text.rsplit_once('/').ok_or_else(error)?;
    let (group, strategy) = rest.rsplit_once('/').ok_or_else(error)?;
    if !is_id(strategy) {
        return Err(error());
    }
    Ok((format!("{group}/{tasks}").parse()?, strategy.to_owned()))
}

/// More children than this is a mistake rather than a measurement.
pub const MAX_TASKS: usize = 1_000_000;

/// Reads a number of tasks as `JVS_TASKS` and ids spell it.
///
/// # Errors
///
/// [`ParseError`] where it is no number from 1 to [`MAX_TASKS`].
pub fn parse_tasks(text: &str) -> Result<usize, ParseError> {
    text.parse()
        .ok()
        .filter(|tasks: &usize| (1..=MAX_TASKS).contains(tasks) && tasks.to_string() == text)
        .ok_or_else(|| ParseError::new(text, "a number of tasks from 1 to 1000000"))
}

/// Whether `text` can stand for a workload or a strategy in an id: a name, and behind `@` parameters where it has some.
pub fn is_id(text: &str) -> bool {
    let parameter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match text.split_once('@') {
        None => is_name(text),
        Some((name, parameters)) => is_name(name) && !parameters.is_empty() && parameters.chars().all(parameter),
    }
}

/// Whether `text` can name a workload, a strategy or a target: it becomes part of ids and of file names.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_in_json_has_its_axes_and_they_agree() {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Line {
            #[serde(flatten, with = "fields")]
            case: Case,
            more: u8,
        }
        let case: Case = "yield/multi_thread_2/block_on/4KiB/8".parse().unwrap();
        let json = serde_json::to_string(&Line { case, more: 1 }).unwrap();
        let axes = r#""workload":"yield","flavor":"multi_thread_2","site":"block_on","payload_bytes":4096,"tasks":8"#;
        assert_eq!(
            json,
            format!(r#"{{"case":"yield/multi_thread_2/block_on/4KiB/8",{axes},"more":1}}"#)
        );
        let line: Line = serde_json::from_str(&json).unwrap();
        assert_eq!(line.case.payload, Payload(4096));
        for (right, wrong) in [
            (r#""workload":"yield""#, r#""workload":"ready""#),
            (r#""flavor":"multi_thread_2""#, r#""flavor":"local""#),
            (r#""site":"block_on""#, r#""site":"worker""#),
            ("4096", "4095"),
            (r#""tasks":8"#, r#""tasks":9"#),
        ] {
            let error = serde_json::from_str::<Line>(&json.replace(right, wrong)).err();
            let error = error.expect(wrong).to_string();
            assert!(error.contains("do not go with its id"), "{error}");
        }
        let error = serde_json::from_str::<Line>(r#"{"case":"yield/local/worker/0B/8","more":1}"#);
        assert!(error.err().unwrap().to_string().contains("missing field `workload`"));
    }

    #[test]
    fn ids_round_trip() {
        for workload in ["ready", "http_delay", "wake@4_100ns"] {
            for flavor in [
                Flavor::CurrentThread,
                Flavor::MultiThread(1),
                Flavor::MultiThread(16),
                Flavor::Local,
            ] {
                for site in [
                    Site::Worker,
                    Site::BlockOn,
                    Site::WorkerBeside(4),
                    Site::BlockOnBeside(1),
                ] {
                    for payload in [0, 1, 64, 1000, 1024, 1500 * 1024, 1 << 20] {
                        let case = Case {
                            workload: workload.into(),
                            flavor,
                            site,
                            payload: Payload(payload),
                            tasks: 96,
                        };
                        assert_eq!(case.to_string().parse::<Case>().as_ref(), Ok(&case));
                        let id = case.measurement_id("join_set@64");
                        assert_eq!(parse_measurement_id(&id), Ok((case, "join_set@64".into())));
                    }
                }
            }
        }
    }

    #[test]
    fn ids_read_as_the_design_spells_them() {
        let case: Case = "yield/multi_thread_2/worker/0B/8".parse().unwrap();
        assert_eq!(case.group(), "yield/multi_thread_2/worker/0B");
        assert_eq!(case.measurement_id("spawn"), "yield/multi_thread_2/worker/0B/spawn/8");
    }

    #[test]
    fn one_value_has_one_spelling() {
        for wrong in [
            "12x",
            "",
            "B",
            "KiB",
            "1024B",
            "1024KiB",
            "4kib",
            "04B",
            "-1B",
            "+1B",
            "1.5KiB",
            "99999999999999999999B",
            "18014398509481984KiB",
        ] {
            assert!(wrong.parse::<Payload>().is_err(), "{wrong}");
        }
        for wrong in [
            "multi_thread_0",
            "multi_thread_01",
            "multi_thread_+1",
            "multi_thread_513",
            "multi_thread_",
            "multi_thread",
            "Local",
            "",
        ] {
            assert!(wrong.parse::<Flavor>().is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "Worker",
            "worker_beside_0",
            "worker_beside_04",
            "block_on_beside_1025",
            "block_on_4",
        ] {
            assert!(wrong.parse::<Site>().is_err(), "{wrong}");
        }
        for wrong in ["0", "-1", "08", "+8", "eight", "", "1000001", "8 "] {
            assert!(parse_tasks(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "yield/current_thread/worker/0B",
            "yield/current_thread/worker/0B/8/9",
            "../x/current_thread/worker/0B/8",
            "/current_thread/worker/0B/8",
            "wake@/current_thread/worker/0B/8",
            "wake@4@4/current_thread/worker/0B/8",
            "wake@4:1/current_thread/worker/0B/8",
        ] {
            assert!(wrong.parse::<Case>().is_err(), "{wrong}");
        }
    }
}
