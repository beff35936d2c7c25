//! `selfcheck solo`, from the suite's own run to the last program.

use std::process::Command;

#[test]
fn programs_of_one_strategy_are_measured_after_the_suite() {
    let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .args(["selfcheck", "solo", "--processes", "6", "--format", "json"])
        .args(["--filter", "/0B/8$"])
        .envs([
            ("JVS_ROUNDS", "1"),
            ("JVS_SPAN", "0"),
            ("JVS_WORKLOADS", "yield"),
            ("JVS_FLAVORS", "current_thread"),
            ("JVS_SITES", "worker"),
            ("JVS_PAYLOADS", "0B"),
            ("JVS_TASKS", "8"),
        ])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    // One round and six processes prove nothing, so that bars may not hold.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["processes"], 6);
    let rows = found["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["case"], "yield/current_thread/worker/0B/8");
    assert!(rows[0]["solo"]["median"].as_f64().expect("a ratio") > 1.0);
    // ready and yield, both strategies.
    let by_hand = found["hand_written"].as_array().expect("loops");
    assert_eq!(by_hand.len(), 2 * 2);
    for cell in by_hand {
        for ns in ["program_ns", "suite_ns"] {
            assert!(cell[ns].as_f64().expect("a time") > 0.0, "{cell}");
        }
    }
}

#[test]
fn a_filter_that_matches_nothing_is_told_before_anything_is_measured() {
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/results");
    for (run, of) in [
        (&[][..], "no case of the default matrix"),
        (&["--run", "tokio-1.54.1-7"], "no case of the run tokio-1.54.1-7"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
            .args(["selfcheck", "solo", "--filter", "nosuchcase"])
            .args(run)
            .env("JVS_RESULTS", results)
            .env_remove("JVS_MATRIX")
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("--filter nosuchcase: matches ") && said.contains(of),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
