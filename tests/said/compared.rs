//! Two recorded runs beside each other: what changed between them, and what cannot be compared.

use crate::common::results::{Results, pair, part};
use join_vs_spawn::compare::{Change, compare};
use join_vs_spawn::record::{Header, Measurement};
use join_vs_spawn::report::html;
use serde_json::Value;

#[test]
fn a_run_compared_with_itself_did_not_change() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    let said = results.exits(0, &["compare", "one", "one", "--fail-on", "slower,faster,missing"]);
    assert!(
        said.contains("slower in 0, faster in 0, unchanged in 15, inconclusive in 0"),
        "{said}"
    );
}

#[test]
fn changes_are_found_with_their_sign_worst_first() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    results.run("same", 2.0, 100);
    results.run("slow", 2.2, 200);
    let judged = |a: &str, b: &str| -> Vec<String> {
        let said = results.exits(0, &["compare", a, b, "--format", "json"]);
        let json: Value = serde_json::from_str(&said).expect("JSON");
        let rows = json["rows"].as_array().expect("rows");
        rows.iter()
            .map(|row| row["judged"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(
        judged("one", "same")
            .iter()
            .all(|judged| judged == "unchanged" || judged == "inconclusive")
    );
    assert_eq!(judged("one", "slow"), vec!["slower"; 15]);
    assert_eq!(judged("slow", "one"), vec!["faster"; 15]);
    results.exits(0, &["compare", "one", "slow"]);
    results.exits(1, &["compare", "one", "slow", "--fail-on", "slower"]);
    results.exits(0, &["compare", "slow", "one", "--fail-on", "slower"]);
    results.exits(
        0,
        &["compare", "one", "slow", "--fail-on", "slower", "--threshold", "30"],
    );
    results.refuses(&["compare", "one", "slow", "--threshold=-1"], "--threshold");
    let markdown = results.exits(0, &["compare", "one", "slow", "--format", "markdown"]);
    assert!(markdown.contains("| ---") || markdown.contains("|---"), "{markdown}");

    let mut worse = part("overhead", 2.0, 1);
    worse.1[5] = pair("yield/current_thread/worker/0B/64", 4.0, 7)[1].clone();
    worse.1[3] = pair("yield/current_thread/worker/0B/8", 2.6, 8)[1].clone();
    let compared = compare(["a", "b"], &[part("overhead", 2.0, 1)], &[worse], 0.02);
    let order: Vec<usize> = compared.rows.iter().map(|row| row.case.tasks).collect();
    assert_eq!(order, [64, 8, 1]);
    assert_eq!(compared.rows[2].judged, Change::Unchanged);
}

/// A part that was made where what is like a task takes a quarter longer.
fn slow_host(ratio: f64) -> (Header, Vec<Measurement>) {
    let mut run = part("overhead", ratio, 9);
    for state in &mut run.0.states {
        state.task_ns = state.task_ns.map(|ns| ns * 1.25);
    }
    run
}

#[test]
fn what_the_speed_of_the_host_explains_is_no_change_of_the_code() {
    // Ratios rose by a tenth, or by a half.
    let judged = |b| -> Vec<Change> {
        let compared = compare(["a", "b"], &[part("overhead", 2.0, 1)], &[b], 0.02);
        compared.rows.iter().map(|row| row.judged).collect()
    };
    assert!(judged(slow_host(2.2)).iter().all(|judged| *judged == Change::Host));
    assert!(judged(slow_host(3.0)).iter().all(|judged| *judged == Change::Slower));
    assert!(
        judged(part("overhead", 2.2, 9))
            .iter()
            .all(|judged| *judged == Change::Slower)
    );
    let compared = compare(["a", "b"], &[part("overhead", 2.0, 1)], &[slow_host(2.0)], 0.02);
    let said = compared.differences.join("\n");
    assert!(said.contains("1.25 times as long"), "{said}");
}

#[test]
fn the_page_counts_and_finds_what_the_host_explains() {
    let (a, b) = ([part("overhead", 2.0, 1)], [slow_host(2.2)]);
    let page = html::comparison(["a", "b"], &a, &b, &compare(["a", "b"], &a, &b, 0.02));
    for wanted in [
        "Of 3 measurements in both runs",
        "; the host explains 3.",
        "<option value=\"host\">",
        ".v-host {",
        "<span class=\"badge v-host\">",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(!page.contains("<option value=\"slower\">"), "no row is");
}

#[test]
fn what_one_side_lacks_is_listed() {
    let a = part("overhead", 2.0, 1);
    let mut b = part("overhead", 2.0, 2);
    b.1.truncate(4);
    let case = "yield/current_thread/worker/0B/64".parse().unwrap();
    b.1.push(Measurement::failed(&case, "spawn", "join", "it hung"));
    let compared = compare(["a", "b"], std::slice::from_ref(&a), &[b], 0.02);
    let missing: Vec<(&str, &str, Option<&str>)> = compared
        .missing
        .iter()
        .map(|missing| (missing.id.as_str(), missing.run.as_str(), missing.reason.as_deref()))
        .collect();
    assert_eq!(
        missing,
        [
            ("yield/current_thread/worker/0B/join/64", "b", None),
            ("yield/current_thread/worker/0B/spawn/64", "b", Some("it hung")),
        ]
    );
}

#[test]
fn another_reference_is_no_agreement() {
    let a = part("overhead", 2.0, 1);
    let mut b = part("overhead", 2.0, 2);
    for m in &mut b.1 {
        m.reference = "spawn".into();
    }
    let compared = compare(["a", "b"], &[a], &[b], 0.02);
    assert!(compared.rows.is_empty());
    assert_eq!(compared.missing.len(), 6);
    let reason = compared.missing[0].reason.as_deref().unwrap();
    assert_eq!(reason, "it is relative to spawn there, to join in a");
}

#[test]
fn other_conditions_are_said_plainly() {
    let a = part("overhead", 2.0, 1);
    let mut b = part("overhead", 2.0, 2);
    b.0.environment.built.tokio = "1.99.0".into();
    b.0.environment.cpu = Some("another".into());
    let compared = compare(["a", "b"], &[a], &[b], 0.02);
    assert!(!compared.same_conditions);
    let said = compared.differences.join("; ");
    assert!(
        said.contains("tokio: ") && said.contains("1.99.0") && said.contains("machine: "),
        "{said}"
    );
}
