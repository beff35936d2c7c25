//! What happens to a run's processes from outside: kills, Ctrl-C, a reader that is gone, a small stack.
use join_vs_spawn::record::Status;
use libtest_mimic::Trial;

use crate::common::place::{Done, NO_PAYLOAD, Place, alive, children_with, has_proc, kill, small, wait_for};

pub fn trials() -> Vec<Trial> {
    trials![
        no_round_outlives_its_parent,
        a_reader_that_is_gone_ends_the_program_quietly,
        a_record_says_how_often_workers_parked,
        a_small_stack_holds_the_largest_join,
        ctrl_c_ends_what_comes_after_the_rounds,
    ]
}

fn no_round_outlives_its_parent() {
    if !has_proc() {
        return;
    }
    let place = Place::new();
    // Also where a child hangs.
    for act in ["overhead", "hangs"] {
        let variables = [("JVS_TASKS", "8"), ("JVS_ROUNDS", "6"), ("JVS_SPAN", "6")];
        let mut child = place.start(act, &variables, &["--bench"]);
        // Before it, `git` is asked for the revision.
        let rounds = || children_with(child.id(), "--round-of-join-vs-spawn");
        wait_for("round", || !rounds().is_empty());
        let rounds = rounds();
        kill(child.id());
        child.wait().unwrap();
        wait_for("end of the rounds", || !rounds.iter().any(|&round| alive(round)));
    }
}

fn a_reader_that_is_gone_ends_the_program_quietly() {
    let place = Place::new();
    let mut child = place.start("overhead", &small(&[]), &["--bench"]);
    drop(child.stdout.take());
    let done = Done::of(child.wait_with_output().expect("it ends"));
    assert_eq!(done.code, Some(141), "{}", done.stderr);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    assert_eq!(place.measurements("results/latest/overhead.jsonl").len(), 4);
}

fn a_small_stack_holds_the_largest_join() {
    if cfg!(debug_assertions) || !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: a stack of 1 MiB is tried with a release build on Linux");
        return;
    }
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_SITES", "block_on"),
        ("JVS_TASKS", "16"),
        ("JVS_PAYLOADS", "64KiB"),
    ];
    let command = place.command("overhead", &variables, &["--bench", "--noplot"]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -S -s 1024; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Done::of(limited.output().expect("sh")).exits(0);
    assert!(
        place
            .measurements("results/latest/overhead.jsonl")
            .iter()
            .all(|m| m.status == Status::Ok)
    );
}

/// Spawned children find the only worker asleep, unless the kernel lets the spawning thread run on before it got to sleep (so on a
/// busy machine); joined ones are polled where they are made.
fn a_record_says_how_often_workers_parked() {
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "multi_thread_1"),
        ("JVS_SITES", "block_on"),
        ("JVS_TASKS", "8"),
        NO_PAYLOAD,
    ];
    let woken = (0..10).any(|_| {
        let place = Place::new();
        place.run("overhead", &variables, &["--bench"]).exits(0);
        let measurements = place.measurements("results/latest/overhead.jsonl");
        let parks = |strategy: &str| {
            let m = measurements
                .iter()
                .find(|m| m.strategy == strategy)
                .expect("it was measured");
            assert_eq!(m.voluntary_switches.is_some(), cfg!(unix));
            m.parks.expect("they were counted").median
        };
        assert!(parks("join") < 0.1, "{}", parks("join"));
        parks("spawn") > 0.2
    });
    assert!(woken, "no worker was ever found asleep");
}

/// When the record is written, the rounds are over and Criterion draws.
fn ctrl_c_ends_what_comes_after_the_rounds() {
    if !has_proc() {
        return;
    }
    let place = Place::new();
    // Enough to draw for some seconds.
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "current_thread"),
        NO_PAYLOAD,
    ];
    let run = place.start("overhead", &variables, &["--bench"]);
    let record = place.path("results/latest/overhead.jsonl");
    wait_for("record", || record.exists());
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(interrupt.is_ok());
    let done = Done::of(run.wait_with_output().expect("it ends"));
    assert_eq!(done.code, Some(130), "{}", done.stdout);
    assert!(!done.stdout.contains("Criterion's report"), "it went on");
}
