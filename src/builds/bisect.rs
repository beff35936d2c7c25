//! Which of many builds was the first to change: candidates between a good and a bad one, and the search among them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::sources;
use super::spec::{Spec, SpecError, Tokio};
use crate::trouble::at;

/// What a candidate turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// As the good one.
    Good,
    /// As the bad one.
    Bad,
    /// Neither for sure, or it cannot be built; why.
    Unknown(String),
}

/// Where the search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The last candidate that is good.
    pub last_good: usize,
    /// The first one that is bad.
    pub first_bad: usize,
    /// Those between them that could not be told, and why.
    pub unknown: Vec<(usize, String)>,
}

/// Searches candidates 0 (good) to `last` (bad) by halves. One that cannot be told is passed over for its nearest neighbour.
pub fn search<E>(last: usize, mut ask: impl FnMut(usize) -> Result<Told, E>) -> Result<Found, E> {
    let (mut good, mut bad) = (0, last);
    let mut unknown: Vec<(usize, String)> = Vec::new();
    loop {
        let middle = (good + bad) / 2;
        let open = (good + 1..bad).filter(|place| !unknown.iter().any(|(other, _)| other == place));
        let Some(next) = open.min_by_key(|place| place.abs_diff(middle)) else {
            unknown.retain(|(place, _)| (good..bad).contains(place));
            return Ok(Found {
                last_good: good,
                first_bad: bad,
                unknown,
            });
        };
        match ask(next)? {
            Told::Good => good = next,
            Told::Bad => bad = next,
            Told::Unknown(why) => unknown.push((next, why)),
        }
    }
}

/// The builds from a good to a bad one, both included: releases of tokio, or revisions of a clone or of this project.
pub fn candidates(good: &Spec, bad: &Spec, project: &Path) -> Result<Vec<Spec>, String> {
    let plain = |spec: &Spec| spec.flags.is_empty() && spec.allocator.is_none();
    if !plain(good) || !plain(bad) {
        return Err(
            "--bisect goes over releases or revisions; flags and allocators are the same in all of them".into(),
        );
    }
    let commits = |clone: &Path, good: &str, bad: &str, below: &str| -> Result<Vec<String>, String> {
        let [first, last] = [good, bad].map(|revision| sources::commit(clone, revision));
        let (first, last) = (first?, last?);
        let between = format!("{first}..{last}");
        let arguments = ["rev-list", "--first-parent", "--reverse", &between, "--", below];
        let listed = sources::git(clone, &arguments)?;
        let mut all = vec![first];
        all.extend(String::from_utf8_lossy(&listed).lines().map(str::to_owned));
        if all.last() != Some(&last) {
            all.push(last);
        }
        Ok(all)
    };
    let all: Vec<String> = match (&good.tokio, &bad.tokio, &good.revision, &bad.revision) {
        (Some(Tokio::Version(first)), Some(Tokio::Version(last)), None, None) => {
            let mut releases = releases()?;
            releases.retain(|release| (first..=last).contains(&release) && release.pre.is_empty());
            releases.iter().map(|release| format!("tokio={release}")).collect()
        }
        (
            Some(Tokio::Git {
                folder,
                revision: first,
            }),
            Some(Tokio::Git {
                folder: other,
                revision: last,
            }),
            None,
            None,
        ) if folder == other => commits(folder, first, last, "tokio")?
            .iter()
            .map(|commit| format!("tokio=git:{}@{commit}", folder.display()))
            .collect(),
        (None, None, Some(first), Some(last)) => commits(project, first, last, ".")?
            .iter()
            .map(|commit| format!("rev:{commit}"))
            .collect(),
        _ => {
            return Err(format!(
                "--bisect {good} {bad}: both must be releases of tokio, revisions of one clone (tokio=git:DIR@REVISION), or \
                 revisions of this project (rev:REVISION)"
            ));
        }
    };
    if all.len() < 2 {
        return Err(format!(
            "--bisect {good} {bad}: there is nothing from the one to the other"
        ));
    }
    let specs = all
        .iter()
        .map(|text| text.parse().map_err(|error: SpecError| error.to_string()));
    specs.collect()
}

/// The releases of tokio that cargo's copy of the registry's index lists, but for those that were withdrawn; in order.
fn releases() -> Result<Vec<semver::Version>, String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(PathBuf::from(env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"))?).join(".cargo")));
    let index = home.ok_or("there is no CARGO_HOME")?.join("registry").join("index");
    let registries = fs::read_dir(&index).map_err(at(&index))?;
    let mut found: Vec<semver::Version> = registries
        .flatten()
        .filter_map(|registry| fs::read(registry.path().join(".cache").join("to").join("ki").join("tokio")).ok())
        .flat_map(|listed| listed_releases(&listed))
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(format!(
            "{}: no list of tokio's releases; `cargo update --dry-run` fetches it",
            index.display()
        ));
    }
    Ok(found)
}

/// A line of a registry's index.
#[derive(serde::Deserialize)]
struct Listed {
    vers: semver::Version,
    yanked: bool,
}

/// The versions in cargo's copy of a crate's part of the index: a line of JSON for each, between zero bytes.
fn listed_releases(listed: &[u8]) -> Vec<semver::Version> {
    listed
        .split(|byte| *byte == 0)
        .filter_map(|line| serde_json::from_slice::<Listed>(line).ok())
        .filter(|listed| !listed.yanked)
        .map(|listed| listed.vers)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_one_is_found_in_few_questions() {
        for last in 1..40 {
            for first_bad in 1..=last {
                let mut asked = 0;
                let found = search::<()>(last, |place| {
                    asked += 1;
                    Ok(if place >= first_bad { Told::Bad } else { Told::Good })
                });
                let found = found.expect("answers");
                assert_eq!((found.last_good, found.first_bad), (first_bad - 1, first_bad));
                assert!(asked <= 6, "{asked} of {last}");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_passed_over_and_named() {
        let ask = |place: usize| {
            Ok::<_, ()>(match place {
                4..=6 => Told::Unknown("it does not compile".into()),
                7.. => Told::Bad,
                _ => Told::Good,
            })
        };
        let found = search(10, ask).expect("answers");
        assert_eq!((found.last_good, found.first_bad), (3, 7));
        let places: Vec<usize> = found.unknown.iter().map(|(place, _)| *place).collect();
        assert!(
            places.iter().all(|place| (4..=6).contains(place)) && places.len() == 3,
            "{places:?}"
        );
    }

    #[test]
    fn releases_are_those_that_were_not_withdrawn() {
        let listed =
            b"\x03\0etag\x001.50.0\0{\"name\":\"tokio\",\"vers\":\"1.50.0\",\"deps\":[],\"yanked\":false}\x001.51.0\0\
            {\"name\": \"tokio\", \"vers\": \"1.51.0\", \"deps\": [], \"yanked\": true}\0";
        assert_eq!(listed_releases(listed), [semver::Version::new(1, 50, 0)]);
    }

    #[test]
    fn candidates_are_of_one_kind() {
        let spec = |text: &str| text.parse::<Spec>().expect("a build");
        for (good, bad) in [
            ("same", "tokio=1.50.0"),
            ("rev:a", "tokio=1.50.0"),
            ("tokio=git:/a@x", "tokio=git:/b@x"),
            ("tokio=1.50.0+allocator:mimalloc", "tokio=1.51.0+allocator:mimalloc"),
        ] {
            let error = candidates(&spec(good), &spec(bad), Path::new("."));
            assert!(error.expect_err(good).contains("--bisect"));
        }
    }
}
