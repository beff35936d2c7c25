//! `advise`: answers from kept runs, and from measurements whose unit costs are known.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use join_vs_spawn::case::{Case, Payload};
use join_vs_spawn::record::Measurement;
use measure::advise::validation::{self, Call};
use measure::advise::{Model, Needs, Question, advise};
use serde_json::Value;

use crate::common::browser::{browse, has_browser};
use crate::common::{exits, measured};

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
    for name in ["tokio-1.54.1-5", "tokio-1.54.1-7"] {
        let text = answer(&["--validate", name, "--format", "json"]);
        let json: Value = serde_json::from_str(&text).expect("JSON");
        assert!(json[0]["predicted"].as_u64().expect("a number") >= 60, "{name}");
        assert_eq!(json[0]["gaps"][0], json[0]["gaps"][1], "{name}: every winner");
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
        assert!(
            answer.to_string().contains("range") || answer.to_string().contains("not calibrated"),
            "{answer}"
        );
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
            &["--calibrate", "--flavor", "multi_thread_2"],
            "--flavor multi_thread_2",
            "multi_thread_1",
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

/// Unit costs that are known: ns of a fan-out.
fn truth(case: &Case, strategy: &str) -> f64 {
    let n = case.tasks as f64;
    let carried = case.payload.0 as f64;
    match (case.workload.as_str(), strategy) {
        ("yield", "join") => 400.0 + n * (12.0 + 0.05 * carried),
        ("yield", "spawn") => 450.0 + n * (250.0 + 0.1 * carried),
        ("wake", "join") => 50.0 + n * (12.0 + 90.0) + 14.0 * n * (n - 1.0) / 2.0,
        ("wake", "spawn") => 100.0 + n * (270.0 + 90.0),
        other => panic!("{other:?}"),
    }
}

/// A run over such costs, off by so much at most from case to case and from strategy to strategy.
fn simulated(noise: f64, seed: u64) -> Vec<Measurement> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut run = Vec::new();
    let yields = [1, 2, 4, 8, 16, 32, 64].map(|tasks| format!("yield/current_thread/worker/0B/{tasks}"));
    let carrying = ["64B", "1KiB", "4KiB"].map(|payload| format!("yield/current_thread/worker/{payload}/8"));
    let wakes = [1, 4, 8, 16, 32, 64, 128, 256].map(|tasks| format!("wake/current_thread/worker/0B/{tasks}"));
    for id in yields.iter().chain(&carrying).chain(&wakes) {
        let case: Case = id.parse().expect("a case");
        let off = |random: &mut fastrand::Rng| (noise * (2.0 * random.f64() - 1.0)).exp();
        let join = truth(&case, "join") * off(&mut random);
        let ratio = truth(&case, "spawn") / truth(&case, "join") * off(&mut random);
        for (strategy, ratio) in [("join", 1.0f64), ("spawn", ratio)] {
            let rounds = (0..10)
                .map(|round| vec![ratio.ln() + 0.002 * f64::from(round - 5)])
                .collect();
            run.push(measured(&case, strategy, rounds, join, 0.01));
        }
    }
    run
}

fn question(tasks: usize, wakes: &str) -> Question {
    Question {
        scope: "current_thread/worker".parse().expect("a scope"),
        tasks,
        wakes: wakes.parse().expect("a way to be woken"),
        times: 1.0,
        payload: 0,
        work_ns: 0.0,
        idle_ns: 0.0,
        wait_ns: 0.0,
    }
}

#[test]
fn known_unit_costs_are_found() {
    let run = simulated(0.0, 1);
    let model = Model::of("simulated", &run).expect("a model");
    for (wakes, tasks) in [("together", 24), ("separate", 48), ("separate", 100)] {
        for strategy in ["join", "spawn"] {
            let workload = if wakes == "together" { "yield" } else { "wake" };
            let case = format!("{workload}/current_thread/worker/0B/{tasks}")
                .parse()
                .expect("a case");
            let predicted = model.predict(&question(tasks, wakes), strategy).expect("a sum").ns();
            let off = predicted / truth(&case, strategy) - 1.0;
            assert!(off.abs() < 0.03, "{case} {strategy}: {off}");
        }
    }
    let carries = Question {
        payload: 2 << 10,
        ..question(8, "separate")
    };
    let more = model.predict(&carries, "join").expect("a sum").ns()
        - model.predict(&question(8, "separate"), "join").expect("a sum").ns();
    assert!((more / (8.0 * 0.05 * 2048.0) - 1.0).abs() < 0.1, "{more}");
    let mut advice = advise(&model, &[], &question(20, "separate"), &Needs::default());
    assert_eq!(advice.ranked.remove(0).strategy, "join");
    assert_eq!(advice.ranked[0].call, Some(Call::Sure));
    let advice = advise(&model, &[], &question(200, "separate"), &Needs::default());
    assert_eq!(advice.ranked[0].strategy, "spawn");
}

#[test]
fn intervals_hold_what_another_run_measures() {
    let (mut covered, mut rows) = (0, 0);
    for seed in 0..10 {
        let model = Model::of("one", &simulated(0.08, seed)).expect("a model");
        let other = simulated(0.08, 1000 + seed);
        let other: Vec<&Measurement> = other.iter().collect();
        for validation in [
            validation::leave_one_out("itself", &model),
            validation::asked_about("another", &model, &other),
        ] {
            rows += validation.rows.len();
            covered += validation.rows.iter().filter(|row| row.covered).count();
            assert!(validation.median_error < 0.08, "{validation:?}");
            assert_eq!(validation.too_close.1, 0);
        }
    }
    let share = covered as f64 / rows as f64;
    assert!((0.85..=0.97).contains(&share), "{share} of {rows}");
}

/// A question as the form and as the command have it.
struct Posed {
    fields: Vec<(&'static str, String)>,
    checked: Option<&'static str>,
    flags: Vec<String>,
}

/// Questions drawn at random, of those that the page's run can answer and of some that it cannot.
fn posed(count: usize) -> Vec<Posed> {
    let mut random = fastrand::Rng::with_seed(18);
    let needs = ["borrows", "not_send", "stop", "contain_panics", "run_time_count"];
    (0..count)
        .map(|_| {
            let mut pick = |of: &[&str]| of[random.usize(..of.len())].to_owned();
            let wakes = pick(&[
                "together", "together", "separate", "separate", "separate", "in_turn", "never",
            ]);
            let scope = pick(&[
                "current_thread/worker",
                "current_thread/worker",
                "multi_thread_1/worker",
                "current_thread/block_on",
            ]);
            let work = pick(&["0", "350", "2000", "47000"]);
            let wait = if wakes == "never" {
                "0".to_owned()
            } else {
                pick(&["0", "0", "2500000"])
            };
            let tasks = random.usize(1..150).to_string();
            let payload = [0, 0, 64, 200, 1024, 3000, 5000, 16384][random.usize(..8)];
            let checked = (random.usize(..3) == 0).then(|| needs[random.usize(..needs.len())]);
            let (flavor, site) = scope.split_once('/').expect("both");
            let mut flags: Vec<String> = [
                ("--tasks", tasks.clone()),
                ("--wakes", wakes.clone()),
                ("--work", format!("{work}ns")),
                ("--wait", format!("{wait}ns")),
                ("--payload", Payload(payload).to_string()),
                ("--flavor", flavor.to_owned()),
                ("--site", site.to_owned()),
            ]
            .map(|(flag, value)| format!("{flag}={value}"))
            .into();
            flags.extend(checked.map(|need| format!("--{}", need.replace('_', "-"))));
            Posed {
                fields: vec![
                    ("tasks", tasks),
                    ("wakes", wakes),
                    ("work", work),
                    ("wait", wait),
                    ("payload", payload.to_string()),
                    ("scope", scope),
                ],
                checked,
                flags,
            }
        })
        .collect()
}

/// Fills the form in as a reader does, and writes down what it then shows.
fn filled_in(posed: &[Posed]) -> String {
    let questions: Vec<Value> = posed
        .iter()
        .map(|posed| {
            let fields: serde_json::Map<String, Value> = posed
                .fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                .collect();
            serde_json::json!({ "fields": fields, "checked": posed.checked })
        })
        .collect();
    format!(
        r#"<script>
        (() => {{
          const form = document.getElementById("advise-form");
          const all = [];
          for (const question of {}) {{
            form.reset();
            for (const [name, value] of Object.entries(question.fields)) form.elements.namedItem(name).value = value;
            if (question.checked) form.elements.namedItem(question.checked).checked = true;
            form.dispatchEvent(new Event("input", {{ bubbles: true }}));
            const rows = Array.from(form.querySelectorAll("output tbody tr"), (row) => ({{ ...row.dataset }}));
            all.push(rows);
          }}
          const said = document.createElement("pre");
          said.id = "said";
          said.textContent = JSON.stringify(all);
          document.body.append(said);
        }})();
        </script></body>"#,
        Value::from(questions)
    )
}

#[test]
fn the_pages_form_says_what_the_command_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.html");
    let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .env("JVS_RESULTS", Path::new(env!("CARGO_MANIFEST_DIR")).join("results"))
        .args(["report", "tokio-1.54.1-7", "--output"])
        .arg(&file)
        .output()
        .expect("the program starts");
    exits(0, &output);
    let page = std::fs::read_to_string(&file).expect("a page");
    // Without a script there is the table.
    let (_, table) = page.split_once("id=\"advise\"").expect("a section");
    assert!(table.contains("The fastest, and what is too close"), "no table");
    if !has_browser() {
        return;
    }
    let posed = posed(50);
    std::fs::write(&file, page.replace("</body>", &filled_in(&posed))).expect("a file");
    let (dom, errors) = browse(&file, "");
    assert!(!errors.contains("CONSOLE"), "{errors}");
    let said = dom.split_once("<pre id=\"said\">").expect("what the form said").1;
    let said = said.split("</pre>").next().expect("its end");
    let said: Vec<Vec<Value>> = serde_json::from_str(said).expect("JSON");
    let (mut answered, number) = (0, |value: &Value| {
        value.as_str().and_then(|text| text.parse::<f64>().ok())
    });
    for (posed, rows) in posed.iter().zip(&said) {
        let flags: Vec<&str> = posed.flags.iter().map(String::as_str).collect();
        let command = json(&flags);
        let ranked = command["ranked"].as_array().expect("a list");
        let names: Vec<&str> = rows.iter().filter_map(|row| row["strategy"].as_str()).collect();
        assert_eq!(names, strategies(&command, "ranked"), "{flags:?}");
        for (row, ranked) in rows.iter().zip(ranked) {
            for (field, of_command) in [
                ("ns", "ns"),
                ("ratio", "ratio"),
                ("low", "ratio_low"),
                ("high", "ratio_high"),
            ] {
                let (page, command) = (
                    number(&row[field]).expect(field),
                    ranked[of_command].as_f64().expect(field),
                );
                assert!(
                    (page / command - 1.0).abs() < 5e-4,
                    "{flags:?} {field}: {page} {command}"
                );
            }
            answered += 1;
        }
    }
    assert!(answered > 30, "{answered} rows is too few to tell");
}
