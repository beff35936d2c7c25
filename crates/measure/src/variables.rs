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

/// The variables of the suite, a line for each with its name and what it does, as `--help` prints them.
pub const VARIABLES: &str = include_str!("variables.txt");

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    VARIABLES.lines().filter_map(|line| line.split_whitespace().next())
}

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
    names()
        .filter(|name| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
        .filter_map(|name| Some(format!("{name}={}", variable(name)?)))
        .collect()
}

/// Names in `present` that look like variables of the suite and are not, each with the nearest that is.
pub fn misspelled(present: impl IntoIterator<Item = String>) -> Vec<(String, &'static str)> {
    let nearest = |name: &str| {
        let alike = |known: &&str| strsim::jaro_winkler(known, name);
        names().max_by(|a, b| alike(a).total_cmp(&alike(b)))
    };
    let wrong = present
        .into_iter()
        .filter(|name| name.starts_with("JVS_") && !names().any(|known| known == name));
    wrong
        .filter_map(|name| nearest(&name).map(|nearest| (name, nearest)))
        .collect()
}

/// A variable of the environment.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}
