//! Counts of one iteration: those that are expected are committed, by profile, since a debug build boxes smaller futures
//! than a release build and lays them out otherwise. A tokio that counts otherwise turns `the_counts_are_the_expected_ones`
//! red with a line for each difference; the first lines of the files say how to make them anew.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::common::exits;

use serde_json::Value;

/// What the committed counts are of: where one thread does everything.
const EXACT: [(&str, &str); 4] = [
    ("JVS_WORKLOADS", "ready,yield,wake,compute"),
    ("JVS_FLAVORS", "current_thread,local"),
    (
        "JVS_STRATEGIES",
        "join,spawn,join_all,join_set,futures_unordered,sequential",
    ),
    // A debug build hashes a MiB for long, and counts nothing by it.
    ("JVS_PAYLOADS", "0B,64B,1KiB,4KiB,16KiB"),
];

fn census(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_census"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("JVS_")) {
        command.env_remove(name);
    }
    command
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .expect("the program starts")
}

#[test]
fn the_counts_are_the_expected_ones() {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/expected")
        .join(format!("census-{profile}.txt"));
    let file = file.to_str().expect("a path in UTF-8");
    // Again and again the same.
    for _ in 0..3 {
        let said = exits(0, &census(&EXACT, &["--expect", file]));
        assert!(said.starts_with("0 of "), "{said}");
    }
    // A part of them is not the whole: the rest is missing.
    let said = exits(1, &census(&EXACT, &["yield", "--expect", file]));
    assert!(said.contains(": not counted\n"), "{said}");
}

/// Rows by measurement id.
fn rows(variables: &[(&str, &str)], filter: &str) -> HashMap<String, Value> {
    let json = exits(0, &census(variables, &[filter, "--format", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&json).expect("an array");
    let id = |row: &Value| {
        let text = |name: &str| row[name].as_str().expect("text").to_owned();
        format!("{}/{}", text("case"), text("strategy"))
    };
    rows.into_iter().map(|row| (id(&row), row)).collect()
}

#[test]
fn counts_are_what_the_documents_say() {
    let rows = rows(&EXACT, "(yield|wake)/current_thread/worker/");
    let row = |case: &str, strategy: &str| {
        let id = format!("{case}/{strategy}");
        rows.get(&id).unwrap_or_else(|| panic!("{id}"))
    };
    let counts = |row: &Value, names: [&str; 3]| names.map(|name| row[name].as_u64());
    for n in [1, 4, 8, 16, 24, 32, 48, 64, 128, 256] {
        let case = format!("wake/current_thread/worker/0B/{n}");
        let heap = ["child_polls", "allocations", "tasks_spawned"];
        // Every child once, then all that are left at each of N wakes.
        let polls = n * (n + 3) / 2;
        assert_eq!(counts(row(&case, "join"), heap), [Some(polls), Some(0), Some(0)]);
        // One allocation for each task, one for the Vec of handles.
        assert_eq!(counts(row(&case, "spawn"), heap), [Some(2 * n), Some(n + 1), Some(n)]);
        let set = row(&case, "join_set");
        assert_eq!(set["tasks_spawned"], n);
        assert!(set["allocations"].as_u64() > Some(n + 1), "one more for each task");
    }
    // Larger futures than this are boxed by spawn (tokio, `runtime/mod.rs`, BOX_FUTURE_THRESHOLD).
    let boxed_from = if cfg!(debug_assertions) { 2048 } else { 16384 };
    for (payload, bytes) in [("0B", 0), ("1KiB", 1024), ("4KiB", 4096), ("16KiB", 16384)] {
        let case = format!("yield/current_thread/worker/{payload}/8");
        let (join, spawn) = (row(&case, "join"), row(&case, "spawn"));
        assert_eq!(join["allocations"], 0, "{case}");
        let size = spawn["child_future_bytes"].as_u64().expect("a size");
        assert!(size >= bytes, "{case}");
        let each = if size > boxed_from { 2 } else { 1 };
        assert_eq!(spawn["allocations"], 8 * each + 1, "{case}");
        assert!(spawn["bytes_allocated"].as_u64() > Some(8 * bytes));
        assert!(join["future_bytes"].as_u64() >= Some(8 * bytes), "{case}");
        assert_eq!(spawn["peak_bytes"], spawn["bytes_allocated"], "{case}");
    }
}

/// A worker that sleeps is counted where one sleeps; the committed counts are of runtimes in which none does.
#[test]
fn a_fan_out_that_wakes_a_worker_has_a_park_and_one_that_does_not_has_none() {
    let variables = [
        ("JVS_WORKLOADS", "yield"),
        ("JVS_FLAVORS", "multi_thread_1"),
        ("JVS_SITES", "block_on"),
        ("JVS_TASKS", "8"),
        ("JVS_PAYLOADS", "0B"),
        ("JVS_STRATEGIES", "join,spawn"),
    ];
    // Children that are spawned from outside of the worker find it asleep, unless the kernel lets the spawning thread run on
    // before the worker got to sleep: on a busy machine that may be so in all fan-outs of a process, so ask another one, until the
    // tests beside this one have ended.
    let began = Instant::now();
    let tries = std::iter::repeat_with(|| std::thread::sleep(Duration::from_millis(100)));
    let woken = tries
        .take_while(|()| began.elapsed() < Duration::from_secs(120))
        .any(|()| {
            let rows = rows(&variables, "block_on/");
            let row = |strategy: &str| &rows[&format!("yield/multi_thread_1/block_on/0B/8/{strategy}")];
            // Joined children are polled where they are made: the worker sleeps on, but for falling asleep the first time.
            assert!(row("join")["parks"].as_f64() < Some(0.1), "{}", row("join"));
            assert!(
                matches!(row("join")["driver_wakes"].as_f64(), None | Some(0.0)),
                "{}",
                row("join")
            );
            let above = |name: &str| row("spawn")[name].as_f64() > Some(0.2);
            above("parks") && (above("driver_wakes") || !cfg!(target_os = "linux"))
        });
    assert!(woken, "no worker was ever found asleep");
}

#[test]
fn every_workload_is_counted_where_threads_race_too() {
    let variables = [
        ("JVS_MATRIX", "quick"),
        ("JVS_FLAVORS", "multi_thread_2"),
        ("JVS_TASKS", "3"),
    ];
    let rows = rows(&variables, "");
    for workload in ["ready", "yield", "wake", "compute", "http", "http_delay", "http_parse"] {
        let of: Vec<&Value> = rows.values().filter(|row| row["workload"] == workload).collect();
        assert!(!of.is_empty(), "{workload}");
        for row in of {
            assert_eq!(row["exact"], false);
            let spawned = row["tasks_spawned"].as_f64();
            let expected = if row["strategy"] == "spawn" { 3.0 } else { 0.0 };
            assert_eq!(spawned, Some(expected), "{row}");
            assert!(row["child_polls"].as_f64() >= Some(3.0), "{row}");
        }
    }
}

#[test]
fn children_that_wait_are_weighed_and_join_says_its_ladder() {
    let variables = [("JVS_TASKS", "1000,2000")];
    let output = census(&variables, &["--waiting", "--format", "json"]);
    let weighed: Value = serde_json::from_str(&exits(0, &output)).expect("an object");
    let rows = weighed["rows"].as_array().expect("rows");
    let of = |strategy: &str, waiting: u64| {
        let row = rows
            .iter()
            .find(|row| row["strategy"] == strategy && row["waiting"] == waiting);
        row.unwrap_or_else(|| panic!("{strategy} {waiting}"))
    };
    let number = |row: &Value, name: &str| row[name].as_u64().expect("a number");
    for strategy in ["spawn", "spawn_aborting", "join_all", "join_set", "futures_unordered"] {
        let [less, more] = [1000, 2000].map(|waiting| of(strategy, waiting));
        let each = if strategy == "join_set" { 2 } else { 1 };
        let allocations = number(more, "allocations") - number(less, "allocations");
        // A queue that grows may be in them, by twice as much each time.
        assert!(
            (1000 * each..1000 * each + 3).contains(&allocations),
            "{strategy}: {allocations}"
        );
        let bytes = number(more, "live_bytes") - number(less, "live_bytes");
        assert!(
            bytes >= 1000 * number(more, "child_future_bytes"),
            "{strategy}: {bytes}"
        );
        assert!(number(more, "peak_bytes") >= number(more, "live_bytes"), "{strategy}");
    }
    // All of them in the parent's future, and in the box that the loop is.
    let join = of("join", 256);
    assert!(number(join, "future_bytes") >= 256 * number(join, "child_future_bytes"));
    assert!(number(join, "allocations") <= 4, "{join}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for says in [
        "census: join cannot have 1000 children that wait: it takes its children as macro arguments, and this build has it \
         for 1 2 3 4 6 8 10 12 16 24 32 48 64 96 128 256 of them; its greatest is shown instead\n",
        "census: sequential cannot have 2000 children that wait: it holds 1 at once\n",
        "census: buffer_unordered@64 cannot have 1000 children that wait: it holds 64 at once\n",
    ] {
        assert!(said.contains(says), "{said}");
    }
    for (variables, says) in [
        (
            [("JVS_TASKS", "1000001"), ("JVS_STRATEGIES", "spawn")],
            "JVS_TASKS=1000001: ",
        ),
        (
            [("JVS_TASKS", "10"), ("JVS_STRATEGIES", "spawned")],
            "JVS_STRATEGIES=spawned: ",
        ),
        (
            [("JVS_TASKS", "10"), ("JVS_STRATEGIES", "sequential")],
            "none of the strategies",
        ),
        (
            [("JVS_TASKS", "10"), ("JVS_SITES", "worker")],
            "JVS_SITES=worker: --waiting has no such axis",
        ),
    ] {
        let output = census(&variables, &["--waiting"]);
        assert_eq!(exits(2, &output), "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn bad_input_is_said_and_nothing_is_counted() {
    let cases: [(&[&str], &str); 6] = [
        (&["no/such"], "matches no measurement"),
        (&["["], "regex parse error"),
        (&["yield", "--expect", "no/such/file"], "no/such/file: "),
        (&["--format", "xml"], "possible values: text, json"),
        (&["--formulas", "--waiting"], "cannot be used with '--waiting'"),
        (
            &["--expect", "one", "--format", "json"],
            "cannot be used with '--format",
        ),
    ];
    for (arguments, says) in cases {
        let mut variables = EXACT.to_vec();
        variables.push(("JVS_TASKS", "8"));
        let output = census(&variables, arguments);
        assert_eq!(exits(2, &output), "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{said}");
    }
    let output = census(&[("JVS_TASKS", "7")], &[]);
    exits(2, &output);
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("census: JVS_TASKS=7: "));
}
