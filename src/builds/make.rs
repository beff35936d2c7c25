//! Making a build: its sources in a folder of its own, compiled into a target folder of its own, both kept for the next time.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measure::environment::{Built, Environment};
use measure::program::Program;

use super::manifests::{self, Wanted};
use super::sources::{self, Project};
use super::spec::{SYSTEM, Spec, Tokio};
use crate::trouble::Trouble;

/// A build that is ready to be measured.
#[derive(Debug, Clone)]
pub struct Made {
    /// What it is made of.
    pub spec: Spec,
    /// Its folder in the cache.
    pub folder: PathBuf,
    /// The program that measures.
    pub measuring: PathBuf,
    /// The program that counts.
    pub counting: PathBuf,
    /// What the program that measures says of itself.
    pub program: Program,
    /// The revision of this project.
    pub revision: Option<String>,
    /// Where the sources of tokio were that the program was compiled from, as its own bytes tell.
    pub tokio_source: Option<String>,
}

impl Made {
    /// The environment of its runs.
    pub fn environment(&self) -> Environment {
        Environment {
            git: self.revision.clone(),
            ..Environment::of(self.built().clone())
        }
    }

    /// What it was built from.
    pub fn built(&self) -> &Built {
        &self.program.built
    }
}

/// Why there is no such build, for a reason that lies in it.
pub(super) fn no_build(spec: &Spec, reason: impl Display) -> Trouble {
    Trouble {
        of_build: true,
        ..format_args!("{spec}: {reason}").into()
    }
}

/// Whether what a build is made of is there, as far as that is known before anything is made, which takes minutes.
pub fn check(spec: &Spec, project: &Project) -> Result<(), Trouble> {
    if let Some(revision) = &spec.revision {
        commit_of(spec, revision, project)?;
    }
    manifests::check(spec).map_err(|reason| no_build(spec, reason))
}

/// The commit of this project that a build's revision is.
fn commit_of(spec: &Spec, revision: &str, project: &Project) -> Result<String, Trouble> {
    let commit = sources::commit(&project.folder, revision);
    commit.map_err(|reason| no_sources(spec, format_args!("revision {revision}: {reason}")))
}

fn no_sources(spec: &Spec, reason: impl Display) -> Trouble {
    no_build(spec, format_args!("the sources of this project: {reason}"))
}

/// Makes a build of `project` in a folder of `cache`; with the flavor `local` where that is wanted and its tokio
/// has it. `tell` is told what is going on.
pub fn make(
    spec: &Spec,
    local: bool,
    project: &Project,
    cache: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Made, Trouble> {
    let folder = cache.join(spec.file_name());
    fs::create_dir_all(&folder).map_err(Trouble::failed_at(&folder))?;
    // Another `builds` may be making the same.
    let lock = folder.join("lock");
    let _held = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(Trouble::failed_at(&lock))?;
    let wanted = manifests::wanted(spec, &folder)?;
    let revision = write_sources(spec, wanted.as_ref(), project, &folder, tell)?;
    let local = local
        && wanted
            .as_ref()
            .is_none_or(|wanted| wanted.version >= Spec::FIRST_WITH_LOCAL);
    compile(spec, local, &folder, tell)?;
    let program = |name: &str| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        target(&folder).join("release").join(file)
    };
    let made = Made {
        spec: spec.clone(),
        measuring: program("measuring-of-build"),
        counting: program("counting-of-build"),
        program: Program::of(&program("measuring-of-build")).map_err(|reason| no_build(spec, reason))?,
        revision,
        tokio_source: None,
        folder,
    };
    prove(made, wanted.as_ref())
}

/// Puts the sources in place, and the lock file; the revision that they are of.
fn write_sources(
    spec: &Spec,
    wanted: Option<&Wanted>,
    project: &Project,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Option<String>, Trouble> {
    let no_sources = |reason: String| no_sources(spec, reason);
    let (mut files, revision) = match &spec.revision {
        None => project.work_tree().map_err(no_sources)?,
        Some(revision) => {
            let commit = commit_of(spec, revision, project)?;
            let short = commit[..12.min(commit.len())].to_owned();
            let unpacked = folder.join(format!("revision-{short}"));
            if !unpacked.is_dir() {
                sources::unpack(&project.folder, &commit, &unpacked).map_err(no_sources)?;
            }
            let files = sources::of_folder(&unpacked).map_err(Trouble::failed_at(&unpacked))?;
            (files, Some(short))
        }
    };
    if !files.contains_key(Path::new("crates/programs/Cargo.toml")) {
        return Err(no_build(
            spec,
            "that revision has no crates/programs, which is what of a build is measured",
        ));
    }
    if let Some(wanted) = wanted {
        manifests::put_tokio(&mut files, wanted).map_err(no_sources)?;
    }
    let source = folder.join("source");
    let stamp = folder.join("sources.hash");
    let hash = format!("{:016x}", sources::hash(&files));
    if fs::read_to_string(&stamp).is_ok_and(|before| before == hash) {
        return Ok(revision);
    }
    tell("writing its sources");
    // Without a stamp an interrupted start does all of this again.
    let _ = fs::remove_file(&stamp);
    sources::write(&files, &source).map_err(Trouble::failed_at(&source))?;
    if wanted.is_some() {
        tell("resolving");
        run_cargo(spec, "resolve", &source, &["update", "--workspace"], &[], tell)?;
    }
    fs::write(&stamp, hash).map_err(Trouble::failed_at(&stamp))?;
    Ok(revision)
}

fn target(folder: &Path) -> PathBuf {
    folder.join("source").join(sources::TARGET)
}

fn compile(spec: &Spec, local: bool, folder: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), Trouble> {
    let mut arguments = vec!["build", "--release", "--locked", "--package", "jvs-programs"];
    if !local {
        arguments.push("--no-default-features");
    }
    // The system's is there without a feature.
    if let Some(allocator) = spec.allocator.filter(|name| *name != SYSTEM) {
        arguments.extend(["--features", allocator]);
    }
    let target = target(folder).to_string_lossy().into_owned();
    arguments.extend(["--target-dir", &target]);
    run_cargo(spec, "compile", &folder.join("source"), &arguments, &spec.flags, tell)
}

/// Runs cargo in the sources; `flags` are for rustc, beside the environment's.
fn run_cargo(
    spec: &Spec,
    what: &str,
    source: &Path,
    arguments: &[&str],
    flags: &[String],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let failed = |reason: String| no_build(spec, format_args!("cargo cannot {what} it: {reason}"));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` tells this program of itself is not that build's.
    const OF_CARGO: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_TARGET_DIR"];
    for (name, _) in std::env::vars_os() {
        if OF_CARGO.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    if !flags.is_empty() {
        let mut all = std::env::var("RUSTFLAGS").unwrap_or_default();
        for flag in flags {
            all = format!("{all} {flag}");
        }
        command.env("RUSTFLAGS", all.trim());
    }
    let mut cargo = command
        .current_dir(source)
        .args(arguments)
        .args(["--color", "never"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut said = Vec::new();
    let stderr = cargo.stderr.take().expect("standard error is piped");
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        let doing = line.trim_start();
        if ["Compiling ", "Updating ", "Downloading ", "Downloaded "]
            .iter()
            .any(|start| doing.starts_with(start))
        {
            tell(doing);
        }
        said.push(line);
    }
    let status = cargo.wait().map_err(|error| failed(error.to_string()))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(reason(&said, &status.to_string())))
    }
}

/// What cargo or rustc said was wrong, in one line.
fn reason(said: &[String], otherwise: &str) -> String {
    let Some(at) = said.iter().position(|line| line.starts_with("error")) else {
        return said
            .last()
            .filter(|line| !line.is_empty())
            .map_or(otherwise, String::as_str)
            .to_owned();
    };
    let first = said[at].trim_start_matches("error: ").trim().to_owned();
    let more = said[at + 1..].iter().take_while(|line| !line.is_empty());
    let more = more.map(|line| line.trim()).find(|line| {
        line.starts_with("candidate versions found")
            || line.starts_with("--> ")
            || line.starts_with("versions that meet")
    });
    match more {
        Some(more) => format!("{first} ({})", more.trim_start_matches("--> ")),
        None => first,
    }
}

/// Checks that the program holds the tokio that the lock file names and that was asked for.
fn prove(mut made: Made, wanted: Option<&Wanted>) -> Result<Made, Trouble> {
    let wrong = |reason: String| no_build(&made.spec, reason);
    let path = made.folder.join("source").join("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(Trouble::failed_at(&path))?;
    let locked = manifests::locked(&lock).map_err(wrong)?;
    let compiled = &made.built().tokio;
    if locked.len() != 1 || locked[0] != *compiled {
        return Err(wrong(format!(
            "its lock file has tokio {}, its program was compiled with tokio {compiled}",
            locked.join(" and ")
        )));
    }
    if let Some(wanted) = wanted
        && wanted.version.to_string() != *compiled
    {
        return Err(wrong(format!(
            "it came out with tokio {compiled}, not {}",
            wanted.version
        )));
    }
    // Where a panic of tokio's would be reported from: rustc leaves the path of each source file in the program.
    let bytes = fs::read(&made.measuring).map_err(Trouble::failed_at(&made.measuring))?;
    let found = tokio_folders(&bytes);
    if matches!(made.spec.tokio, Some(Tokio::Version(_)))
        && !found.is_empty()
        && !found.contains(&format!("tokio-{compiled}"))
    {
        return Err(wrong(format!("its program holds code of {}", found.join(", "))));
    }
    made.tokio_source = found.into_iter().next();
    Ok(made)
}

/// The registry's folders of tokio whose files a program names.
fn tokio_folders(program: &[u8]) -> Vec<String> {
    let folder = regex::bytes::Regex::new(r"[/\\](tokio-\d+\.\d+\.\d+)[/\\]src[/\\]").expect("a constant");
    let mut found: Vec<String> = folder
        .captures_iter(program)
        .map(|captures| String::from_utf8_lossy(&captures[1]).into_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Bytes of all files below a folder.
pub fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn cargos_reason_is_one_line() {
        let unresolved = lines(
            "    Updating crates.io index\nerror: failed to select a version for the requirement `tokio = \"=1.99.0\"`\n\
             candidate versions found which didn't match: 1.54.1, 1.54.0, ...\nlocation searched: crates.io index\n",
        );
        let said = reason(&unresolved, "");
        assert!(
            said.contains("`tokio = \"=1.99.0\"` (candidate versions found"),
            "{said}"
        );
        let uncompiled = lines(
            "   Compiling jvs-timed\nerror[E0432]: unresolved import `tokio::x`\n --> crates/timed/src/a.rs:1:5\n  |\n\nerror: could not",
        );
        assert_eq!(
            reason(&uncompiled, ""),
            "error[E0432]: unresolved import `tokio::x` (crates/timed/src/a.rs:1:5)"
        );
        assert_eq!(reason(&[], "exit status: 101"), "exit status: 101");
    }

    #[test]
    fn a_program_tells_which_tokio_it_was_compiled_from() {
        let bytes =
            b"\0/registry/src/index/tokio-1.50.0/src/task/mod.rs\0x/tokio-1.50.0/src/a\0/tokio-util-0.7.1/src/b";
        assert_eq!(tokio_folders(bytes), ["tokio-1.50.0"]);
    }
}
