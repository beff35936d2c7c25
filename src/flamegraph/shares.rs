//! What differs between two profiles, in words: by function, and by module.

use std::collections::{BTreeMap, BTreeSet};

use super::stacks;

/// Shares of the samples by what `name` calls their stacks.
fn shares<'a>(folded: &'a str, name: impl Fn(&[&'a str]) -> &'a str) -> BTreeMap<&'a str, f64> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    let mut all = 0.0;
    for (frames, count) in stacks::read(folded) {
        all += count as f64;
        *counts.entry(name(&frames)).or_default() += count as f64;
    }
    counts.values_mut().for_each(|count| *count /= all);
    counts
}

/// The share of each name in each of the profiles, the largest by `size` first, `most` of them.
fn largest<'a, const N: usize>(
    folded: [&'a str; N],
    name: fn(&[&'a str]) -> &'a str,
    size: fn(&[f64; N]) -> f64,
    most: usize,
) -> Vec<(String, [f64; N])> {
    let shares = folded.map(|folded| shares(folded, name));
    let names: BTreeSet<&str> = shares.iter().flat_map(|shares| shares.keys().copied()).collect();
    let in_each = |name: &str| {
        let of = |shares: &BTreeMap<&str, f64>| shares.get(name).copied().unwrap_or(0.0);
        (name.to_owned(), shares.each_ref().map(of))
    };
    let mut all: Vec<(String, [f64; N])> = names.into_iter().map(in_each).collect();
    all.sort_by(|(_, a), (_, b)| size(b).total_cmp(&size(a)));
    all.truncate(most);
    all
}

/// The functions whose shares differ most, `most` of them: of the samples in which it was the one that ran, in either profile.
pub fn differences(folded: [&str; 2], most: usize) -> Vec<(String, [f64; 2])> {
    let size = |[before, after]: &[f64; 2]| (after - before).abs();
    largest(folded, |frames| frames.last().copied().unwrap_or_default(), size, most)
}

/// The crates of the standard library: what is done in them is done for whoever calls them.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

/// What is in no module.
const NOWHERE: &str = "no module known";

/// The module of a function by its name, to its third level: `tokio::runtime::task` of
/// `<tokio::runtime::task::join::JoinHandle<T> as core::future::Future>::poll`.
fn module(function: &str) -> Option<&str> {
    let start = function.find(|c: char| c.is_alphanumeric() || c == '_')?;
    let name = function[start..].trim_start_matches("dyn ").trim_start_matches("mut ");
    let end = name
        .find([' ', '<', '>', ',', '(', ')', '[', '{'])
        .unwrap_or(name.len());
    let path = name[..end].trim_end_matches(':');
    let levels: Vec<(usize, &str)> = path.match_indices("::").take(3).collect();
    let (end, _) = levels.last()?;
    let package = path.split("::").next()?;
    (!STANDARD.contains(&package)).then(|| &path[..*end])
}

/// The module that a stack was sampled in: of its innermost function that is in one, outside of the standard library.
fn innermost_module<'a>(frames: &[&'a str]) -> &'a str {
    // The first frame is the thread.
    let within = frames.get(1..).unwrap_or_default();
    within.iter().rev().find_map(|frame| module(frame)).unwrap_or(NOWHERE)
}

/// The share of each module in each of the profiles, the largest first, `most` of them.
pub fn modules<const N: usize>(folded: [&str; N], most: usize) -> Vec<(String, [f64; N])> {
    let size = |shares: &[f64; N]| shares.iter().copied().fold(0.0, f64::max);
    largest(folded, innermost_module, size, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOIN: &str = "t;tokio::runtime::task::raw::poll;timed::run 90\nt;scheduler::run 10\n";
    const SPAWN: &str = "t;tokio::runtime::task::raw::poll;timed::run 10\nt;scheduler::run 20\n\
                         t;timed::run;tokio::runtime::task::core::Cell<T,S>::new;malloc 70\n";

    #[test]
    fn the_largest_differences_come_first() {
        let found = differences([JOIN, SPAWN], 2);
        let expected = [("timed::run", [0.9, 0.1]), ("malloc", [0.0, 0.7])];
        assert_eq!(found, expected.map(|(name, shares)| (name.to_owned(), shares)));
    }

    #[test]
    fn a_sample_is_in_the_module_of_its_innermost_function_that_has_one() {
        let found = modules([JOIN, SPAWN], 10);
        let expected = [
            ("timed", [0.9, 0.1]),
            ("tokio::runtime::task", [0.0, 0.7]),
            ("scheduler", [0.1, 0.2]),
        ];
        assert_eq!(found, expected.map(|(name, shares)| (name.to_owned(), shares)));
    }

    #[test]
    fn modules_are_read_off_names_of_functions() {
        for (function, expected) in [
            ("tokio::runtime::task::raw::poll", Some("tokio::runtime::task")),
            (
                "<tokio::runtime::task::join::JoinHandle<T> as core::future::future::Future>::poll",
                Some("tokio::runtime::task"),
            ),
            ("<&mut mio::poll::Poll as X>::poll", Some("mio::poll")),
            (
                "timed::strategy::spawn::run::{{closure}}",
                Some("timed::strategy::spawn"),
            ),
            ("timed::run", Some("timed")),
            ("core::ptr::drop_in_place<tokio::runtime::task::Notified>", None),
            ("malloc", None),
            ("[vdso]", None),
            ("", None),
        ] {
            assert_eq!(module(function), expected, "{function}");
        }
    }
}
