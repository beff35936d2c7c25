//! Which builds are compared, and in which measurements: the words of the command line, and the variables.

use regex::Regex;

use crate::builds::Spec;
use crate::builds::measured::Wanted;
use crate::builds::spec::{WANTED, looks_like_one};
use crate::environment::cores;
use crate::matrix::{Matrix, Target};
use crate::selection::Selection;
use crate::session;
use crate::trouble::Trouble;
use crate::variables::variable;

/// Rounds of the quick matrix.
const QUICK_ROUNDS: usize = 30;

/// The builds of the command line, and its filter.
pub(super) fn words(words: &[String]) -> Result<(Vec<Spec>, Option<String>), Trouble> {
    let (specs, filter) = match words.split_last() {
        Some((last, others)) if !looks_like_one(last) => (others, Some(last.clone())),
        _ => (words, None),
    };
    let specs: Vec<Spec> = specs.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    if specs.len() < 2 {
        let filter = filter.map_or(String::new(), |filter| {
            format!(", and `{filter}` is none, so that it was taken as the filter")
        });
        return Err(format!("builds: two SPECs at least are compared{filter}; a SPEC is {WANTED}").into());
    }
    Ok((specs, filter))
}

/// What the variables choose; where they say nothing, the quick matrix, in more rounds than a run has: builds share no process.
pub(super) fn selection(targets: &[Target]) -> Result<Selection, Trouble> {
    let quick = variable("JVS_MATRIX").is_none_or(|matrix| matrix == "quick");
    let unset = |name: &str| match name {
        "JVS_MATRIX" => Some(Matrix::Quick.to_string()),
        "JVS_ROUNDS" if quick => Some(QUICK_ROUNDS.to_string()),
        _ => None,
    };
    Ok(Selection::read(|name| variable(name).or_else(|| unset(name)), targets)?)
}

pub(super) fn wanted<'a>(
    targets: &'a [Target],
    selection: &'a Selection,
    specs: &[Spec],
    filter: Option<String>,
) -> Result<Wanted<'a>, Trouble> {
    let expression = match &filter {
        Some(filter) => Some(Regex::new(filter).map_err(|error| {
            // The last of its lines says what is wrong; those before draw where.
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the filter `{filter}`: {said}")
        })?),
        None => None,
    };
    let matches = |id: &str| crate::cli::wanted(expression.as_ref(), id);
    let mut all = Vec::new();
    for target in targets {
        let measurements = selection.measurements(target, cores(), matches)?;
        if !measurements.is_empty() {
            all.push((target, measurements));
        }
    }
    if all.is_empty() {
        return Err(match &filter {
            Some(filter) => format!(
                "the filter `{filter}` matches no measurement of the {} matrix (and it is no SPEC: {WANTED})",
                selection.settings.matrix
            ),
            None => "no case has the values of the JVS_ variables".to_owned(),
        }
        .into());
    }
    let specs: Vec<String> = specs.iter().map(Spec::to_string).collect();
    Ok(Wanted {
        targets: all,
        selection,
        command: session::shell_words(
            &selection.set,
            "cargo run --release",
            &[&["builds".to_owned()][..], &specs, filter.as_slice()].concat(),
        ),
        filter,
        more_rounds: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_word_may_be_a_filter() {
        let (specs, filter) = words(&given("same tokio=1.50.0 yield/")).expect("builds");
        assert_eq!((specs.len(), filter.as_deref()), (2, Some("yield/")));
        let (specs, filter) = words(&given("same same")).expect("builds");
        assert_eq!((specs.len(), filter), (2, None));
        for wrong in ["same", "same yield/", "yield/ same", "same tokyo=1 same"] {
            let said = words(&given(wrong)).expect_err(wrong);
            assert!(said.code == 2 && said.reason.contains("rev:REVISION"), "{said:?}");
        }
    }
}
