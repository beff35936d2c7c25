//! How the last run of all targets gets a name, under which nothing overwrites it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::attachments;
use crate::record::{Folder, Header, Status};
use crate::run_store::{Run, is_run_name};
use crate::text::known;
use crate::trouble::Trouble;

/// A run that has a name now.
#[derive(Debug)]
pub struct Saved {
    /// Its folder.
    pub folder: PathBuf,
    /// What a reader of it should know.
    pub warnings: Vec<String>,
}

/// Copies the run in the folder `from` to `results/NAME`, all of it or nothing.
/// Records of machines that do not exist only where `simulated`.
pub fn save(results: &Path, from: &Path, name: &str, targets: &[&str], simulated: bool) -> Result<Saved, Trouble> {
    if !is_run_name(name) || name.starts_with("latest") {
        return Err(format!(
            "{name:?}: not a name for a run; letters, digits and ._- with a letter or digit first, at most 64, not `latest…`"
        )
        .into());
    }
    let to = results.join(name);
    if to.exists() {
        return Err(format!(
            "{}: exists, and a recorded run is never overwritten; choose another name",
            to.display()
        )
        .into());
    }
    for target in targets {
        if !from.join(format!("{target}.jsonl")).exists() {
            let why = if from.join(format!("{target}.jsonl.partial")).exists() {
                "only a run that is under way or was cut short"
            } else {
                "it was not run"
            };
            return Err(format!(
                "{}: no record of {target} ({why}); run `cargo bench` to its end",
                from.display()
            )
            .into());
        }
    }
    // Held until the copy is made, so that no run replaces a record in the meantime.
    let _taken = targets
        .iter()
        .map(|target| Folder::hold(from, target))
        .collect::<Result<Vec<_>, _>>()?;
    let mut run = Run::read(from)?;
    // A target of the reader's own may have its record there as well.
    run.parts
        .retain(|(header, _)| targets.contains(&header.target.as_str()));
    if run.is_simulated() && !simulated {
        return Err(format!(
            "{}: simulated, and measured by no machine; such records are not kept as a run",
            from.display()
        )
        .into());
    }
    check(&run).map_err(|problem| format!("{}: {problem}", from.display()))?;

    let io = Trouble::failed_at;
    // JVS_RESULTS may name one that is not there yet.
    fs::create_dir_all(results).map_err(io(results))?;
    // A folder that a kill leaves half made has a name that no run has.
    let temporary = tempfile::Builder::new()
        .prefix(".recording-")
        .tempdir_in(results)
        .map_err(io(results))?;
    let files = targets.iter().map(|target| format!("{target}.jsonl"));
    let attached = attachments::FILES.iter().map(|name| (*name).to_owned());
    for file in files.chain(attached.filter(|name| from.join(name).exists())) {
        let path = temporary.path().join(&file);
        fs::copy(from.join(&file), &path).map_err(io(&from.join(&file)))?;
        // Windows writes out only what is open for writing.
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|file| file.sync_all())
            .map_err(io(&path))?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).map_err(io(temporary.path()))?;
    }
    fs::rename(temporary.path(), &to).map_err(io(&to))?;
    // It is no temporary folder any more.
    let _ = temporary.keep();
    if let Ok(folder) = fs::File::open(results) {
        let _ = folder.sync_all();
    }
    let mut warnings = Vec::new();
    let revision = run.parts.first().and_then(|(header, _)| header.environment.git.clone());
    if revision.as_ref().is_none_or(|revision| revision.ends_with("-dirty")) {
        warnings.push("its code is no committed revision, so nobody else can measure the same".to_owned());
    }
    let failed = run.measurements().filter(|m| m.status != Status::Ok).count();
    if failed > 0 {
        warnings.push(format!("{failed} of its measurements failed or are invalid"));
    }
    Ok(Saved { folder: to, warnings })
}

/// Whether all parts of a run are whole and measured alike.
fn check(run: &Run) -> Result<(), String> {
    for (header, _) in &run.parts {
        let problem = match header {
            Header { complete: false, .. } => "its run was cut short".to_owned(),
            Header {
                filter: Some(filter), ..
            } => format!("only what `{filter}` matches was measured"),
            _ => continue,
        };
        return Err(format!("{}: {problem}", header.target));
    }
    let Some((first, _)) = run.parts.first() else {
        return Ok(());
    };
    for (header, _) in &run.parts[1..] {
        for ((what, one), (_, other)) in conditions(first).into_iter().zip(conditions(header)) {
            if one != other {
                let targets = [&first.target, &header.target];
                return Err(format!(
                    "{what} differs: {one} of {}, {other} of {}; run both again",
                    targets[0], targets[1]
                ));
            }
        }
    }
    Ok(())
}

/// What all targets of a run must have in common.
fn conditions(header: &Header) -> [(&'static str, String); 13] {
    let e = &header.environment;
    let chosen: Vec<&str> = variables(&header.command).collect();
    let chosen = if chosen.is_empty() {
        "none".to_owned()
    } else {
        chosen.join(" ")
    };
    [
        ("the revision", known(&e.git)),
        ("the compiler", e.built.rustc.clone()),
        ("tokio", e.built.tokio.clone()),
        ("criterion", e.built.criterion.clone()),
        ("the profile", e.built.profile.clone()),
        ("frame pointers", e.built.frame_pointers.to_string()),
        ("the processor", known(&e.cpu)),
        ("the number of cores", e.cores.to_string()),
        (
            "the CPU quota",
            e.quota.map_or("none".into(), |quota| quota.to_string()),
        ),
        ("the kernel", known(&e.kernel)),
        ("the choice by JVS_ variables", chosen),
        ("the matrix", header.matrix.clone()),
        ("the number of rounds", header.rounds.to_string()),
    ]
}

/// The words in front of a command, which are variables; but the seed, which may be drawn for each target.
pub(crate) fn variables(command: &str) -> impl Iterator<Item = &str> {
    let set = command.split("cargo ").next().unwrap_or_default();
    set.split_whitespace().filter(|word| !word.starts_with("JVS_SEED="))
}
