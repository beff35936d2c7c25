//! `builds`: what it refuses, and what it shows of a comparison that was measured before.

use std::fs;
use std::path::PathBuf;

use crate::common::browser::{browse, has_browser};
use crate::common::exits;
use crate::common::results::{Results, lines, part};

/// A comparison of three builds, in the second of which spawn takes `slower` times as long as in the others.
fn compared(slower: f64) -> Results {
    let results = Results::new();
    let builds = [
        ("tokio=1.50.0", "tokio-1.50.0", 1.0),
        ("tokio=1.51.0", "tokio-1.51.0", slower),
        ("tokio=1.52.2", "tokio-1.52.2", 1.0),
        ("tokio=1.50.0, again", "tokio-1.50.0-again", 1.0),
    ];
    let mut named = Vec::new();
    for (number, (name, folder, factor)) in builds.into_iter().enumerate() {
        let overhead = part("overhead", 5.0 * factor, 1000 * number as u64);
        results.write(&format!("builds-x/{folder}/overhead.jsonl"), &lines(&overhead));
        results.write(&format!("builds-x/{folder}/counts.json"), "[]");
        named.push(serde_json::json!({
            "name": name, "folder": folder, "spec": name, "revision": null, "tokio": "1.50.0", "tokio_source": null,
            "rustc": "rustc 1.95.0", "program": "0", "null": number == 3,
        }));
    }
    let manifest = serde_json::json!({
        "schema": 1, "complete": true, "command": "cargo run --release -- builds a b <c>", "matrix": "quick",
        "filter": null, "variables": [], "seed": 1, "builds": named,
    });
    results.write("builds-x/builds.json", &manifest.to_string());
    results
}

#[test]
fn what_changed_is_shown_first_in_every_format() {
    let results = compared(1.3);
    let text = results.exits(0, &["builds", "--show", "x"]);
    assert!(text.starts_with("tokio=1.51.0 against tokio=1.50.0\n"), "{text}");
    for part in [
        "slower",
        "of 6 times 3 rose",
        "0 of 6 times called changed",
        "9 rows without",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let markdown = results.exits(0, &["builds", "--show", "x", "--format", "markdown"]);
    assert!(markdown.contains("| case"), "{markdown}");
    let json = results.exits(0, &["builds", "--show", "x", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let judged = |cell: usize| {
        let rows = json["rows"].as_array().expect("rows").iter();
        rows.filter(|row| row["cells"][cell]["judged"] == "slower").count()
    };
    assert_eq!((judged(0), judged(1)), (3, 0));
}

#[test]
fn a_measurement_that_is_not_there_is_not_drawn() {
    let results = compared(1.3);
    let id = "yield/current_thread/worker/0B/spawn/8";
    results.refuses(
        &["builds", "--show", "x", "--chart", &format!("{id},bar")],
        "--chart bar: no such measurement",
    );
    assert!(!results.path("builds-x/chart.svg").exists());
    results.exits(0, &["builds", "--show", "x", "--chart", id]);
    assert!(results.path("builds-x/chart.svg").exists());
}

#[test]
fn a_comparison_is_shown_where_no_page_can_be_written() {
    let results = compared(1.3);
    // Nothing takes the place of a folder.
    results.write("builds-x/index.html/taken", "");
    let output = results.command(&["builds", "--show", "x"]);
    assert!(exits(0, &output).contains("of 6 times 3 rose"), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("warning: the page was not written"), "{said}");
}

#[test]
fn a_change_fails_where_that_is_asked_for() {
    let results = compared(1.3);
    results.exits(1, &["builds", "--show", "x", "--fail-on", "slower"]);
    results.exits(1, &["builds", "--show", "x", "--fail-on", "slower:20"]);
    results.exits(0, &["builds", "--show", "x", "--fail-on", "slower:40"]);
    compared(1.0).exits(0, &["builds", "--show", "x", "--fail-on", "slower"]);
}

#[test]
fn the_page_tells_it_without_a_script_and_escapes_what_it_was_given() {
    let results = compared(1.3);
    results.exits(0, &["builds", "--show", "x"]);
    let page = results.path("builds-x/index.html");
    let text = fs::read_to_string(&page).expect("a page");
    assert!(text.contains("builds a b &lt;c&gt;") && !text.contains("<c>"));
    for part in ["of 6 times 3 rose", "Over the builds", "v-slower", "<svg", "1.51.0"] {
        assert!(text.contains(part), "{part}");
    }
    for wrong in ["http://", "https://", "NaN"] {
        assert!(!text.contains(wrong), "{wrong}");
    }
    if has_browser() {
        let (dom, complaints) = browse(&page, "");
        assert!(dom.contains("All rows"));
        assert!(!complaints.contains("CONSOLE"), "{complaints}");
    }
}

#[test]
fn what_is_no_build_is_refused_in_one_line() {
    let results = Results::new();
    let empty = results.path("");
    let no_tokio = format!("tokio=path:{}", empty.display());
    let no_clone = format!("tokio=git:{}@main", empty.display());
    for (arguments, says) in [
        (&["builds", "same"][..], "two SPECs at least"),
        (&["builds", "same", "toki=1.50.0"], "`toki=1.50.0` is none"),
        (&["builds", "tokio=1.50", "same"], "no version of tokio"),
        (&["builds", "same", "same", "no/such/id"], "matches no measurement"),
        (&["builds", "same", "same", "("], "the filter `(`"),
        (&["builds", "same", "same", "--name", "a/b"], "--name a/b"),
        (&["builds", "same", "same", "--threshold", "5000"], "--threshold 5000"),
        // Before the first of them is made.
        (&["builds", "same", "rev:no-such-revision"], "revision no-such-revision"),
        (&["builds", "same", &no_tokio], "has no package tokio"),
        (&["builds", "same", &no_clone], "tokio=git:"),
        (
            &["builds", "--bisect", "same", "tokio=1.50.0", "yield/"],
            "--bisect same tokio=1.50.0",
        ),
        (&["builds", "--show", "none"], "no comparison of builds"),
    ] {
        results.refuses(arguments, says);
    }
    assert!(results.names().is_empty(), "{:?}", results.names());
    let folder = empty.file_name().expect("a name").to_string_lossy().into_owned();
    let builds = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("builds");
    // A clone that has made no build has no such folder.
    let names = fs::read_dir(builds)
        .into_iter()
        .flatten()
        .flatten()
        .map(|build| build.file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains(&folder)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_comparison_that_was_kept_is_not_overwritten() {
    let results = compared(1.0);
    let before = fs::read_to_string(results.path("builds-x/builds.json")).expect("a manifest");
    results.refuses(&["builds", "same", "same", "--name", "x"], "never overwritten");
    assert_eq!(
        fs::read_to_string(results.path("builds-x/builds.json")).expect("a manifest"),
        before
    );
}
