//! Which of the targets of one `cargo bench` a target is: cargo runs them one after the other, each a program of its own, and
//! tells none of them about the others. What it was asked for stands in its command line, which Linux shows; who has ended is
//! kept in a file for as long as that cargo runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::environment::target_folder;

/// A `cargo bench` that is running.
#[derive(Debug)]
pub(super) struct Invocation {
    /// A line for each target that has ended.
    file: PathBuf,
    /// Its targets.
    targets: Vec<String>,
    /// Whether it goes on after a target that failed.
    goes_on: bool,
}

impl Invocation {
    /// The one that started this program. `None` where it was started by something else, or where that cannot be seen.
    pub(super) fn of_this_program(targets: &[&str]) -> Option<Self> {
        let parent = parent()?;
        let arguments = fs::read_to_string(format!("/proc/{parent}/cmdline")).ok()?;
        let arguments: Vec<&str> = arguments.split_terminator('\0').collect();
        let (targets, goes_on) = selected(&arguments, targets)?;
        let folder = target_folder().join("invocations");
        fs::create_dir_all(&folder).ok()?;
        forget_those_that_ended(&folder);
        Some(Self {
            file: folder.join(name_of(parent)?),
            targets,
            goes_on,
        })
    }

    /// Whether other targets come after this one, as far as is known before it has ended.
    pub(super) fn others_follow(&self, target: &str) -> bool {
        let ended = self.ended();
        let open = |name: &&String| *name != target && !ended.iter().any(|(ended, _)| ended == *name);
        self.targets.iter().any(|name| open(&name))
    }

    /// This target has ended, and has written this record. The records of all that ran, in their order, where it was the last.
    pub(super) fn end(
        &self,
        target: &str,
        record: Option<&Path>,
        failed: bool,
    ) -> Option<Vec<(String, Option<PathBuf>)>> {
        let record = record.map_or(String::new(), |path| path.display().to_string());
        let written = fs::OpenOptions::new().create(true).append(true).open(&self.file);
        let written = written.and_then(|mut file| writeln!(file, "{target}\t{record}"));
        let is_last = written.is_err() || (failed && !self.goes_on) || !self.others_follow(target);
        is_last.then(|| {
            let ended = self.ended();
            let _ = fs::remove_file(&self.file);
            ended
        })
    }

    fn ended(&self) -> Vec<(String, Option<PathBuf>)> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let ended = text.lines().filter_map(|line| line.split_once('\t'));
        ended
            .map(|(target, record)| (target.to_owned(), (!record.is_empty()).then(|| PathBuf::from(record))))
            .collect()
    }
}

/// The targets that a command line of `cargo bench` runs, and whether one that fails stops it. `None` for another command.
fn selected(arguments: &[&str], targets: &[&str]) -> Option<(Vec<String>, bool)> {
    let (program, arguments) = arguments.split_first()?;
    let program = Path::new(program).file_stem()?.to_str()?;
    let own = arguments.split(|argument| *argument == "--").next()?;
    if program != "cargo" || !own.contains(&"bench") {
        return None;
    }
    let mut patterns = Vec::new();
    let mut rest = own.iter();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--bench") {
            Some("") => patterns.extend(rest.next().and_then(|pattern| glob(pattern))),
            Some(pattern) => patterns.extend(pattern.strip_prefix('=').and_then(glob)),
            None => {}
        }
    }
    let named = |target: &&&str| patterns.is_empty() || patterns.iter().any(|pattern| pattern.is_match(target));
    let selected: Vec<String> = targets.iter().filter(named).map(|&name| name.to_owned()).collect();
    (!selected.is_empty()).then(|| (selected, own.contains(&"--no-fail-fast")))
}

/// A name as cargo takes it, with `*`, `?` and `[…]`.
fn glob(pattern: &str) -> Option<Regex> {
    let (mut text, mut in_set, mut before) = (String::from("^"), false, ' ');
    for c in pattern.chars() {
        match c {
            '!' if before == '[' => text.push('^'),
            '*' if !in_set => text += ".*",
            '?' if !in_set => text.push('.'),
            '-' if in_set => text.push(c),
            '[' | ']' => {
                in_set = c == '[';
                text.push(c);
            }
            c => text += &regex::escape(&c.to_string()),
        }
        before = c;
    }
    Regex::new(&(text + "$")).ok()
}

#[cfg(unix)]
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

/// A process and when it began: no other one has both.
fn name_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the program's name, which may hold anything, comes the state, which is the third field.
    let (_, fields) = stat.rsplit_once(") ")?;
    let began = fields.split(' ').nth(22 - 3)?;
    Some(format!("{process}-{began}"))
}

/// Drops what an invocation left that was killed.
fn forget_those_that_ended(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.split('-').next().and_then(|process| process.parse().ok());
        if process.and_then(name_of).as_deref() != Some(name.as_str()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: [&str; 3] = ["overhead", "wakeups", "http"];

    fn of(line: &str) -> Option<(Vec<String>, bool)> {
        selected(&line.split(' ').collect::<Vec<_>>(), &TARGETS)
    }

    #[test]
    fn what_cargo_was_asked_for() {
        for (line, targets, goes_on) in [
            ("/x/bin/cargo bench --locked", &TARGETS[..], false),
            ("cargo bench --bench http -- --bench overhead", &["http"], false),
            (
                "cargo +nightly bench --bench=wakeups --bench overhead",
                &["overhead", "wakeups"],
                false,
            ),
            (
                "cargo bench --no-fail-fast --bench [ow]*",
                &["overhead", "wakeups"],
                true,
            ),
            ("cargo bench --benches yield", &TARGETS, false),
            ("cargo bench --bench [!o]*", &["wakeups", "http"], false),
            ("cargo bench --bench [n-z]*", &["overhead", "wakeups"], false),
        ] {
            let found = of(line).expect(line);
            assert_eq!(
                found,
                (targets.iter().map(|name| (*name).to_owned()).collect(), goes_on),
                "{line}"
            );
        }
        for line in ["cargo test bench-like", "bash bench", "cargo bench --bench other", ""] {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_one_has_all_records() {
        let folder = tempfile::tempdir().expect("a folder");
        let invocation = |goes_on: bool| Invocation {
            file: folder.path().join("1-1"),
            targets: TARGETS.map(str::to_owned).to_vec(),
            goes_on,
        };
        // In whatever order cargo takes.
        let (first, second) = (invocation(false), invocation(false));
        assert!(first.others_follow("wakeups"));
        assert_eq!(first.end("wakeups", Some(Path::new("a")), false), None);
        assert_eq!(second.end("http", None, false), None);
        assert!(!second.others_follow("overhead"));
        let all = invocation(false).end("overhead", Some(Path::new("b")), false);
        let names: Vec<String> = all.expect("the last").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["wakeups", "http", "overhead"]);
        assert!(!folder.path().join("1-1").exists());
        // One that fails is the last, unless cargo goes on.
        assert!(invocation(false).end("http", None, true).is_some());
        assert!(invocation(true).end("http", None, true).is_none());
    }
}
