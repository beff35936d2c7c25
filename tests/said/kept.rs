//! Runs that are kept: whole, never overwritten, and not what is no run.

use std::fs;
use std::process::Command;

use crate::common::results::{Results, TARGETS, lines, part};
use join_vs_spawn::environment::Environment;
use join_vs_spawn::record::Header;

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
    results.write("file", "");
    for folder in ["nowhere", "file"] {
        results.refuses(
            &["record", "one", "--from", folder],
            &format!("--from {folder}: no such folder"),
        );
    }
    fs::remove_file(results.path("file")).unwrap();
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
