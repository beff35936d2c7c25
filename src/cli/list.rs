//! `list`: the cases of a matrix.

use std::process::ExitCode;

use super::{Format, bad_input};
use crate::environment::cores;
use crate::matrix::Target;
use crate::selection::Selection;
use crate::targets::targets;
use crate::variables::variable;

pub(super) fn run(matrix: Option<String>, only: Option<&str>, format: Format) -> ExitCode {
    let targets = targets();
    if let Some(name) = only
        && !targets.iter().any(|target| target.name == name)
    {
        let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
        return bad_input(format!("--target {name}: no such target; allowed: {}", names.join(" ")));
    }
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
        println!("{}", serde_json::Value::from(targets));
        return ExitCode::SUCCESS;
    }
    for (_, measurements) in &rows {
        for (case, _) in measurements {
            println!("{case}");
        }
    }
    println!();
    let (mut cases, mut total) = (0, 0.0);
    for (target, measurements) in rows.iter().filter(|(_, measurements)| !measurements.is_empty()) {
        let time = minutes(target, measurements);
        println!(
            "{:10}{:5} cases × {}, about {time:.1} minutes",
            target.name,
            measurements.len(),
            strategies(target).join(" ")
        );
        cases += measurements.len();
        total += time;
    }
    println!(
        "{:10}{cases:5} cases, about {total:.1} minutes ({} matrix, {} rounds)",
        "in all", selection.settings.matrix, selection.settings.rounds
    );
    ExitCode::SUCCESS
}
