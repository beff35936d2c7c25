//! The examples of `--help`: every command has one, every one is understood, and those that only read are run.

use std::fs;

use clap::Command;
use join_vs_spawn::cli;

use crate::common::results::Results;

/// Commands whose examples neither measure nor build.
const READ_ONLY: [&str; 6] = ["list", "report", "compare", "plan", "export", "record"];

/// The words of a line as a shell takes them, with single quotes.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('\'').enumerate();
    let mut words: Vec<String> = Vec::new();
    for (place, part) in quoted {
        if place % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// An example: its variables, and the arguments of the program.
struct Example {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// The examples in a command's help that call the program.
fn examples(command: &Command) -> Vec<Example> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().filter(|line| line.contains("cargo run --release -- "));
    let example = |line: &str| {
        let (before, after) = line.split_once("cargo run --release -- ").expect("just found");
        let set = before.split_whitespace().filter_map(|word| word.split_once('='));
        // Where its output goes is the shell's.
        let after = after.split(" > ").next().unwrap_or(after);
        Example {
            variables: set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            arguments: words(after),
        }
    };
    lines.map(example).collect()
}

fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(all);
    std::iter::once(command)
        .chain(below)
        .filter(|command| command.get_name() != "help")
        .collect()
}

#[test]
fn every_command_has_an_example_that_is_understood() {
    let whole = cli::command();
    for command in all(&whole) {
        let examples = examples(command);
        assert!(!examples.is_empty(), "{} has no example", command.get_name());
        for example in examples {
            let arguments = [vec!["join-vs-spawn".to_owned()], example.arguments].concat();
            if let Err(error) = whole.clone().try_get_matches_from(&arguments) {
                panic!("{arguments:?}: {error}");
            }
        }
    }
}

#[test]
fn the_examples_that_only_read_run() {
    let results = Results::new();
    results.run("latest", 2.0, 1);
    for (place, name) in ["before", "machine-1", "machine-2", "machine-3"]
        .into_iter()
        .enumerate()
    {
        results.run(name, 2.0, 2 + place as u64);
    }
    results.write("README.md", "<!-- BEGIN headline -->\n<!-- END headline -->\n");
    let whole = cli::command();
    let mut ran = 0;
    for command in all(&whole)
        .into_iter()
        .filter(|command| READ_ONLY.contains(&command.get_name()))
    {
        for example in examples(command) {
            let arguments: Vec<String> = example
                .arguments
                .iter()
                .map(|word| {
                    if word == "NAME" {
                        "before".to_owned()
                    } else {
                        word.clone()
                    }
                })
                .collect();
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
                .env("JVS_RESULTS", results.path(""))
                .envs(example.variables)
                .current_dir(results.path(""))
                .args(&arguments)
                .output()
                .expect("the program starts");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
            let quiet = arguments.iter().any(|word| word == "--splice" || word == "svg");
            assert!(quiet || !output.stdout.is_empty(), "{arguments:?} said nothing");
            ran += 1;
        }
    }
    assert!(ran > READ_ONLY.len(), "{ran} examples");
    let spliced = fs::read_to_string(results.path("README.md")).expect("a document");
    assert!(spliced.contains("| children |"), "{spliced}");
}

#[test]
fn help_fits_a_terminal() {
    let whole = cli::command();
    for command in all(&whole).into_iter().skip(1) {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
            .args([command.get_name(), "--help"])
            .output()
            .expect("the program starts");
        let help = String::from_utf8_lossy(&output.stdout);
        for line in help.lines() {
            assert!(line.chars().count() <= 120, "{}: {line}", command.get_name());
        }
    }
}
