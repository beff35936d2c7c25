//! Shards: shared out, merged, refused.

use std::fs;
use std::process::Command;

use join_vs_spawn::record::{self, Header, Measurement, Part};
use join_vs_spawn::selection::Selection;
use join_vs_spawn::targets::targets;
use measure::shard::{Shard, Sharded, anchors};

use crate::common::results::{Results, lines, pair};
use crate::common::{exits, header};

const CASES: [&str; 6] = [
    "yield/current_thread/worker/0B/1",
    "yield/current_thread/worker/0B/8",
    "yield/current_thread/worker/0B/64",
    "yield/multi_thread_1/worker/0B/1",
    "yield/multi_thread_1/worker/0B/8",
    "yield/multi_thread_1/worker/0B/64",
];

/// The record of a shard of these cases, as a machine of which spawn takes `ratio` times join!'s measured it.
fn shard(number: usize, of: usize, ratio: f64) -> Part {
    let cases: Vec<_> = CASES.iter().map(|case| case.parse().expect("an id")).collect();
    let anchors = anchors(&cases);
    let times = [std::time::Duration::from_secs(1); CASES.len()];
    let places = Shard { number, of }.places(&times, &anchors);
    let measurements = places
        .iter()
        .flat_map(|&place| pair(CASES[place], ratio, place as u64))
        .collect();
    let header = Header {
        command: format!("JVS_SHARD={number}/{of} JVS_SEED=1 cargo bench --bench overhead"),
        shard: Some(Sharded {
            number,
            of,
            whole: "0123456789abcdef".into(),
            cases: CASES.len(),
            places,
            anchors,
        }),
        ..header()
    };
    (header, measurements)
}

fn shards(change: impl Fn(usize, &mut Header, &mut Vec<Measurement>)) -> Results {
    let results = Results::new();
    for number in 1..=4 {
        let (mut header, mut measurements) = shard(number, 4, 5.0);
        change(number, &mut header, &mut measurements);
        results.write(&format!("s{number}/overhead.jsonl"), &lines(&(header, measurements)));
    }
    results
}

/// The command that merges these shards, as arguments.
fn merge(results: &Results, numbers: &[usize], more: &[&str]) -> Vec<String> {
    let folders = numbers
        .iter()
        .map(|number| results.path(&format!("s{number}")).display().to_string());
    let mut all = vec!["merge".to_owned()];
    all.extend(folders);
    all.extend(["--into", "fleet"].iter().chain(more).map(|word| (*word).to_owned()));
    all
}

fn words(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

#[test]
fn four_shards_are_one_run() {
    let results = shards(|number, header, _| {
        let number = number as u64;
        header.seconds = number as f64;
        header.timed_share = Some(0.1 * number as f64);
        header.resident_bytes.round = Some((1_000, 1_000 + 10 * (number % 4)));
    });
    results.exits(0, &words(&merge(&results, &[3, 1, 4, 2], &[])));
    let (merged, measurements) = record::read(&results.path("fleet/overhead.jsonl")).expect("a record");
    assert_eq!((merged.seconds, merged.minutes), (10.0, Some(4.0 * 2.5)));
    // 1, 4, 9 and 16 of a hundred parts of the time: what each timed.
    assert!((merged.timed_share.expect("known") - 0.3).abs() < 1e-9);
    assert_eq!(merged.resident_bytes.round, Some((1_000, 1_030)));
    let unsharded: Vec<Measurement> = CASES
        .iter()
        .enumerate()
        .flat_map(|(place, case)| pair(case, 5.0, place as u64))
        .collect();
    assert_eq!(measurements, unsharded, "line for line");
    assert_eq!(merged.shard, None);
    assert_eq!(merged.command, "JVS_SEED=1 cargo bench --bench overhead");
    assert!(merged.complete);
}

#[test]
fn the_folder_of_results_is_made_where_there_is_none() {
    let results = shards(|_, _, _| {});
    let there = results.path("not/there/yet");
    let merged = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .env("JVS_RESULTS", &there)
        .args(merge(&results, &[1, 2, 3, 4], &[]))
        .output();
    exits(0, &merged.expect("the program starts"));
    record::read(&there.join("fleet/overhead.jsonl")).expect("a record");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_written() {
    let refused = |results: &Results, numbers: &[usize], more: &[&str], says: &str| {
        results.refuses(&words(&merge(results, numbers, more)), says);
        assert!(!results.path("fleet").exists());
    };
    let good = shards(|_, _, _| {});
    refused(&good, &[1, 2, 4], &[], "shard 3 of 4 is missing");
    refused(&good, &[1, 2, 2, 3, 4], &[], "shard 2 of 4 is there twice");
    refused(&good, &[1, 2, 3, 4], &["--allow", "everything"], "--allow everything");
    let seed = shards(|number, header, _| header.seed -= u64::from(number == 3));
    refused(&seed, &[1, 2, 3, 4], &[], "s3/overhead.jsonl:1: seed: ");
    let plan = shards(|number, header, _| {
        if number == 2 {
            header.shard.as_mut().expect("a shard").whole = "fedcba9876543210".into();
        }
    });
    refused(&plan, &[1, 2, 3, 4], &[], "s2/overhead.jsonl:1: plan: ");
    let unsharded = shards(|number, header, _| {
        if number == 4 {
            header.shard = None;
        }
    });
    refused(&unsharded, &[1, 2, 3, 4], &[], "s4/overhead.jsonl:1: no shard");
    let overlap = shards(|number, header, _| {
        if number == 2 {
            let other = shard(1, 4, 5.0).0.shard.expect("a shard");
            header.shard.as_mut().expect("a shard").places = other.places;
        }
    });
    refused(&overlap, &[1, 2, 3, 4], &[], "as well");
    // The first case is an anchor; the others would take its place.
    let filtered = shards(|_, header, measurements| {
        header.filter = Some("multi_thread_1".into());
        measurements.retain(|m| m.case.flavor.to_string() == "multi_thread_1");
    });
    refused(
        &filtered,
        &[1, 2, 3, 4],
        &[],
        "cases of its shard: where a filter left some out, shards do not merge",
    );
    let gap = shards(|number, header, measurements| {
        if number == 1 {
            let sharded = header.shard.as_mut().expect("a shard");
            let own = sharded.places.iter().position(|place| !sharded.anchors.contains(place));
            let lost = CASES[sharded.places.remove(own.expect("a case that no other shard has"))];
            measurements.retain(|m| m.case.to_string() != lost);
        }
    });
    refused(&gap, &[1, 2, 3, 4], &[], "is in no shard");
}

#[test]
fn machines_of_another_kind_are_named_and_may_be_allowed() {
    let results = shards(|number, header, _| {
        if number == 2 {
            header.environment.cpu = Some("another one".into());
        }
    });
    results.refuses(&words(&merge(&results, &[1, 2, 3, 4], &[])), "cpu: another one");
    results.exits(0, &words(&merge(&results, &[1, 2, 3, 4], &["--allow", "cpu"])));
}

#[test]
fn layouts_differ_only_where_a_shard_has_one() {
    let one = shards(|number, header, _| {
        if number == 1 {
            header.layouts = 1;
            header.states.iter_mut().for_each(|state| state.layout = 0);
        }
    });
    let all = [1, 2, 3, 4];
    one.refuses(&words(&merge(&one, &all, &[])), "layouts: 10, but 1 in ");
    one.exits(0, &words(&merge(&one, &all, &["--allow", "layouts"])));
    let (merged, _) = record::read(&one.path("fleet/overhead.jsonl")).expect("a record");
    assert_eq!(
        (merged.layouts, merged.states[9].layout),
        (10, 9),
        "so that units stay units"
    );
    assert!(
        merged
            .traps
            .iter()
            .any(|trap| trap.contains("Merged though layouts differs")),
        "{:?}",
        merged.traps
    );
    let several = shards(|number, header, _| header.layouts -= usize::from(number == 4));
    several.refuses(
        &words(&merge(&several, &all, &["--allow", "layouts"])),
        "s4/overhead.jsonl:1: layouts: 9",
    );
}

#[test]
fn a_shard_that_made_fewer_rounds_does_not_shorten_the_others() {
    let results = shards(|number, header, _| header.states.truncate(if number == 1 { 6 } else { 10 }));
    results.exits(0, &words(&merge(&results, &[1, 2, 3, 4], &[])));
    let (merged, measurements) = record::read(&results.path("fleet/overhead.jsonl")).expect("a record");
    assert_eq!(merged.states.len(), 10);
    assert!(measurements.iter().all(|m| merged.sample(m).independent() == 10));
}

#[test]
fn anchors_may_stray_as_far_as_their_machines_do() {
    let results = Results::new();
    for number in 1..=4 {
        let (header, mut measurements) = shard(number, 4, if number == 3 { 5.3 } else { 5.0 });
        measurements.iter_mut().for_each(|m| m.noise_floor = Some(0.08));
        results.write(&format!("s{number}/overhead.jsonl"), &lines(&(header, measurements)));
    }
    results.exits(0, &words(&merge(&results, &[1, 2, 3, 4], &[])));
}

#[test]
fn simulated_shards_do_not_mix_with_measured_ones() {
    let simulate = |header: &mut Header| header.simulated = Some("x".into());
    let mixed = shards(|number, header, _| {
        if number == 2 {
            simulate(header);
        }
    });
    mixed.refuses(
        &words(&merge(&mixed, &[1, 2, 3, 4], &[])),
        "s2/overhead.jsonl:1: simulated: yes",
    );
    let all = shards(|_, header, _| simulate(header));
    all.exits(0, &words(&merge(&all, &[1, 2, 3, 4], &[])));
    let shown = all.exits(0, &["report", "fleet", "--format", "text"]);
    assert!(shown.contains("SIMULATED: x"), "{shown}");
}

#[test]
fn anchors_that_disagree_stop_it() {
    let results = Results::new();
    for number in 1..=4 {
        let ratio = if number == 3 { 6.0 } else { 5.0 };
        results.write(&format!("s{number}/overhead.jsonl"), &lines(&shard(number, 4, ratio)));
    }
    let output = results.command(&words(&merge(&results, &[1, 2, 3, 4], &[])));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("anchors disagree") && said.contains("yield/current_thread/worker/0B/spawn/1"),
        "{said}"
    );
    assert!(!results.path("fleet").exists());
}

#[test]
fn a_record_that_was_edited_is_found() {
    let results = shards(|_, _, _| {});
    let path = results.path("s2/overhead.jsonl");
    let text = fs::read_to_string(&path).expect("a record");
    fs::write(&path, text.replacen("\"rounds\":10", "\"rounds\":12", 1)).expect("written");
    results.refuses(
        &words(&merge(&results, &[1, 2, 3, 4], &[])),
        "changed after it was written",
    );
    fs::write(&path, &text[..text.len() - 10]).expect("written");
    results.refuses(&words(&merge(&results, &[1, 2, 3, 4], &[])), "the line is cut off");
}

#[test]
fn the_shards_of_a_matrix_are_the_matrix() {
    let targets = targets();
    let cases = |shard: Option<&str>| {
        let variable = |name: &str| (name == "JVS_SHARD").then_some(shard?.to_owned());
        let selection = Selection::read(variable, &targets).expect("variables");
        let all = targets
            .iter()
            .flat_map(|target| selection.measurements(target, 2, |_| true).expect("cases"));
        all.map(|(case, _)| case).collect::<Vec<_>>()
    };
    let whole = cases(None);
    let mut shared: Vec<_> = ["1/3", "2/3", "3/3"]
        .iter()
        .flat_map(|shard| cases(Some(shard)))
        .collect();
    let times = shared.len();
    shared.sort();
    shared.dedup();
    let mut sorted = whole.clone();
    sorted.sort();
    assert_eq!(shared, sorted);
    assert!(
        times - whole.len() <= 2 * 3 * targets.len(),
        "{times} of {}, beside anchors",
        whole.len()
    );
    for wrong in ["4/3", "0/3", "1", "x"] {
        let variable = |name: &str| (name == "JVS_SHARD").then(|| wrong.to_owned());
        let error = Selection::read(variable, &targets).expect_err(wrong).to_string();
        assert!(
            error.contains(&format!("JVS_SHARD={wrong}")) && error.contains("K/N"),
            "{error}"
        );
    }
}

#[test]
fn a_plan_prints_a_command_for_each_shard() {
    let results = Results::new();
    let text = results.exits(0, &["plan", "--shards", "4", "--seed", "7"]);
    assert_eq!(text.lines().count(), 4, "{text}");
    for (number, line) in (1..).zip(text.lines()) {
        assert!(
            line.contains(&format!("JVS_SHARD={number}/4")) && line.contains("JVS_SEED=7"),
            "{line}"
        );
        assert!(line.contains("minutes"), "{line}");
    }
    results.refuses(&["plan", "--shards", "0"], "--shards 0");
}
