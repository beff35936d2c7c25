//! What Criterion is given, keeps and refuses.

use std::fs;

use libtest_mimic::Trial;

use crate::common::place::{Place, TEN_ROUNDS, small};

pub fn trials() -> Vec<Trial> {
    trials![
        sampling_flags_are_refused,
        test_mode_and_profile_mode_write_no_records,
        baselines_are_kept_compared_and_missed_in_time,
        criterions_failure_does_not_cost_the_table,
        what_criterion_does_not_take_is_said,
    ]
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
    place.run("overhead", &small(&[]), &["--bench", "--no-such"]).exits(2);
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
    let run = |arguments: &[&str]| place.run("overhead", &small(&[TEN_ROUNDS]), arguments);
    run(&["--bench", "--baseline", "old"])
        .exits(2)
        .says("--save-baseline old");
    assert!(!place.path("results").exists());
    run(&["--bench", "--save-baseline", "old"]).exits(0);
    // What critcmp reads: estimates.json with benchmark.json beside it, the folder being the baseline.
    let kept = place.path("criterion/yield_current_thread_worker_0B/spawn/8/old");
    assert!(kept.join("estimates.json").exists() && kept.join("benchmark.json").exists());
    // Its lines are for who asks for them.
    let quiet = run(&["--bench", "--baseline", "old"]).exits(0);
    assert!(!quiet.stdout.contains("change:"), "{}", quiet.stdout);
    run(&["--bench", "--baseline", "old", "--verbose"])
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

fn what_criterion_does_not_take_is_said() {
    let place = Place::new();
    // A round has few blocks of what takes long.
    let long = [
        ("JVS_ROUNDS", "1"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_TASKS", "16"),
        ("JVS_PAYLOADS", "1MiB"),
    ];
    place
        .run("compute", &long, &["--bench"])
        .exits(0)
        .says("Criterion's reports lack 2 measurements of fewer than 10 blocks");
    assert_eq!(place.measurements("results/latest/compute.jsonl").len(), 2);
    assert!(!place.path("criterion/compute_current_thread_worker_1MiB").exists());
}
