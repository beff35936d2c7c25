//! The rounds of several builds, the counts of each, and the folder that keeps them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::case::{Case, Flavor};
use measure::environment::cores;
use measure::matrix::{Matrix, Target};
use measure::record::{self, RecordError};
use measure::run::{Request, RunError, run_interleaved};
use measure::selection::Selection;
use measure::settings::RunSettings;
use measure::variables::{VariableError, variable};
use serde::{Deserialize, Serialize};

use super::judged::Measured;
use super::make::Made;
use crate::census;
use crate::files;

/// Rounds of the quick matrix, where `JVS_ROUNDS` says nothing: builds share no process, which takes more of them.
const QUICK_ROUNDS: usize = 30;
/// And so many times the minutes that the matrix has for one build.
const QUICK_MINUTES: f64 = 2.5;

/// As many as `JVS_ROUNDS` allows.
const MOST_ROUNDS: usize = 1000;

/// The name of the file that says what a folder holds.
pub const MANIFEST: &str = "builds.json";
/// The name of the file with a build's counts.
const COUNTS: &str = "counts.json";

/// Cases, and the strategies that are measured of each.
type Measurements = Vec<(Case, Vec<String>)>;

/// What is measured of every build.
pub struct Wanted<'a> {
    /// The bench targets, and of each its measurements.
    pub targets: Vec<(&'a Target, Measurements)>,
    /// What the variables say.
    pub selection: &'a Selection,
    /// The filter, as it was given.
    pub filter: Option<String>,
    /// The command, for the records.
    pub command: String,
    /// So many times as many rounds as else, in as many times the minutes.
    pub more_rounds: usize,
}

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

const SCHEMA: u32 = 1;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The run, or one of its records.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A variable.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A file or folder.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder holds another comparison.
    #[error("{} holds a comparison already, which is never overwritten; choose another --name", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// The program that counts failed.
    #[error("{build}: its counts: {reason}")]
    Counts {
        /// The build.
        build: String,
        /// Why.
        reason: String,
    },
}

fn file_error(path: &Path, reason: impl ToString) -> MeasureError {
    MeasureError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
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
    /// Takes a folder for a comparison of these builds. One of the same that was cut short is gone on with; another one is
    /// removed where `replace` says so, and refused else.
    pub fn take(folder: &Path, builds: &[Made], wanted: &Wanted<'_>, replace: bool) -> Result<Self, MeasureError> {
        let seed = wanted.selection.settings.seed;
        let mut manifest = Manifest {
            schema: SCHEMA,
            complete: false,
            command: wanted.command.clone(),
            matrix: wanted.selection.settings.matrix.to_string(),
            filter: wanted.filter.clone(),
            variables: wanted.selection.set.clone(),
            seed: seed.unwrap_or_else(|| fastrand::u64(..)),
            builds: named(builds)?,
        };
        let path = folder.join(MANIFEST);
        if let Some(before) = Manifest::read(&path)? {
            manifest.seed = seed.unwrap_or(before.seed);
            if before == manifest {
                return Ok(Self {
                    folder: folder.to_owned(),
                    manifest,
                    resumed: true,
                });
            }
            if !replace {
                return Err(MeasureError::Exists {
                    folder: folder.to_owned(),
                });
            }
            manifest.seed = seed.unwrap_or_else(|| fastrand::u64(..));
            fs::remove_dir_all(folder).map_err(|error| file_error(folder, error))?;
        } else if folder.exists() && !replace {
            return Err(MeasureError::Exists {
                folder: folder.to_owned(),
            });
        }
        fs::create_dir_all(folder).map_err(|error| file_error(folder, error))?;
        manifest.write(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            resumed: false,
        })
    }

    fn of(&self, build: &Named) -> PathBuf {
        self.folder.join(&build.folder)
    }

    /// Says that all was measured.
    pub fn complete(&mut self) -> Result<(), MeasureError> {
        self.manifest.complete = true;
        self.manifest.write(&self.folder)
    }

    /// What was measured of each build, in the order of the manifest.
    pub fn measured(&self) -> Result<Vec<Measured>, MeasureError> {
        read(&self.folder, &self.manifest)
    }
}

/// What the folder of a comparison holds of each build, in the order of its manifest.
pub fn read(folder: &Path, manifest: &Manifest) -> Result<Vec<Measured>, MeasureError> {
    let of_build = |build: &Named| {
        let folder = folder.join(&build.folder);
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
            .map_err(|error| file_error(&folder, error))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        paths.sort();
        let counts = folder.join(COUNTS);
        let text = fs::read_to_string(&counts).map_err(|error| file_error(&counts, error))?;
        Ok(Measured {
            name: build.name.clone(),
            parts: paths.iter().map(|path| record::read(path)).collect::<Result<_, _>>()?,
            counts: serde_json::from_str(&text).map_err(|error| file_error(&counts, error))?,
        })
    };
    manifest.builds.iter().map(of_build).collect()
}

impl Manifest {
    /// The manifest in a file; `None` where there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, MeasureError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(path, error)),
        };
        let manifest = serde_json::from_str(&text).map_err(|error| file_error(path, error))?;
        Ok(Some(manifest))
    }

    fn write(&self, folder: &Path) -> Result<(), MeasureError> {
        let path = folder.join(MANIFEST);
        let text = format!("{:#}\n", serde_json::json!(self));
        files::replace(&path, text.as_bytes()).map_err(|error| file_error(&path, error))
    }
}

/// The builds by name, each once, and the first one again.
fn named(builds: &[Made]) -> Result<Vec<Named>, MeasureError> {
    let mut all: Vec<Named> = Vec::new();
    let again = builds.first().map(|first| (first, true));
    for (made, null) in builds.iter().map(|made| (made, false)).chain(again) {
        let (text, file) = (made.spec.to_string(), made.spec.file_name());
        let before = all.iter().filter(|other| other.spec == text).count();
        let (name, folder) = match (null, before) {
            (true, _) => (format!("{text}, again"), format!("{file}-again")),
            (_, 0) => (text.clone(), file),
            (_, before) => (format!("{text} ({})", before + 1), format!("{file}-{}", before + 1)),
        };
        let program = fs::read(&made.measuring).map_err(|error| file_error(&made.measuring, error))?;
        all.push(Named {
            name,
            folder,
            spec: text,
            revision: made.revision.clone(),
            tokio: made.built().tokio.clone(),
            tokio_source: made.tokio_source.clone(),
            rustc: made.built().rustc.clone(),
            program: format!("{:016x}", twox_hash::XxHash3_64::oneshot(&program)),
            null,
        });
    }
    Ok(all)
}

/// How a target is measured in a comparison of builds.
fn settings(wanted: &Wanted<'_>, target: &Target, place: &Place) -> RunSettings {
    let own = wanted.selection.settings_for(target);
    let quick = own.matrix == Matrix::Quick;
    let rounds = match variable("JVS_ROUNDS") {
        None if quick => QUICK_ROUNDS,
        _ => own.rounds,
    };
    let minutes = match variable("JVS_MINUTES") {
        None if quick => own.minutes.map(|minutes| minutes * QUICK_MINUTES),
        _ => own.minutes,
    };
    let rounds = (rounds * wanted.more_rounds).min(MOST_ROUNDS);
    RunSettings {
        rounds,
        minutes: minutes.map(|minutes| minutes * wanted.more_rounds as f64),
        layouts: match variable("JVS_LAYOUTS") {
            None => own.layouts.max(rounds.min(20)),
            Some(_) => own.layouts,
        },
        seed: Some(place.manifest.seed),
        resume: place.resumed,
        ..own
    }
}

/// Cases of a flavor that the build does not have are left out.
fn has(made: &Made, case: &Case) -> bool {
    made.program.has_local || case.flavor != Flavor::Local
}

/// Measures all builds, those parts that are not there yet.
pub fn measure(place: &Place, builds: &[Made], wanted: &Wanted<'_>) -> Result<(), MeasureError> {
    for (target, measurements) in &wanted.targets {
        let settings = settings(wanted, target, place);
        let mut plans = Vec::new();
        for (number, named) in place.manifest.builds.iter().enumerate() {
            if place.of(named).join(format!("{}.jsonl", target.name)).exists() {
                continue;
            }
            // The last one is the first again.
            let made = builds.get(number).unwrap_or(&builds[0]);
            let there: Measurements = measurements
                .iter()
                .filter(|(case, _)| has(made, case))
                .cloned()
                .collect();
            // Builds of one program have layouts that they do not share in any round.
            let earlier = place.manifest.builds[..number].iter();
            let earlier = earlier.filter(|other| other.program == named.program).count();
            let first_layout = earlier * (settings.layouts / 4).max(1);
            if !there.is_empty() {
                plans.push((named, made, wanted.selection.plan(target, &there), first_layout));
            }
        }
        if plans.is_empty() {
            continue;
        }
        let requests: Vec<Request<'_>> = plans
            .iter()
            .map(|(named, made, plan, first_layout)| Request {
                plan,
                settings: &settings,
                filter: wanted.filter.clone(),
                folder: Some(place.of(named)),
                command: wanted.command.clone(),
                program: made.measuring.clone(),
                environment: made.environment(),
                first_layout: *first_layout,
            })
            .collect();
        for outcome in run_interleaved(&requests)? {
            if let Some(trouble) = outcome.trouble {
                return Err(trouble.into());
            }
        }
    }
    Ok(())
}

/// Counts what an iteration does in each build, where that is exact, unless it was counted before.
pub fn count(
    place: &Place,
    builds: &[Made],
    wanted: &Wanted<'_>,
    tell: &mut dyn FnMut(&str),
) -> Result<(), MeasureError> {
    for (number, named) in place.manifest.builds.iter().enumerate() {
        let path = place.of(named).join(COUNTS);
        if path.exists() {
            continue;
        }
        let made = builds.get(number).unwrap_or(&builds[0]);
        let rows = if named.null {
            Vec::new()
        } else {
            tell(&format!("counting {}", named.name));
            counted(made, wanted).map_err(|reason| MeasureError::Counts {
                build: named.name.clone(),
                reason,
            })?
        };
        let text = serde_json::to_string(&rows).map_err(|error| file_error(&path, error))?;
        fs::create_dir_all(place.of(named)).map_err(|error| file_error(&path, error))?;
        files::replace(&path, text.as_bytes()).map_err(|error| file_error(&path, error))?;
    }
    Ok(())
}

/// Counts are the same each time where one thread does everything.
fn exact(target: &Target, case: &Case) -> bool {
    let served = target.entry(&case.workload).is_some_and(|entry| entry.served);
    case.flavor.has_one_thread() && !served
}

fn counted(made: &Made, wanted: &Wanted<'_>) -> Result<Vec<census::Row>, String> {
    let mut ids = String::new();
    for (target, measurements) in &wanted.targets {
        for (case, strategies) in measurements
            .iter()
            .filter(|(case, _)| exact(target, case) && has(made, case))
        {
            let reference = &wanted.selection.reference;
            let others = strategies.iter().filter(|strategy| *strategy != reference);
            for strategy in [reference].into_iter().chain(others) {
                ids += &case.measurement_id(strategy);
                ids.push('\n');
            }
        }
    }
    let mut program = Command::new(&made.counting)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", made.counting.display()))?;
    let mut input = program.stdin.take().expect("standard input is piped");
    // A program that ended says so by its exit status.
    let writing = std::thread::spawn(move || {
        let _ = input.write_all(ids.as_bytes());
    });
    let output = program.wait_with_output().map_err(|error| error.to_string())?;
    let _ = writing.join();
    if !output.status.success() {
        return Err(format!("{}: {}", made.counting.display(), output.status));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("`{line}`: {error}")))
        .collect()
}

/// What is left out of a build, in words.
pub fn left_out(made: &Made, wanted: &Wanted<'_>) -> Option<String> {
    let cases = wanted.targets.iter().flat_map(|(_, measurements)| measurements);
    let lacking = cases.filter(|(case, _)| !has(made, case)).count();
    (lacking > 0).then(|| {
        let noun = if lacking == 1 { "case" } else { "cases" };
        format!(
            "{}: tokio {} has no LocalRuntime (it has from {} on): {lacking} {noun} of the flavor local are left out",
            made.spec,
            made.built().tokio,
            super::Spec::FIRST_WITH_LOCAL
        )
    })
}

/// About how many rounds of how many cases that is, in words.
pub fn in_words(wanted: &Wanted<'_>, builds: usize) -> String {
    let cases: usize = wanted.targets.iter().map(|(_, measurements)| measurements.len()).sum();
    format!(
        "{cases} cases, {builds} builds and the first one again, on {} cores",
        cores()
    )
}
