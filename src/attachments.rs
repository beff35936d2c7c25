//! What may lie beside the records of a run and belongs to it: files of other commands, each an optional one.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::run_store::{Run, StoreError};
use crate::trouble::Trouble;
use crate::{census, claims, selfcheck};

/// The census.
const CENSUS: &str = "census.json";

/// The article's statements, tested.
const CLAIMS: &str = "claims.json";

/// The self-check.
const SELFCHECK: &str = "selfcheck.json";

/// All such files.
pub const FILES: &[&str] = &[server::record::FILE, CENSUS, CLAIMS, SELFCHECK];

/// A run, and what lies beside its records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedRun {
    /// Its records.
    pub run: Run,
    /// Counts of its measurements; none where there is no census.
    pub census: Vec<census::Row>,
    /// The article's statements; none where they were not tested.
    pub claims: Vec<claims::Tested>,
    /// Requests under load; none where the target `server` was not run.
    pub server: Option<server::record::Record>,
    /// How often the suite was wrong where the truth is known; none where it was not checked.
    pub selfcheck: Option<selfcheck::Found>,
}

impl From<Run> for RecordedRun {
    /// A run with nothing beside its records.
    fn from(run: Run) -> Self {
        Self { run, ..Self::default() }
    }
}

impl Deref for RecordedRun {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl RecordedRun {
    /// Reads the run of that name in `results`, or in the folder of that path, whole or not at all. Where nothing but the
    /// record of the target `server` is there, the run has no parts.
    pub fn load(results: &Path, name: &str) -> Result<Self, Trouble> {
        let run = match Run::load(results, name) {
            Err(StoreError::OfServer { path }) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                let name = whole.parent().and_then(Path::file_name).unwrap_or_default();
                return Ok(Self {
                    server: server::record::Record::load(folder)?,
                    run: Run {
                        name: name.to_string_lossy().into_owned(),
                        folder: folder.to_owned(),
                        parts: Vec::new(),
                    },
                    ..Self::default()
                });
            }
            run => run?,
        };
        let file = |name: &str| run.folder.join(name);
        Ok(Self {
            server: server::record::Record::load(&run.folder)?,
            census: json(file(CENSUS), "cargo run --release --bin census -- --format json")?,
            claims: json(file(CLAIMS), "cargo run --release -- claims --format json")?,
            selfcheck: json(file(SELFCHECK), "cargo run --release -- selfcheck --format json")?,
            run,
        })
    }
}

/// Reads a file of JSON; what it holds where there is none is the default.
fn json<T: serde::de::DeserializeOwned + Default>(path: PathBuf, command: &str) -> Result<T, Trouble> {
    let problem = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => error.to_string(),
        Ok(text) => match serde_json::from_str(&text) {
            Ok(value) => return Ok(value),
            Err(error) => format!("line {}: {error}", error.line()),
        },
    };
    Err(format!("{}: {problem}; `{command}` makes it", path.display()).into())
}
