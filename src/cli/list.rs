//! `list`: the cases of a matrix.

use clap::Args;

use super::{Answer, Format, print};
use crate::case::Case;
use crate::environment::cores;
use crate::matrix::{Matrix, SERVER_TARGET, Target};
use crate::selection::Selection;
use crate::session::warn_of_misspelled;
use crate::stats::FEWEST_ROUNDS;
use crate::targets::targets;
use crate::text::counted;
use crate::variables::variable;

#[derive(Args)]
#[command(
    after_help = "The JVS_ variables count as in `cargo bench`, but --matrix goes before JVS_MATRIX.\n\n\
                  Example: cargo run --release -- list --matrix full --target overhead"
)]
pub(super) struct Arguments {
    /// quick, default or full
    #[arg(long)]
    matrix: Option<Matrix>,
    /// Only this bench target: overhead, wakeups, compute, http or scale; server has points of its own
    #[arg(long)]
    target: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How long a target is expected to take, and to how many rounds it is cut then.
pub(super) struct Expected {
    /// Minutes: the target's limit where it would take longer.
    pub(super) minutes: f64,
    /// Rounds that fit into the limit where not all do.
    pub(super) cut_to: Option<usize>,
}

impl Expected {
    /// Of these measurements of a target.
    pub(super) fn of(selection: &Selection, target: &Target, measurements: &[(Case, Vec<String>)]) -> Self {
        if measurements.is_empty() {
            return Self {
                minutes: 0.0,
                cut_to: None,
            };
        }
        let plan = selection.plan(target, measurements);
        let minutes = selection.expected_time(&plan).as_secs_f64() / 60.0;
        let rounds = selection.settings.rounds;
        match selection.settings_for(target).minutes {
            Some(limit) if limit < minutes => Self {
                minutes: limit,
                // Rounds take about the same time each.
                cut_to: Some(((rounds as f64 * limit / minutes) as usize).max(FEWEST_ROUNDS.min(rounds))),
            },
            _ => Self { minutes, cut_to: None },
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    let mut targets = targets();
    let only = arguments.target.as_deref();
    if let Some(name) = only
        && !targets.iter().any(|target| target.name == name)
    {
        if name == SERVER_TARGET {
            return Err(
                "--target server: its points are no cases; `cargo bench --bench server -- --list` prints them".into(),
            );
        }
        let names: Vec<&str> = targets.iter().map(|target| target.name).collect();
        return Err(format!("--target {name}: no such target; allowed: {}", names.join(" ")).into());
    }
    warn_of_misspelled();
    let variable = |name: &str| match (name, &arguments.matrix) {
        ("JVS_MATRIX", Some(matrix)) => Some(matrix.to_string()),
        _ => variable(name),
    };
    let selection = Selection::read(variable, &targets)?;
    targets.retain(|target| only.is_none_or(|name| target.name == name));
    let mut rows = Vec::new();
    for target in &targets {
        let measurements = selection.measurements(target, cores(), |_| true)?;
        let expected = Expected::of(&selection, target, &measurements);
        rows.push((target, measurements, expected));
    }
    let strategies = |target: &Target| -> Vec<String> {
        let strategies = selection.strategies_in(target);
        strategies.iter().map(ToString::to_string).collect()
    };
    if arguments.format == Format::Json {
        let targets: Vec<serde_json::Value> = rows
            .iter()
            .map(|(target, measurements, expected)| {
                let cases: Vec<String> = measurements.iter().map(|(case, _)| case.to_string()).collect();
                serde_json::json!({
                    "target": target.name,
                    "matrix": selection.settings.matrix.to_string(),
                    "strategies": strategies(target),
                    "reference": selection.reference_in(target).to_string(),
                    "expected_minutes": expected.minutes,
                    "cases": cases,
                })
            })
            .collect();
        return print(&format!("{}\n", serde_json::Value::from(targets)));
    }
    let mut text = String::new();
    for (case, _) in rows.iter().flat_map(|(_, measurements, _)| measurements) {
        text += &format!("{case}\n");
    }
    text += "\n";
    let (mut cases, mut total) = (0, 0.0);
    for (target, measurements, expected) in rows.iter().filter(|(_, measurements, _)| !measurements.is_empty()) {
        text += &format!(
            "{:10}{:5} cases × {}, about {:.1} minutes{}\n",
            target.name,
            measurements.len(),
            strategies(target).join(" "),
            expected.minutes,
            expected.cut_to.map_or(String::new(), |rounds| format!(
                ", cut to about {}",
                counted(rounds, "round")
            )),
        );
        cases += measurements.len();
        total += expected.minutes;
    }
    text += &format!(
        "{:10}{cases:5} cases, about {total:.1} minutes ({} matrix, {})\n",
        "in all",
        selection.settings.matrix,
        counted(selection.settings.rounds, "round")
    );
    if only.is_none() {
        text += "The target server has points of its own: `cargo bench --bench server -- --list`.\n";
    }
    print(&text)
}
