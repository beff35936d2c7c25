//! `list`: the cases of a matrix.

use std::process::ExitCode;

use super::{Format, bad_input, print};
use crate::environment::cores;
use crate::matrix::{SERVER_TARGET, Target};
use crate::selection::Selection;
use crate::session::warn_of_misspelled;
use crate::targets::targets;
use crate::variables::variable;

pub(super) fn run(matrix: Option<String>, only: Option<&str>, format: Format) -> ExitCode {
    let targets = targets();
    if let Some(name) = only
        && !targets.iter().any(|target| target.name == name)
    {
        if name == SERVER_TARGET {
            return bad_input(
                "--target server: its points are no cases; `cargo bench --bench server -- --list` prints them",
            );
        }
        let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
        return bad_input(format!("--target {name}: no such target; allowed: {}", names.join(" ")));
    }
    warn_of_misspelled();
    let variable = |name: &str| match (name, &matrix) {
        ("JVS_MATRIX", Some(matrix)) => Some(matrix.clone()),
        _ => variable(name),
    };
    let selection = match Selection::read(variable, &targets) {
        Ok(selection) => selection,
        Err(error) => return bad_input(error),
    };
    let mut rows = Vec::new();
    for target in targets
        .iter()
        .filter(|target| only.is_none_or(|name| target.name == name))
    {
        match selection.measurements(target, cores(), |_| true) {
            Ok(measurements) => rows.push((target, measurements)),
            Err(error) => return bad_input(error),
        }
    }
    let minutes = |target: &Target, measurements: &[_]| {
        let plan = selection.plan(target, measurements);
        selection.expected_time(&plan).as_secs_f64() / 60.0
    };
    let strategies = |target: &Target| -> Vec<String> {
        let strategies = selection.strategies_in(target);
        strategies.iter().map(ToString::to_string).collect()
    };
    if format == Format::Json {
        let targets: Vec<serde_json::Value> = rows
            .iter()
            .map(|(target, measurements)| {
                let cases: Vec<String> = measurements.iter().map(|(case, _)| case.to_string()).collect();
                serde_json::json!({
                    "target": target.name,
                    "matrix": selection.settings.matrix.to_string(),
                    "strategies": strategies(target),
                    "reference": selection.reference_in(target).to_string(),
                    "expected_minutes": if cases.is_empty() { 0.0 } else { minutes(target, measurements) },
                    "cases": cases,
                })
            })
            .collect();
        return print(&format!("{}\n", serde_json::Value::from(targets)));
    }
    let mut text = String::new();
    for (_, measurements) in &rows {
        for (case, _) in measurements {
            text += &format!("{case}\n");
        }
    }
    text += "\n";
    let (mut cases, mut total) = (0, 0.0);
    for (target, measurements) in rows.iter().filter(|(_, measurements)| !measurements.is_empty()) {
        let time = minutes(target, measurements);
        text += &format!(
            "{:10}{:5} cases × {}, about {time:.1} minutes\n",
            target.name,
            measurements.len(),
            strategies(target).join(" ")
        );
        cases += measurements.len();
        total += time;
    }
    text += &format!(
        "{:10}{cases:5} cases, about {total:.1} minutes ({} matrix, {} rounds)\n",
        "in all", selection.settings.matrix, selection.settings.rounds
    );
    if only.is_none() {
        text += "The target server has points of its own: `cargo bench --bench server -- --list`.\n";
    }
    print(&text)
}
