//! Criterion alone, for scale: the same timed loops, each on a runtime of its own, sampled one after the other as
//! `cargo bench` does with benches that Criterion itself measures. Run twice, the second time against the first, in a
//! process of its own, since Criterion has the standard output for itself.

use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use criterion::{Criterion, SamplingMode};

use crate::block::{drive_case, timed};
use crate::case::Case;
use crate::runtime::BlockRuntime;
use crate::runtime::Schedule;
use crate::slice::Slice;
use crate::workload;

/// The first argument that makes the program a plain bench; the folder and the cases follow.
const ARGUMENT: &str = "--plain-criterion-of-join-vs-spawn";

/// How long a bench takes: 0.9 s for the two runs of it, when ten rounds of one pair take a tenth of that.
const WARM_UP: Duration = Duration::from_millis(150);
const MEASUREMENT: Duration = Duration::from_millis(300);

/// What Criterion said of benches that were measured twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// Benches that it compared.
    pub compared: usize,
    /// Of these, "improved" or "regressed".
    pub changed: usize,
}

/// Runs the benches twice.
pub fn twice(cases: &[Case]) -> std::io::Result<Said> {
    let folder = tempfile::tempdir()?;
    let mut said = Said::default();
    for _ in 0..2 {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ARGUMENT).arg(folder.path());
        for case in cases {
            command.arg(case.to_string());
        }
        let output = command.stderr(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(std::io::Error::other(format!(
                "Criterion's process ended with {}",
                output.status
            )));
        }
        said = read(&String::from_utf8_lossy(&output.stdout));
    }
    Ok(said)
}

/// Counts Criterion's verdicts.
fn read(output: &str) -> Said {
    let count = |text: &str| output.matches(text).count();
    let changed = count("Performance has improved.") + count("Performance has regressed.");
    let compared = changed + count("No change in performance detected.") + count("Change within noise threshold.");
    Said { compared, changed }
}

/// If this process was started as a plain bench, is that and exits; else returns.
pub fn run_if_child() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != ARGUMENT) {
        return;
    }
    let folder = arguments.next().unwrap_or_default();
    let mut criterion = Criterion::default()
        .output_directory(folder.as_ref())
        .without_plots()
        .warm_up_time(WARM_UP)
        .measurement_time(MEASUREMENT)
        .nresamples(2000);
    for id in arguments {
        let id = id.to_string_lossy();
        let case: Case = id.parse().unwrap_or_else(|error| panic!("{id}: {error}"));
        bench(&mut criterion, &case);
    }
    std::process::exit(0);
}

fn bench(criterion: &mut Criterion, case: &Case) {
    let mut entries = workload::all().into_iter();
    let entry = entries.find(|entry| entry.name == case.workload);
    let entry = entry.expect("the parent names workloads that exist");
    let mut group = criterion.benchmark_group(case.group());
    group.sampling_mode(SamplingMode::Auto);
    for strategy in ["join", "spawn"] {
        let (ask, asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let (entry, on_runtime) = (entry.clone(), case.clone());
        let driver = std::thread::spawn(move || {
            let asked = Asked { asked, answer };
            let runtime = BlockRuntime::of(&on_runtime, 1)?;
            drive_case(&runtime, &entry, &on_runtime, &[strategy], 1, timed, asked).map(drop)
        });
        group.bench_function(format!("{strategy}/{}", case.tasks), |bencher| {
            bencher.iter_custom(|iterations| {
                ask.send(iterations).expect("the runtime's thread lives");
                answered.recv().expect("the runtime's thread answers")
            });
        });
        drop(ask);
        driver
            .join()
            .expect("the bench does not panic")
            .expect("the outputs are right");
    }
    group.finish();
}

/// Slices as Criterion asks for them.
struct Asked {
    asked: Receiver<u64>,
    answer: Sender<Duration>,
}

impl Schedule for Asked {
    fn next(&mut self) -> Option<(usize, u64)> {
        Some((0, self.asked.recv().ok()?))
    }

    fn measured(&mut self, _side: usize, slice: Slice) {
        let _ = self.answer.send(slice.wall);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criterions_verdicts_are_counted() {
        let output = "a\n  change: …\n  Performance has regressed.\nb\n  No change in performance detected.\n\
                      c\n  Change within noise threshold.\nd\n  Performance has improved.\n";
        let (compared, changed) = (4, 2);
        assert_eq!(read(output), Said { compared, changed });
    }
}
