//! A folder of recorded runs with known truth, and the program that works on it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use join_vs_spawn::case::Case;
use join_vs_spawn::record::{self, Header, Measurement, Part};

use super::{exits, header, measured};

pub const TARGETS: [&str; 5] = ["overhead", "wakeups", "compute", "http", "scale"];

/// A case measured with join and with spawn, which takes `ratio` times as long; rounds differ by some percents.
pub fn pair(id: &str, ratio: f64, seed: u64) -> [Measurement; 2] {
    let case: Case = id.parse().expect("a case");
    let mut random = fastrand::Rng::with_seed(seed);
    [("join", 1.0), ("spawn", ratio)].map(|(strategy, ratio): (&str, f64)| {
        let noise = |random: &mut fastrand::Rng| (random.f64() - 0.5) * 0.02;
        let rounds: Vec<Vec<f64>> = (0..10).map(|_| vec![ratio.ln() + noise(&mut random)]).collect();
        measured(&case, strategy, rounds, 1000.0, 0.01)
    })
}

/// A measured part: some cases of a target.
pub fn part(target: &str, ratio: f64, seed: u64) -> Part {
    let (workload, payload) = match target {
        "overhead" => ("yield", "0B"),
        "wakeups" => ("wake", "0B"),
        "compute" => ("compute", "16KiB"),
        "scale" => ("timers", "0B"),
        _ => ("http", "64B"),
    };
    let header = Header {
        target: target.to_owned(),
        ..header()
    };
    let cases = [1, 8, 64].map(|tasks| format!("{workload}/current_thread/worker/{payload}/{tasks}"));
    let pairs = cases
        .iter()
        .zip(seed..)
        .flat_map(|(case, seed)| pair(case, ratio, seed));
    (header, pairs.collect())
}

/// A record as text.
pub fn lines((header, measurements): &Part) -> String {
    record::to_text(header, measurements)
}

/// A folder of runs, and the command that works on it.
pub struct Results {
    folder: tempfile::TempDir,
}

impl Results {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A whole run of all targets.
    pub fn run(&self, name: &str, ratio: f64, seed: u64) {
        for target in TARGETS {
            self.write(&format!("{name}/{target}.jsonl"), &lines(&part(target, ratio, seed)));
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
            .env("JVS_RESULTS", self.folder.path())
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .expect("the program starts")
    }

    /// Its standard output, where it exits so.
    #[track_caller]
    pub fn exits(&self, code: i32, arguments: &[&str]) -> String {
        exits(code, &self.command(arguments))
    }

    /// Bad input: exit 2, nothing on standard output, and one line that says what.
    #[track_caller]
    pub fn refuses(&self, arguments: &[&str], says: &str) -> String {
        let output = self.command(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "half-written output");
        assert!(stderr.contains(says), "`{says}` is not in: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr.into_owned()
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder").flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}
