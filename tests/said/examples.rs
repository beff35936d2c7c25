//! The article's examples, run as a reader runs them. `cargo test` builds them.

use std::process::{Command, Output};

/// Runs an example; `None`, loudly, where only this test was built.
fn run(name: &str, arguments: &[&str]) -> Option<Output> {
    let program = std::env::current_exe().ok()?;
    let example = program.parent()?.parent()?.join("examples").join(name);
    let example = example.with_extension(std::env::consts::EXE_EXTENSION);
    if !example.exists() {
        eprintln!("SKIPPED: {} is not built; `cargo test` builds it", example.display());
        return None;
    }
    // A proxy that does not answer must not be asked.
    let output = Command::new(example)
        .args(arguments)
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .output();
    Some(output.expect("the example starts"))
}

/// The two that can be fetched are there, and the error of the one that cannot names its URL.
fn check(output: &Output) {
    assert!(output.status.success());
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for id in [1, 3] {
        assert!(stdout.contains(&format!(r#"\"id\": {id},"#)), "{stdout}");
    }
    assert_eq!(
        stderr.matches("Error fetching http://127.0.0.1:").count(),
        1,
        "{stderr}"
    );
    assert!(
        stderr.contains("/todos/2: ") && stderr.contains("ConnectionRefused"),
        "{stderr}"
    );
}

#[test]
fn the_articles_spawn_example() {
    if let Some(output) = run("article_spawn", &[]) {
        check(&output);
    }
}

#[test]
fn the_articles_join_example() {
    if let Some(output) = run("article_join", &[]) {
        check(&output);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.starts_with("Task 1 completed\nTask 2 completed\n"), "{stdout}");
    }
}

/// It checks its own sums.
#[test]
fn many_children_are_awaited_by_each_strategy() {
    for strategy in [
        "join_all",
        "futures_unordered",
        "buffer_unordered@64",
        "spawn",
        "join_set",
    ] {
        if let Some(output) = run("many_children", &[strategy, "100", "3"]) {
            assert!(output.status.success(), "{strategy}: {output:?}");
        }
    }
    for wrong in [&["join", "100", "3"][..], &["spawn", "100"], &["spawn", "a", "3"]] {
        if let Some(output) = run("many_children", wrong) {
            assert_eq!(output.status.code(), Some(2), "{wrong:?}: {output:?}");
        }
    }
}
