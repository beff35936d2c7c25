//! The formulas of the strategies' files, against what is counted. A release build checks more numbers of children
//! (`scripts/expect-counts --check`); here some are enough, since a debug build is slow.

use std::process::Command;

use crate::common::exits;

#[test]
fn each_strategy_counts_what_its_file_says() {
    let output = Command::new(env!("CARGO_BIN_EXE_census"))
        .args(["--formulas", "--up-to", "70"])
        .output()
        .expect("the program starts");
    let said = exits(0, &output);
    for strategy in join_vs_spawn::strategy::Strategy::all() {
        let rows: Vec<&str> = said
            .lines()
            .filter(|line| line.split_whitespace().next() == Some(&strategy.to_string()))
            .collect();
        assert!(rows.len() >= 3, "{strategy}: {rows:?}");
        assert!(rows.iter().all(|row| row.ends_with(" 0")), "{rows:?}");
    }
    let wakes = said
        .lines()
        .find(|line| line.contains("join_all") && line.contains("wake"));
    assert!(
        wakes.is_some_and(|line| line.contains("if n < LARGE { n * (n + 3) / 2 } else { 2 * n }")),
        "{said}"
    );
}

#[test]
fn numbers_beyond_what_is_claimed_are_refused() {
    for (arguments, says) in [
        (["--formulas", "--up-to", "1001"], "1001 is not in 1..=1000"),
        (["--formulas", "--up-to", "0"], "0 is not in 1..=1000"),
        (["--formulas", "yield", "--up-to"], "a value is required"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_census"))
            .args(arguments)
            .output()
            .expect("the program starts");
        assert_eq!(exits(2, &output), "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says), "{said}");
    }
}
