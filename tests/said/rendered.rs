//! What is made of a run: pages, Markdown, exports; and what is said where it cannot be written.

use std::fs;
use std::process::Command;

use crate::common::exits;
use crate::common::results::{Results, part};
use join_vs_spawn::attachments::RecordedRun;
use join_vs_spawn::compare::compare;
use join_vs_spawn::record::Measurement;
use join_vs_spawn::report::changes::{self, Style};
use join_vs_spawn::report::{export, html, markdown};
use join_vs_spawn::run_store::Run;

#[test]
fn a_page_is_written_whole_and_its_path_is_printed() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    results.run("two", 2.4, 2);
    let said = results.exits(0, &["report", "one"]);
    let page = fs::read_to_string(said.trim_end()).expect("the page");
    assert!(page.contains("yield/current_thread/worker/0B/8"));
    let said = results.exits(0, &["report", "one", "two", "--output", "both.html"]);
    assert_eq!(said, "both.html\n");
    assert!(
        fs::read_to_string(results.path("both.html"))
            .expect("the page")
            .contains("two")
    );
    // What cannot be written says where, without the name of a temporary file.
    for arguments in [
        &["report", "one", "--output", "none/page.html"][..],
        &["report", "one", "--format", "svg", "--output", "none"],
    ] {
        let output = results.command(arguments);
        exits(1, &output);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, "join-vs-spawn: none: no such folder; make it first\n");
    }
    results.refuses(&["report", "one", "--splice", "x"], "--splice needs --format markdown");
}

#[test]
fn exports_have_the_shapes_of_their_readers() {
    let mut parts = vec![part("overhead", 2.0, 1), part("http", 0.5, 2)];
    let case = "http/current_thread/worker/64B/3".parse().unwrap();
    parts[1].1.push(Measurement::failed(
        &case,
        "spawn",
        "join",
        "a reason, with a comma\nand \"quotes\"",
    ));

    let csv = export::csv(&parts);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().expect("a head").clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 13);
    let at = |name: &str| columns.iter().position(|column| column == name).expect("a column");
    assert_eq!(&rows[1][at("strategy")], "spawn");
    let ratio: f64 = rows[1][at("ratio_median")].parse().expect("a number");
    assert_eq!(Some(ratio), parts[0].1[1].ratio.map(|ratio| ratio.median));
    assert_eq!(&rows[12][at("status")], "failed");
    assert!(rows[12][at("reason")].contains("comma\nand"));

    let json = export::json(&parts);
    assert_eq!(json[0]["measurements"].as_array().map(Vec::len), Some(6));
    assert_eq!(json[1]["run"]["target"], "http");

    // github-action-benchmark, README, "customSmallerIsBetter": name, unit, value are required, range and extra strings.
    let benchmark = export::github_action_benchmark(&parts);
    let entries = benchmark.as_array().expect("an array");
    assert_eq!(
        entries.len(),
        6 + 12,
        "a ratio for each spawn, a time for each measurement"
    );
    for entry in entries {
        assert!(entry["name"].is_string() && entry["unit"].is_string() && entry["value"].is_f64());
        assert!(entry["range"].is_string() && entry["extra"].is_string());
    }
    // Bencher Metric Format: name, then measure, then value and its bounds, all numbers.
    let bmf = export::bmf(&parts);
    let bmf = bmf.as_object().expect("an object");
    assert_eq!(bmf.len(), 12);
    for (id, measures) in bmf {
        let latency = &measures["latency"];
        let [low, value, high] =
            ["lower_value", "value", "upper_value"].map(|key| latency[key].as_f64().expect("a number"));
        assert!(low <= value && value <= high, "{id}");
        assert_eq!(measures.get("ratio").is_some(), id.contains("/spawn/"));
    }
}

#[test]
fn sections_are_spliced_between_their_markers() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    results.run("two", 3.0, 2);
    let document = "# A\n\n<!-- BEGIN headline -->\nold\n<!-- END headline -->\n\nkept\n";
    results.write("A.md", document);
    let splice = |run: &'static str| ["report", run, "--format", "markdown", "--splice", "A.md"];
    let check = [&splice("one")[..], &["--check"]].concat();
    results.exits(1, &check);
    assert_eq!(fs::read_to_string(results.path("A.md")).unwrap(), document);
    results.exits(0, &splice("one"));
    let spliced = fs::read_to_string(results.path("A.md")).unwrap();
    assert!(
        spliced.starts_with("# A\n\n<!-- BEGIN headline -->\n\n| children"),
        "{spliced}"
    );
    assert!(spliced.ends_with("<!-- END headline -->\n\nkept\n") && !spliced.contains("old"));
    results.exits(0, &check);
    results.exits(0, &splice("two"));
    results.exits(1, &check);

    let run = Run {
        parts: vec![part("overhead", 2.0, 1)],
        ..Run::default()
    };
    for (document, says) in [
        ("nothing", "no `<!-- BEGIN"),
        ("<!-- BEGIN headline -->\n", "line 1: `<!-- BEGIN headline -->` without"),
        (
            "x\n<!-- BEGIN headlines -->\n<!-- END headlines -->",
            "line 2: no section `headlines`",
        ),
    ] {
        let error = markdown::splice(document, &run.clone().into()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn markdown_stays_text() {
    let mut parts = [part("overhead", 2.0, 1)];
    parts[0].0.environment.cpu = Some("a|b<script>".into());
    let case = "yield/current_thread/worker/0B/3".parse().unwrap();
    parts[0]
        .1
        .push(Measurement::failed(&case, "spawn", "join", "a | b\n<img>"));
    let text = markdown::render(&RecordedRun::from(Run {
        name: "<i>".into(),
        parts: parts.clone().into(),
        ..Run::default()
    }));
    assert!(
        text.contains("a\\|b&lt;script>") && text.contains("a \\| b &lt;img>") && text.starts_with("# Run &lt;i>"),
        "{text}"
    );
    // Two runs, of which a folder may have any name.
    let compared = compare(["a|b", "<i>"], &parts, &[part("overhead", 2.0, 1)], 0.02);
    let text = changes::render(&compared, true, Style::Markdown);
    assert!(
        text.contains("The runs differ: ") && text.contains("a\\|b&lt;script>"),
        "{text}"
    );
    let head = text.lines().find(|line| line.starts_with("| case")).expect("a table");
    assert_eq!(head.replace("\\|", "").matches('|').count(), 10, "{head}");
    assert!(!text.contains("<i>"), "{text}");
}

#[test]
fn what_was_in_the_way_is_said_in_every_report() {
    let text = |traps: &[&str]| {
        let mut part = part("overhead", 2.0, 1);
        part.0.traps = traps.iter().map(|trap| trap.to_string()).collect();
        let run = RecordedRun::from(Run {
            parts: vec![part],
            ..Run::default()
        });
        let page = html::page(&run, &html::Links::default());
        (markdown::render(&run), page)
    };
    let (markdown, page) = text(&["Load by others: <b>."]);
    assert!(markdown.contains("- overhead: Load by others: &lt;b>."), "{markdown}");
    assert!(page.contains("Load by others: &lt;b&gt;."));
    let (markdown, page) = text(&[]);
    assert!(!markdown.contains("Seen while it ran") && !page.contains("class=\"warning\""));
}

#[test]
fn counts_stand_beside_the_times_where_there_is_a_census() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    let page = |results: &Results| {
        let path = results.exits(0, &["report", "one"]);
        fs::read_to_string(path.trim()).unwrap()
    };
    assert!(!page(&results).contains("child polls"));
    results.write(
        "one/census.json",
        r#"[{"case":"yield/current_thread/worker/0B/8","workload":"yield","flavor":"current_thread","site":"worker",
            "payload_bytes":0,"tasks":8,"strategy":"join","exact":true,"child_polls":16,"parent_polls":2,"wakes":1,
            "tasks_spawned":0,"allocations":0,"bytes_allocated":0,"peak_bytes":0,"future_bytes":360,
            "child_future_bytes":32},
            {"case":"yield/current_thread/worker/0B/8","workload":"yield","flavor":"current_thread","site":"worker",
            "payload_bytes":0,"tasks":8,"strategy":"spawn","exact":true,"child_polls":16,"parent_polls":2,"wakes":9,
            "tasks_spawned":8,"allocations":9,"bytes_allocated":2112,"peak_bytes":2112,"future_bytes":80,
            "child_future_bytes":32}]"#,
    );
    let shown = page(&results);
    assert!(
        shown.contains("child polls") && shown.contains("data-bytes=\"2112\""),
        "the columns and a value"
    );
    let markdown = results.exits(0, &["report", "one", "--format", "markdown"]);
    let row = "| 8 that yield once | 16 | 2 | 1 | 0 | 360 B | 16 | 2 | 9 | 9 | 2,112 B |";
    assert!(markdown.contains(row), "{markdown}");

    results.write("one/census.json", "[{]");
    let output = results.command(&["report", "one"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("census.json: line 1: "), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn standard_output_that_cannot_be_written_is_said() {
    let results = Results::new();
    results.run("one", 2.0, 1);
    results.run("latest-x", 2.0, 2);
    let latest = results.path("latest-x").display().to_string();
    for arguments in [
        &["list"][..],
        &["report", "one"],
        &["report", "one", "--format", "text"],
        &["compare", "one", "one"],
        &["simulate", "simulated", "--machines", "1"],
        &["record", "kept", "--from", &latest],
        &["export", "one", "--format", "csv"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("a full device");
        let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
            .env("JVS_RESULTS", results.path(""))
            .current_dir(results.path(""))
            .args(arguments)
            .stdout(full)
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("join-vs-spawn: standard output: "),
            "{arguments:?}: {said}"
        );
    }
}
