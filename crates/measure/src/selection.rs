//! What is to be measured, as the `JVS_*` variables say it, checked.

use std::fmt::Display;
use std::str::FromStr;

use crate::case::{FLAVORS, Flavor, ParseError, Payload, Site, parse_tasks};
use crate::matrix::{Matrix, Target};
use crate::settings::RunSettings;
use crate::shard::{self, Shard};
use crate::strategy::{self, join};
use crate::variables::{VARIABLES, VariableError};
use crate::workload::Entry;

/// What the variables say.
#[derive(Debug, Clone)]
pub struct Selection {
    pub(crate) workloads: Option<Vec<String>>,
    pub(crate) flavors: Option<Vec<Flavor>>,
    pub(crate) sites: Option<Vec<Site>>,
    /// In bytes.
    pub(crate) payloads: Option<Vec<usize>>,
    pub(crate) tasks: Option<Vec<usize>>,
    /// The strategies to measure, in the order of tables.
    pub strategies: Vec<String>,
    /// The strategy that the others are compared to.
    pub reference: String,
    /// How to measure it.
    pub settings: RunSettings,
    /// Which share of each target's cases; `None` for all of them.
    pub shard: Option<Shard>,
    /// The variables that were set, as `NAME=value`, for the record's command.
    pub set: Vec<String>,
}

/// The values of a list of commas, each once.
fn listed(name: &'static str, text: &str, allowed: impl Fn() -> String) -> Result<Vec<String>, VariableError> {
    if text.trim().is_empty() {
        return Err(VariableError::new(name, text, "the list is empty", allowed()));
    }
    let mut values: Vec<String> = Vec::new();
    for value in text.split(',').map(|value| value.trim().to_owned()) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    words.join(" ")
}

impl Selection {
    /// Reads the `JVS_*` variables through `variable`, and checks every value against what some case of
    /// `targets` can have.
    pub fn read(variable: impl Fn(&str) -> Option<String>, targets: &[Target]) -> Result<Self, VariableError> {
        let entries: Vec<&Entry> = targets.iter().flat_map(|target| &target.workloads).collect();
        let list = |name: &'static str, allowed: &dyn Fn() -> String| {
            variable(name).map(|text| listed(name, &text, allowed)).transpose()
        };
        // A list whose values must all be among these names.
        let among = |name: &'static str, what: &str, names: &[&str]| {
            let values = list(name, &|| words(names))?;
            match values.iter().flatten().find(|value| !names.contains(&value.as_str())) {
                None => Ok(values),
                Some(wrong) => Err(VariableError::new(name, wrong, format!("no such {what}"), words(names))),
            }
        };

        let matrix = match variable("JVS_MATRIX").as_deref() {
            None | Some("default") => Matrix::Default,
            Some("quick") => Matrix::Quick,
            Some("full") => Matrix::Full,
            Some(other) => {
                return Err(VariableError::new(
                    "JVS_MATRIX",
                    other,
                    "no such matrix",
                    "quick default full",
                ));
            }
        };
        let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
        let workloads = among("JVS_WORKLOADS", "workload", &names)?;
        let mut strategies = match among("JVS_STRATEGIES", "strategy", strategy::NAMES)? {
            Some(names) => names,
            None if matrix == Matrix::Full => strategy::NAMES.iter().map(|name| (*name).to_owned()).collect(),
            None => vec!["join".to_owned(), "spawn".to_owned()],
        };
        strategies.sort_by_key(|name| strategy::NAMES.iter().position(|known| known == name));
        let reference = variable("JVS_REFERENCE").unwrap_or_else(|| "join".to_owned());
        if !strategy::NAMES.contains(&reference.as_str()) {
            return Err(VariableError::new(
                "JVS_REFERENCE",
                reference,
                "no such strategy",
                words(strategy::NAMES),
            ));
        }

        let flavor_names = || FLAVORS.to_owned();
        let flavors = parsed::<Flavor>("JVS_FLAVORS", list("JVS_FLAVORS", &flavor_names)?, &flavor_names)?;
        let site_names = || "worker block_on".to_owned();
        let sites = parsed::<Site>("JVS_SITES", list("JVS_SITES", &site_names)?, &site_names)?;
        let payload_names = || {
            let mut all: Vec<usize> = entries.iter().flat_map(|entry| entry.payloads).copied().collect();
            all.sort_unstable();
            all.dedup();
            words(all.into_iter().map(Payload))
        };
        let payloads = parsed::<Payload>("JVS_PAYLOADS", list("JVS_PAYLOADS", &payload_names)?, &payload_names)?;
        for payload in payloads.iter().flatten() {
            if !entries.iter().any(|entry| entry.payloads.contains(&payload.0)) {
                let problem = "no workload has this payload";
                return Err(VariableError::new(
                    "JVS_PAYLOADS",
                    payload.to_string(),
                    problem,
                    payload_names(),
                ));
            }
        }

        let selection = Selection {
            workloads,
            flavors,
            sites,
            payloads: payloads.map(|payloads| payloads.into_iter().map(|payload| payload.0).collect()),
            tasks: None,
            strategies,
            reference,
            settings: RunSettings::read(&variable, matrix)?,
            shard: match variable("JVS_SHARD") {
                None => None,
                Some(text) => match text.parse() {
                    Ok(shard) => Some(shard),
                    Err(()) => return Err(VariableError::new("JVS_SHARD", text, "not a share", shard::WANTED)),
                },
            },
            set: VARIABLES
                .iter()
                .filter(|(name, _)| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
                .filter_map(|(name, _)| Some(format!("{name}={}", variable(name)?)))
                .collect(),
        };
        let allowed = || match selection.joins() {
            true => format!(
                "{} (join! takes its number of children when it is compiled; any from 1 to 65536 when neither \
                 JVS_STRATEGIES nor JVS_REFERENCE is join)",
                words(join::ARITIES)
            ),
            false => "any number from 1 to 65536".to_owned(),
        };
        let wrong = |value: &str, problem: &str| VariableError::new("JVS_TASKS", value, problem, allowed());
        let number = |value: String| match parse_tasks(&value) {
            Ok(number) if !selection.joins() || join::ARITIES.contains(&number) => Ok(number),
            Ok(_) => Err(wrong(&value, "no join! of that many children is compiled in")),
            Err(_) => Err(wrong(&value, "not a number of tasks")),
        };
        let tasks = list("JVS_TASKS", &allowed)?;
        let tasks = tasks
            .map(|values| values.into_iter().map(number).collect())
            .transpose()?;
        Ok(Selection { tasks, ..selection })
    }

    /// How to measure a target, which has a limit of time of its own.
    pub fn settings_for(&self, target: &Target) -> RunSettings {
        let minutes = self
            .settings
            .minutes
            .or_else(|| target.minutes.in_matrix(self.settings.matrix));
        RunSettings {
            minutes,
            ..self.settings.clone()
        }
    }

    /// Whether a join! is measured, whose number of children is fixed when it is compiled.
    pub(crate) fn joins(&self) -> bool {
        self.reference == "join" || self.strategies.iter().any(|name| name == "join")
    }
}

/// Parses each value of a list.
fn parsed<T: FromStr<Err = ParseError>>(
    variable: &'static str,
    values: Option<Vec<String>>,
    allowed: &dyn Fn() -> String,
) -> Result<Option<Vec<T>>, VariableError> {
    let parse = |value: String| {
        let wrong =
            |error: ParseError| VariableError::new(variable, &value, format!("not {}", error.wanted), allowed());
        value.parse().map_err(wrong)
    };
    values.map(|values| values.into_iter().map(parse).collect()).transpose()
}
