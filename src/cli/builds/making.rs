//! Builds are made, kept, and removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use measure::progress::Telling;

use crate::builds::make::bytes_below;
use crate::builds::measured::Wanted;
use crate::builds::{Made, Project, Spec, make};
use crate::case::Flavor;
use crate::cli::{Answer, print_line};
use crate::environment::target_folder;
use crate::trouble::Trouble;

/// Where builds are kept: cargo is run in another folder to make them.
fn cache() -> PathBuf {
    let folder = target_folder().join("builds");
    std::path::absolute(&folder).unwrap_or(folder)
}

pub(super) fn clean() -> Answer {
    let cache = cache();
    let bytes = bytes_below(&cache);
    match fs::remove_dir_all(&cache) {
        Ok(()) => print_line(format!("{} freed", gigabytes(bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => print_line("no builds are kept"),
        Err(error) => Err(Trouble::failed_at(&cache)(error)),
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{} GB", crate::text::significant(bytes as f64 / 1e9))
}

/// Makes each of the builds.
pub(super) fn make_all(
    project: &Project,
    specs: &[Spec],
    wanted: &Wanted<'_>,
    telling: &mut Telling,
) -> Result<Vec<Made>, Trouble> {
    // Builds without the loops of a flavor that is not measured are the sooner made, and alike whatever their tokio has.
    let local = wanted.targets.iter().any(|(_, measurements)| {
        let mut cases = measurements.iter().map(|(case, _)| case);
        cases.any(|case| case.flavor == Flavor::Local)
    });
    let cache = cache();
    let mut made: Vec<Made> = Vec::new();
    for (number, spec) in specs.iter().enumerate() {
        if let Some(before) = made.iter().find(|other| other.spec == *spec) {
            made.push(before.clone());
            continue;
        }
        let began = Instant::now();
        let of = format!("build {} of {}, {spec}", number + 1, specs.len());
        telling.tell(&of);
        let one = make(spec, local, project, &cache, &mut |what| {
            telling.tell(&format!("{of}: {what}"))
        })?;
        telling.say(&format!(
            "{of}: tokio {}{}, {:.0} s",
            one.built().tokio,
            one.revision
                .as_ref()
                .map_or(String::new(), |revision| format!(", revision {revision}")),
            began.elapsed().as_secs_f64()
        ));
        made.push(one);
    }
    let folders: BTreeSet<&Path> = made.iter().map(|made| made.folder.as_path()).collect();
    let bytes = folders.iter().map(|folder| bytes_below(folder)).sum();
    telling.say(&format!(
        "{} in target/builds for these builds; `builds --clean` frees all of it",
        gigabytes(bytes)
    ));
    Ok(made)
}
