//! Another tokio in a build: where it comes from, in the manifests, in the lock file.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, value};

use super::make::no_build;
use super::sources::{Files, commit, unpack};
use super::spec::{Spec, Tokio};
use crate::trouble::{Trouble, at};

/// The tokio that is to be built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub version: semver::Version,
    /// Where its sources are, where they are not the registry's.
    pub folder: Option<PathBuf>,
}

/// Whether a build's tokio is there, where it is not the registry's.
pub(super) fn check(spec: &Spec) -> Result<(), String> {
    match &spec.tokio {
        None | Some(Tokio::Version(_)) => Ok(()),
        Some(Tokio::Path(folder)) => tokio_in(folder).map(drop),
        Some(Tokio::Git { folder, revision }) => commit_of(folder, revision).map(drop),
    }
}

fn commit_of(clone: &Path, revision: &str) -> Result<String, String> {
    commit(clone, revision).map_err(|reason| format!("{revision}: {reason}"))
}

/// What a build's tokio is; the sources of a clone's revision are unpacked into `cache`.
pub(super) fn wanted(spec: &Spec, cache: &Path) -> Result<Option<Wanted>, Trouble> {
    let wrong = |reason: String| no_build(spec, reason);
    let folder = match &spec.tokio {
        None => return Ok(None),
        Some(Tokio::Version(version)) => {
            return Ok(Some(Wanted {
                version: version.clone(),
                folder: None,
            }));
        }
        Some(Tokio::Path(folder)) => folder.clone(),
        Some(Tokio::Git { folder, revision }) => {
            let commit = commit_of(folder, revision).map_err(wrong)?;
            let into = cache.join(format!("tokio-{}", &commit[..12.min(commit.len())]));
            if !into.is_dir() {
                unpack(folder, &commit, &into).map_err(wrong)?;
            }
            into
        }
    };
    let (folder, version) = tokio_in(&folder).map_err(wrong)?;
    Ok(Some(Wanted {
        version,
        folder: Some(folder),
    }))
}

/// The package tokio in a folder, or in its folder `tokio`, as tokio's repository has it.
fn tokio_in(folder: &Path) -> Result<(PathBuf, semver::Version), String> {
    let here = folder.canonicalize().map_err(at(folder))?;
    for place in [here.clone(), here.join("tokio")] {
        let Ok(text) = fs::read_to_string(place.join("Cargo.toml")) else {
            continue;
        };
        let manifest: DocumentMut = text.parse().map_err(at(&place.join("Cargo.toml")))?;
        let package = |key: &str| manifest.get("package")?.get(key)?.as_str();
        if package("name") == Some("tokio") {
            let version = package("version").unwrap_or_default();
            let version = semver::Version::parse(version);
            return Ok((place, version.map_err(|error| format!("its version: {error}"))?));
        }
    }
    Err(format!("{} has no package tokio", folder.display()))
}

/// Writes the tokio that is wanted into the manifests of the project and of its packages.
pub(super) fn put_tokio(files: &mut Files, wanted: &Wanted) -> Result<(), String> {
    let mut found = false;
    for (path, contents) in files.iter_mut() {
        let of_workspace = path == Path::new("Cargo.toml") || path.starts_with("crates");
        if !of_workspace || path.file_name() != Some("Cargo.toml".as_ref()) {
            continue;
        }
        let text = String::from_utf8_lossy(&contents.bytes);
        let mut manifest: DocumentMut = text.parse().map_err(at(path))?;
        let requirement = format!("={}", wanted.version);
        found |= require(manifest.as_table_mut(), &requirement);
        if let (true, Some(folder)) = (path == Path::new("Cargo.toml"), &wanted.folder) {
            let mut patched = Table::new();
            patched["tokio"]["path"] = value(folder.display().to_string());
            let mut patch = Table::new();
            patch.set_implicit(true);
            patch.insert("crates-io", Item::Table(patched));
            manifest.insert("patch", Item::Table(patch));
        }
        contents.bytes = manifest.to_string().into_bytes();
    }
    if found {
        Ok(())
    } else {
        Err("none of its manifests names tokio".into())
    }
}

/// Sets the requirement on tokio wherever a manifest has one; whether it has.
fn require(table: &mut dyn toml_edit::TableLike, requirement: &str) -> bool {
    let mut found = false;
    for (name, item) in table.iter_mut() {
        let name = name.get().to_owned();
        if matches!(
            name.as_str(),
            "dependencies" | "dev-dependencies" | "build-dependencies"
        ) {
            if let Some(tokio) = item.as_table_like_mut().and_then(|all| all.get_mut("tokio")) {
                found = true;
                match tokio.as_table_like_mut() {
                    Some(tokio) => {
                        tokio.insert("version", value(requirement));
                    }
                    None => *tokio = value(requirement),
                }
            }
        } else if name == "target" {
            let Some(targets) = item.as_table_like_mut() else {
                continue;
            };
            for (_, target) in targets.iter_mut() {
                if let Some(target) = target.as_table_like_mut() {
                    found |= require(target, requirement);
                }
            }
        }
    }
    found
}

/// The versions of tokio in a lock file.
pub(super) fn locked(lock: &str) -> Result<Vec<String>, String> {
    let lock: DocumentMut = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(Item::as_array_of_tables);
    let tokio = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("name").and_then(Item::as_str) == Some("tokio"));
    Ok(tokio
        .filter_map(|package| Some(package.get("version")?.as_str()?.to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::sources::Contents;

    fn text(files: &Files, path: &str) -> String {
        String::from_utf8(files[Path::new(path)].bytes.clone()).expect("text")
    }

    #[test]
    fn every_requirement_on_tokio_is_changed_and_nothing_else() {
        let mut files = Files::from([
            (
                "Cargo.toml".into(),
                Contents::of(
                    "# why\n[dependencies]\ntokio = { version = \"1.54.1\", features = [\"rt\"] } # why\nserde = \"1\"\n",
                ),
            ),
            (
                "crates/a/Cargo.toml".into(),
                Contents::of("[dev-dependencies]\ntokio = \"1\"\n[target.'cfg(unix)'.dependencies]\ntokio = \"1.2\"\n"),
            ),
            (
                "examples/b/Cargo.toml".into(),
                Contents::of("[dependencies]\ntokio = \"1\"\n"),
            ),
        ]);
        let wanted = Wanted {
            version: semver::Version::new(1, 50, 0),
            folder: None,
        };
        put_tokio(&mut files, &wanted).expect("manifests");
        assert_eq!(
            text(&files, "Cargo.toml"),
            "# why\n[dependencies]\ntokio = { version = \"=1.50.0\", features = [\"rt\"] } # why\nserde = \"1\"\n"
        );
        assert_eq!(
            text(&files, "crates/a/Cargo.toml"),
            "[dev-dependencies]\ntokio = \"=1.50.0\"\n[target.'cfg(unix)'.dependencies]\ntokio = \"=1.50.0\"\n"
        );
        assert!(
            text(&files, "examples/b/Cargo.toml").contains("\"1\""),
            "no package of this one's"
        );
        let from_folder = Wanted {
            folder: Some("/there/tokio".into()),
            ..wanted
        };
        put_tokio(&mut files, &from_folder).expect("manifests");
        let patched = text(&files, "Cargo.toml");
        assert!(
            patched.contains("[patch.crates-io") && patched.contains("/there/tokio"),
            "{patched}"
        );
        assert!(
            put_tokio(
                &mut Files::from([("Cargo.toml".into(), Contents::of(""))]),
                &from_folder
            )
            .is_err()
        );
    }

    #[test]
    fn a_folder_without_tokio_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let error = tokio_in(place.path()).expect_err("none");
        assert!(error.contains("has no package tokio"), "{error}");
        assert!(tokio_in(&place.path().join("nowhere")).is_err());
        fs::create_dir(place.path().join("tokio")).expect("a folder");
        let manifest = "[package]\nname = \"tokio\"\nversion = \"1.49.2\"\n";
        fs::write(place.path().join("tokio/Cargo.toml"), manifest).expect("written");
        let (folder, version) = tokio_in(place.path()).expect("tokio");
        assert!(folder.ends_with("tokio"));
        assert_eq!(version, semver::Version::new(1, 49, 2));
    }

    #[test]
    fn a_lock_file_tells_its_tokio() {
        let lock = "version = 4\n[[package]]\nname = \"tokio\"\nversion = \"1.50.0\"\n[[package]]\nname = \"tokio-macros\"\nversion = \"2.6.0\"\n";
        assert_eq!(locked(lock).expect("a lock"), ["1.50.0"]);
    }
}
