//! The rounds of several builds, and the counts of each.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use measure::case::{Case, Flavor};
use measure::environment::cores;
use measure::matrix::{Matrix, Target};
use measure::run::{Request, run_interleaved};
use measure::selection::Selection;
use measure::settings::RunSettings;

use super::make::Made;
use super::place::{COUNTS, Manifest, Named, Place, SCHEMA};
use crate::run::RunError;
use crate::trouble::{Trouble, at};
use crate::{census, files};

/// So many times the minutes that the quick matrix has for a run, so that its rounds are not cut where the machine is slow: a build
/// takes two minutes to make, and one minute more to be measured whole is little beside that.
const QUICK_MINUTES: f64 = 4.0;

/// As many as `JVS_ROUNDS` allows.
const MOST_ROUNDS: usize = 1000;

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

/// Why builds were not measured.
fn not_measured(error: RunError) -> Trouble {
    let said = Trouble::not_run(&error);
    match error {
        RunError::Interrupted { .. } => Trouble {
            reason: "interrupted; what it measured is kept, and the same command goes on with it".to_owned(),
            ..said
        },
        _ => said,
    }
}

/// What a comparison of these builds is.
pub fn manifest(builds: &[Made], wanted: &Wanted<'_>) -> Result<Manifest, Trouble> {
    Ok(Manifest {
        schema: SCHEMA,
        complete: false,
        command: wanted.command.clone(),
        matrix: wanted.selection.settings.matrix.to_string(),
        filter: wanted.filter.clone(),
        variables: wanted.selection.set.clone(),
        seed: wanted.selection.settings.seed.unwrap_or_else(|| fastrand::u64(..)),
        builds: named(builds)?,
    })
}

/// The builds by name, each once, and the first one again.
fn named(builds: &[Made]) -> Result<Vec<Named>, Trouble> {
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
        let program = fs::read(&made.measuring).map_err(at(&made.measuring))?;
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
    let set = wanted.selection.settings.minutes.is_some();
    let times = if own.matrix == Matrix::Quick && !set {
        QUICK_MINUTES
    } else {
        1.0
    };
    RunSettings {
        rounds: (own.rounds * wanted.more_rounds).min(MOST_ROUNDS),
        minutes: own.minutes.map(|minutes| minutes * times * wanted.more_rounds as f64),
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
pub fn measure(place: &Place, builds: &[Made], wanted: &Wanted<'_>) -> Result<(), Trouble> {
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
        for outcome in run_interleaved(&requests).map_err(not_measured)? {
            if let Some(trouble) = outcome.trouble {
                return Err(not_measured(trouble));
            }
        }
    }
    Ok(())
}

/// Counts what an iteration does in each build, where that is exact, unless it was counted before.
pub fn count(place: &Place, builds: &[Made], wanted: &Wanted<'_>, tell: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
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
            let counted = counted(made, wanted);
            counted.map_err(|reason| Trouble::failed(format_args!("{}: its counts: {reason}", named.name)))?
        };
        let text = serde_json::to_string(&rows).map_err(at(&path))?;
        fs::create_dir_all(place.of(named)).map_err(at(&path))?;
        files::replace(&path, text.as_bytes()).map_err(at(&path))?;
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
        let reference = wanted.selection.reference_in(target).to_string();
        for (case, strategies) in measurements
            .iter()
            .filter(|(case, _)| exact(target, case) && has(made, case))
        {
            let others = strategies.iter().filter(|strategy| **strategy != reference);
            for strategy in [&reference].into_iter().chain(others) {
                ids += &case.measurement_id(strategy);
                ids.push('\n');
            }
        }
    }
    let mut program = Command::new(&made.counting)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(at(&made.counting))?;
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
        format!(
            "{}: tokio {} has no LocalRuntime (it has from {} on): {} of the flavor local are left out",
            made.spec,
            made.built().tokio,
            super::Spec::FIRST_WITH_LOCAL,
            crate::text::counted(lacking, "case")
        )
    })
}

/// About how many rounds of how many cases that is, in words.
pub fn in_words(wanted: &Wanted<'_>, builds: usize) -> String {
    let cases: usize = wanted.targets.iter().map(|(_, measurements)| measurements.len()).sum();
    format!(
        "{}, {builds} builds and the first one again, on {} cores",
        crate::text::counted(cases, "case"),
        cores()
    )
}
