//! `builds`: this project with one tokio against another, one flag against another, one revision against another.

mod arguments;
mod asked;
mod bisect;
mod making;
mod shown;

use std::path::{Path, PathBuf};

use measure::progress::Telling;

use super::{Answer, results, threshold};
use crate::builds::measured::{self, Wanted};
use crate::builds::place::{self, Manifest, Place};
use crate::builds::{Judged, Made, Project};
use crate::environment::package_folder;
use crate::targets::without_scale;
use crate::trouble::Trouble;

pub(super) use arguments::Arguments;
pub(super) use shown::page_of;

use arguments::LATEST;
use asked::{selection, wanted, words};
use making::{clean, make_all};
use shown::{end, has_charted, judge, show};

pub(super) fn run(arguments: &Arguments) -> Answer {
    match &arguments.show {
        Some(name) => show(arguments, name),
        None if arguments.clean => clean(),
        None if arguments.bisect => bisect::bisected(arguments),
        None => compared(arguments),
    }
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
    let manifest = measured::manifest(made, wanted)?;
    let mut place = Place::take(folder, manifest, wanted.selection.settings.seed, replace)?;
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
    measured::count(&place, made, wanted, &mut |what| telling.tell(what))?;
    telling.end();
    measured::measure(&place, made, wanted)?;
    place.complete()?;
    let judged = judge(folder, &place.manifest, threshold)?;
    Ok((place.manifest, judged))
}

fn folder_of(kind: &str, name: &str) -> Result<PathBuf, Trouble> {
    let folder = format!("{kind}-{name}");
    if measure::run_store::is_run_name(&folder) {
        Ok(results().join(folder))
    } else {
        Err(format!("--name {name}: not a name of letters, digits and ._- (57 of them at most)").into())
    }
}

fn compared(arguments: &Arguments) -> Answer {
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
        return Err(place::exists(&folder));
    }
    let mut telling = Telling::new();
    let made = make_all(&Project::new(package_folder()), &specs, &wanted, &mut telling)?;
    let (manifest, judged) = compare_in(&folder, replace, &made, &wanted, threshold, &mut telling)?;
    end(arguments, &folder, &manifest, &judged)
}
