//! Whole runs, as a user starts them: this program starts itself as a bench target (`ACT`), which starts itself
//! again as rounds and as mock servers. So its `main` is its own, and libtest-mimic stands in for libtest.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
mod children;
mod criterion;
mod faults;
mod heap;
mod http;
mod interleaved;
mod outputs;
mod processes;
mod profiles;

use std::fs;
use std::process::ExitCode;

use common::place::{ACT, Done, Place, TEN_ROUNDS, small};
use join_vs_spawn::bench;
use join_vs_spawn::record::{self, Measurement, Status};
use join_vs_spawn::round;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(code) = http::run_if_faulty_server() {
        return code;
    }
    match std::env::var(ACT).as_deref() {
        Ok("interleaves") => interleaved::act(),
        Ok("server") => bench::server::main(),
        Ok(act) => children::act(act)
            .or_else(|| heap::act(act))
            .unwrap_or_else(|| bench::main(act, std::env::current_exe().expect("this program"))),
        Err(_) => {
            round::run_if_child(&[]);
            let mut arguments = Arguments::from_args();
            // Most of them wait for other processes, so that several share a core. No more on many cores: all rounds measure
            // one-thread cases on the same one.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            arguments.test_threads.get_or_insert((4 * cores).min(8));
            libtest_mimic::run(&arguments, trials()).exit_code()
        }
    }
}

fn trials() -> Vec<Trial> {
    let whole = trials![
        a_run_writes_a_whole_record_and_criterions_files,
        one_round_is_a_preview,
        a_filter_selects_what_the_list_shows,
        a_filter_that_matches_nothing_says_so,
        a_target_without_cases_touches_nothing,
        bad_input_measures_nothing,
        a_misspelled_variable_is_warned_of,
    ];
    // They begin in this order: first those that wait for long, last those that are short and many.
    let all = [
        children::trials(),
        faults::trials(),
        http::trials(),
        interleaved::trials(),
        processes::trials(),
        profiles::trials(),
        criterion::trials(),
        heap::trials(),
        whole,
        outputs::trials(),
    ];
    // Those that wait for each other begin one by one, so that others run meanwhile.
    let mut in_turns = outputs::that_fetch().into_iter();
    let mut mixed = Vec::new();
    for (at, trial) in all.into_iter().flatten().enumerate() {
        mixed.push(trial);
        if at % 2 == 1 {
            mixed.extend(in_turns.next());
        }
    }
    mixed.extend(in_turns);
    mixed
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
        .run("overhead", &small(&[("JVS_SEED", "42"), TEN_ROUNDS]), &["--bench"])
        .exits(0)
        .says("yield/current_thread/worker/0B/spawn/8")
        .says("spawn against join! in 2 cases")
        .says("overhead.jsonl");
    assert!(
        !done.stderr.contains("round 1 of"),
        "a progress line without a terminal"
    );
    assert!(!done.stdout.contains("Benchmarking") && !done.stderr.contains("Benchmarking"));
    assert!(!done.stdout.contains("time:   ["), "Criterion's lines: {}", done.stdout);
    assert!(done.stdout.lines().count() <= 40, "{}", done.stdout);
    let latest = place.path("results/latest");
    let (header, measurements) = record::read(&latest.join("overhead.jsonl")).unwrap();
    assert_eq!((header.seed, header.rounds, header.complete), (42, 10, true));
    assert!(header.command.contains("JVS_TASKS=2,8"), "{}", header.command);
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
        let criterion = place
            .path("criterion/yield_current_thread_worker_0B")
            .join(&m.strategy)
            .join(m.case.tasks.to_string());
        assert!(criterion.join("new/estimates.json").exists(), "{}", criterion.display());
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
            assert!((replayed / block - 1.0).abs() < 1e-3, "{replayed} for {block}");
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

fn one_round_is_a_preview() {
    let place = Place::new();
    place
        .run("overhead", &small(&[("JVS_ROUNDS", "1")]), &["--bench"])
        .exits(0)
        .says("fewer than 6 rounds are a preview");
    for m in &place.measurements("results/latest/overhead.jsonl") {
        assert_eq!((m.status, m.ratio.unwrap().level), (Status::Ok, 0.0));
    }
}

fn a_filter_selects_what_the_list_shows() {
    let place = Place::new();
    let listed = |arguments: &[&str]| -> Vec<String> {
        let all = [&["--bench", "--list"], arguments].concat();
        let done = place.run("overhead", &small(&[]), &all).exits(0);
        let ids = done.stdout.lines().filter_map(|line| line.strip_suffix(": benchmark"));
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
        let all = [&["--bench", "--verbose"], filter].concat();
        let done = place.run("overhead", &small(&[TEN_ROUNDS]), &all).exits(0);
        // Criterion analyses just these, and the record has them and their reference.
        let analysed: Vec<&str> = done
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("Benchmarking ")?.strip_suffix(": Analyzing"))
            .collect();
        assert_eq!(analysed, listed);
        let recorded = ids(&place.measurements("results/latest-filtered/overhead.jsonl"));
        for id in &listed {
            assert!(recorded.contains(id), "{id}");
        }
        for id in &recorded {
            assert!(listed.contains(id) || id.contains("/join/"), "{id}");
        }
        assert!(!place.path("results/latest").exists(), "a filtered run is no whole one");
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
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let not_utf8 = std::ffi::OsStr::from_bytes(b"yi\xffeld");
        let output = place.command("overhead", &[], &["--bench"]).arg(not_utf8).output();
        let done = Done::of(output.expect("it starts")).exits(2);
        assert_eq!(done.says("yi\u{fffd}eld`: not UTF-8").stderr.lines().count(), 1);
    }
    assert!(!place.path("results").exists() && !place.path("criterion").exists());
}

fn a_misspelled_variable_is_warned_of() {
    let place = Place::new();
    place
        .run("overhead", &small(&[("JVS_TASK", "8")]), &["--bench", "--list"])
        .exits(0)
        .says("JVS_TASK is not a variable of this suite")
        .says("JVS_TASKS is one");
}
