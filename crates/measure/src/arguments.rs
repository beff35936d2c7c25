//! The command line of a bench of your own: what `cargo bench` and `cargo test` pass, and which measurements are meant.

use std::ffi::OsString;

use regex_lite::Regex;

use crate::variables::VARIABLES;

/// Which measurements are meant, by id.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All.
    All,
    /// None (`--ignored`: there are no ignored ones).
    None,
    /// Those with this id (`--exact`).
    Exact(String),
    /// Those whose id the expression matches somewhere.
    Regex(Regex),
}

impl Filter {
    /// Of the text on the command line, if any.
    ///
    /// # Errors
    ///
    /// Where the text is no regular expression.
    pub fn new(text: Option<String>, exact: bool) -> Result<Self, ArgumentError> {
        Ok(match text {
            None => Filter::All,
            Some(text) if exact => Filter::Exact(text),
            Some(text) => {
                Filter::Regex(Regex::new(&text).map_err(|error| {
                    ArgumentError(format!("the filter `{text}` is not a regular expression: {error}"))
                })?)
            }
        })
    }

    /// Whether the measurement with this id is meant.
    pub fn matches(&self, id: &str) -> bool {
        match self {
            Filter::All => true,
            Filter::None => false,
            Filter::Exact(exact) => id == exact,
            Filter::Regex(regex) => regex.is_match(id),
        }
    }

    /// As it stood on the command line.
    pub fn text(&self) -> Option<String> {
        match self {
            Filter::All => None,
            Filter::None => Some("--ignored".to_owned()),
            Filter::Exact(text) => Some(text.clone()),
            Filter::Regex(regex) => Some(regex.as_str().to_owned()),
        }
    }
}

/// A command line that cannot be followed: why not, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ArgumentError(String);

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Print the ids.
    List,
    /// Run everything once.
    Test,
    /// Measure.
    Measure,
    /// Print how to use it.
    Help,
}

/// A command line, read.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// What to do.
    pub mode: Mode,
    /// On which measurements.
    pub filter: Filter,
    /// Whether to predict before it is measured.
    pub advise: bool,
    /// The arguments for the user, without those that cargo adds.
    pub shown: Vec<String>,
}

/// Arguments as text.
///
/// # Errors
///
/// [`ArgumentError`] quotes the first that is none.
pub fn texts(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Vec<String>, ArgumentError> {
    let text = |argument: OsString| {
        argument.into_string().map_err(|argument| {
            let argument = argument.to_string_lossy();
            ArgumentError(format!("`{argument}`: not UTF-8, as every argument must be"))
        })
    };
    arguments.into_iter().map(|argument| text(argument.into())).collect()
}

/// Reads the arguments of a bench of your own. `cargo bench` adds `--bench`, `cargo test` does not: a bench that cargo runs
/// without it runs everything once. Any other program (an example, a binary) measures.
///
/// # Errors
///
/// An option that does not exist, a second filter, a filter that is no regular expression, an argument that is not UTF-8.
pub fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Arguments, ArgumentError> {
    let (mut text, mut exact, mut none, mut bench, mut mode) = (None, false, false, false, Mode::Measure);
    let mut advise = false;
    let mut shown = Vec::new();
    for argument in texts(arguments)? {
        match argument.as_str() {
            "--bench" => {
                bench = true;
                continue;
            }
            "--exact" => exact = true,
            "--advise" => advise = true,
            "--ignored" => none = true,
            "--list" => mode = Mode::List,
            "--test" => mode = Mode::Test,
            "--help" | "-h" => mode = Mode::Help,
            // libtest's, which change nothing here.
            "--nocapture" | "--show-output" | "--include-ignored" | "--quiet" | "-q" => {}
            option if option.starts_with('-') => {
                let there_are = "no such option; there are FILTER, --exact, --advise, --list, --test and --help";
                return Err(ArgumentError(format!("{argument}: {there_are}")));
            }
            _ if text.is_some() => {
                let enough = "one filter is enough; it is a regular expression, so that `a|b` is either";
                return Err(ArgumentError(format!("{argument}: {enough}")));
            }
            _ => text = Some(argument.clone()),
        }
        shown.push(argument);
    }
    let filter = if none { Filter::None } else { Filter::new(text, exact)? };
    if mode == Mode::Measure && !bench && std::env::var_os("CARGO").is_some() && is_test_program() {
        mode = Mode::Test;
    }
    Ok(Arguments {
        mode,
        filter,
        advise,
        shown,
    })
}

/// Whether cargo runs this as one of its tests, benches included: those lie in the folder `deps`.
fn is_test_program() -> bool {
    let program = std::env::current_exe().unwrap_or_default();
    program.parent().is_some_and(|folder| folder.ends_with("deps"))
}

/// How to use the bench of that name.
pub fn help(name: &str) -> String {
    format!(
        "Measures {name}: join! against spawn, side by side, in many short rounds.\n\n\
         Usage: cargo bench --bench {name} [-- [FILTER] [--exact] [--advise] [--list] [--test]]\n\n\
         FILTER is a regular expression over ids, WORKLOAD/FLAVOR/SITE/PAYLOAD/STRATEGY/TASKS; --list prints them.\n\
         --advise predicts each ratio first, from a probe of the children and a calibration of the machine (a minute, once).\n\
         What is measured, and how long, is set by environment variables:\n\n\
         {VARIABLES}\nExample: JVS_TASKS=8,64 JVS_FLAVORS=current_thread cargo bench --bench {name}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, ArgumentError> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn filters_wherever_they_stand() {
        let arguments = parsed("yield --bench").unwrap();
        assert_eq!(
            (arguments.mode, arguments.shown),
            (Mode::Measure, vec!["yield".to_owned()])
        );
        assert!(arguments.filter.matches("yield/local/worker/0B/join/1"));
        assert!(!arguments.filter.matches("ready/local/worker/0B/join/1"));
        let exact = parsed("--bench --exact yield").unwrap().filter;
        assert!(exact.matches("yield") && !exact.matches("yield/local"));
        assert!(!parsed("--ignored").unwrap().filter.matches("yield"));
        assert_eq!(parsed("--bench --list").unwrap().mode, Mode::List);
        // As cargo test runs a bench.
        assert_eq!(parsed("").unwrap().mode, Mode::Test);
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        for (line, said) in [
            ("[", "the filter `["),
            ("--quick", "--quick: no such option"),
            ("a b", "b: one filter"),
        ] {
            let error = parsed(line).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_is_not_utf8_is_quoted() {
        use std::os::unix::ffi::OsStringExt;
        let arguments = ["--bench".into(), OsString::from_vec(b"yi\xffeld".to_vec())];
        let error = parse(arguments).unwrap_err().to_string();
        assert!(error.starts_with("`yi\u{fffd}eld`: not UTF-8"), "{error}");
    }
}
