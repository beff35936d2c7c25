//! What the `JVS_*` variables ask for.

use std::fmt::Display;
use std::str::FromStr;

use measure::case::{FLAVORS, Flavor, Payload, SITES, Site, parse_tasks};
use measure::matrix::Matrix;
use measure::settings::RunSettings;
use measure::strategy::Strategy;
use measure::variables::{VARIABLES, VariableError};

use crate::delay::Delay;

/// The values of each axis; `None` where the variable is not set.
pub struct Asked {
    /// How much is measured.
    pub matrix: Matrix,
    /// How it is measured.
    pub settings: RunSettings,
    /// Workloads, those of other targets too.
    pub workloads: Option<Vec<String>>,
    /// The server's runtimes.
    pub flavors: Option<Vec<Flavor>>,
    /// Whether a handler, which is a task, is one of the sites.
    pub at_worker: bool,
    /// Bytes of a child's document.
    pub payloads: Option<Vec<usize>>,
    /// Children of a request.
    pub tasks: Option<Vec<usize>>,
    /// The strategies.
    pub strategies: Option<Vec<Strategy>>,
    /// The one that the others are compared to.
    pub reference: Option<Strategy>,
    /// Whether `JVS_ROUNDS` is set.
    pub rounds: bool,
    /// Whether a matrix is shared out among machines.
    pub shared_out: bool,
    /// The variables that were set, as `NAME=value`.
    pub set: Vec<String>,
}

impl Asked {
    /// Reads the variables through `variable`. `others` are the workloads of other targets, which are no mistake here, but
    /// nothing to do.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>, others: &[String]) -> Result<Self, VariableError> {
        let matrix = match variable("JVS_MATRIX").as_deref() {
            None | Some("default") => Matrix::Default,
            Some("quick") => Matrix::Quick,
            Some("full") => Matrix::Full,
            Some(other) => return Err(wrong("JVS_MATRIX", other, "no such matrix", "quick default full")),
        };
        let known = format!("{} {}", words(workloads()), words(others));
        let known_workload = |word: &str| {
            let base = word.split('@').next().unwrap_or(word);
            let known = workloads().contains(&word) || others.iter().any(|other| other == word || other == base);
            known.then(|| word.to_owned())
        };
        let sites = list(variable, "JVS_SITES", SITES, |word| Site::from_str(word).ok())?;
        let payload = |word: &str| Payload::from_str(word).ok().map(|payload| payload.0);
        let strategy = |word: &str| Strategy::from_str(word).ok();
        Ok(Self {
            matrix,
            settings: RunSettings::read(variable, matrix)?,
            workloads: list(variable, "JVS_WORKLOADS", &known, known_workload)?,
            flavors: list(variable, "JVS_FLAVORS", FLAVORS, |word| Flavor::from_str(word).ok())?,
            at_worker: sites.is_none_or(|sites| sites.contains(&Site::Worker)),
            payloads: list(
                variable,
                "JVS_PAYLOADS",
                "bytes with a unit, such as 0B 1KiB 64KiB",
                payload,
            )?,
            tasks: list(variable, "JVS_TASKS", "numbers from 1 to 1000000", |word| {
                parse_tasks(word).ok()
            })?,
            strategies: list(variable, "JVS_STRATEGIES", &Strategy::wanted(), strategy)?,
            reference: variable("JVS_REFERENCE")
                .map(|text| {
                    strategy(&text).ok_or_else(|| wrong("JVS_REFERENCE", &text, "no such strategy", Strategy::wanted()))
                })
                .transpose()?,
            rounds: variable("JVS_ROUNDS").is_some(),
            shared_out: variable("JVS_SHARD").is_some(),
            set: VARIABLES
                .iter()
                .filter(|(name, _)| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
                .filter_map(|(name, _)| Some(format!("{name}={}", variable(name)?)))
                .collect(),
        })
    }

    /// Whether a workload of this target is asked for, or none in particular.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads
            .as_ref()
            .is_none_or(|asked| asked.iter().any(|word| word == workload))
    }
}

/// What is wrong with a variable.
fn wrong(name: &'static str, value: &str, problem: &str, allowed: impl Into<String>) -> VariableError {
    VariableError::new(name, value, problem, allowed)
}

/// The values of a list of commas, each once; `None` where the variable is not set.
fn list<T: PartialEq>(
    variable: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, VariableError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    let mut values = Vec::new();
    for word in text.split(',').map(str::trim) {
        let value = parse(word).ok_or_else(|| wrong(name, word, "not such a value", allowed))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Some(values))
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The workloads of this target, as `JVS_WORKLOADS` names them.
pub fn workloads() -> Vec<&'static str> {
    Delay::ALL
        .map(Delay::workload)
        .into_iter()
        .chain(["serve", "fault"])
        .collect()
}
