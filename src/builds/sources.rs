//! The sources of a build: this project's files as they are or as a revision has them, with another tokio in their manifests.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::environment::Environment;
use toml_edit::{DocumentMut, Item, Table, value};

use super::MakeError;
use super::spec::{Spec, Tokio};

/// Files by their path in the project.
pub(super) type Files = BTreeMap<PathBuf, Contents>;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    executable: bool,
}

/// The project whose builds are compared. Its work tree is read once, so that builds that are made minutes apart are of the same
/// sources, whatever is edited meanwhile.
pub struct Project {
    pub(super) folder: PathBuf,
    work_tree: OnceCell<(Files, Option<String>)>,
}

impl Project {
    /// In this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            work_tree: OnceCell::new(),
        }
    }

    /// The files of the work tree as they were when this was first asked, and their revision.
    pub(super) fn work_tree(&self) -> Result<(Files, Option<String>), String> {
        if let Some(known) = self.work_tree.get() {
            return Ok(known.clone());
        }
        let read = (of_work_tree(&self.folder)?, Environment::here().git);
        Ok(self.work_tree.get_or_init(|| read).clone())
    }
}

/// Runs git in a folder; the error is what it says.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("git failed and said nothing");
    Err(said.trim_start_matches("fatal: ").to_owned())
}

/// The commit that a name stands for in a clone.
pub(super) fn commit(folder: &Path, revision: &str) -> Result<String, String> {
    let named = format!("{revision}^{{commit}}");
    let commit = git(folder, &["rev-parse", "--verify", "--end-of-options", &named])?;
    Ok(String::from_utf8_lossy(&commit).trim().to_owned())
}

/// The files that git tracks in `project`, as they are in the work tree. Recorded runs are no sources.
fn of_work_tree(project: &Path) -> Result<Files, String> {
    let listed = git(project, &["ls-files", "-z"])?;
    let mut files = Files::new();
    for path in String::from_utf8_lossy(&listed).split_terminator('\0') {
        if path.starts_with("results/") {
            continue;
        }
        let from = project.join(path);
        match fs::read(&from) {
            Ok(bytes) => {
                let executable = is_executable(&from);
                files.insert(path.into(), Contents { bytes, executable });
            }
            // It was removed, or it is a link that leads nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{}: {error}", from.display())),
        }
    }
    Ok(files)
}

/// Puts the files of a commit into `into`, which must not exist, whole or not at all.
pub(super) fn unpack(clone: &Path, commit: &str, into: &Path) -> Result<(), String> {
    let draft = into.with_extension("draft");
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).map_err(|error| format!("{}: {error}", draft.display()))?;
    let archive = draft.join("archive.tar");
    let file = archive.display().to_string();
    git(clone, &["archive", "--format=tar", "-o", &file, commit])?;
    let unpacked = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(&draft)
        .status();
    match unpacked {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("tar: {status}")),
        Err(error) => return Err(format!("tar: {error}")),
    }
    let moved = fs::remove_file(&archive).and_then(|()| fs::rename(&draft, into));
    moved.map_err(|error| format!("{}: {error}", into.display()))
}

/// All files below a folder, but for those of [`TARGET`].
pub(super) fn of_folder(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    for path in below(folder)? {
        let from = folder.join(&path);
        let contents = Contents {
            bytes: fs::read(&from)?,
            executable: is_executable(&from),
        };
        files.insert(path, contents);
    }
    Ok(files)
}

/// The paths of all files below a folder, as seen from there, but for those of [`TARGET`].
fn below(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path == folder.join(TARGET) {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if let Ok(path) = path.strip_prefix(folder) {
                found.insert(path.to_owned());
            }
        }
    }
    Ok(found)
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Where a build's compiled files are, below its sources: above it lies the lock file that they were made by, which is how the
/// build script of `crates/measure` finds it.
pub(super) const TARGET: &str = "target";

/// Makes `folder` hold these files and no others, but for [`TARGET`]. A file that is as it should be is not touched, so that cargo compiles again
/// what changed and nothing else.
pub(super) fn write(files: &Files, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for path in below(folder)? {
        if !files.contains_key(&path) {
            fs::remove_file(folder.join(path))?;
        }
    }
    for (path, contents) in files {
        let to = folder.join(path);
        if fs::read(&to).is_ok_and(|before| before == contents.bytes) {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&to, &contents.bytes)?;
        #[cfg(unix)]
        if contents.executable {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// A number that stands for the files.
pub(super) fn hash(files: &Files) -> u64 {
    let mut all = Vec::new();
    for (path, contents) in files {
        all.extend_from_slice(path.to_string_lossy().as_bytes());
        all.push(0);
        all.extend_from_slice(&twox_hash::XxHash3_64::oneshot(&contents.bytes).to_le_bytes());
        all.push(u8::from(contents.executable));
    }
    twox_hash::XxHash3_64::oneshot(&all)
}

/// The tokio that is to be built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub version: semver::Version,
    /// Where its sources are, where they are not the registry's.
    pub folder: Option<PathBuf>,
}

/// What a build's tokio is; the sources of a clone's revision are unpacked into `cache`.
pub(super) fn wanted(spec: &Spec, cache: &Path) -> Result<Option<Wanted>, MakeError> {
    let wrong = |reason: String| MakeError::Tokio {
        spec: spec.to_string(),
        reason,
    };
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
            let commit = commit(folder, revision).map_err(|reason| wrong(format!("{revision}: {reason}")))?;
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
    let here = folder
        .canonicalize()
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    for place in [here.clone(), here.join("tokio")] {
        let Ok(text) = fs::read_to_string(place.join("Cargo.toml")) else {
            continue;
        };
        let manifest: DocumentMut = text
            .parse()
            .map_err(|error| format!("{}: {error}", place.join("Cargo.toml").display()))?;
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
        let mut manifest: DocumentMut = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
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

    fn file(text: &str) -> Contents {
        Contents {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        }
    }

    fn text(files: &Files, path: &str) -> String {
        String::from_utf8(files[Path::new(path)].bytes.clone()).expect("text")
    }

    #[test]
    fn every_requirement_on_tokio_is_changed_and_nothing_else() {
        let mut files = Files::from([
            (
                "Cargo.toml".into(),
                file(
                    "# why\n[dependencies]\ntokio = { version = \"1.54.1\", features = [\"rt\"] } # why\nserde = \"1\"\n",
                ),
            ),
            (
                "crates/a/Cargo.toml".into(),
                file("[dev-dependencies]\ntokio = \"1\"\n[target.'cfg(unix)'.dependencies]\ntokio = \"1.2\"\n"),
            ),
            ("examples/b/Cargo.toml".into(), file("[dependencies]\ntokio = \"1\"\n")),
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
        assert!(put_tokio(&mut Files::from([("Cargo.toml".into(), file(""))]), &from_folder).is_err());
    }

    #[test]
    fn a_folder_holds_the_files_and_no_others_and_what_is_right_is_not_touched() {
        let place = tempfile::tempdir().expect("a folder");
        let files = Files::from([("a/b".into(), file("b")), ("c".into(), file("c"))]);
        write(&files, place.path()).expect("written");
        let touched = |path: &str| {
            fs::metadata(place.path().join(path))
                .and_then(|m| m.modified())
                .expect("a time")
        };
        let before = touched("a/b");
        fs::write(place.path().join("d"), "d").expect("written");
        let changed = Files::from([("a/b".into(), file("b")), ("c".into(), file("other"))]);
        write(&changed, place.path()).expect("written");
        assert_eq!(touched("a/b"), before);
        assert_eq!(of_folder(place.path()).expect("read"), changed);
        assert_ne!(hash(&files), hash(&changed));
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
