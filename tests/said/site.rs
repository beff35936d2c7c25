//! The site: that its links are relative and lead somewhere, that it is small, and that every reader gets all of it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use crate::common::browser::{audit, has_browser};
use crate::common::exits;

/// The site, made.
fn site(folder: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_join-vs-spawn"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
        .env_remove("JVS_RESULTS")
        .arg("site")
        .arg(folder)
        .output()
        .expect("the program starts");
    assert!(exits(0, &output).trim_end().ends_with("index.html"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// What can be linked to in each page.
type Anchors = HashMap<PathBuf, HashSet<String>>;

fn anchors(page: &Path) -> HashSet<String> {
    let id = Regex::new(r#"id="([^"]*)""#).expect("an expression");
    let text = fs::read_to_string(page).unwrap_or_default();
    id.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

/// Links of a page that leave the site, or lead nowhere in it.
fn wrong_links(root: &Path, page: &Path, known: &mut Anchors) -> Vec<String> {
    let link = Regex::new(r#"(?:href|src)="([^"]*)""#).expect("an expression");
    let text = fs::read_to_string(page).expect("a page");
    let mut wrong = Vec::new();
    for found in link.captures_iter(&text) {
        let target = &found[1];
        if target.starts_with("data:") {
            continue;
        }
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        let to = if path.is_empty() {
            page.to_owned()
        } else {
            page.parent().expect("a folder").join(path)
        };
        let to = to.canonicalize().ok().filter(|to| to.is_file() && to.starts_with(root));
        let there = to.is_some_and(|to| {
            fragment.is_empty() || known.entry(to).or_insert_with_key(|to| anchors(to)).contains(fragment)
        });
        if path.starts_with('/') || path.contains(':') || !there {
            wrong.push(format!("{}: {target}", page.display()));
        }
    }
    wrong
}

#[test]
fn a_site_is_whole_and_small() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    site(&root);
    let all = files(&root);
    let pages: Vec<&PathBuf> = all
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "html"))
        .collect();
    assert!(pages.len() > 8, "{pages:?}");
    let mut known = Anchors::new();
    let wrong: Vec<String> = pages
        .iter()
        .flat_map(|page| wrong_links(&root, page, &mut known))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let size = |path: &Path| fs::metadata(path).expect("a file").len();
    let index = root.join("index.html");
    assert!(size(&index) <= 200_000, "{} bytes", size(&index));
    let whole: u64 = all.iter().map(|path| size(path)).sum();
    assert!(whole <= 10_000_000, "{whole} bytes");
    // What the check must find.
    let bad = root.join("bad.html");
    fs::write(&bad, r##"<a href="none.html"></a><a href="/index.html"></a><a href="https://x.y"></a><a href="index.html#none"></a>"##)
        .expect("a file");
    assert_eq!(wrong_links(&root, &bad, &mut known).len(), 4);
}

#[test]
fn a_site_is_for_everybody() {
    if !has_browser() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    site(root);
    let pages = [
        ("index.html", 1280, false),
        ("index.html", 390, true),
        ("runs.html", 390, false),
        ("docs/README.html", 390, true),
        ("builds/tokio-history.html", 390, true),
        ("runs/tokio-1.54.1-9.html", 390, true),
    ];
    let audited = |(page, width, dark): (&str, usize, bool)| {
        let audit = audit(&root.join(page), width, dark);
        assert!(audit.violations.is_empty() && audit.passed > 10, "{page}: {audit:#?}");
        assert!(audit.width <= width, "{page} is {} wide", audit.width);
    };
    std::thread::scope(|scope| {
        for some in pages.chunks(pages.len().div_ceil(2)) {
            scope.spawn(|| some.iter().copied().for_each(audited));
        }
    });
}
