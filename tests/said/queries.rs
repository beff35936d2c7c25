//! What is said of many machines by SQL: the queries of scripts/sql on machines that do not exist, whose truths are known.

use std::path::{Path, PathBuf};
use std::process::Command;

use join_vs_spawn::simulated_machine::Simulated;

use crate::common::exits;
use crate::common::results::{Results, lines};

/// DuckDB's Python, which `.ci/run` installs; says so where it is not there.
fn duckdb() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let has = Command::new(&python).args(["-c", "import duckdb"]).output();
    let has = has.is_ok_and(|output| output.status.success());
    if !has {
        eprintln!("SKIPPED: no DuckDB in target/venv (.ci/run installs it), so the queries are not run");
    }
    has.then_some(python)
}

const QUERY: &str = "
import duckdb, json, sys
result = duckdb.sql(open(sys.argv[1]).read())
print(json.dumps([dict(zip(result.columns, row)) for row in result.fetchall()]))
";

/// The lines of a query, in a folder with machines.parquet.
fn ask(python: &Path, results: &Results, query: &str) -> Vec<serde_json::Value> {
    let output = Command::new(python)
        .args(["-c", QUERY])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sql").join(query))
        .current_dir(results.path(""))
        .output()
        .expect("python starts");
    serde_json::from_str(&exits(0, &output)).expect("JSON")
}

/// Machines of which the last takes so long to wake a thread that spreading work never pays.
fn fleet() -> Vec<Simulated> {
    let mut fleet: Vec<Simulated> = (1..=6)
        .map(|number| Simulated {
            spawn_ns: 100.0 * f64::from(number),
            ..Simulated::usual(&format!("m{number}"), 4)
        })
        .collect();
    fleet[5].wake_ns = 400_000.0;
    fleet
}

/// Their runs, and the file of all of them.
fn exported() -> Results {
    let results = Results::new();
    let wake = [4, 8, 16, 24, 32, 48, 64, 96, 128, 256].map(|tasks| format!("wake/current_thread/worker/0B/{tasks}"));
    let mut cases: Vec<_> = wake.map(|case| case.parse().expect("a case")).into();
    cases.push("compute/multi_thread_4/worker/16KiB/8".parse().expect("a case"));
    let mut words = vec!["export".to_owned()];
    for (seed, machine) in (1..).zip(fleet()) {
        let record = machine.record("overhead", &cases, 20, seed);
        results.write(&format!("{}/overhead.jsonl", machine.name), &lines(&record));
        words.push(machine.name);
    }
    words.extend(["--format".to_owned(), "parquet".into()]);
    let output = results.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::write(results.path("machines.parquet"), output.stdout).expect("written");
    results
}

#[test]
fn a_file_of_many_machines_is_reported_as_their_records_are() {
    let results = exported();
    let mut words = vec!["report".to_owned()];
    words.extend(fleet().into_iter().map(|machine| machine.name));
    words.extend(["--format".to_owned(), "json".into()]);
    let records = results.exits(0, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let file = results.exits(0, &["report", "machines.parquet", "--format", "json"]);
    assert_eq!(records, file);
    assert!(file.contains("m6 (simulated)"));
    // One file of several runs, and no two of one name.
    results.refuses(
        &["export", "m1", "m1", "--format", "parquet"],
        "a second run of the name m1",
    );
    results.refuses(
        &["export", "m1", "m2", "--format", "json"],
        "with --format parquet only",
    );
    results.write("no.parquet", "something else");
    results.refuses(&["report", "no.parquet", "--format", "text"], "no.parquet: ");
}

#[test]
fn queries_find_the_truths() {
    let Some(python) = duckdb() else {
        return;
    };
    let results = exported();
    let all = ask(&python, &results, "machines.sql");
    assert_eq!(all.len(), 11);
    assert!(all.iter().all(|row| row["machines"] == 6), "{all:?}");

    let worst = ask(&python, &results, "disagreement.sql");
    let compute = worst
        .iter()
        .find(|row| row["measurement"] == "compute/multi_thread_cores/worker/16KiB/8");
    let compute = compute.expect("the case that differs");
    assert_eq!((&compute["slower"], &compute["faster"]), (&1.into(), &5.into()));
    assert_eq!(compute["slowest_on"], "m6 (simulated)");

    let crossovers = ask(&python, &results, "crossover.sql");
    assert_eq!(crossovers.len(), 6);
    for (machine, row) in fleet().iter().zip(&crossovers) {
        assert_eq!(row["machine"], format!("{} (simulated)", machine.name));
        let found = row["crossover"].as_f64().expect("a number");
        assert!(
            (found / machine.crossover()).ln().abs() < 0.1,
            "{} {row}",
            machine.crossover()
        );
    }
}
