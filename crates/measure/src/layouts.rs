//! Layouts: the program that measures, linked again with its functions in another order.
//!
//! One build is one sample of where the linker puts functions, and that alone moves ratios by percents; so the rounds of a
//! run are made by differently linked copies of the same objects. `scripts/keep-link-cc`, which `.cargo/config.toml` makes
//! the linker, keeps what a measuring program was linked from in `PROGRAM.relink/`; here it is linked again, by the same
//! command and LLD's `--shuffle-sections`, once for each build.

use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::environment::cores;

/// The programs of a run's rounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layouts {
    /// One or more; a round's is [`program`](Layouts::program).
    programs: Vec<PathBuf>,
    /// Why there is only one, where more were wanted.
    pub only_one: Option<String>,
}

impl Layouts {
    /// `program` as it is.
    pub fn one(program: &Path, why: Option<String>) -> Self {
        Self {
            programs: vec![program.to_owned()],
            only_one: why,
        }
    }

    /// `wanted` layouts of `program`, those made that are not there yet; `tell` is told how many are, of how many. Where
    /// they cannot be made, the program as it is, and why.
    pub fn of(program: &Path, wanted: usize, tell: impl FnMut(usize, usize)) -> Self {
        if wanted <= 1 {
            return Self::one(program, None);
        }
        match make(program, wanted, tell) {
            Ok(programs) => Self {
                programs,
                only_one: None,
            },
            Err(why) => Self::one(program, Some(why)),
        }
    }

    /// The same, the first being that of number `by`.
    pub fn turned(mut self, by: usize) -> Self {
        let by = by % self.count();
        self.programs.rotate_left(by);
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.programs.len()
    }

    /// The number of a round's layout. Rounds that are a multiple of some number apart have different ones too, so that a
    /// case that takes part in few rounds has as many layouts.
    pub fn number(&self, round: usize) -> usize {
        (round + round / self.count()) % self.count()
    }

    /// The layout of that number.
    pub fn program(&self, number: usize) -> &Path {
        &self.programs[number % self.count()]
    }
}

/// Why there is one layout on this system.
fn no_parts() -> String {
    if cfg!(target_os = "linux") {
        "what it was linked from is not kept (scripts/keep-link-cc is not the linker of this build)".into()
    } else {
        "layouts are made on Linux only".into()
    }
}

fn make(program: &Path, wanted: usize, mut tell: impl FnMut(usize, usize)) -> Result<Vec<PathBuf>, String> {
    let parts = parts_of(program).ok_or_else(no_parts)?;
    let arguments = fs::read(parts.join("arguments")).map_err(|_| no_parts())?;
    let arguments: Vec<&str> = arguments
        .split(|byte| *byte == 0)
        .filter(|argument| !argument.is_empty())
        .map(std::str::from_utf8)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{}: {error}", parts.display()))?;
    let all: Vec<PathBuf> = (1..=wanted)
        .map(|number| parts.join(format!("layout-{number}")))
        .collect();
    let missing: Vec<(usize, &PathBuf)> = (1..).zip(&all).filter(|(_, layout)| !layout.exists()).collect();
    let there = wanted - missing.len();
    let jobs = missing.into_iter().map(|(number, layout)| {
        // Never a half-written program under the name of a layout.
        let draft = parts.join(format!("draft-{number}-{}", std::process::id()));
        (link(&arguments, number, &draft), draft, layout.clone())
    });
    run(jobs, cores(), |made| tell(there + made, wanted))?;
    Ok(all)
}

/// A linker at work. Dropped, it has ended, and its draft is gone: it is waited for and not stopped, since what it started itself
/// would go on and write.
struct Linking {
    linker: Child,
    draft: PathBuf,
    layout: PathBuf,
}

impl Linking {
    /// Waits for its end, and gives the layout its name.
    fn end(mut self) -> Result<(), String> {
        let mut said = Vec::new();
        if let Some(mut stderr) = self.linker.stderr.take() {
            stderr.read_to_end(&mut said).map_err(|error| error.to_string())?;
        }
        if !self.linker.wait().map_err(|error| error.to_string())?.success() {
            let said = String::from_utf8_lossy(&said);
            let said = said.lines().next().unwrap_or("nothing");
            return Err(format!("the linker cannot order functions: {said}"));
        }
        fs::rename(&self.draft, &self.layout).map_err(|error| error.to_string())
    }
}

impl Drop for Linking {
    fn drop(&mut self) {
        // A linker that nobody listens to any more is not to wait for a reader.
        drop(self.linker.stderr.take());
        let _ = self.linker.wait();
        let _ = fs::remove_file(&self.draft);
    }
}

/// Runs linkers, `at_once` of them side by side; `tell` is told how many are done. Each has a draft, which becomes a layout.
fn run(
    mut jobs: impl Iterator<Item = (Command, PathBuf, PathBuf)>,
    at_once: usize,
    mut tell: impl FnMut(usize),
) -> Result<(), String> {
    let mut running: VecDeque<Linking> = VecDeque::new();
    for done in 1.. {
        for (mut command, draft, layout) in jobs.by_ref().take(at_once - running.len()) {
            let linker = command.spawn().map_err(|error| error.to_string())?;
            running.push_back(Linking { linker, draft, layout });
        }
        let Some(first) = running.pop_front() else {
            break;
        };
        first.end()?;
        tell(done);
    }
    Ok(())
}

fn link(arguments: &[&str], seed: usize, output: &Path) -> Command {
    let mut command = Command::new("cc");
    command
        .args(arguments)
        .arg(format!("-Wl,--shuffle-sections=.text*={seed}"))
        // Names are not loaded; a tenth of the disk space.
        .arg("-Wl,--strip-all")
        .arg("-o")
        .arg(output)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// What `program` was linked from. Cargo shows a program under a second name: that one is the same file, in the folder of dependencies
/// or, of an example, in its own.
fn parts_of(program: &Path) -> Option<PathBuf> {
    let beside = |linked: &Path| {
        let mut name = linked.as_os_str().to_owned();
        name.push(".relink");
        let parts = PathBuf::from(name);
        parts.is_dir().then_some(parts)
    };
    if let Some(parts) = beside(program) {
        return Some(parts);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let wanted = fs::metadata(program).ok()?;
        let folder = program.parent()?;
        let entries = [folder.join("deps"), folder.to_owned()]
            .into_iter()
            .filter_map(|folder| fs::read_dir(folder).ok());
        entries
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let path = entry.path();
                let linked = PathBuf::from(path.to_str()?.strip_suffix(".relink")?);
                let found = fs::metadata(&linked).ok()?;
                (found.ino() == wanted.ino() && found.dev() == wanted.dev()).then_some(path)
            })
            .next()
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layouts(count: usize) -> Layouts {
        Layouts {
            programs: (0..count).map(|n| PathBuf::from(n.to_string())).collect(),
            only_one: None,
        }
    }

    #[test]
    fn rounds_share_layouts_evenly_and_cases_of_few_rounds_have_as_many() {
        let twenty = layouts(20);
        let mut rounds = vec![0; 20];
        for round in 0..40 {
            rounds[twenty.number(round)] += 1;
        }
        assert_eq!(rounds, [2; 20]);
        for phase in 0..5 {
            let mut few: Vec<usize> = (phase..40).step_by(5).map(|r| twenty.number(r)).collect();
            few.sort_unstable();
            few.dedup();
            assert_eq!(few.len(), 8, "phase {phase}");
        }
        assert_eq!(layouts(1).number(7), 0);
    }

    #[test]
    fn a_program_whose_parts_are_not_kept_has_one_layout_and_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        fs::write(&program, "").expect("a file");
        let found = Layouts::of(&program, 8, |_, _| {});
        assert_eq!((found.count(), found.program(3)), (1, program.as_path()));
        assert!(found.only_one.is_some());
        let wanted = Layouts::of(&program, 1, |_, _| {});
        assert_eq!(wanted.only_one, None, "one was wanted");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_linker_refuses_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        let parts = folder.path().join("program.relink");
        fs::create_dir(&parts).expect("a folder");
        fs::write(&program, "").expect("a file");
        fs::write(parts.join("arguments"), "no-such-file.o\0").expect("a file");
        let found = Layouts::of(&program, 8, |_, _| {});
        assert_eq!(found.count(), 1);
        let why = found.only_one.expect("a reason");
        assert!(why.starts_with("the linker cannot order functions: "), "{why}");
    }
    #[test]
    #[cfg(unix)]
    fn where_one_linker_fails_the_others_have_ended_and_leave_no_drafts() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = [1, 2].map(|number| folder.path().join(format!("draft-{number}")));
        // The first one fails once the second has begun to write, which goes on for a while.
        let scripts = [
            r#"until test -e "$2"; do sleep 0.01; done; echo no >&2; exit 1"#,
            r#": > "$2"; sleep 0.1; echo more >> "$2""#,
        ];
        let jobs = drafts.iter().zip(scripts).map(|(draft, script)| {
            let mut command = Command::new("sh");
            command.args(["-c", script, "sh"]).args(&drafts).stderr(Stdio::piped());
            (command, draft.clone(), draft.with_extension("layout"))
        });
        let why = run(jobs, 2, |_| panic!("none is done")).expect_err("one fails");
        assert_eq!(why, "the linker cannot order functions: no");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
