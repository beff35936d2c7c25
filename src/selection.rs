//! What is to be measured, as the `JVS_*` variables say it, checked.

use std::time::Duration;

use crate::case::{Flavor, ParseError, Payload, Site, parse_tasks};
use crate::matrix::{Matrix, Target};
use crate::stats::FEWEST_ROUNDS;
use crate::strategy::{self, join};
use crate::workload::Entry;

/// A variable that holds something else than it can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}={value}: {problem}; allowed: {allowed}")]
pub struct VariableError {
    variable: &'static str,
    value: String,
    problem: String,
    allowed: String,
}

impl VariableError {
    pub(crate) fn new(
        variable: &'static str,
        value: impl Into<String>,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            variable,
            value: value.into(),
            problem: problem.into(),
            allowed: allowed.into(),
        }
    }
}

/// The variables of the suite, each with what it does, for `--help` and for spotting misspelled ones.
pub const VARIABLES: &[(&str, &str)] = &[
    (
        "JVS_MATRIX",
        "quick, default or full: which sweeps are measured [default]",
    ),
    (
        "JVS_WORKLOADS",
        "only these workloads: ready,yield,wake,compute,http,http_delay,http_parse,http_straggler",
    ),
    (
        "JVS_FLAVORS",
        "only these runtimes: current_thread,multi_thread_2,local",
    ),
    ("JVS_SITES", "only these sites: worker,block_on"),
    (
        "JVS_PAYLOADS",
        "these payloads instead: 0B,64B,1KiB,4KiB,16KiB,64KiB,1MiB",
    ),
    ("JVS_TASKS", "these numbers of children instead: 1,8,64"),
    (
        "JVS_STRATEGIES",
        "these strategies: join,spawn,join_all,join_set,futures_unordered,sequential [join,spawn]",
    ),
    (
        "JVS_REFERENCE",
        "the strategy that the others are compared to [join]",
    ),
    (
        "JVS_ROUNDS",
        "processes that sweep over all cases: 1 for a preview, else 6 or more [100; quick: 20]",
    ),
    (
        "JVS_LAYOUTS",
        "differently linked copies of the program that rounds are made by; 1 turns it off [20, or as many as rounds]",
    ),
    (
        "JVS_MINUTES",
        "how long a target may take: what does not fit is cut, and said [by target; own children: 5; full: no limit]",
    ),
    (
        "JVS_SPAN",
        "seconds over which a run of few cases is spread at least [15; quick: 7]",
    ),
    (
        "JVS_DEADLINE",
        "seconds without a word from a round after which the case under way has failed [30]",
    ),
    ("JVS_SEED", "seed of orders and data [drawn anew]"),
    ("JVS_RESUME", "1: go on with the run that was cut short"),
    ("JVS_RESULTS", "folder of the records [results]"),
];

/// What the variables say.
#[derive(Debug, Clone)]
pub struct Selection {
    /// `JVS_MATRIX`.
    pub matrix: Matrix,
    pub(crate) workloads: Option<Vec<String>>,
    pub(crate) flavors: Option<Vec<Flavor>>,
    pub(crate) sites: Option<Vec<Site>>,
    pub(crate) payloads: Option<Vec<usize>>,
    pub(crate) tasks: Option<Vec<usize>>,
    /// The strategies to measure, in the order of tables.
    pub strategies: Vec<String>,
    /// The strategy that the others are compared to.
    pub reference: String,
    /// Processes that sweep over all cases.
    pub rounds: usize,
    /// Layouts that rounds are made by, at most.
    pub layouts: usize,
    /// `JVS_MINUTES`, if set.
    pub(crate) minutes: Option<f64>,
    /// The time over which a run is spread at least.
    pub span: Duration,
    /// How long a round may be silent.
    pub deadline: Duration,
    /// `JVS_SEED`, if set.
    pub seed: Option<u64>,
    /// Whether to go on with the run that was cut short.
    pub resume: bool,
    /// The variables that were set, as `NAME=value`, for the record's command.
    pub set: Vec<String>,
}

impl Selection {
    /// Reads the `JVS_*` variables through `variable`, and checks every value against what some case of
    /// `targets` can have.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        targets: &[Target],
    ) -> Result<Self, VariableError> {
        let entries: Vec<Entry> = targets.iter().flat_map(Target::entries).collect();
        let list = |name: &'static str, allowed: &dyn Fn() -> String| {
            let Some(text) = variable(name) else {
                return Ok(None);
            };
            if text.trim().is_empty() {
                return Err(VariableError::new(
                    name,
                    text,
                    "the list is empty",
                    allowed(),
                ));
            }
            let mut values: Vec<String> = Vec::new();
            for value in text.split(',').map(|value| value.trim().to_owned()) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            Ok(Some(values))
        };

        let workload_names = || join_words(entries.iter().map(|entry| entry.name));
        let workloads = list("JVS_WORKLOADS", &workload_names)?;
        for name in workloads.iter().flatten() {
            if !entries.iter().any(|entry| entry.name == name) {
                return Err(VariableError::new(
                    "JVS_WORKLOADS",
                    name,
                    "no such workload",
                    workload_names(),
                ));
            }
        }

        let strategy_names = || join_words(strategy::NAMES.iter().copied());
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
        let known = |name: &'static str, value: &str| {
            if strategy::NAMES.contains(&value) {
                Ok(())
            } else {
                Err(VariableError::new(
                    name,
                    value,
                    "no such strategy",
                    strategy_names(),
                ))
            }
        };
        let mut strategies = match list("JVS_STRATEGIES", &strategy_names)? {
            Some(names) => names,
            None if matrix == Matrix::Full => {
                strategy::NAMES.iter().map(|n| n.to_string()).collect()
            }
            None => vec!["join".to_owned(), "spawn".to_owned()],
        };
        for name in &strategies {
            known("JVS_STRATEGIES", name)?;
        }
        strategies.sort_by_key(|name| strategy::NAMES.iter().position(|known| known == name));
        let reference = variable("JVS_REFERENCE").unwrap_or_else(|| "join".to_owned());
        known("JVS_REFERENCE", &reference)?;
        let joins = reference == "join" || strategies.iter().any(|name| name == "join");
        let flavors = parsed::<Flavor>(
            "JVS_FLAVORS",
            list("JVS_FLAVORS", &flavor_names)?,
            &flavor_names,
        )?;
        let site_names = || "worker block_on".to_owned();
        let sites = parsed::<Site>("JVS_SITES", list("JVS_SITES", &site_names)?, &site_names)?;

        let payload_names = || {
            let mut all: Vec<usize> = entries.iter().flat_map(|e| e.payloads).copied().collect();
            all.sort_unstable();
            all.dedup();
            join_words(all.into_iter().map(Payload))
        };
        let payloads = parsed::<Payload>(
            "JVS_PAYLOADS",
            list("JVS_PAYLOADS", &payload_names)?,
            &payload_names,
        )?
        .map(|payloads| {
            payloads
                .into_iter()
                .map(|payload| payload.0)
                .collect::<Vec<_>>()
        });
        for &bytes in payloads.iter().flatten() {
            if !entries.iter().any(|entry| entry.payloads.contains(&bytes)) {
                return Err(VariableError::new(
                    "JVS_PAYLOADS",
                    Payload(bytes).to_string(),
                    "no workload has this payload",
                    payload_names(),
                ));
            }
        }

        let task_numbers = || {
            if joins {
                format!(
                    "{} (join! takes its number of children when it is compiled; any from 1 to 65536 \
                     when neither JVS_STRATEGIES nor JVS_REFERENCE is join)",
                    join_words(join::ARITIES)
                )
            } else {
                "any number from 1 to 65536".to_owned()
            }
        };
        let mut tasks = None;
        if let Some(values) = list("JVS_TASKS", &task_numbers)? {
            let mut numbers = Vec::new();
            for value in values {
                match parse_tasks(&value) {
                    Ok(number) if !joins || join::ARITIES.contains(&number) => numbers.push(number),
                    Ok(_) => {
                        return Err(VariableError::new(
                            "JVS_TASKS",
                            value,
                            "no join! of that many children is compiled in",
                            task_numbers(),
                        ));
                    }
                    Err(_) => {
                        return Err(VariableError::new(
                            "JVS_TASKS",
                            value,
                            "not a number of tasks",
                            task_numbers(),
                        ));
                    }
                }
            }
            tasks = Some(numbers);
        }

        let rounds = number(
            &variable,
            "JVS_ROUNDS",
            if matrix == Matrix::Quick { 20 } else { 100 },
            "1 (a preview), or 6 to 1000",
            |&n: &usize| n == 1 || (FEWEST_ROUNDS..=1000).contains(&n),
        )?;
        let span = match matrix {
            _ if rounds == 1 => 0,
            Matrix::Quick => 7,
            Matrix::Default | Matrix::Full => 15,
        };
        Ok(Selection {
            matrix,
            workloads,
            flavors,
            sites,
            payloads,
            tasks,
            strategies,
            reference,
            rounds,
            layouts: number(
                &variable,
                "JVS_LAYOUTS",
                rounds.min(LAYOUTS),
                "1 (the program as it was built), or 6 to 200",
                |&n: &usize| n == 1 || (FEWEST_ROUNDS..=200).contains(&n),
            )?,
            minutes: match variable("JVS_MINUTES") {
                None => None,
                Some(_) => Some(number(
                    &variable,
                    "JVS_MINUTES",
                    0.0,
                    "minutes above 0, up to 10080; fractions too",
                    |&minutes: &f64| minutes > 0.0 && minutes <= 10_080.0,
                )?),
            },
            span: Duration::from_secs(number(
                &variable,
                "JVS_SPAN",
                span,
                "seconds from 0 to 86400",
                |&n: &u64| n <= 86_400,
            )?),
            deadline: Duration::from_secs(number(
                &variable,
                "JVS_DEADLINE",
                30,
                "seconds from 1 to 86400",
                |n: &u64| (1..=86_400).contains(n),
            )?),
            seed: match variable("JVS_SEED") {
                None => None,
                Some(_) => Some(number(
                    &variable,
                    "JVS_SEED",
                    0,
                    "a number from 0 to 2^64 - 1",
                    |_: &u64| true,
                )?),
            },
            resume: number(&variable, "JVS_RESUME", 0, "0 or 1", |&n: &u8| n <= 1)? == 1,
            set: VARIABLES
                .iter()
                .filter(|(name, _)| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
                .filter_map(|(name, _)| Some(format!("{name}={}", variable(name)?)))
                .collect(),
        })
    }

    /// How long a run of `target` may take, in minutes; `None` for as long as it takes.
    pub(crate) fn minutes(&self, target: &Target) -> Option<f64> {
        self.minutes
            .or_else(|| target.minutes.in_matrix(self.matrix))
    }

    /// Whether a join! is measured, whose number of children is fixed when it is compiled.
    pub(crate) fn joins(&self) -> bool {
        self.reference == "join" || self.strategies.iter().any(|name| name == "join")
    }
}

/// Layouts of a run that has as many rounds: each costs a quarter of a second once, and disk space.
const LAYOUTS: usize = 20;

fn flavor_names() -> String {
    "current_thread, local, multi_thread_K with K workers from 1 to 512".to_owned()
}

fn join_words<T: ToString>(words: impl IntoIterator<Item = T>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Parses each value of a list.
fn parsed<T: std::str::FromStr<Err = ParseError>>(
    variable: &'static str,
    values: Option<Vec<String>>,
    allowed: &dyn Fn() -> String,
) -> Result<Option<Vec<T>>, VariableError> {
    let parse = |value: String| {
        value.parse().map_err(|error: ParseError| {
            VariableError::new(variable, &value, format!("not {}", error.wanted), allowed())
        })
    };
    values
        .map(|values| values.into_iter().map(parse).collect())
        .transpose()
}

/// Reads a number, or takes `unset`.
fn number<T: std::str::FromStr>(
    variable: impl Fn(&str) -> Option<String>,
    name: &'static str,
    unset: T,
    allowed: &'static str,
    holds: impl Fn(&T) -> bool,
) -> Result<T, VariableError> {
    match variable(name) {
        None => Ok(unset),
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(holds)
            .ok_or_else(|| VariableError::new(name, text, "not such a number", allowed)),
    }
}

/// Names in `present` that look like variables of the suite and are not, each with the nearest that is.
pub fn misspelled(present: impl IntoIterator<Item = String>) -> Vec<(String, &'static str)> {
    present
        .into_iter()
        .filter(|name| name.starts_with("JVS_"))
        .filter(|name| !VARIABLES.iter().any(|(known, _)| known == name))
        .map(|name| {
            let common = |known: &str| {
                known
                    .chars()
                    .zip(name.chars())
                    .take_while(|(a, b)| a == b)
                    .count()
            };
            let nearest = VARIABLES
                .iter()
                .map(|(known, _)| *known)
                .max_by_key(|known| common(known));
            (name, nearest.unwrap_or_default())
        })
        .collect()
}
