//! The command `claims`. What it says of behaviour is tested where the experiments are (`src/claims/`).

use std::fs;
use std::process::{Command, Output};

use crate::common::exits;
use crate::common::results::{lines, part};

use serde_json::Value;

fn command(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

#[test]
fn a_statement_comes_with_its_evidence() {
    let output = command(&["claims", "--behaviour", "aborted", "--format", "json"]);
    let all: Vec<Value> = serde_json::from_str(&exits(0, &output)).expect("an array");
    let [tested] = &all[..] else {
        panic!("{} statements, not one", all.len());
    };
    assert_eq!(tested["statement"], "If one task panics, all are aborted");
    assert_eq!(tested["verdict"], "holds");
    assert!(
        tested["instead"]
            .as_str()
            .is_some_and(|text| text.contains("try_join!"))
    );
    let experiments = tested["experiments"].as_array().expect("experiments");
    assert_eq!(experiments.len(), 4);
    for experiment in experiments {
        assert_eq!(experiment["seen"], experiment["predicted"]);
        assert_ne!(experiment["counterpart"], experiment["predicted"]);
    }
    let text = exits(0, &command(&["claims", "--behaviour", "aborted"]));
    assert!(text.starts_with("Error Handling, join!: \"If one task panics, all are aborted\"\n"));
    assert!(text.contains("\n    verdict  holds\n"), "{text}");
    let list = exits(
        0,
        &command(&["claims", "--behaviour", "aborted", "--format", "markdown"]),
    );
    assert!(
        list.contains("- “If one task panics, all are aborted” **holds**\n  - seen: "),
        "{list}"
    );
}

#[test]
fn a_filter_that_matches_no_statement_is_said() {
    let output = command(&["claims", "nothing like it"]);
    assert_eq!(exits(2, &output), "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no statement matches `nothing like it`"), "{said}");
}

/// A run that measured a case more exactly than the command did: its figure is the evidence.
#[test]
fn a_recorded_runs_figures_are_the_evidence() {
    let results = tempfile::tempdir().expect("a folder");
    let folder = results.path().join("one");
    fs::create_dir(&folder).expect("a folder");
    let record = lines(&part("overhead", 6.5, 1));
    fs::write(folder.join("overhead.jsonl"), record).expect("a record");
    let claims = r#"[{"source":"Overhead, spawn","statement":"Slightly higher","verdict":"does not hold","when":null,
        "evidence":"","instead":"Higher.","experiments":[{"condition":"8 children","flavor":"current_thread",
        "predicted":"slightly","seen":"far more","figure":"1.23× [1.22, 1.24]",
        "case":"yield/current_thread/worker/0B/8","counterpart":"none"}]}]"#;
    fs::write(folder.join("claims.json"), claims).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .env("JVS_RESULTS", results.path())
        .args(["report", "one", "--format", "markdown"])
        .output()
        .expect("the program starts");
    let text = exits(0, &output);
    assert!(text.contains("8 children: far more ("), "{text}");
    assert!(!text.contains("1.23×"), "{text}");
}
