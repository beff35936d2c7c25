//! Whole runs, as a user starts them: this program starts itself as a bench target (`ACT`), which starts itself
//! again as rounds. So its `main` is its own, and libtest-mimic stands in for libtest.

#[macro_use]
mod common;

use std::fs;
use std::process::ExitCode;

use common::place::{
    ACT, Done, NO_PAYLOAD, Place, alive, children, has_proc, kill, small, wait_for,
};
use join_vs_spawn::record::{self, Measurement, Status};
use join_vs_spawn::{Setup, Target, Workload, bench, measure};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    match std::env::var(ACT).as_deref() {
        Ok("panics") => measure(&Target::of::<Misbehaves<PANICS>>("panics")),
        Ok("hangs") => measure(&Target::of::<Misbehaves<HANGS>>("hangs")),
        Ok("aborts") => measure(&Target::of::<Misbehaves<ABORTS>>("aborts")),
        Ok("lies") => measure(&Target::of::<Misbehaves<LIES>>("lies")),
        Ok("chatters") => measure(&Target::of::<Misbehaves<CHATTERS>>("chatters")),
        Ok("sleeps") => measure(&Target::of::<Misbehaves<SLEEPS>>("sleeps")),
        Ok("unready") => measure(&Target::of::<Misbehaves<UNREADY>>("unready")),
        Ok(target) => bench::main(target, std::env::current_exe().expect("this program")),
        Err(_) => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

fn trials() -> Vec<Trial> {
    trials![
        a_run_writes_a_whole_record_and_criterions_files,
        a_filter_selects_what_the_list_shows,
        a_filter_that_matches_nothing_says_so,
        a_target_without_cases_touches_nothing,
        bad_input_measures_nothing,
        sampling_flags_are_refused,
        test_mode_and_profile_mode_write_no_records,
        baselines_are_kept_compared_and_missed_in_time,
        criterions_failure_does_not_cost_the_table,
        a_killed_round_costs_its_case,
        no_round_outlives_its_parent,
        a_panicking_child_costs_its_case,
        an_aborting_child_costs_its_case,
        a_hanging_child_costs_its_case,
        wrong_outputs_cost_their_case,
        a_set_up_that_fails_costs_its_case,
        a_chattering_child_costs_nothing,
        a_misspelled_variable_is_warned_of,
        slow_children_are_measured_in_the_time_that_is_allowed,
        a_reader_that_is_gone_ends_the_program_quietly,
        a_small_stack_holds_the_largest_join,
        ctrl_c_ends_what_comes_after_the_rounds,
    ]
}

/// A child that does wrong where there are 8 of it, and right otherwise.
struct Misbehaves<const HOW: u8> {
    tasks: usize,
}
const PANICS: u8 = 0;
const HANGS: u8 = 1;
const ABORTS: u8 = 2;
const LIES: u8 = 3;
const UNREADY: u8 = 4;
const CHATTERS: u8 = 5;
const SLEEPS: u8 = 6;

impl<const HOW: u8> Workload for Misbehaves<HOW> {
    type Output = u64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        if HOW == UNREADY && setup.tasks == 8 {
            return Err("no server to talk to".into());
        }
        Ok(Self { tasks: setup.tasks })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let wrong = self.tasks == 8;
        async move {
            match HOW {
                PANICS if wrong => panic!("child {index} fell over"),
                HANGS if wrong => std::future::pending().await,
                ABORTS if wrong => std::process::abort(),
                LIES if wrong => 7,
                CHATTERS => {
                    use std::io::Write;
                    print!("child {index} says hello; ");
                    // No UTF-8.
                    let _ = std::io::stdout().write_all(b"caf\xe9 ");
                    1
                }
                SLEEPS => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
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

fn ids(measurements: &[Measurement]) -> Vec<String> {
    measurements
        .iter()
        .map(|m| m.case.measurement_id(&m.strategy))
        .collect()
}

fn a_run_writes_a_whole_record_and_criterions_files() {
    let place = Place::new();
    let done = place
        .run("overhead", &small(&[("JVS_SEED", "42")]), &["--bench"])
        .exits(0)
        .says("yield/current_thread/worker/0B/8")
        .says("a preview")
        .says("spawn against join! in 2 cases")
        .says("overhead.jsonl");
    assert!(
        !done.stderr.contains("round 1 of"),
        "a progress line without a terminal"
    );
    let latest = place.path("results/latest");
    let (header, measurements) = record::read(&latest.join("overhead.jsonl")).unwrap();
    assert_eq!((header.seed, header.rounds, header.complete), (42, 1, true));
    assert!(
        header.command.contains("JVS_TASKS=2,8"),
        "{}",
        header.command
    );
    assert!(!header.command.contains("/tmp"), "{}", header.command);
    let expect = ["join/2", "spawn/2", "join/8", "spawn/8"];
    assert_eq!(
        ids(&measurements),
        expect.map(|end| format!("yield/current_thread/worker/0B/{end}"))
    );
    for m in &measurements {
        assert_eq!(m.status, Status::Ok);
        let blocks: usize = m.block_ns.iter().map(Vec::len).sum();
        assert!(blocks >= 10, "Criterion wants 10 samples");
        assert!(m.wall_ns.unwrap().median > 1.0);
        assert_eq!(m.ratio.unwrap().level, 0.0);
        let criterion = place
            .path("criterion/yield_current_thread_worker_0B")
            .join(&m.strategy)
            .join(m.case.tasks.to_string());
        assert!(
            criterion.join("new/estimates.json").exists(),
            "{}",
            criterion.display()
        );
        assert!(criterion.join("report/index.html").exists());
        // Criterion's samples are the blocks.
        let sample: serde_json::Value =
            serde_json::from_slice(&fs::read(criterion.join("new/sample.json")).unwrap()).unwrap();
        let number = |list: &str, at: usize| sample[list][at].as_f64().unwrap();
        let mut replayed: Vec<f64> = (0..blocks)
            .map(|at| number("times", at) / number("iters", at))
            .collect();
        let mut blocks = m.block_ns.concat();
        replayed.sort_by(f64::total_cmp);
        blocks.sort_by(f64::total_cmp);
        for (replayed, block) in replayed.iter().zip(&blocks) {
            assert!(
                (replayed / block - 1.0).abs() < 1e-3,
                "{replayed} for {block}"
            );
        }
    }
    let lines = place.path("criterion/yield_current_thread_worker_0B/report/lines.svg");
    assert!(lines.exists(), "no line chart over tasks");
    let left: Vec<_> = fs::read_dir(latest)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "the record and the lock, but: {left:?}");
}

fn a_filter_selects_what_the_list_shows() {
    let place = Place::new();
    let listed = |arguments: &[&str]| -> Vec<String> {
        let all = [&["--bench", "--list"], arguments].concat();
        let done = place.run("overhead", &small(&[]), &all).exits(0);
        let ids = done
            .stdout
            .lines()
            .filter_map(|line| line.strip_suffix(": benchmark"));
        ids.map(str::to_owned).collect()
    };
    assert_eq!(listed(&[]).len(), 4);
    for filter in [
        &["spawn"][..],
        &["yield/.*/worker/0B/.*/8"],
        &["/2$"],
        &["--exact", "yield/current_thread/worker/0B/spawn/8"],
    ] {
        let listed = listed(filter);
        assert!(!listed.is_empty() && listed.len() < 4, "{filter:?}");
        let place = Place::new();
        let all = [&["--bench"], filter].concat();
        let done = place.run("overhead", &small(&[]), &all).exits(0);
        // Criterion analyses just these, and the record has them and their reference.
        let analysed: Vec<&str> = done
            .stderr
            .lines()
            .filter_map(|line| {
                line.strip_prefix("Benchmarking ")?
                    .strip_suffix(": Analyzing")
            })
            .collect();
        assert_eq!(analysed, listed);
        let recorded = ids(&place.measurements("results/latest-filtered/overhead.jsonl"));
        for id in &listed {
            assert!(recorded.contains(id), "{id}");
        }
        for id in &recorded {
            assert!(listed.contains(id) || id.contains("/join/"), "{id}");
        }
        assert!(
            !place.path("results/latest").exists(),
            "a filtered run is no whole one"
        );
    }
    assert!(listed(&["--exact", "yield"]).is_empty());
}

fn a_filter_that_matches_nothing_says_so() {
    let place = Place::new();
    place
        .run("overhead", &small(&[]), &["--bench", "no_such_thing"])
        .exits(0)
        .says("the filter `no_such_thing` matches none of its 4 measurements");
    place
        .run("overhead", &small(&[]), &["--bench", "("])
        .exits(2)
        .says("not a regular expression");
    assert!(!place.path("results").exists());
}

fn a_target_without_cases_touches_nothing() {
    let place = Place::new();
    place
        .run("wakeups", &small(&[]), &["--bench"])
        .exits(0)
        .says("wakeups: no case");
    assert!(!place.path("results").exists() && !place.path("criterion").exists());
}

fn bad_input_measures_nothing() {
    let place = Place::new();
    for (name, value) in [
        ("JVS_TASKS", "0"),
        ("JVS_TASKS", "7"),
        ("JVS_PAYLOADS", "12x"),
        ("JVS_FLAVORS", "multi_thread_0"),
        ("JVS_STRATEGIES", ""),
    ] {
        let done = place
            .run("overhead", &[(name, value)], &["--bench"])
            .exits(2)
            .says(&format!("{name}={value}: "));
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    }
    place
        .run(
            "overhead",
            &[("JVS_TASKS", "64"), ("JVS_PAYLOADS", "64KiB")],
            &["--bench"],
        )
        .exits(2)
        .says("1 MiB");
    assert!(!place.path("results").exists() && !place.path("criterion").exists());
}

fn sampling_flags_are_refused() {
    let place = Place::new();
    place
        .run("overhead", &small(&[]), &["--bench", "--sample-size", "20"])
        .exits(2)
        .says("JVS_ROUNDS");
    place
        .run("overhead", &small(&[]), &["--bench", "--quick"])
        .exits(2)
        .says("JVS_MATRIX=quick");
    place
        .run("overhead", &small(&[]), &["--bench", "--no-such"])
        .exits(2);
    assert!(!place.path("results").exists());
}

fn test_mode_and_profile_mode_write_no_records() {
    let place = Place::new();
    for arguments in [&["--bench", "--test"][..], &[], &["--test"]] {
        let done = place.run("overhead", &small(&[]), arguments).exits(0);
        assert_eq!(done.stdout.matches("Success").count(), 4, "{}", done.stdout);
    }
    let profile = ["--bench", "--profile-time", "1", "spawn/8"];
    place.run("overhead", &small(&[]), &profile).exits(0);
    assert!(!place.path("results").exists());
}

fn baselines_are_kept_compared_and_missed_in_time() {
    let place = Place::new();
    let run = |arguments: &[&str]| place.run("overhead", &small(&[]), arguments);
    run(&["--bench", "--baseline", "old"])
        .exits(2)
        .says("--save-baseline old");
    assert!(!place.path("results").exists());
    run(&["--bench", "--save-baseline", "old"]).exits(0);
    // What critcmp reads: estimates.json with benchmark.json beside it, the folder being the baseline.
    let kept = place.path("criterion/yield_current_thread_worker_0B/spawn/8/old");
    assert!(kept.join("estimates.json").exists() && kept.join("benchmark.json").exists());
    run(&["--bench", "--baseline", "old"])
        .exits(0)
        .says("change:");
    let record = fs::read(place.path("results/latest/overhead.jsonl")).unwrap();
    run(&["--bench", "--load-baseline", "new", "--baseline", "old"])
        .exits(0)
        .says("change:");
    let after = fs::read(place.path("results/latest/overhead.jsonl")).unwrap();
    assert_eq!(record, after, "loading a baseline records nothing");
    run(&["--bench", "--load-baseline", "none", "--baseline", "old"])
        .exits(2)
        .says("none");
}

fn criterions_failure_does_not_cost_the_table() {
    let place = Place::new();
    let discard = ["--bench", "--discard-baseline"];
    place
        .run("overhead", &small(&[]), &discard)
        .exits(0)
        .says("spawn against join!");
    assert!(!place.path("criterion").exists(), "nothing was to be kept");
    // A file where Criterion wants its folder.
    fs::write(place.path("criterion"), "a file").unwrap();
    let done = place
        .run("overhead", &small(&[]), &["--bench"])
        .says("spawn against join!");
    assert!(matches!(done.code, Some(0 | 1)), "{:?}", done.code);
    assert_eq!(place.measurements("results/latest/overhead.jsonl").len(), 4);
}

fn a_killed_round_costs_its_case() {
    if !has_proc() {
        return;
    }
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "6"),
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_TASKS", "1,2,3,4,6,8,10,12,16,24,32"),
        NO_PAYLOAD,
    ];
    let child = place.start("overhead", &variables, &["--bench"]);
    place.wait_for_lines("results/latest/overhead.jsonl.partial", 30);
    wait_for("round", || !children(child.id()).is_empty());
    children(child.id()).into_iter().for_each(kill);
    let done = Done::of(child.wait_with_output().unwrap()).exits(1);
    let done = done.says("SIGKILL").says("--no-fail-fast");
    let measurements = place.measurements("results/latest/overhead.jsonl");
    let failed: Vec<&Measurement> = measurements
        .iter()
        .filter(|m| m.status == Status::Failed)
        .collect();
    // A round has two processes of a kind; each case has two measurements.
    assert!(failed.len() <= 4, "more than two cases: {}", done.stdout);
    for m in &failed {
        assert!(m.reason.as_ref().unwrap().contains("SIGKILL"));
        assert!(m.ratio.is_none() && m.wall_ns.is_none() && m.verdict.is_none());
    }
    for m in measurements.iter().filter(|m| m.status == Status::Ok) {
        assert!(m.block_ns.len() >= 6, "the run went on");
    }
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
        wait_for("round", || !children(child.id()).is_empty());
        let rounds = children(child.id());
        kill(child.id());
        child.wait().unwrap();
        wait_for("end of the rounds", || {
            !rounds.iter().any(|&round| alive(round))
        });
    }
}

fn costs_its_case(act: &str, reason: &str) {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_TASKS", "2,8"),
        ("JVS_FLAVORS", "current_thread,multi_thread_1"),
        ("JVS_SITES", "worker,block_on"),
        ("JVS_DEADLINE", "2"),
    ];
    place
        .run(act, &variables, &[])
        .exits(1)
        .says(reason)
        .says("/2");
    let measurements = place.measurements(&format!("results/latest/{act}.jsonl"));
    assert_eq!(measurements.len(), 2 * 2 * 2 * 2);
    for m in measurements {
        let wanted = if m.case.tasks == 8 {
            Status::Failed
        } else {
            Status::Ok
        };
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
    costs_its_case("hangs", "its process said nothing for 2 s");
}

fn wrong_outputs_cost_their_case() {
    costs_its_case("lies", "outputs other than");
}

fn a_set_up_that_fails_costs_its_case() {
    costs_its_case("unready", "no server to talk to");
}

fn a_chattering_child_costs_nothing() {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "1"),
        ("JVS_TASKS", "2"),
        ("JVS_FLAVORS", "multi_thread_2"),
    ];
    let done = place.run("chatters", &variables, &[]).exits(0);
    assert!(
        !done.stdout.contains("says hello"),
        "standard output is the suite's"
    );
    assert_eq!(place.measurements("results/latest/chatters.jsonl").len(), 2);
}

fn a_misspelled_variable_is_warned_of() {
    let place = Place::new();
    place
        .run(
            "overhead",
            &small(&[("JVS_TASK", "8")]),
            &["--bench", "--list"],
        )
        .exits(0)
        .says("JVS_TASK is not a variable of this suite")
        .says("JVS_TASKS is one");
}

fn slow_children_are_measured_in_the_time_that_is_allowed() {
    let place = Place::new();
    let variables = [
        ("JVS_ROUNDS", "100"),
        ("JVS_TASKS", "2,8,16"),
        ("JVS_FLAVORS", "current_thread,multi_thread_1"),
        ("JVS_SITES", "worker"),
        ("JVS_MINUTES", "0.2"),
    ];
    let began = std::time::Instant::now();
    let done = place.run("sleeps", &variables, &[]).exits(0);
    // A quarter more is what the round under way may take.
    assert!(began.elapsed().as_secs() < 25, "{:?}", began.elapsed());
    let done = done.says("Cut: ").says("JVS_MINUTES allows");
    let (header, measurements) = record::read(&place.path("results/latest/sleeps.jsonl")).unwrap();
    assert!(header.complete && !header.cut.is_empty(), "{}", done.stdout);
    assert!(header.states.len() < 100);
    assert!(measurements.iter().all(|m| m.status == Status::Ok));
    place
        .run("sleeps", &[("JVS_MINUTES", "0")], &[])
        .exits(2)
        .says("JVS_MINUTES=0: ");
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
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    Done::of(limited.output().expect("sh")).exits(0);
    assert!(
        place
            .measurements("results/latest/overhead.jsonl")
            .iter()
            .all(|m| m.status == Status::Ok)
    );
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
