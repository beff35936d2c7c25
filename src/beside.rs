//! What may lie beside the records of a run and belongs to it: files of other commands, each an optional one.

use std::io;
use std::path::{Path, PathBuf};

use crate::{census, claims, selfcheck};

/// The census.
const CENSUS: &str = "census.json";

/// The article's statements, tested.
const CLAIMS: &str = "claims.json";

/// The self-check.
const SELFCHECK: &str = "selfcheck.json";

/// All such files.
pub const FILES: &[&str] = &[CENSUS, CLAIMS, SELFCHECK];

/// What was found beside the records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// Counts of its measurements; none where there is no census.
    pub census: Vec<census::Row>,
    /// The article's statements; none where they were not tested.
    pub claims: Vec<claims::Tested>,
    /// How often the suite was wrong where the truth is known; none where it was not checked.
    pub selfcheck: Option<selfcheck::Found>,
}

/// A file beside the records that is not what its name says.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}; `{command}` makes it", path.display())]
pub struct BesideError {
    path: PathBuf,
    problem: String,
    command: &'static str,
}

impl Beside {
    /// Reads what is in the folder of a run.
    pub fn read(folder: &Path) -> Result<Self, BesideError> {
        Ok(Self {
            census: json(
                folder.join(CENSUS),
                "cargo run --release --bin census -- --format json",
            )?,
            claims: json(
                folder.join(CLAIMS),
                "cargo run --release -- claims --format json",
            )?,
            selfcheck: json(
                folder.join(SELFCHECK),
                "cargo run --release -- selfcheck --format json",
            )?,
        })
    }
}

/// Reads a file of JSON; what it holds where there is none is the default.
fn json<T: serde::de::DeserializeOwned + Default>(
    path: PathBuf,
    command: &'static str,
) -> Result<T, BesideError> {
    let problem = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => error.to_string(),
        Ok(text) => match serde_json::from_str(&text) {
            Ok(value) => return Ok(value),
            Err(error) => format!("line {}: {error}", error.line()),
        },
    };
    Err(BesideError {
        path,
        problem,
        command,
    })
}
