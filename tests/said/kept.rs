//! Recorded runs as a user handles them: record, report, export; and what is wrong with some of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::exits;
use crate::common::results::{Results, TARGETS, lines, part};
use join_vs_spawn::attachments::RecordedRun;
use join_vs_spawn::environment::Environment;
use join_vs_spawn::record::{Header, Measurement};
use join_vs_spawn::report::{export, html, markdown};
use join_vs_spawn::run_store::Run;

#[test]
fn a_run_is_kept_whole_and_never_overwritten() {
    let results = Results::new();
    results.run("latest", 2.0, 1);
    let found = serde_json::json!({
        "held": false, "extent": "quick", "seconds": 59.0, "environment": Environment::here(),
        "bars": [{
            "check": "A/A", "what": "intervals that <exclude> 1", "figure": 0.05, "counted": [5, 100],
            "band": [0.0164, 0.113], "limit": {"at_most": 0.04}, "held": false
        }],
        "suspects": ["one"]
    });
    results.write("latest/selfcheck.json", &found.to_string());
    let said = results.exits(0, &["record", "one"]);
    assert!(said.trim_end().ends_with("one"), "{said}");
    for target in TARGETS {
        let file = format!("{target}.jsonl");
        let [from, to] = ["latest", "one"].map(|run| fs::read(results.path(run).join(&file)).unwrap());
        assert_eq!(from, to);
    }
    assert!(results.path("one/selfcheck.json").exists());
    assert!(
        !results.path("latest/http.lock").exists(),
        "a run is read without a trace"
    );
    let shown = results.exits(0, &["report", "one", "--format", "markdown"]);
    let text = results.exits(0, &["report", "one", "--format", "text"]);
    for target in TARGETS {
        assert!(text.contains(&format!("{target}\n\n case ")), "{text}");
    }
    assert!(
        shown.contains("| 5 of 100 | 5.00% [1.64%, 11.3%] | ≤ 4.00% | **not held** |"),
        "{shown}"
    );
    let before = fs::read(results.path("one/http.jsonl")).unwrap();
    results.run("latest", 3.0, 2);
    results.refuses(&["record", "one"], "never overwritten");
    assert_eq!(fs::read(results.path("one/http.jsonl")).unwrap(), before);
    assert_eq!(results.names(), ["latest", "one"], "nothing half made is left");
}

#[test]
fn what_is_not_one_run_is_not_kept() {
    let results = Results::new();
    results.run("latest", 2.0, 1);
    for name in ["../x", "a/b", "</script>", "", ".hidden", "latest", "latest-2", "a b"] {
        results.refuses(&["record", "--", name], "not a name for a run");
    }
    type Spoil = dyn Fn(&mut Header);
    let with = |change: &Spoil| {
        let mut changed = part("http", 2.0, 1);
        change(&mut changed.0);
        results.write("latest/http.jsonl", &lines(&changed));
    };
    let cases: [(&Spoil, &str); 8] = [
        (&|h| h.environment.git = Some("other".into()), "the revision differs"),
        (
            &|h| h.environment.built.rustc = "rustc 1.0".into(),
            "the compiler differs",
        ),
        (&|h| h.environment.cpu = Some("other".into()), "the processor differs"),
        (&|h| h.environment.built.profile = "debug".into(), "the profile differs"),
        (&|h| h.rounds = 6, "the number of rounds differs"),
        (
            &|h| h.command = "JVS_TASKS=8 cargo bench".into(),
            "JVS_ variables differs",
        ),
        (&|h| h.complete = false, "cut short"),
        (&|h| h.filter = Some("spawn".into()), "only what `spawn` matches"),
    ];
    for (change, says) in cases {
        with(change);
        results.refuses(&["record", "one"], says);
    }
    fs::remove_file(results.path("latest/http.jsonl")).unwrap();
    results.refuses(&["record", "one"], "no record of http (it was not run)");
    results.write("latest/http.jsonl.partial", "{}\n");
    results.refuses(&["record", "one"], "under way or was cut short");
    assert_eq!(results.names(), ["latest"]);
}

#[test]
fn a_kill_leaves_no_broken_run() {
    let results = Results::new();
    results.run("latest", 2.0, 1);
    for delay in 0..20 {
        let name = format!("run{delay}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
            .env("JVS_RESULTS", results.path(""))
            .args(["record", &name])
            .spawn()
            .expect("the program starts");
        std::thread::sleep(std::time::Duration::from_micros(400 * delay));
        let _ = child.kill();
        child.wait().expect("it ends");
        if results.path(&name).exists() {
            assert!(!results.exits(0, &["export", &name, "--format", "csv"]).is_empty());
            for target in TARGETS {
                assert!(results.path(&format!("{name}/{target}.jsonl")).exists());
            }
        }
    }
}

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
        parts: parts.into(),
        ..Run::default()
    }));
    assert!(
        text.contains("a\\|b&lt;script>") && text.contains("a \\| b &lt;img>"),
        "{text}"
    );
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
