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
use crate::builds::{Judged, Project, Spec, check};
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

/// How builds are made and compared.
struct Comparing<'a> {
    project: Project,
    wanted: Wanted<'a>,
    /// Whether another comparison in the folder is removed.
    replace: bool,
    threshold: f64,
    telling: Telling,
}

impl<'a> Comparing<'a> {
    fn new(arguments: &Arguments, wanted: Wanted<'a>) -> Result<Self, Trouble> {
        Ok(Self {
            project: Project::new(package_folder()),
            wanted,
            replace: arguments.name == LATEST,
            threshold: threshold(&arguments.threshold)?,
            telling: Telling::new(),
        })
    }

    /// Makes builds, and measures them in a folder or reads what was measured there.
    fn compared(&mut self, specs: &[Spec], folder: &Path) -> Result<(Manifest, Judged), Trouble> {
        let Self { wanted, telling, .. } = self;
        let made = make_all(&self.project, specs, wanted, telling)?;
        let manifest = measured::manifest(&made, wanted)?;
        let mut place = Place::take(folder, manifest, wanted.selection.settings.seed, self.replace)?;
        if place.resumed {
            telling.say("going on with what an earlier start of the same measured");
        } else {
            telling.say(&format!("measuring {}", measured::in_words(wanted, made.len())));
        }
        for left_out in made.iter().filter_map(|made| measured::left_out(made, wanted)) {
            telling.say(&left_out);
        }
        telling.end();
        measured::count(&place, &made, wanted, &mut |what| telling.tell(what))?;
        telling.end();
        measured::measure(&place, &made, wanted)?;
        place.complete()?;
        let judged = judge(folder, &place.manifest, self.threshold)?;
        Ok((place.manifest, judged))
    }
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
    let folder = folder_of("builds", &arguments.name)?;
    let targets = without_scale();
    let selection = selection(&targets)?;
    let mut comparing = Comparing::new(arguments, wanted(&targets, &selection, &specs, filter)?)?;
    let measurements = comparing
        .wanted
        .targets
        .iter()
        .flat_map(|(_, measurements)| measurements);
    let ids = measurements.flat_map(|(case, all)| all.iter().map(|strategy| case.measurement_id(strategy)));
    has_charted(arguments, ids)?;
    // Before the builds are made, which takes minutes.
    if let (false, Some(before)) = (comparing.replace, Manifest::read(&folder.join(place::MANIFEST))?)
        && before.complete
    {
        return Err(place::exists(&folder));
    }
    for spec in &specs {
        check(spec, &comparing.project)?;
    }
    let (manifest, judged) = comparing.compared(&specs, &folder)?;
    end(arguments, &folder, &manifest, &judged)
}
