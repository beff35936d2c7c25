//! `builds`: this project with one tokio against another, one flag against another, one revision against another.

mod arguments;
mod asked;
mod bisect;
mod making;
mod shown;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use measure::progress::Telling;

use super::trouble::Trouble;
use super::{results, threshold};
use crate::builds::make::MakeError;
use crate::builds::measured::{self, Wanted};
use crate::builds::place::{self, Manifest, MeasureError, Place};
use crate::builds::{Judged, Made, Project};
use crate::environment::package_folder;
use crate::run::RunError;
use crate::targets::without_scale;

pub(super) use arguments::Arguments;
pub(super) use shown::page_of;

use arguments::LATEST;
use asked::{selection, wanted, words};
use making::{clean, make_all};
use shown::{end, has_charted, judge, show};

fn measuring(error: MeasureError) -> Trouble {
    match error {
        MeasureError::Run(RunError::Interrupted { .. }) => {
            Trouble::Interrupted("interrupted; what it measured is kept, and the same command goes on with it".into())
        }
        MeasureError::Run(error) if error.exit_code() == 1 => Trouble::Failed(error.to_string()),
        error @ MeasureError::Counts { .. } => Trouble::Failed(error.to_string()),
        error => Trouble::Input(error.to_string()),
    }
}

fn making(error: MakeError) -> Trouble {
    match error {
        MakeError::Io { .. } => Trouble::Failed(error.to_string()),
        _ => Trouble::Build(error.to_string()),
    }
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let done = match &arguments.show {
        Some(name) => show(arguments, name),
        None if arguments.clean => return clean(),
        None if arguments.bisect => bisect::bisected(arguments),
        None => compared(arguments),
    };
    done.unwrap_or_else(Trouble::exit)
}

/// Measures builds in a folder, or reads what was measured there.
fn compare_in(
    folder: &Path,
    replace: bool,
    made: &[Made],
    wanted: &Wanted<'_>,
    threshold: f64,
    telling: &mut Telling,
) -> Result<(Manifest, Judged), Trouble> {
    let manifest = measured::manifest(made, wanted).map_err(measuring)?;
    let mut place = Place::take(folder, manifest, wanted.selection.settings.seed, replace).map_err(measuring)?;
    if place.resumed {
        telling.say("going on with what an earlier start of the same measured");
    } else {
        telling.say(&format!("measuring {}", measured::in_words(wanted, made.len())));
    }
    for made in made {
        if let Some(left_out) = measured::left_out(made, wanted) {
            telling.say(&left_out);
        }
    }
    telling.end();
    measured::count(&place, made, wanted, &mut |what| telling.tell(what)).map_err(measuring)?;
    telling.end();
    measured::measure(&place, made, wanted).map_err(measuring)?;
    place.complete().map_err(measuring)?;
    let judged = judge(folder, &place.manifest, threshold)?;
    Ok((place.manifest, judged))
}

fn folder_of(kind: &str, name: &str) -> Result<PathBuf, Trouble> {
    let folder = format!("{kind}-{name}");
    if measure::run_store::is_run_name(&folder) {
        Ok(results().join(folder))
    } else {
        Err(Trouble::Input(format!(
            "--name {name}: not a name of letters, digits and ._- (57 of them at most)"
        )))
    }
}

fn compared(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let (specs, filter) = words(&arguments.words)?;
    let threshold = threshold(&arguments.threshold)?;
    let folder = folder_of("builds", &arguments.name)?;
    let targets = without_scale();
    let selection = selection(&targets)?;
    let wanted = wanted(&targets, &selection, &specs, filter)?;
    let measurements = wanted.targets.iter().flat_map(|(_, measurements)| measurements);
    let ids = measurements.flat_map(|(case, all)| all.iter().map(|strategy| case.measurement_id(strategy)));
    has_charted(arguments, ids)?;
    let replace = arguments.name == LATEST;
    // Before the builds are made, which takes minutes.
    if let (false, Some(before)) = (replace, Manifest::read(&folder.join(place::MANIFEST))?)
        && before.complete
    {
        return Err(MeasureError::Exists { folder }.into());
    }
    let mut telling = Telling::new();
    let made = make_all(&Project::new(package_folder()), &specs, &wanted, &mut telling)?;
    let (manifest, judged) = compare_in(&folder, replace, &made, &wanted, threshold, &mut telling)?;
    end(arguments, &folder, &manifest, &judged)
}
