//! The command line of a bench target: Criterion's, read by us too, since Criterion keeps its mode and its
//! filter to itself.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches, Command};
use measure::arguments::{Filter, texts};

use crate::trouble::Trouble;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Print the ids.
    List,
    /// Run everything once.
    Test,
    /// Run one strategy for a while, for a profiler.
    Profile,
    /// Analyse a baseline that Criterion kept; measure nothing.
    Load(String),
    /// Measure.
    Measure,
    /// Print how to use it.
    Help,
}

/// The parts of the command line that matter here.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// What to do.
    pub mode: Mode,
    /// On which measurements.
    pub filter: Filter,
    /// `--profile-time`, in seconds; 0 where it was not given.
    pub profile_seconds: f64,
    /// `--baseline`: it must exist before anything is measured.
    pub baseline: Option<String>,
    /// `--discard-baseline`: Criterion keeps nothing.
    pub discards_baseline: bool,
    /// `--verbose`: every row, and Criterion's own lines.
    pub verbose: bool,
    /// The arguments for the user, without those that cargo adds.
    pub shown: Vec<String>,
}

/// Those that this program was started with; where clap does not understand them, it says so and ends the program.
pub(super) fn of_this_program(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, Trouble> {
    let words = texts(words)?;
    read(&command().get_matches_from(&words), words)
}

/// Criterion 0.8's flags, but those that are refused.
const SWITCHES: &[(&str, Option<char>)] = &[
    ("verbose", Some('v')),
    ("quiet", None),
    ("noplot", Some('n')),
    ("discard-baseline", None),
    ("list", None),
    ("ignored", None),
    ("exact", None),
    ("test", None),
    ("bench", None),
    ("nocapture", None),
    ("show-output", None),
    ("include-ignored", None),
    ("version", Some('V')),
    ("help", Some('h')),
];
const OPTIONS: &[(&str, Option<char>)] = &[
    ("color", Some('c')),
    ("colour", None),
    ("save-baseline", Some('s')),
    ("baseline", Some('b')),
    ("baseline-lenient", None),
    ("load-baseline", None),
    ("format", None),
    ("profile-time", None),
    ("nresamples", None),
    ("noise-threshold", None),
    ("confidence-level", None),
    ("significance-level", None),
    ("plotting-backend", None),
    ("output-format", None),
];
/// Flags that set Criterion's sampling, whether they take a value, and what does it here.
const REFUSED: &[(&str, bool, &str)] = &[
    ("sample-size", true, "set JVS_ROUNDS for more rounds"),
    (
        "measurement-time",
        true,
        "set JVS_SPAN (seconds) or JVS_ROUNDS for a longer run",
    ),
    (
        "warm-up-time",
        true,
        "every block lets its runtime settle by itself; set JVS_ROUNDS for a longer run",
    ),
    ("quick", false, "set JVS_MATRIX=quick, or JVS_ROUNDS=1 for a preview"),
];

/// Seconds: more than anyone waits for, and no more requests than memory has room for.
const LONGEST_PROFILE: f64 = 3600.0;

/// Numbers on which Criterion would panic, or ask for more memory than there is: whether one is possible, and what is.
type Possible = (&'static str, fn(f64) -> bool, &'static str);
const NUMBERS: [Possible; 4] = [
    (
        "nresamples",
        |number| (1.0..=1e7).contains(&number),
        "from 1 to 10000000",
    ),
    ("noise-threshold", |number| number > 0.0, "a fraction above 0"),
    ("confidence-level", between_0_and_1, "above 0 and below 1"),
    ("significance-level", between_0_and_1, "above 0 and below 1"),
];

fn between_0_and_1(number: f64) -> bool {
    number > 0.0 && number < 1.0
}

/// What is understood.
fn command() -> Command {
    let arg = |name: &'static str, short: Option<char>| {
        let arg = Arg::new(name).long(name);
        match short {
            Some(short) => arg.short(short),
            None => arg,
        }
    };
    Command::new("bench")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("FILTER").index(1))
        .args(
            SWITCHES
                .iter()
                .map(|(name, short)| arg(name, *short).action(ArgAction::SetTrue)),
        )
        .args(OPTIONS.iter().map(|(name, short)| {
            // A negative number is refused with a reason, and not taken for a flag.
            let is_number = *name == "profile-time" || NUMBERS.iter().any(|(flag, ..)| flag == name);
            arg(name, *short).allow_negative_numbers(is_number)
        }))
        .args(REFUSED.iter().map(|(name, valued, _)| {
            let arg = arg(name, None);
            if *valued { arg } else { arg.action(ArgAction::SetTrue) }
        }))
}

/// What was understood of a command line, the program's name first; why it cannot be followed, where it would set Criterion's
/// sampling, which is a replay of what was measured, or holds what Criterion or the filter cannot take.
fn read(matches: &ArgMatches, words: Vec<String>) -> Result<Arguments, Trouble> {
    let switch = |name: &str| matches.get_flag(name);
    let option = |name: &str| matches.get_one::<String>(name).cloned();

    for (flag, is_possible, possible) in NUMBERS {
        // What is no number, Criterion says.
        let number = option(flag).and_then(|number| number.parse().ok());
        if let Some(number) = number.filter(|number| !is_possible(*number)) {
            return Err(format!("--{flag} {number}: {possible}").into());
        }
    }
    let mut profile_seconds = 0.0;
    let mode = if switch("help") || switch("version") {
        Mode::Help
    } else if switch("list") {
        Mode::List
    } else if switch("test") || !switch("bench") {
        // Criterion's rule: cargo bench adds --bench, cargo test does not.
        Mode::Test
    } else if let Some(seconds) = option("profile-time") {
        let possible = |time: &f64| *time > 0.0 && *time <= LONGEST_PROFILE;
        let time = seconds.parse().ok().filter(possible);
        profile_seconds = time.ok_or_else(|| {
            format!("--profile-time {seconds}: not a number of seconds above zero, up to {LONGEST_PROFILE}")
        })?;
        Mode::Profile
    } else if let Some(baseline) = option("load-baseline") {
        Mode::Load(baseline)
    } else {
        Mode::Measure
    };
    if mode == Mode::Measure {
        for &(flag, valued, instead) in REFUSED {
            let given = if valued {
                matches.contains_id(flag)
            } else {
                switch(flag)
            };
            if given {
                return Err(format!(
                    "--{flag} would change how Criterion samples, but Criterion only analyses what the rounds measured: {instead}"
                )
                .into());
            }
        }
    }
    let filter = match option("FILTER") {
        _ if switch("ignored") => Filter::None,
        text => Filter::new(text, switch("exact"))?,
    };
    Ok(Arguments {
        mode,
        filter,
        profile_seconds,
        baseline: option("baseline"),
        discards_baseline: switch("discard-baseline"),
        verbose: switch("verbose"),
        shown: words
            .into_iter()
            .skip(1)
            .filter(|argument| argument != "--bench")
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        format!("bench {line}").split_whitespace().map(str::to_owned).collect()
    }

    fn parsed(line: &str) -> Result<Arguments, Trouble> {
        let matches = command().try_get_matches_from(words(line));
        read(&matches.expect("flags that there are"), words(line))
    }

    /// Why it is refused.
    fn refused(line: &str) -> String {
        parsed(line).expect_err(line).reason
    }

    #[test]
    fn modes() {
        let mode = |line: &str| parsed(line).unwrap().mode;
        assert_eq!(mode("--bench"), Mode::Measure);
        assert_eq!(mode(""), Mode::Test);
        assert_eq!(mode("--bench --test"), Mode::Test);
        assert_eq!(mode("--bench --list"), Mode::List);
        assert_eq!(mode("--bench --profile-time 5 yield"), Mode::Profile);
        assert_eq!(
            mode("--bench --load-baseline new --baseline old"),
            Mode::Load("new".into())
        );
        assert_eq!(mode("--bench -h"), Mode::Help);
    }

    #[test]
    fn profiling_takes_time() {
        for seconds in ["0", "-1", "NaN", "inf", "soon", "1e300"] {
            let said = refused(&format!("--bench --profile-time={seconds}"));
            assert!(said.contains(seconds), "{said}");
        }
        assert_eq!(parsed("--bench --profile-time 0.5").unwrap().mode, Mode::Profile);
    }

    #[test]
    fn numbers_on_which_criterion_panics_are_refused() {
        for (flag, number) in [
            ("nresamples", "0"),
            ("nresamples", "99999999999999"),
            ("noise-threshold", "0"),
            ("noise-threshold", "-1"),
            ("confidence-level", "2"),
            ("significance-level", "NaN"),
        ] {
            let said = refused(&format!("--bench --{flag} {number}"));
            assert!(said.starts_with(&format!("--{flag} {number}: ")), "{said}");
        }
        assert!(parsed("--bench --confidence-level 0.9 --noise-threshold 0.01").is_ok());
    }

    #[test]
    fn filters_wherever_they_stand() {
        for line in [
            "--bench yield",
            "yield --bench",
            "--save-baseline x yield --bench",
            "-sx yield",
        ] {
            let filter = parsed(line).unwrap().filter;
            assert_eq!(filter.text().as_deref(), Some("yield"), "{line}");
            assert!(filter.matches("yield/local/worker/0B/join/1"));
            assert!(!filter.matches("ready/local/worker/0B/join/1"));
        }
        let exact = parsed("--bench --exact yield").unwrap().filter;
        assert!(!exact.matches("yield/local/worker/0B/join/1"));
        assert!(exact.matches("yield"));
        assert!(!parsed("--ignored").unwrap().filter.matches("yield"));
        assert!(parsed("--bench").unwrap().filter.matches("anything"));
        assert!(refused("--bench [").starts_with("the filter `[`"));
    }

    #[test]
    fn flags_of_sampling_are_refused_with_what_does_it() {
        for (line, variable) in [
            ("--bench --sample-size 50", "JVS_ROUNDS"),
            ("--bench --sample-size=50", "JVS_ROUNDS"),
            ("--bench --measurement-time 3", "JVS_SPAN"),
            ("--bench --warm-up-time 1", "JVS_ROUNDS"),
            ("--bench --quick", "JVS_MATRIX=quick"),
        ] {
            let said = refused(line);
            assert!(said.contains(variable), "{line}: {said}");
        }
        assert!(parsed("--bench --nresamples 5000").is_ok());
    }

    #[test]
    fn the_shown_command_is_the_users() {
        let shown = parsed("yield --save-baseline x --bench").unwrap().shown;
        assert_eq!(shown, ["yield", "--save-baseline", "x"]);
    }

    #[test]
    fn unknown_flags_are_errors() {
        let matches = command().try_get_matches_from(words("--bench --no-such-flag"));
        assert!(matches.is_err());
    }
}
