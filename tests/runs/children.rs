//! Children that panic, hang, abort, lie, print, sleep, are killed: what they cost.

use std::process::ExitCode;
use std::time::Duration;

use join_vs_spawn::record::{self, Status};
use libtest_mimic::Trial;
use measure::{Setup, Target, Workload, measure};

use crate::common::place::{ACT, Done, Place, alive, children, has_proc, kill_all, wait_for};

/// What this program is where it is started as one of these children; `None` for another act.
pub fn act(act: &str) -> Option<ExitCode> {
    let (name, fault) = FAULTS.into_iter().find(|(name, _)| *name == act)?;
    if fault == Fault::HasThreads {
        std::thread::spawn(|| std::thread::sleep(Duration::from_secs(60)));
    }
    Some(measure(&Target::of::<Misbehaves>(name)))
}

pub fn trials() -> Vec<Trial> {
    trials![
        a_panicking_child_costs_its_case,
        an_aborting_child_costs_its_case,
        a_hanging_child_costs_its_case,
        wrong_outputs_cost_their_case,
        a_set_up_that_fails_costs_its_case,
        a_program_with_threads_of_its_own_is_told_so,
        a_killed_round_costs_its_case,
        a_chattering_child_costs_nothing,
        slow_children_are_measured_in_the_time_that_is_allowed,
        a_calibration_that_is_interrupted_is_no_bad_input,
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Panics,
    Hangs,
    Aborts,
    Lies,
    Unready,
    Chatters,
    Sleeps,
    Waits,
    HasThreads,
}

/// By the name of the act. One type of children for all of them: each type is compiled with every strategy.
const FAULTS: [(&str, Fault); 9] = [
    ("panics", Fault::Panics),
    ("hangs", Fault::Hangs),
    ("aborts", Fault::Aborts),
    ("lies", Fault::Lies),
    ("unready", Fault::Unready),
    ("chatters", Fault::Chatters),
    ("sleeps", Fault::Sleeps),
    ("waits", Fault::Waits),
    ("has_threads", Fault::HasThreads),
];

/// A child that does wrong where there are 8 of it, and right otherwise.
struct Misbehaves {
    fault: Fault,
    tasks: usize,
}

/// The file that the first child that waits makes: where it is, no other one waits.
const WAITED: &str = "TEST_WAITED";

impl Workload for Misbehaves {
    type Output = u64;

    const MOST_JOINED: usize = 8;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let act = std::env::var(ACT).expect("rounds are what their parent is");
        let (_, fault) = FAULTS.into_iter().find(|(name, _)| *name == act).expect("a fault");
        if fault == Fault::Unready && setup.tasks == 8 {
            return Err("no server to talk to".into());
        }
        let tasks = setup.tasks;
        Ok(Self { fault, tasks })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let (fault, wrong) = (self.fault, self.tasks == 8);
        async move {
            match fault {
                Fault::Panics if wrong => panic!("child {index} fell over"),
                Fault::Hangs if wrong => std::future::pending().await,
                Fault::Aborts if wrong => std::process::abort(),
                Fault::Lies if wrong => 7,
                Fault::Chatters => {
                    use std::io::Write;
                    print!("child {index} says hello; ");
                    // No UTF-8.
                    let _ = std::io::stdout().write_all(b"caf\xe9 ");
                    1
                }
                Fault::Sleeps => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    1
                }
                Fault::Waits if wrong => {
                    let waited = std::env::var(WAITED).expect("the test names a file");
                    if std::fs::File::create_new(waited).is_ok() {
                        std::thread::sleep(Duration::from_secs(60));
                    }
                    1
                }
                _ => 1,
            }
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, _: usize) -> u64 {
        1
    }
}

fn costs_its_case(act: &str, reason: &str) {
    costs_its_case_within(act, "60", reason);
}

/// `deadline`: how long a block may last, in seconds.
fn costs_its_case_within(act: &str, deadline: &str, reason: &str) {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_TASKS", "2,8"),
        ("JVS_FLAVORS", "current_thread,multi_thread_1"),
        ("JVS_SITES", "worker,block_on"),
        ("JVS_DEADLINE", deadline),
    ];
    place
        .run(act, &variables, &["--bench"])
        .exits(1)
        .says(reason)
        .says("/2");
    let measurements = place.measurements(&format!("results/latest/{act}.jsonl"));
    assert_eq!(measurements.len(), 2 * 2 * 2 * 2);
    for m in measurements {
        let wanted = if m.case.tasks == 8 { Status::Failed } else { Status::Ok };
        assert_eq!(m.status, wanted, "{}: {:?}", m.case, m.reason);
        if let Some(given) = m.reason {
            assert!(given.contains(reason), "{given}");
        }
    }
}

fn a_panicking_child_costs_its_case() {
    costs_its_case("panics", "fell over");
}

fn an_aborting_child_costs_its_case() {
    costs_its_case("aborts", "its process ended with signal: 6");
}

fn a_hanging_child_costs_its_case() {
    costs_its_case_within("hangs", "5", "its process said nothing for 5 s");
}

fn wrong_outputs_cost_their_case() {
    costs_its_case("lies", "outputs other than");
}

fn a_set_up_that_fails_costs_its_case() {
    costs_its_case("unready", "no server to talk to");
}

fn a_program_with_threads_of_its_own_is_told_so() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: processes are copied on Linux");
        return;
    }
    let place = Place::new();
    let done = place.run("has_threads", &[("JVS_ROUNDS", "1"), ("JVS_TASKS", "2")], &["--bench"]);
    done.exits(1)
        .says("had other threads (1)")
        .says("comes first in `main`");
}

fn a_killed_round_costs_its_case() {
    if !has_proc() {
        return;
    }
    let place = Place::new();
    let waited = place.path("waited");
    let variables = [
        ("JVS_ROUNDS", "6"),
        ("JVS_TASKS", "2,8"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_SITES", "worker"),
        (WAITED, waited.to_str().expect("a path in UTF-8")),
    ];
    let run = place.start("waits", &variables, &["--bench"]);
    // It is in the middle of a block then.
    wait_for("child that waits", || waited.exists());
    // A process that waits first: one that is about to die is no longer asked.
    let (busy, idle): (Vec<u32>, Vec<u32>) = children(run.id())
        .into_iter()
        .partition(|&pid| !children(pid).is_empty());
    kill_all(&idle);
    wait_for("end of what waits", || !idle.iter().any(|&pid| alive(pid)));
    kill_all(&busy);
    Done::of(run.wait_with_output().unwrap())
        .exits(1)
        .says("SIGKILL")
        .says("--no-fail-fast");
    let measurements = place.measurements("results/latest/waits.jsonl");
    assert_eq!(measurements.len(), 4);
    for m in measurements {
        if m.case.tasks == 8 {
            assert_eq!(m.status, Status::Failed, "{}", m.case);
            assert!(m.reason.is_some_and(|reason| reason.contains("SIGKILL")));
            assert!(m.ratio.is_none() && m.wall_ns.is_none() && m.verdict.is_none());
        } else {
            assert_eq!(m.status, Status::Ok, "{}", m.case);
            assert!(m.block_ns.len() + m.shared_core_rounds >= 6, "the run went on");
        }
    }
}

fn a_chattering_child_costs_nothing() {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_TASKS", "2"),
        ("JVS_FLAVORS", "multi_thread_2"),
    ];
    let done = place.run("chatters", &variables, &["--bench"]).exits(0);
    assert!(!done.stdout.contains("says hello"), "standard output is the suite's");
    assert_eq!(place.measurements("results/latest/chatters.jsonl").len(), 2);
}

fn slow_children_are_measured_in_the_time_that_is_allowed() {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "100"),
        ("JVS_TASKS", "2,8"),
        ("JVS_FLAVORS", "current_thread,multi_thread_1"),
        ("JVS_SITES", "worker"),
        ("JVS_MINUTES", "0.2"),
    ];
    let began = std::time::Instant::now();
    let done = place.run("sleeps", &variables, &["--bench"]).exits(0);
    // Uncut it takes minutes.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    let done = done.says("Cut: ").says("JVS_MINUTES allows");
    let (header, measurements) = record::read(&place.path("results/latest/sleeps.jsonl")).unwrap();
    assert!(header.complete && !header.cut.is_empty(), "{}", done.stdout);
    assert!(header.states.len() < 100);
    assert!(measurements.iter().all(|m| m.status == Status::Ok));
    place
        .run("sleeps", &[("JVS_MINUTES", "0")], &["--bench"])
        .exits(2)
        .says("JVS_MINUTES=0: ");
}

fn a_calibration_that_is_interrupted_is_no_bad_input() {
    let place = Place::new();
    let run = place.start("sleeps", &[("JVS_TASKS", "2")], &["--bench", "--advise"]);
    place.wait_for_lines("results/calibration/calibration.jsonl.partial", 3);
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(interrupt.expect("kill starts").success());
    Done::of(run.wait_with_output().expect("it ends"))
        .exits(130)
        .says("sleeps: interrupted");
}
