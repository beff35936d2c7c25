//! Runs whose processes are a script, which says what they would.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use measure::record::Status;
use measure::selection::Selection;
use server::plan::Plan;
use server::run::{Request, run};

/// Processes that start and are asked as they should be, and no request that is answered.
const NO_ANSWER: &str = r#"#!/bin/sh
usage='{"cpu":{"secs":0,"nanos":0},"voluntary":0,"involuntary":0}'
while read -r line; do
    case "$line" in
    *'"role":"Load"'*) echo '{"Ok":null}' ;;
    *'"role":'*) echo '{"Ok":"127.0.0.1:9"}' ;;
    '"Usage"') echo "{\"Ok\":$usage}" ;;
    *'"Send":'*) echo "{\"Ok\":{\"latencies\":[],\"lateness\":[],\"seconds\":0.1,\"failed\":7,\"reason\":\"status 500\",\"waited\":0,\"usage\":$usage}}" ;;
    esac
done
"#;

fn script(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("process");
    fs::write(&path, NO_ANSWER).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("one that runs");
    path
}

#[test]
fn a_server_that_answers_nothing_fails_its_points_and_takes_no_time_from_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let variable = |name: &str| match name {
        "JVS_WORKLOADS" => Some("server,serve".to_owned()),
        "JVS_ROUNDS" => Some("1".to_owned()),
        _ => None,
    };
    let plan = Plan::of(&Selection::read(variable, &[]).expect("variables"), 2);
    let outcome = run(&Request {
        plan: &plan,
        filter: None,
        folder: None,
        command: String::new(),
        program: &script(folder.path()),
    });
    let record = outcome.expect("a run").record;
    let points = record.points.iter().map(|point| (point.status, &point.reason));
    let ways = record.neighbours.iter().map(|way| (way.status, &way.reason));
    for (status, reason) in points.chain(ways) {
        assert_eq!(
            (status, reason.as_deref()),
            (Status::Failed, Some("7 requests failed: status 500"))
        );
    }
    assert!(!record.points.is_empty() && !record.neighbours.is_empty());
    assert_eq!((record.header.requests, record.header.cut), (plan.requests, Vec::new()));
}
