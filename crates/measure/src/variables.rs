//! The `JVS_*` variables: what they are, and how a wrong value is told.

use std::str::FromStr;

use crate::case::ParseError;
use crate::in_order::unique;

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
    /// Of a variable with that value, what is wrong with it, and what would be right.
    pub fn new(
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
        "only these workloads, with commas between: yield,wake; some have parameters: wake@4_100ns, hot@10us (--list shows all \
         that are measured)",
    ),
    (
        "JVS_FLAVORS",
        "only these runtimes: current_thread,multi_thread_2,local",
    ),
    (
        "JVS_SITES",
        "only these sites: worker,block_on, or beside always-ready tasks: worker_beside_4",
    ),
    (
        "JVS_PAYLOADS",
        "these payloads instead: 0B,64B,1KiB,4KiB,16KiB,64KiB,1MiB",
    ),
    ("JVS_TASKS", "these numbers of children instead: 1,8,64"),
    (
        "JVS_STRATEGIES",
        "these strategies: join,spawn,join_all,join_set,futures_unordered,sequential, …, some with a bound on children at once: \
         buffer_unordered@64,join_set@64 [by target: join,spawn]",
    ),
    (
        "JVS_REFERENCE",
        "the strategy that the others are compared to [by target: join; scale: futures_unordered]",
    ),
    (
        "JVS_ROUNDS",
        "sweeps over all cases, each in fresh processes: 1 for a preview, else 6 or more [320; quick: 20]",
    ),
    (
        "JVS_LAYOUTS",
        "differently linked copies of the program that rounds are made by; 1 turns it off [50, or as many as rounds]",
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
    (
        "JVS_SHARD",
        "K/N: share K of N of each target's cases, for `merge` [all of them]",
    ),
    (
        "JVS_ONE_RUNTIME",
        "1: strategies of one thread take turns in one runtime, and what that does to them is measured [a runtime each]",
    ),
    ("JVS_SEED", "seed of orders and data [drawn anew]"),
    ("JVS_RESUME", "1: go on with the run that was cut short"),
    ("JVS_RESULTS", "folder of the records [results]"),
];

/// Reads a number; `None` where it is not set.
pub(crate) fn number<T: std::str::FromStr>(
    variable: impl Fn(&str) -> Option<String>,
    name: &'static str,
    allowed: &'static str,
    holds: impl Fn(&T) -> bool,
) -> Result<Option<T>, VariableError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    match text.trim().parse().ok().filter(holds) {
        Some(number) => Ok(Some(number)),
        None => Err(VariableError::new(name, text, "not such a number", allowed)),
    }
}

/// The values of a list with commas between them, each once; `None` where the variable is not set. `parse` says what is
/// wrong with a value, `allowed` what would be right.
///
/// # Errors
///
/// [`VariableError`]: the list has a value that is none.
pub fn list<T: PartialEq>(
    variable: impl Fn(&str) -> Option<String>,
    name: &'static str,
    allowed: impl Fn() -> String,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Vec<T>>, VariableError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    if text.trim().is_empty() {
        return Err(VariableError::new(name, text, "the list is empty", allowed()));
    }
    let value = |word: &str| match word {
        "" => Err(VariableError::new(
            name,
            &text,
            "a comma without a value beside it",
            allowed(),
        )),
        word => parse(word).map_err(|problem| VariableError::new(name, word, problem, allowed())),
    };
    let values: Vec<T> = text
        .split(',')
        .map(|word| value(word.trim()))
        .collect::<Result<_, _>>()?;
    Ok(Some(unique(values)))
}

/// A value of a [`list`].
///
/// # Errors
///
/// What it is not.
pub fn value<T: FromStr<Err = ParseError>>(word: &str) -> Result<T, String> {
    word.parse()
        .map_err(|error: ParseError| format!("not {}", error.wanted))
}

/// The variables that are set and say what is measured, as `NAME=value`: those of a record's command.
pub fn set_variables(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    VARIABLES
        .iter()
        .filter(|(name, _)| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
        .filter_map(|(name, _)| Some(format!("{name}={}", variable(name)?)))
        .collect()
}

/// Names in `present` that look like variables of the suite and are not, each with the nearest that is.
pub fn misspelled(present: impl IntoIterator<Item = String>) -> Vec<(String, &'static str)> {
    let known = || VARIABLES.iter().map(|(known, _)| *known);
    let unknown = |name: &String| name.starts_with("JVS_") && !known().any(|known| known == name);
    let nearest = |name: &str| {
        let alike = |known: &&str| strsim::jaro_winkler(known, name);
        known().max_by(|a, b| alike(a).total_cmp(&alike(b)))
    };
    let wrong = present.into_iter().filter(unknown);
    wrong
        .filter_map(|name| Some((nearest(&name)?, name)))
        .map(|(nearest, name)| (name, nearest))
        .collect()
}

/// A variable of the environment.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}
