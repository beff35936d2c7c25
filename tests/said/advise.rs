//! `advise`: answers from kept runs, from measurements whose unit costs are known, and in the page's form.

mod form;
mod known_costs;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::common::exits;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"));
    command
        .env("JVS_RESULTS", Path::new(env!("CARGO_MANIFEST_DIR")).join("results"))
        .arg("advise")
        .args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

fn answer(arguments: &[&str]) -> String {
    exits(0, &run(arguments))
}

fn json(arguments: &[&str]) -> Value {
    let text = answer(&[&["--run", "tokio-1.54.1-7", "--format", "json"], arguments].concat());
    serde_json::from_str(&text).expect("JSON")
}

fn strategies(json: &Value, list: &str) -> Vec<String> {
    let rows = json[list].as_array().expect("a list");
    rows.iter()
        .map(|row| row["strategy"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn kept_runs_predict_each_of_their_cases_from_the_others() {
    for name in ["tokio-1.54.1-5", "tokio-1.54.1-7", "tokio-1.54.1-8", "tokio-1.54.1-9"] {
        let text = answer(&["--validate", name, "--format", "json"]);
        let json: Value = serde_json::from_str(&text).expect("JSON");
        assert!(json[0]["predicted"].as_u64().expect("a number") >= 60, "{name}");
        let [gaps, right] = [0, 1].map(|place| json[0]["gaps"][place].as_f64().expect("a number"));
        assert!(gaps > 50.0 && right >= 0.95 * gaps, "{name}: {right} of {gaps} winners");
        // Without the large numbers of children none was wrong.
        assert!(name == "tokio-1.54.1-8" || right == gaps, "{name}: every winner");
    }
}

#[test]
fn meaning_goes_first_and_the_rest_is_ranked() {
    let asked = [
        "--tasks",
        "40",
        "--wakes",
        "separate",
        "--work",
        "2us",
        "--payload",
        "1KiB",
    ];
    let free = json(&asked);
    assert_eq!(strategies(&free, "ranked").len(), 2);
    let borrows = json(&[&asked[..], &["--borrows"]].concat());
    assert_eq!(strategies(&borrows, "ranked"), ["join"]);
    assert_eq!(strategies(&borrows, "ruled_out"), ["spawn", "join_set"]);
    let panics = answer(&["--run", "tokio-1.54.1-7", "--contain-panics"]);
    assert_eq!(panics.matches("a panic unwinds").count(), 1, "{panics}");
    assert!(
        panics.contains("  join!, join_all, futures_unordered: a panic unwinds"),
        "{panics}"
    );
    let text = answer(&["--run", "tokio-1.54.1-7", "--tasks", "8", "--wait", "20ms"]);
    assert!(text.contains("choose by meaning"), "{text}");
    let none = answer(&["--run", "tokio-1.54.1-7", "--borrows", "--contain-panics"]);
    assert!(none.contains("No strategy can do all of that"), "{none}");
}

#[test]
fn a_sum_is_explained_by_its_terms() {
    let answer = json(&["--tasks", "64", "--wakes", "separate", "--work", "1us"]);
    for ranked in answer["ranked"].as_array().expect("a list") {
        let terms = ranked["terms"].as_array().expect("terms");
        let product = |term: &Value| term["count"].as_f64().unwrap_or(0.0) * term["ns_each"].as_f64().unwrap_or(0.0);
        let sum: f64 = terms.iter().map(product).sum();
        let ns = ranked["ns"].as_f64().expect("a number");
        assert!((sum - ns).abs() < 1e-6 * ns, "{ranked}");
    }
    let text = crate::advise::answer(&[
        "--run",
        "tokio-1.54.1-7",
        "--tasks",
        "64",
        "--wakes",
        "separate",
        "--explain",
    ]);
    // N(N−1)/2 polls of join! find a child waiting.
    assert!(text.contains("2016  × poll of a child that still waits"), "{text}");
}

#[test]
fn what_no_sum_describes_is_said() {
    let folds = json(&["--wakes", "never"]);
    assert!(strategies(&folds, "ranked").is_empty());
    assert!(
        folds["unpredicted"][0]["reason"]
            .as_str()
            .expect("a reason")
            .contains("fold"),
        "{folds}"
    );
    for far in [
        &["--tasks", "1000000"][..],
        &["--payload", "1MiB"],
        &["--wait", "1ms", "--tasks", "2000"],
    ] {
        let answer = json(far);
        assert!(strategies(&answer, "ranked").is_empty(), "{answer}");
        let reasons = answer["unpredicted"].as_array().expect("a list");
        let reasons: Vec<&str> = reasons.iter().filter_map(|row| row["reason"].as_str()).collect();
        assert!(!reasons.is_empty());
        for reason in reasons {
            let said = reason.starts_with("outside the calibrated range") || reason.starts_with("not calibrated");
            assert!(said, "{far:?}: {reason}");
        }
    }
    let several = json(&["--flavor", "multi_thread_2", "--tasks", "10"]);
    assert!(strategies(&several, "ranked").is_empty());
    let near = several["nearest"].as_array().expect("a list");
    assert!(
        near[0]["id"]
            .as_str()
            .expect("an id")
            .starts_with("yield/multi_thread_2/worker/0B/spawn/"),
        "{several}"
    );
    let shares: f64 = near[0]["shares"]
        .as_array()
        .expect("shares")
        .iter()
        .filter_map(Value::as_f64)
        .sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let workers = answer(&["--run", "tokio-1.54.1-7", "--flavor", "multi_thread_64"]);
    assert!(
        workers.contains("more workers than the 2 cores") && workers.contains("Measure it"),
        "{workers}"
    );
}

#[test]
fn nonsense_is_refused_with_the_flag_and_what_is_allowed() {
    for (arguments, flag, allowed) in [
        (&["--tasks", "0"][..], "--tasks", "1 to 1000000"),
        (&["--tasks", "many"], "--tasks", "1 to 1000000"),
        (&["--wakes", "often"], "--wakes", "never, together, separate, in_turn"),
        (&["--work", "2"], "--work", "ns, us, ms or s"),
        (&["--work=-2us"], "--work", "ns, us, ms or s"),
        (&["--wait", "NaNms"], "--wait", "ns, us, ms or s"),
        (&["--payload", "1000KB"], "--payload", "B, KiB or MiB"),
        (&["--flavor", "threads"], "--flavor", "multi_thread_K"),
        (&["--site", "main"], "--site", "block_on"),
        (&["--bound", "0"], "--bound", "1 to 1000000"),
        (&["--times", "0"], "--times", "1 to 1000"),
        (&["--detach", "--stop"], "--detach", "--stop"),
        (&["--wakes", "never", "--wait", "1ms"], "--wakes never", "together"),
        (&["--flavor", "local,current_thread"], "--flavor", "--calibrate"),
        (
            &["--parallel", "--work", "1ms"],
            "--parallel: current_thread has one thread",
            "multi_thread_K",
        ),
        (
            &["--parallel", "--flavor", "multi_thread_1"],
            "--parallel: multi_thread_1 has one thread",
            "K of 2 or more",
        ),
        (
            &["--calibrate", "--flavor", "multi_thread_2"],
            "--flavor multi_thread_2",
            "multi_thread_1",
        ),
        (&["--calibrate", "--wait", "1ms"], "--wait", "cannot be used"),
        (
            &["--calibrate", "--format", "markdown"],
            "--format markdown",
            "text or json",
        ),
        (&["--run", "nothing"], "nothing", "no such run"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(said.contains(flag) && said.contains(allowed), "{arguments:?}: {said}");
    }
}

#[test]
fn the_dialogue_says_what_the_flags_say() {
    let asked = |input: &str| {
        let mut child = command(&["--ask", "--run", "tokio-1.54.1-7", "--format", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(input.as_bytes())
            .expect("it reads");
        child.wait_with_output().expect("it ends")
    };
    let answered = exits(
        0,
        &asked("n\nn\nn\nn\nyes\nn\nn\n\u{221e}\n40\nall\nseparate\n2us\n\n\n\n\n"),
    );
    let answered: Value = serde_json::from_str(&answered).expect("JSON");
    let flags = json(&[
        "--contain-panics",
        "--tasks",
        "40",
        "--wakes",
        "separate",
        "--work",
        "2us",
    ]);
    assert_eq!(answered, flags);
    assert_eq!(asked("n\n").status.code(), Some(2));
}
