//! What the name or the file of a run means, and what is said where there is none or it is broken.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::exits;
use crate::common::results::{Results, lines, part};

#[test]
fn bad_records_are_named_with_their_line() {
    let results = Results::new();
    let good = lines(&part("overhead", 2.0, 1));
    let first = good.lines().nth(1).expect("a measurement").to_owned();
    let script = first.replace("\"strategy\":\"join\"", "\"strategy\":\"</script>\"");
    assert_ne!(script, first);
    for (text, says) in [
        (
            good[..good.len() - 20].to_owned(),
            "overhead.jsonl:7: the line is cut off",
        ),
        (
            good.replacen("\"schema\":2", "\"schema\":1", 1),
            "overhead.jsonl:1: written with schema 1",
        ),
        (
            format!("{good}{first}\n"),
            "overhead.jsonl:8: yield/current_thread/worker/0B/join/1 is there twice",
        ),
        (
            good.replace(&first, &script),
            "overhead.jsonl:2: `</script>` is not a strategy's name",
        ),
        (
            good.replacen("\"median\":", "\"median\":NaN,\"x\":", 1),
            "overhead.jsonl:2: ",
        ),
        (
            good.replacen("\"median\":", "\"median\":1e300,\"x\":", 1),
            "is no median in an interval",
        ),
        (
            good.replacen("\"tasks\":1", "\"tasks\":2", 1),
            "the case's fields do not go with its id",
        ),
        (String::new(), "overhead.jsonl:1: the file is empty"),
    ] {
        results.write("bad/overhead.jsonl", &text);
        for command in [
            &["report", "bad"][..],
            &["report", "bad", "--format", "markdown"],
            &["export", "bad", "--format", "json"],
            &["compare", "bad", "bad"],
        ] {
            results.refuses(command, says);
        }
        assert!(!results.path("bad/report.html").exists());
    }
    // A measurement in two files.
    results.write("bad/overhead.jsonl", &good);
    results.write("bad/overhead2.jsonl", &good);
    results.refuses(&["report", "bad"], "is in another record of this run as well");
    fs::remove_file(results.path("bad/overhead2.jsonl")).unwrap();
    let (header, _) = part("overhead", 2.0, 1);
    results.write("bad/overhead.jsonl", &lines(&(header, Vec::new())));
    results.refuses(&["report", "bad"], "overhead.jsonl:2: no measurement");
    results.write("empty/x", "");
    results.refuses(&["report", "./empty"], "no records");
}

#[test]
fn an_unknown_run_is_answered_with_the_nearest() {
    let results = Results::new();
    results.run("before-the-update", 2.0, 1);
    results.run("other", 2.0, 1);
    results.refuses(&["report", "before-update"], "did you mean before-the-update?");
    results.refuses(&["compare", "other", "othr"], "did you mean other?");
    results.refuses(
        &["export", "</script>", "--format", "csv"],
        "no such run, file or folder",
    );
    // Nothing is like that.
    let said = results.refuses(&["report", "0123"], "no such run in");
    assert!(!said.contains("did you mean"), "{said}");
    results.refuses(&["report"], "no whole run in");
    // A folder does as well.
    let folder = results.path("other");
    results.exits(0, &["export", folder.to_str().expect("text"), "--format", "csv"]);
}

#[test]
fn a_run_that_is_not_there_is_told_from_those_that_are() {
    let results = Results::new();
    results.refuses(&["report", "one"], "there are no runs yet");
    for (seed, name) in ["aa", "bb", "cc", "dd", "ee", "ff", "gg"].into_iter().enumerate() {
        results.run(name, 2.0, seed as u64);
    }
    results.refuses(&["report", "other"], "there are aa, bb, cc, dd, ee and 2 more");
    // A folder needs no ./ in front of it.
    std::fs::create_dir(results.path("elsewhere")).expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .env("JVS_RESULTS", results.path("elsewhere"))
        .current_dir(results.path(""))
        .args(["report", "aa", "--format", "text"])
        .output()
        .expect("the program starts");
    assert!(exits(0, &output).starts_with("compute\n"), "{output:?}");
}

#[test]
fn a_run_of_the_server_alone_is_shown() {
    let results = Results::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = fs::read_to_string(root.join("docs/RUN")).expect("the documents' run");
    let kept = root.join("results").join(run.trim()).join("server.jsonl");
    results.write("served/server.jsonl", &fs::read_to_string(kept).expect("a record"));
    let file = results.path("served/server.jsonl").display().to_string();
    for run in ["served", &file] {
        let text = results.exits(0, &["report", run, "--format", "text"]);
        assert!(text.starts_with("server\n\nRequests under load"), "{text}");
        let page = results.exits(0, &["report", run]);
        let page = fs::read_to_string(page.trim()).expect("a page");
        assert!(page.contains("served") && page.contains("p99"), "{page}");
    }
    for arguments in [
        &["report", "served", "--format", "summary"][..],
        &["report", "served", "--format", "svg"],
        &["report", "served", "served"],
    ] {
        results.refuses(arguments, "served: only the target server was measured");
    }
    for arguments in [
        &["compare", "served", "served"][..],
        &["export", &file, "--format", "csv"],
    ] {
        results.refuses(arguments, "a record of the target server, which only `report` shows");
    }
}

#[test]
fn a_file_of_many_machines_is_for_reports() {
    let results = Results::new();
    results.write("many.parquet", "PAR1");
    for arguments in [
        &["export", "many.parquet", "--format", "csv"][..],
        &["compare", "many.parquet", "many.parquet"],
    ] {
        results.refuses(arguments, "many.parquet: a Parquet file, which only `report` reads");
    }
}
