//! The folder of a comparison of builds: what it says of itself, and what lies in it.

use std::fs;
use std::path::{Path, PathBuf};

use measure::record;
use measure::run_store::records;
use serde::{Deserialize, Serialize};

use super::judged::Measured;
use crate::files;
use crate::trouble::{Trouble, at};

/// The name of the file that says what a folder holds.
pub const MANIFEST: &str = "builds.json";
/// The name of the file with a build's counts.
pub(super) const COUNTS: &str = "counts.json";

/// One of the builds of a comparison, as its manifest says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// What it is called in tables.
    pub name: String,
    /// Its folder, below the manifest's.
    pub folder: String,
    /// What it was made of.
    pub spec: String,
    /// The revision of this project.
    pub revision: Option<String>,
    /// The version of tokio that its lock file has, which is also compiled into its program.
    pub tokio: String,
    /// The folder of the registry that its program was compiled from, as its bytes tell.
    pub tokio_source: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// XXH3 of the program that measures.
    pub program: String,
    /// Whether it is the first build again.
    pub null: bool,
}

/// What a folder of compared builds holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file.
    pub schema: u32,
    /// Whether all of it was measured.
    pub complete: bool,
    /// A command that measures the same.
    pub command: String,
    /// `quick`, `default` or `full`.
    pub matrix: String,
    /// The filter.
    pub filter: Option<String>,
    /// The variables that were set.
    pub variables: Vec<String>,
    /// Seed of all builds' orders and data.
    pub seed: u64,
    /// The builds, the first one first, and again at the end.
    pub builds: Vec<Named>,
}

pub(super) const SCHEMA: u32 = 1;

/// The folder holds another comparison.
pub fn exists(folder: &Path) -> Trouble {
    let folder = folder.display();
    format!("{folder} holds a comparison already, which is never overwritten; choose another --name").into()
}

/// A folder in which builds are compared: a new one, or one that is gone on with.
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// Whether it was begun before.
    pub resumed: bool,
}

impl Place {
    /// Takes a folder for a comparison. One of the same that was cut short is gone on with, by its own seed unless one is given;
    /// another one is removed where `replace` says so, and refused else.
    pub fn take(folder: &Path, manifest: Manifest, seed: Option<u64>, replace: bool) -> Result<Self, Trouble> {
        let place = |manifest, resumed| Self {
            folder: folder.to_owned(),
            manifest,
            resumed,
        };
        if let Some(before) = Manifest::read(&folder.join(MANIFEST))? {
            let seed = seed.unwrap_or(before.seed);
            if before
                == (Manifest {
                    seed,
                    ..manifest.clone()
                })
            {
                return Ok(place(before, true));
            }
        }
        if folder.exists() {
            if !replace {
                return Err(exists(folder));
            }
            fs::remove_dir_all(folder).map_err(at(folder))?;
        }
        fs::create_dir_all(folder).map_err(at(folder))?;
        manifest.write(folder)?;
        Ok(place(manifest, false))
    }

    pub(super) fn of(&self, build: &Named) -> PathBuf {
        self.folder.join(&build.folder)
    }

    /// Says that all was measured.
    pub fn complete(&mut self) -> Result<(), Trouble> {
        self.manifest.complete = true;
        self.manifest.write(&self.folder)
    }
}

/// What the folder of a comparison holds of each build, in the order of its manifest.
pub fn read(folder: &Path, manifest: &Manifest) -> Result<Vec<Measured>, Trouble> {
    let of_build = |build: &Named| {
        let folder = folder.join(&build.folder);
        let paths = records(&folder)?;
        let counts = folder.join(COUNTS);
        let text = fs::read_to_string(&counts).map_err(at(&counts))?;
        Ok(Measured {
            name: build.name.clone(),
            parts: paths.iter().map(|path| record::read(path)).collect::<Result<_, _>>()?,
            counts: serde_json::from_str(&text).map_err(at(&counts))?,
        })
    };
    manifest.builds.iter().map(of_build).collect()
}

impl Manifest {
    /// The manifest in a file; `None` where there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, Trouble> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(path)(error).into()),
        };
        let manifest: Self = serde_json::from_str(&text).map_err(at(path))?;
        if manifest.schema != SCHEMA {
            let problem = format!("schema {}, and this reads schema {SCHEMA}", manifest.schema);
            return Err(at(path)(problem).into());
        }
        Ok(Some(manifest))
    }

    fn write(&self, folder: &Path) -> Result<(), Trouble> {
        let path = folder.join(MANIFEST);
        let text = format!("{:#}\n", serde_json::json!(self));
        Ok(files::replace(&path, text.as_bytes()).map_err(at(&path))?)
    }
}
