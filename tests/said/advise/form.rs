//! The page's form and the command agree.

use std::path::Path;
use std::process::Command;

use join_vs_spawn::case::Payload;
use serde_json::Value;

use super::{json, strategies};
use crate::common::browser::{browse, has_browser};
use crate::common::exits;

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
            let bound = ["", "", "", "1", "16", "200"][random.usize(..6)];
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
            flags.extend((!bound.is_empty()).then(|| format!("--bound={bound}")));
            flags.extend(checked.map(|need| format!("--{}", need.replace('_', "-"))));
            Posed {
                fields: vec![
                    ("tasks", tasks),
                    ("wakes", wakes),
                    ("work", work),
                    ("wait", wait),
                    ("payload", payload.to_string()),
                    ("bound", bound.to_owned()),
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
    let mut posed = posed(60);
    // No child at once is no question.
    posed.push(Posed {
        fields: vec![("bound", "0".to_owned())],
        checked: None,
        flags: Vec::new(),
    });
    std::fs::write(&file, page.replace("</body>", &filled_in(&posed))).expect("a file");
    let (dom, errors) = browse(&file, "");
    assert!(!errors.contains("CONSOLE"), "{errors}");
    let said = dom.split_once("<pre id=\"said\">").expect("what the form said").1;
    let said = said.split("</pre>").next().expect("its end");
    let mut said: Vec<Vec<Value>> = serde_json::from_str(said).expect("JSON");
    assert_eq!(said.pop(), Some(Vec::new()), "a bound of 0");
    posed.pop();
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
