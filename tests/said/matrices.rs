//! The matrices: sizes, unique ids, no impossible case; and the variables that replace their axes.

use std::collections::HashSet;

use join_vs_spawn::case::{Case, Flavor, Site, parse_measurement_id};
use join_vs_spawn::selection::Selection;
use join_vs_spawn::strategy::join;
use join_vs_spawn::targets::targets;
use join_vs_spawn::variables::misspelled;
use join_vs_spawn::workload::Entry;

use crate::common::exits;

const TARGETS: [&str; 5] = ["overhead", "wakeups", "compute", "http", "scale"];

fn read(variables: &[(&str, &str)]) -> Result<Selection, String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name)?;
        Some(found.1.to_owned())
    };
    Selection::read(variable, &targets()).map_err(|error| error.to_string())
}

/// The cases of one target, on a machine with 2 cores.
fn cases(target: &str, variables: &[(&str, &str)]) -> Result<Vec<Case>, String> {
    let targets = targets();
    let target = targets.iter().find(|known| known.name == target).unwrap();
    let selection = read(variables)?;
    selection.cases(target, 2).map_err(|error| error.to_string())
}

fn ids(target: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let cases = cases(target, variables).unwrap();
    cases.iter().map(Case::to_string).collect()
}

#[test]
fn sizes() {
    let count = |matrix| TARGETS.map(|target| cases(target, &[("JVS_MATRIX", matrix)]).unwrap().len());
    // 2 workloads × 3 flavors × 2 sites × 11 points, and yield on a busy runtime; 3 flavors × (10 and hot's one); 3 flavors × 7;
    // 3 flavors × (6 + 1 + 1 + 1); 5 workloads × 7 less one, and cancel's 3.
    assert_eq!(count("default"), [132 + 3 * 2, 33, 21, 27, 37]);
    // yield has a fourth number of tasks.
    assert_eq!(count("quick"), [36 + 6, 15, 12, 9, 12]);
    let [overhead, wakeups, compute, http, scale] = count("full");
    // 16 numbers of children without payload, 13 up to 64 with one, 9 within 1 MiB with 64 KiB; 4 flavors.
    assert_eq!(overhead, 2 * 4 * 2 * (16 + 4 * 13 + 9) + 4 * 2);
    // wake, mutex at both sites up to 64 children, and hot.
    assert_eq!(wakeups, 4 * 16 + 4 * 2 * 13 + 4 * 3);
    assert_eq!(compute, 4 * 16 * 6);
    assert_eq!(scale, 4 * 6 * 6);
    // 4 numbers of tasks × 3 bodies and the article's case; the kin, of which one has 3 documents.
    assert_eq!(http, 4 * (4 * 3 + 1 + 1 + 3 + 1));
}

#[test]
fn ids_are_unique_and_no_case_is_impossible() {
    let targets = targets();
    let mut seen = HashSet::new();
    for matrix in ["quick", "default", "full"] {
        let selection = read(&[("JVS_MATRIX", matrix)]).unwrap();
        seen.clear();
        for target in &targets {
            for (case, strategies) in selection.measurements(target, 2, |_| true).unwrap() {
                let entry = target.entry(&case.workload).unwrap();
                assert!(entry.payloads.contains(&case.payload.0), "{case}");
                assert!(
                    target.reference != "join" || join::ARITIES.contains(&case.tasks),
                    "{case}"
                );
                if entry.inline {
                    assert!(case.tasks * case.payload.0 <= join::MAX_STATE_BYTES, "{case}");
                }
                for strategy in strategies {
                    let id = case.measurement_id(&strategy);
                    assert_eq!(parse_measurement_id(&id), Ok((case.clone(), strategy)));
                    assert!(seen.insert(id.clone()), "{id} is there twice");
                }
            }
        }
    }
}

#[test]
fn quick_has_every_workload_and_every_flavor_but_local() {
    let all: Vec<Case> = TARGETS
        .into_iter()
        .flat_map(|target| cases(target, &[("JVS_MATRIX", "quick")]).unwrap())
        .collect();
    let workloads = targets().into_iter().flat_map(|target| target.workloads);
    // Late answers take a time that quick has not.
    let quick = |entry: &Entry| !entry.axes.on_request && entry.name != "http_straggler";
    for workload in workloads.filter(quick).map(|entry| entry.name) {
        assert!(all.iter().any(|case| case.workload == workload), "{workload}");
    }
    for flavor in [Flavor::CurrentThread, Flavor::MultiThread(1), Flavor::MultiThread(2)] {
        assert!(all.iter().any(|case| case.flavor == flavor), "{flavor}");
    }
    assert!(!all.iter().any(|case| case.flavor.spawns_local()));
}

#[test]
fn groups_are_contiguous() {
    // Criterion opens a group once.
    for matrix in ["quick", "default", "full"] {
        for target in TARGETS {
            let cases = cases(target, &[("JVS_MATRIX", matrix)]).unwrap();
            let mut groups: Vec<String> = cases.iter().map(Case::group).collect();
            groups.dedup();
            let unique: HashSet<&String> = groups.iter().collect();
            assert_eq!(unique.len(), groups.len());
        }
    }
}

#[test]
fn one_core_has_no_flavor_twice() {
    let targets = targets();
    for matrix in ["quick", "default", "full"] {
        for cores in [1, 3, 8] {
            let selection = read(&[("JVS_MATRIX", matrix)]).unwrap();
            let cases = selection.cases(&targets[0], cores).unwrap();
            let unique: HashSet<&Case> = cases.iter().collect();
            assert_eq!(unique.len(), cases.len());
            let workers = cases.iter().map(|case| case.flavor.workers()).max();
            assert_eq!(workers, Some(cores));
        }
    }
}

#[test]
fn a_variable_replaces_its_axis() {
    let narrow = [
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_SITES", "worker"),
    ];
    let with = |more: &[(&'static str, &'static str)]| {
        let all: Vec<_> = narrow.iter().copied().chain(more.iter().copied()).collect();
        ids("overhead", &all)
            .iter()
            .map(|id| id.trim_start_matches("yield/current_thread/worker/").to_owned())
            .collect::<Vec<_>>()
    };
    // The same sweeps over the given values.
    assert_eq!(
        with(&[("JVS_TASKS", "1, 8,64,8"), ("JVS_PAYLOADS", "0B,4KiB")]),
        ["0B/1", "0B/8", "0B/64", "4KiB/8"]
    );
    // What is left out gives its place to the first value.
    assert_eq!(
        with(&[("JVS_TASKS", "2,4"), ("JVS_PAYLOADS", "4KiB")]),
        ["4KiB/2", "4KiB/4"]
    );
    // The product.
    assert_eq!(
        with(&[
            ("JVS_MATRIX", "full"),
            ("JVS_TASKS", "2,4"),
            ("JVS_PAYLOADS", "0B,4KiB")
        ]),
        ["0B/2", "0B/4", "4KiB/2", "4KiB/4"]
    );
    // A payload that join! cannot have with every number of tasks leaves out those.
    assert_eq!(
        with(&[("JVS_PAYLOADS", "64KiB")]),
        ["64KiB/1", "64KiB/2", "64KiB/4", "64KiB/8", "64KiB/16"]
    );
    let sites = cases("wakeups", &[("JVS_SITES", "block_on")]).unwrap();
    assert!(sites.iter().all(|case| case.site == Site::BlockOn) && !sites.is_empty());
}

#[test]
fn a_target_that_cannot_have_a_valid_value_is_left_without_cases() {
    assert!(ids("wakeups", &[("JVS_PAYLOADS", "4KiB")]).is_empty());
    assert!(ids("compute", &[("JVS_WORKLOADS", "wake@2")]).is_empty());
    assert!(ids("overhead", &[("JVS_WORKLOADS", "wake")]).is_empty());
    assert_eq!(ids("wakeups", &[("JVS_PAYLOADS", "0B,1MiB")]).len(), 33);
    assert!(ids("compute", &[("JVS_PAYLOADS", "0B")]).is_empty());
}

#[test]
fn any_number_of_tasks_without_join() {
    let variables = [
        ("JVS_TASKS", "7,1000"),
        ("JVS_STRATEGIES", "spawn,join_set"),
        ("JVS_REFERENCE", "spawn"),
        ("JVS_PAYLOADS", "64KiB"),
    ];
    assert_eq!(ids("overhead", &variables).len(), 2 * 3 * 2 * 2);
    assert!(cases("overhead", &[("JVS_TASKS", "7"), ("JVS_STRATEGIES", "spawn")]).is_err());
    assert!(cases("overhead", &[("JVS_TASKS", "7"), ("JVS_REFERENCE", "spawn")]).is_err());
}

#[test]
fn values_that_nothing_can_have_are_errors_in_one_line() {
    for (name, value, says) in [
        ("JVS_TASKS", "0", "JVS_TASKS=0"),
        ("JVS_TASKS", "7", "1 2 3 4 6 8"),
        ("JVS_TASKS", "8,x", "JVS_TASKS=x"),
        ("JVS_TASKS", "", "empty"),
        ("JVS_TASKS", "8,,16", "JVS_TASKS="),
        ("JVS_TASKS", "512", "1 2 3 4 6 8"),
        ("JVS_PAYLOADS", "12x", "64B"),
        ("JVS_PAYLOADS", "2KiB", "4KiB"),
        ("JVS_PAYLOADS", "1024B", "1KiB"),
        ("JVS_FLAVORS", "multi_thread_0", "multi_thread_K"),
        ("JVS_FLAVORS", "multi_thread", "multi_thread_K"),
        ("JVS_FLAVORS", " ", "empty"),
        ("JVS_SITES", "main", "worker, block_on"),
        ("JVS_SITES", "worker_beside_0", "worker_beside_K"),
        ("JVS_WORKLOADS", "wake@0", "SIGNALS"),
        ("JVS_WORKLOADS", "wake@2_fast", "oneshot"),
        ("JVS_WORKLOADS", "yield@2", "yield ready"),
        ("JVS_WORKLOADS", "hot@1s", "10000us"),
        ("JVS_STRATEGIES", "buffer_unordered", "buffer_unordered@BOUND"),
        ("JVS_STRATEGIES", "buffer_unordered@0", "1 to 1000000"),
        ("JVS_STRATEGIES", "join@4", "buffer_unordered@BOUND"),
        ("JVS_REFERENCE", "join_set@x", "1 to 1000000"),
        ("JVS_TASKS", "1000001", "1 to 1000000"),
        ("JVS_WORKLOADS", "yeild", "yield ready"),
        ("JVS_STRATEGIES", "joinall", "join_all"),
        ("JVS_STRATEGIES", "", "empty"),
        ("JVS_REFERENCE", "none", "join_all"),
        ("JVS_MATRIX", "huge", "quick default full"),
        ("JVS_ROUNDS", "5", "6 to 1000"),
        ("JVS_ROUNDS", "0", "6 to 1000"),
        ("JVS_SEED", "-1", "2^64"),
        ("JVS_RESUME", "yes", "0 or 1"),
        ("JVS_SPAN", "1.5", "seconds"),
        ("JVS_DEADLINE", "0", "seconds"),
    ] {
        let error = cases("overhead", &[(name, value)]).unwrap_err();
        assert!(error.starts_with(&format!("{name}=")), "{error}");
        assert!(error.contains(says) && error.contains("allowed"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_joins_state_over_1_mib_is_an_error_where_it_was_asked_for() {
    let asked = [("JVS_TASKS", "8,64"), ("JVS_PAYLOADS", "64KiB")];
    let error = cases("overhead", &asked).unwrap_err();
    assert!(error.starts_with("JVS_TASKS=64: "), "{error}");
    assert!(error.contains("1 MiB") && error.contains("at most 16 tasks"), "{error}");
    // On the heap it is no state of join!'s.
    assert!(!ids("compute", &asked).is_empty());
}

#[test]
fn every_case_carries_its_control() {
    let targets = targets();
    let selection = read(&[]).unwrap();
    let only_spawn = |id: &str| id.starts_with("wake/") && id.contains("/spawn/");
    let measurements = selection.measurements(&targets[1], 2, only_spawn).unwrap();
    for item in selection.plan(&targets[1], &measurements).items {
        let pairs: Vec<(&str, &str)> = item.pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(pairs, [("join", "join"), ("spawn", "join"), ("machinery", "join")]);
    }
}

#[test]
fn misspelled_variables_are_named() {
    let names = ["JVS_TASK", "JVS_TASKS", "PATH", "JVS_FLAVOUR"].map(String::from);
    let found = misspelled(names);
    assert_eq!(
        found,
        [("JVS_TASK".into(), "JVS_TASKS"), ("JVS_FLAVOUR".into(), "JVS_FLAVORS")]
    );
    assert!(join_vs_spawn::variables::names().all(|name| name.starts_with("JVS_")));
}

#[test]
fn a_workload_on_request_is_measured_where_it_is_named() {
    let straggles = |variables: &[(&str, &str)]| {
        let ids = ids("http", variables);
        ids.iter().any(|id| id.starts_with("http_straggler/"))
    };
    assert!(straggles(&[]) && !straggles(&[("JVS_MATRIX", "quick")]));
    let mutex = |variables: &[(&str, &str)]| {
        let ids = ids("wakeups", variables);
        ids.iter().any(|id| id.starts_with("mutex/"))
    };
    assert!(!mutex(&[]) && !mutex(&[("JVS_MATRIX", "quick")]));
    assert!(mutex(&[("JVS_MATRIX", "full")]));
    assert!(mutex(&[("JVS_WORKLOADS", "mutex")]));
}

#[test]
fn the_articles_case_is_measured_at_both_sites() {
    let at_block_on = |variables: &[(&str, &str)]| -> Vec<String> {
        let mut ids = ids("http", variables);
        ids.retain(|id| id.contains("/block_on/") && id.contains("current_thread"));
        ids
    };
    assert_eq!(at_block_on(&[]), ["http/current_thread/block_on/64B/3"]);
    // A variable that leaves it out leaves it out.
    assert!(at_block_on(&[("JVS_SITES", "worker")]).is_empty());
    assert!(at_block_on(&[("JVS_TASKS", "8")]).is_empty());
    assert!(at_block_on(&[("JVS_PAYLOADS", "64KiB")]).is_empty());
}

#[test]
fn a_run_of_late_answers_is_expected_to_take_longer() {
    let targets = targets();
    let expected = |workloads: &str| {
        let selection = read(&[("JVS_WORKLOADS", workloads), ("JVS_SPAN", "0"), ("JVS_ROUNDS", "6")]).unwrap();
        let measurements = selection.measurements(&targets[3], 2, |_| true).unwrap();
        selection.expected_time(&selection.plan(&targets[3], &measurements))
    };
    // Each block of late answers waits for three of them at least that one of others does not.
    let late = targets[3].entry("http_delay").expect("a workload").lasts;
    let blocks = 6 * ["join", "spawn"].len() as u32 * ["current_thread", "1 worker", "2 workers"].len() as u32;
    assert!(expected("http_delay") > expected("http_parse") + 3 * late * blocks);
}

#[test]
fn scale_measures_each_strategy_where_it_can_be() {
    let targets = targets();
    let scale = targets.iter().find(|target| target.name == "scale").unwrap();
    let selection = read(&[]).unwrap();
    let measurements = selection.measurements(scale, 2, |_| true).unwrap();
    let strategies = |id: &str| {
        let (_, strategies) = measurements.iter().find(|(case, _)| case.to_string() == id).unwrap();
        strategies.join(" ")
    };
    let rest = "join_all join_set futures_unordered buffer_unordered@64";
    assert_eq!(
        strategies("yield/current_thread/worker/0B/10"),
        format!("join spawn {rest}")
    );
    assert_eq!(strategies("yield/current_thread/worker/0B/31"), format!("spawn {rest}"));
    assert_eq!(
        strategies("cancel/current_thread/worker/0B/1000"),
        format!("spawn_aborting {rest}")
    );
    for item in selection.plan(scale, &measurements).items {
        assert!(item.pairs.iter().all(|(_, reference)| reference == "futures_unordered"));
    }
    // A number that no join! can have is none of its business here, but is where join! is asked for.
    assert_eq!(
        ids("scale", &[("JVS_TASKS", "77"), ("JVS_WORKLOADS", "yield")]).len(),
        1
    );
    // What overhead measures, no other target does, or a run could not be read.
    let asked = [("JVS_TASKS", "8"), ("JVS_WORKLOADS", "yield,timers")];
    assert_eq!(ids("scale", &asked), ["timers/current_thread/worker/0B/8"]);
    assert!(ids("overhead", &asked).iter().all(|id| id.starts_with("yield/")));
    let asked = [("JVS_TASKS", "77"), ("JVS_STRATEGIES", "join,spawn")];
    assert!(cases("scale", &asked).unwrap_err().contains("no join! of that many"));
}

#[test]
fn parameters_make_cases_of_their_own() {
    let asked = [
        ("JVS_WORKLOADS", "wake@4_100ns,wake"),
        ("JVS_TASKS", "8"),
        ("JVS_FLAVORS", "current_thread"),
        ("JVS_SITES", "worker,worker_beside_2"),
    ];
    let wake = |workload: &str, site: &str| format!("{workload}/current_thread/{site}/0B/8");
    let expected = ["wake@4_100ns", "wake"].map(|name| [wake(name, "worker"), wake(name, "worker_beside_2")]);
    assert_eq!(ids("wakeups", &asked), expected.concat());
}

fn said(variables: &[(&str, &str)], arguments: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .expect("the program starts")
}

#[test]
fn estimates_end_at_the_limit() {
    let overhead = ["list", "--target", "overhead"];
    let text = exits(0, &said(&[("JVS_MINUTES", "0.5")], &overhead));
    assert!(text.contains("about 0.5 minutes, cut to about "), "{text}");
    let text = exits(0, &said(&[("JVS_MINUTES", "600"), ("JVS_ROUNDS", "1")], &overhead));
    assert!(
        !text.contains("cut to") && text.contains("(default matrix, 1 round)"),
        "{text}"
    );
    let json = exits(
        0,
        &said(
            &[("JVS_MINUTES", "0.5")],
            &[&overhead[..], &["--format", "json"]].concat(),
        ),
    );
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["expected_minutes"], 0.5);
    // Targets have limits of their own.
    let text = exits(0, &said(&[("JVS_ROUNDS", "1000")], &["list"]));
    assert_eq!(text.matches("cut to about ").count(), TARGETS.len(), "{text}");
    let plan = ["plan", "--shards", "2", "--seed", "1"];
    let text = exits(0, &said(&[("JVS_MINUTES", "0.1")], &plan));
    assert!(text.contains("about 0.5 minutes, in which rounds are cut"), "{text}");
}

#[test]
fn a_wrong_value_is_told_by_its_own_name() {
    for (variables, arguments, says) in [
        (&[][..], &["list", "--matrix", "foo"][..], "--matrix"),
        (
            &[("JVS_TASKS", "3,,4")],
            &["list"],
            "JVS_TASKS=3,,4: a comma without a value",
        ),
        (
            &[],
            &["plan", "--shards", "100000"],
            "--shards 100000: not a number of machines from 1 to 1000",
        ),
        (
            &[],
            &["plan", "--shards", "0"],
            "--shards 0: not a number of machines from 1 to 1000",
        ),
        (
            &[],
            &["compare", "a", "b", "--threshold", "abc"],
            "--threshold abc: not a number of percent",
        ),
        (&[], &["flamegraph", "yield", "--from", "foo"], "no such strategy"),
        (&[], &["flamegraph", "yield", "--to", "join"], "--from join --to join"),
    ] {
        let output = said(variables, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(
            output.stdout.is_empty() && stderr.contains(says),
            "{arguments:?}: {stderr}"
        );
        assert!(
            !stderr.contains("JVS_MATRIX") && !stderr.contains("JVS_SHARD"),
            "{stderr}"
        );
    }
}
