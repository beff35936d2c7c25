//! That modules build on each other in one direction: one that is read needs only those below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The Rust files of a folder and of those in it.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of sources").flatten();
    let below = entries.map(|entry| entry.path()).flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    below
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// What each module of a package's top level imports of the others, its tests left out.
fn imports(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let import = Regex::new(r"\bcrate::(?:r#)?(\w+)").expect("an expression");
    let mut of = BTreeMap::<String, BTreeSet<String>>::new();
    for path in sources(folder) {
        let first = path.strip_prefix(folder).expect("it is below").components().next();
        let first = Path::new(&first.expect("a file")).with_extension("");
        let module = first.to_string_lossy().into_owned();
        if ["lib", "main", "bin"].contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let all = lines.flat_map(|line| import.captures_iter(line).map(|found| found[1].to_owned()));
        of.entry(module).or_default().extend(all);
    }
    of
}

/// Modules that can be reached from themselves.
fn in_circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<&str> {
    let returns = |module: &&String| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = imports[*module].iter().filter(|other| other != module).collect();
        while let Some(other) = next.pop() {
            if reached.insert(other) {
                next.extend(
                    imports
                        .get(other)
                        .into_iter()
                        .flatten()
                        .filter(|further| *further != other),
                );
            }
        }
        reached.contains(*module)
    };
    imports.keys().filter(returns).map(String::as_str).collect()
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = fs::read_dir(root.join("crates")).expect("packages").flatten();
    let folders = packages
        .map(|package| package.path().join("src"))
        .chain([root.join("src")]);
    for folder in folders {
        let circles = imports(&folder);
        assert_eq!(in_circles(&circles), Vec::<&str>::new(), "{}", folder.display());
    }
    // What the check must find.
    let circle = [
        ("a", vec!["b"]),
        ("b", vec!["c", "b"]),
        ("c", vec!["a"]),
        ("d", vec!["a", "d"]),
    ];
    let circle = circle.map(|(module, others)| (module.to_owned(), others.into_iter().map(str::to_owned).collect()));
    assert_eq!(in_circles(&circle.into()), ["a", "b", "c"]);
}
