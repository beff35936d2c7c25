//! The sources of a build: this project's files as they are, or as a revision has them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::environment::Environment;

use crate::trouble::at;

/// Files by their path in the project.
pub(super) type Files = BTreeMap<PathBuf, Contents>;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    pub(super) executable: bool,
}

impl Contents {
    fn read(path: &Path) -> io::Result<Self> {
        Ok(Self {
            bytes: fs::read(path)?,
            executable: is_executable(path),
        })
    }

    /// A text.
    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        }
    }
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
        match Contents::read(&from) {
            Ok(contents) => {
                files.insert(path.into(), contents);
            }
            // It was removed, or it is a link that leads nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&from)(error)),
        }
    }
    Ok(files)
}

/// Puts the files of a commit into `into`, which must not exist, whole or not at all.
pub(super) fn unpack(clone: &Path, commit: &str, into: &Path) -> Result<(), String> {
    let draft = into.with_extension("draft");
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).map_err(at(&draft))?;
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
    moved.map_err(at(into))
}

/// All files below a folder, but for those of [`TARGET`].
pub(super) fn of_folder(folder: &Path) -> io::Result<Files> {
    let read = |path: PathBuf| Ok((path.clone(), Contents::read(&folder.join(path))?));
    below(folder)?.into_iter().map(read).collect()
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
        // What is the same keeps its time, so that cargo does not compile it again.
        if !fs::read(&to).is_ok_and(|before| before == contents.bytes) {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&to, &contents.bytes)?;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if contents.executable { 0o755 } else { 0o644 };
            fs::set_permissions(&to, fs::Permissions::from_mode(mode))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_the_files_and_no_others_and_what_is_right_is_not_touched() {
        let place = tempfile::tempdir().expect("a folder");
        let files = Files::from([("a/b".into(), Contents::of("b")), ("c".into(), Contents::of("c"))]);
        write(&files, place.path()).expect("written");
        let touched = |path: &str| {
            fs::metadata(place.path().join(path))
                .and_then(|m| m.modified())
                .expect("a time")
        };
        let before = touched("a/b");
        fs::write(place.path().join("d"), "d").expect("written");
        let changed = Files::from([("a/b".into(), Contents::of("b")), ("c".into(), Contents::of("other"))]);
        write(&changed, place.path()).expect("written");
        assert_eq!(touched("a/b"), before);
        assert_eq!(of_folder(place.path()).expect("read"), changed);
        assert_ne!(hash(&files), hash(&changed));
    }
}
