//! Several machines: what is said of them against what is so, on machines that do not exist.

use join_vs_spawn::case::Case;
use join_vs_spawn::environment::Environment;
use join_vs_spawn::findings::crossover;
use join_vs_spawn::record::{Header, Measurement, Part};
use join_vs_spawn::simulated_machine::Simulated;
use measure::machines::{Machine, Machines, Row, Together, together};

use crate::common::exits;
use crate::common::results::{Results, TARGETS, lines, part};

/// Cases of a machine with so many cores.
fn cases(cores: usize) -> Vec<Case> {
    let cores = cores.to_string();
    let wake = [8, 16, 32, 64, 128, 256].map(|tasks| format!("wake/current_thread/worker/0B/{tasks}"));
    [
        "yield/current_thread/worker/0B/8",
        "yield/multi_thread_CORES/worker/0B/64",
        "compute/multi_thread_CORES/worker/16KiB/8",
    ]
    .map(|case| case.replace("CORES", &cores))
    .into_iter()
    .chain(wake)
    .map(|case| case.parse().expect("a case"))
    .collect()
}

/// Four alike, and one of which waking a thread takes so long that spreading work never pays.
fn fleet() -> Vec<Simulated> {
    let slow = Simulated {
        wake_ns: 400_000.0,
        ..Simulated::usual("slow-to-wake", 2)
    };
    vec![
        Simulated::usual("small", 2),
        Simulated::usual("middle", 8),
        slow,
        Simulated {
            spawn_ns: 500.0,
            ..Simulated::usual("large", 64)
        },
        Simulated {
            poll_ns: 5.0,
            ..Simulated::usual("quick", 16)
        },
    ]
}

fn record(machine: &Simulated, seed: u64) -> Part {
    machine.record("overhead", &cases(machine.cores), 20, seed)
}

/// Their records as runs, and their names.
fn written() -> (Results, Vec<String>) {
    let results = Results::new();
    let names = (1..).zip(fleet()).map(|(seed, machine)| {
        results.write(
            &format!("{}/overhead.jsonl", machine.name),
            &lines(&record(&machine, seed)),
        );
        machine.name
    });
    let names = names.collect();
    (results, names)
}

fn report(results: &Results, names: &[String], more: &[&str]) -> String {
    let mut words = vec!["report"];
    words.extend(names.iter().map(String::as_str).chain(more.iter().copied()));
    results.exits(0, &words)
}

fn beside_each_other() -> Machines {
    let machines = (1..)
        .zip(fleet())
        .map(|(seed, machine)| Machine::of(&machine.name, &[record(&machine, seed)]));
    together(machines)
}

fn row<'a>(machines: &'a Machines, case: &str) -> &'a Row {
    machines.rows.iter().find(|row| row.case == case).expect(case)
}

#[test]
fn the_truths_of_machines_are_found() {
    let found = beside_each_other();
    let truth = |case: &str| -> Vec<f64> {
        let of = |machine: &Simulated| {
            let case = case.replace("multi_thread_cores", &format!("multi_thread_{}", machine.cores));
            machine.ratio(&case.parse().expect("a case"))
        };
        fleet().iter().map(of).collect()
    };
    for row in &found.rows {
        assert_eq!(row.of, 5, "{}", row.case);
        let truth = truth(&row.case);
        for ((_, on), truth) in row.on.iter().zip(&truth) {
            let ratio = on.ratio.expect("a ratio");
            assert!(
                (ratio.median / truth).ln().abs() < 0.03,
                "{} {truth} {ratio:?}",
                row.case
            );
        }
        let centre = truth.iter().map(|ratio| ratio.ln()).sum::<f64>() / 5.0;
        let effects = row.effects.expect("an estimate");
        assert!(
            effects.ratio.contains(centre.exp()),
            "{}: {centre} {effects:?}",
            row.case
        );
        assert!(
            (effects.ratio.median.ln() - centre).abs() < 0.03,
            "{}: {centre} {effects:?}",
            row.case
        );
    }
    let eight = row(&found, "yield/current_thread/worker/0B/8");
    assert_eq!((eight.judged, eight.holds, eight.of), (Together::Slower, 5, 5));
    // What machines differ by is more than their errors here, and is said to be.
    assert!(eight.effects.expect("an estimate").i_squared > 0.9);
}

#[test]
fn a_machine_with_the_opposite_sign_is_named() {
    let found = beside_each_other();
    let compute = row(&found, "compute/multi_thread_cores/worker/16KiB/8");
    assert_eq!((compute.judged, compute.holds), (Together::Differs, 4));
    let named: Vec<&str> = compute
        .opposite
        .iter()
        .map(|number| found.names[*number].as_str())
        .collect();
    assert_eq!(named, ["slow-to-wake"]);

    let (results, names) = written();
    let line = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.contains("compute/multi_thread_cores/worker/16KiB/8"));
        line.expect("the row").to_owned()
    };
    for format in ["text", "markdown"] {
        let text = report(&results, &names, &["--format", format]);
        let line = line(&text);
        assert!(line.contains("faster on 4 of 5") && line.contains("differs"), "{line}");
        let end = line.trim_end_matches([' ', '|']);
        assert!(end.ends_with("slow-to-wake (simulated)"), "{line}");
        assert!(
            text.contains("SIMULATED, measured by no machine: small (simulated), "),
            "{text}"
        );
        assert!(text.contains("cores: 2 (small (simulated)), 8 (middle"), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&report(&results, &names, &["--format", "json"])).expect("JSON");
    assert_eq!(json["names"].as_array().map(Vec::len), Some(5));
    assert_eq!(json["simulated"].as_array().map(Vec::len), Some(5));
    let page = report(&results, &names, &[]);
    let page = std::fs::read_to_string(page.trim()).expect("the page");
    assert!(page.contains("SIMULATED, measured by no machine") && page.contains("and the opposite on slow-to-wake"));
}

#[test]
fn where_spawn_overtakes_is_found_on_each_machine() {
    for (seed, machine) in (1..).zip(fleet()) {
        let (header, measurements) = record(&machine, seed);
        let rows: Vec<&Measurement> = measurements
            .iter()
            .filter(|m| m.case.workload == "wake" && m.strategy == "spawn")
            .collect();
        let found = crossover::crossover(&header, &rows).expect("a crossover");
        let truth = machine.crossover();
        // Between two numbers of children that were measured it is interpolated.
        assert!(
            (found.median / truth).ln().abs() < 0.08,
            "{}: {truth} {found:?}",
            machine.name
        );
    }
}

#[test]
fn what_no_machine_measured_is_never_taken_for_a_measurement() {
    let (results, names) = written();
    let one = names[0].as_str();
    for format in ["csv", "bmf", "github-action-benchmark"] {
        results.refuses(&["export", one, "--format", format], "measured by no machine");
    }
    results.write("A.md", "<!-- BEGIN headline -->\n<!-- END headline -->\n");
    results.refuses(
        &["report", one, "--format", "markdown", "--splice", "A.md"],
        "measured by no machine",
    );
    results.refuses(&["report", one, "--format", "svg"], "measured by no machine");
    for format in ["text", "summary"] {
        let text = results.exits(0, &["report", one, "--format", format]);
        assert!(text.starts_with("SIMULATED: small: 2 cores, a poll 10.0 ns,"), "{text}");
        assert_eq!(text.matches("SIMULATED: ").count(), 1, "{text}");
    }
    let markdown = results.exits(0, &["report", one, "--format", "markdown"]);
    assert!(markdown.contains("SIMULATED, measured by no machine"), "{markdown}");
    let page = results.exits(0, &["report", one]);
    let page = std::fs::read_to_string(page.trim()).expect("the page");
    assert!(page.contains("small (simulated)") && page.contains("SIMULATED, measured by no machine"));
    let from = results.path("latest-x");
    for (target, tasks) in TARGETS.iter().zip(1..) {
        let machine = Simulated::usual("x", 2);
        let case = format!("yield/current_thread/worker/0B/{tasks}")
            .parse()
            .expect("a case");
        results.write(
            &format!("latest-x/{target}.jsonl"),
            &lines(&machine.record(target, &[case], 10, 1)),
        );
    }
    results.refuses(
        &["record", "kept", "--from", from.to_str().expect("text")],
        "simulated, and measured by no machine",
    );
}

#[test]
fn so_many_are_not_simulated() {
    let results = Results::new();
    for (flag, number) in [
        ("--machines", "0"),
        ("--cases", "3000000"),
        ("--rounds", "5"),
        ("--rounds", "18446744073709551615"),
    ] {
        results.refuses(&["simulate", "x", flag, number], &format!("{flag} {number}: from "));
    }
    assert!(results.names().is_empty(), "{:?}", results.names());
}

#[test]
fn a_machine_counts_once() {
    let (results, names) = written();
    results.refuses(
        &["report", &names[0], &names[1], &names[0], "--format", "text"],
        "small and small: the same record of overhead; a machine counts once",
    );
    // Records of their own, of what looks like one machine.
    for (name, seed) in [("monday", 1), ("tuesday", 2), ("wednesday", 3)] {
        results.run(name, 2.0, seed);
    }
    let output = results.command(&["report", "monday", "tuesday", "wednesday", "--format", "text"]);
    exits(0, &output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("warning: monday, tuesday, wednesday: of one kind"),
        "{said}"
    );
}

#[test]
fn machines_that_cannot_be_read_are_named() {
    let (results, names) = written();
    let path = results.path("middle/overhead.jsonl");
    let text = std::fs::read_to_string(&path).expect("a record");
    std::fs::write(&path, text.replacen("0.0", "0.1", 1)).expect("written");
    let words = ["report", &names[0], &names[1], &names[2], "--format", "text"];
    results.refuses(
        &words,
        "middle/overhead.jsonl:1: the file was changed after it was written",
    );
    results.refuses(
        &["report", "small", "large", "midle", "--format", "text"],
        "did you mean middle?",
    );
}

#[test]
fn what_others_could_not_use_is_not_taken() {
    let results = Results::new();
    let environment = Environment {
        git: Some("0123456789ab".into()),
        ..Environment::here()
    };
    let write = |change: &dyn Fn(&mut Header)| {
        for target in TARGETS {
            let (mut header, measurements) = part(target, 2.0, 1);
            header.environment = environment.clone();
            change(&mut header);
            results.write(&format!("latest/{target}.jsonl"), &lines(&(header, measurements)));
        }
    };
    let check = |counted: (usize, usize), band: (f64, f64)| {
        let found = serde_json::json!({
            "held": false, "extent": "full", "seconds": 59.0, "environment": environment, "suspects": [],
            "bars": [{
                "check": "A/A", "what": "intervals that exclude 1", "figure": counted.0 as f64 / counted.1 as f64,
                "counted": counted, "band": band, "limit": {"at_most": 0.04}, "held": false
            }]
        });
        results.write("latest/selfcheck.json", &found.to_string());
    };
    let contribute = ["record", "epyc", "--contribute"];
    let objects = |says: &str| {
        let output = results.command(&contribute);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says), "`{says}` is not in: {said}");
        assert!(!results.path("machines/epyc").exists());
    };
    write(&|_| {});
    objects("there is no selfcheck.json");
    check((30, 300), (0.068, 0.14));
    objects("the suite is wrong on this machine: A/A: intervals that exclude 1");
    // 13 of 312 is 4.17%, which 4% may well be.
    check((13, 312), (0.0224, 0.0702));
    type Spoil<'a> = &'a dyn Fn(&mut Header);
    let spoiled: [(Spoil<'_>, &str); 4] = [
        (
            &|header| header.environment.git = Some("0123-dirty".into()),
            "its revision is 0123-dirty",
        ),
        (
            &|header| header.traps.push("Load by others: x.".into()),
            "it was disturbed: Load by others",
        ),
        (
            &|header| header.command = "JVS_TASKS=8 cargo bench".into(),
            "JVS_TASKS=8 chose something else",
        ),
        (&|header| header.matrix = "quick".into(), "the matrix is quick"),
    ];
    for (change, says) in spoiled {
        write(change);
        objects(says);
    }
    write(&|header| header.traps.push("Changing clock speed: 7%.".into()));
    results.exits(0, &contribute);
    assert!(results.path("machines/epyc/overhead.jsonl").exists());
    results.refuses(&contribute, "never overwritten");
}
