//! Recorded runs: a folder with one record for each bench target, found by name under `results/`.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::{self, Measurement, Part, RecordError};
use crate::text::first_of;

/// A run: the records of its targets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Its name: that of its folder.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// Header and measurements of each target, in the order of the targets' names.
    pub parts: Vec<Part>,
}

/// The run that `cargo bench` writes.
pub const LATEST: &str = "latest";

/// A run that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none of that name, in words.
    #[error("{0}")]
    Unknown(String),
    /// Nothing but the record of the target `server`.
    #[error("{}: a record of the target server, which only `report` shows", path.display())]
    OfServer {
        /// The record.
        path: PathBuf,
    },
    /// A record cannot be read, or is none.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What is said of a run whose first record has no measurement, nor any other.
fn nothing_measured(path: &Path) -> StoreError {
    let problem = "no measurement after the header, nor in any other record of this run";
    RecordError::at(path, 2, problem).into()
}

/// Why there is no run of that name in `results`.
fn unknown(results: &Path, name: &str) -> StoreError {
    let folder = results.display();
    StoreError::Unknown(match name {
        LATEST => format!(
            "no whole run in {folder} yet: `cargo bench` makes one, and `cargo bench -- FILTER` makes latest-filtered"
        ),
        path if !is_run_name(path) => format!(
            "{path}: no such run, file or folder; a run is a name in {folder}, or the path of a folder or of a record"
        ),
        name => format!(
            "{name}: no such run in {folder}, and no folder; {}",
            instead(name, &names(results))
        ),
    })
}

impl Run {
    /// Reads the run of that name in `results`, or in the folder of that path, or the record in the file of that path, whole or
    /// not at all.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: there is no such run, it has no records, or one of them cannot be read.
    pub fn load(results: &Path, name: &str) -> Result<Self, StoreError> {
        let named = results.join(name);
        let folder = if is_run_name(name) && named.is_dir() {
            named
        } else if Path::new(name).is_file() {
            return Self::read_file(Path::new(name));
        } else if Path::new(name).is_dir() {
            PathBuf::from(name)
        } else {
            return Err(unknown(results, name));
        };
        Self::read(&folder)
    }

    /// Reads a record by itself, as a run of one target.
    fn read_file(path: &Path) -> Result<Self, StoreError> {
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let problem = "a Parquet file, which only `report` reads, in a build with the feature parquet";
            return Err(RecordError::of(path, problem).into());
        }
        if path.ends_with(SERVER) {
            return Err(StoreError::OfServer { path: path.to_owned() });
        }
        let part = record::read(path)?;
        if part.1.is_empty() {
            return Err(nothing_measured(path));
        }
        let run = Run {
            name: part.0.target.clone(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            parts: vec![part],
        };
        Ok(run.labelled())
    }

    /// What no machine measured has that in its name, wherever that is shown.
    fn labelled(mut self) -> Self {
        if self.is_simulated() {
            self.name += " (simulated)";
        }
        self
    }

    /// Whether any of its records is of a machine that does not exist.
    pub fn is_simulated(&self) -> bool {
        self.parts.iter().any(|(header, _)| header.simulated.is_some())
    }

    /// Reads the run in a folder, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it has no records, or one of them cannot be read.
    pub fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = path.file_name().unwrap_or(folder.as_os_str());
        let mut run = Run {
            name: name.to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            parts: Vec::new(),
        };
        let mut seen = HashSet::new();
        let paths = records(&run.folder)?;
        for path in &paths {
            let part = record::read(path)?;
            for m in &part.1 {
                let id = m.case.measurement_id(&m.strategy);
                if !seen.insert(id.clone()) {
                    let problem = format!("{id} is in another record of this run as well");
                    return Err(RecordError::of(path, problem).into());
                }
            }
            run.parts.push(part);
        }
        match paths.into_iter().next() {
            None if folder.join(SERVER).is_file() => Err(StoreError::OfServer {
                path: folder.join(SERVER),
            }),
            None => Err(RecordError::of(folder, "no records (TARGET.jsonl) in this folder").into()),
            Some(path) if seen.is_empty() => Err(nothing_measured(&path)),
            Some(_) => Ok(run.labelled()),
        }
    }

    /// All measurements of all targets.
    pub fn measurements(&self) -> impl Iterator<Item = &Measurement> {
        self.parts.iter().flat_map(|(_, measurements)| measurements)
    }

    /// What disturbed its targets: a target's name, and a trap in words.
    pub fn traps(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().flat_map(|(header, _)| {
            let traps = header.traps.iter();
            traps.map(|trap| (header.target.as_str(), trap.as_str()))
        })
    }
}

/// What to call two runs beside each other: their names, or their folders where the names are alike.
pub fn names_of_two<'a>(a: &'a Run, b: &'a Run) -> [&'a str; 2] {
    if a.name != b.name {
        return [&a.name, &b.name];
    }
    [a, b].map(|run| run.folder.to_str().unwrap_or(&run.name))
}

/// The record of the target `server`, which has lines of its own kind and a reader of its own.
pub const SERVER: &str = "server.jsonl";

/// The records in a folder, by name.
///
/// # Errors
///
/// [`RecordError`] where the folder cannot be read.
pub fn records(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let error = |error: io::Error| RecordError::of(folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") && !path.ends_with(SERVER) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a run can have that name: it becomes a folder's, and part of file names and pages.
pub fn is_run_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The names of the runs in a folder.
pub fn names(results: &Path) -> Vec<String> {
    let entries = fs::read_dir(results).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| records(&entry.path()).is_ok_and(|records| !records.is_empty()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_run_name(name))
        .collect();
    names.sort();
    names
}

/// What to ask for in place of a run that there is not.
fn instead(name: &str, known: &[String]) -> String {
    const SHOWN: usize = 5;
    match nearest(name, known) {
        Some(name) => format!("did you mean {name}?"),
        None if known.is_empty() => "there are no runs yet".to_owned(),
        None => format!("there are {}", first_of(known.iter(), SHOWN)),
    }
}

/// Names that are less alike than this are no slip of the pen.
const ALIKE: f64 = 0.8;

fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    let names = names.iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let alike = names.filter(|(alike, _)| *alike >= ALIKE);
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}
