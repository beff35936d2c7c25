//! A test program that starts itself again as something else, in a place of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use join_vs_spawn::record::{self, Measurement};

/// What this process is to be instead of the test program.
pub const ACT: &str = "TEST_ACTS_AS";

/// Two quick cases.
pub const SMALL: [(&str, &str); 5] = [
    ("JVS_ROUNDS", "1"),
    ("JVS_WORKLOADS", "yield"),
    ("JVS_FLAVORS", "current_thread"),
    ("JVS_SITES", "worker"),
    ("JVS_TASKS", "2,8"),
];
/// Criterion wants ten samples: of ten rounds there are as many, however slow they are.
pub const TEN_ROUNDS: (&str, &str) = ("JVS_ROUNDS", "10");
/// Several rounds of two cases, long enough to be disturbed.
pub const LONG: [(&str, &str); 2] = [("JVS_ROUNDS", "6"), ("JVS_SPAN", "6")];

pub const NO_PAYLOAD: (&str, &str) = ("JVS_PAYLOADS", "0B");

pub fn small(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    SMALL
        .into_iter()
        .chain([NO_PAYLOAD])
        .chain(more.iter().copied())
        .collect()
}

/// A folder of its own for records and Criterion's files, and this program acting in it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn command(&self, act: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JVS_")) {
            command.env_remove(name);
        }
        command
            .env(ACT, act)
            .env("JVS_RESULTS", self.path("results"))
            .env("CRITERION_HOME", self.path("criterion"))
            .env("JVS_SPAN", "0")
            // A commit between two starts would be another build to a run that is resumed.
            .env("GIT_DIR", "/nonexistent")
            .envs(variables.iter().copied())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, act: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Done {
        let output = self.command(act, variables, arguments).output();
        Done::of(output.expect("this program starts"))
    }

    pub fn start(&self, act: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Child {
        let child = self.command(act, variables, arguments).spawn();
        child.expect("this program starts")
    }

    pub fn measurements(&self, file: &str) -> Vec<Measurement> {
        match record::read(&self.path(file)) {
            Ok((header, measurements)) => {
                assert!(header.complete);
                measurements
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until the partial file has this many lines.
    pub fn wait_for_lines(&self, file: &str, lines: usize) {
        let path = self.path(file);
        wait_for(&format!("{lines} lines in {}", path.display()), || {
            fs::read_to_string(&path).is_ok_and(|text| text.lines().count() >= lines)
        });
    }
}

pub fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "no {what} within 60 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let said = format!("{}\n{}", self.stdout, self.stderr);
        assert!(said.contains(text), "`{text}` is not in:\n{said}");
        self
    }
}

/// Those children of a process that were started with this argument, or are copies of one that was.
pub fn children_with(parent: u32, argument: &str) -> Vec<u32> {
    let mut found = children(parent);
    found.retain(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(argument)));
    found
}

/// The children of a process, as Linux tells them.
pub fn children(parent: u32) -> Vec<u32> {
    let of = |entry: fs::DirEntry| -> Option<u32> {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let alive = fields.next()? != "Z";
        (alive && fields.next()?.parse() == Ok(parent)).then_some(pid)
    };
    fs::read_dir("/proc").map_or(Vec::new(), |entries| entries.flatten().filter_map(of).collect())
}

pub fn kill(pid: u32) {
    kill_all(&[pid]);
}

/// At the same moment, as near as it can be had.
pub fn kill_all(pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    Command::new("kill")
        .arg("-9")
        .args(pids.iter().map(u32::to_string))
        .status()
        .expect("kill");
}

/// Whether processes can be found through `/proc`; says so where not.
pub fn has_proc() -> bool {
    let has = Path::new("/proc/self/stat").exists();
    if !has {
        eprintln!("SKIPPED: processes are found through /proc");
    }
    has
}

pub fn alive(pid: u32) -> bool {
    // A process that has ended and has not been waited for has no exe.
    Path::new(&format!("/proc/{pid}/exe")).exists()
}
