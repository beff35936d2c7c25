//! How the packages are compiled: what is measured as a user's would be.

use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::modules::sources;

#[test]
fn what_is_measured_is_compiled_with_the_defaults() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("a manifest");
    let manifest: DocumentMut = manifest.parse().expect("TOML");
    let release = manifest["profile"]["release"].as_table().expect("a profile");
    let keys: Vec<&str> = release.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["package"], "settings of all packages");
    let of = |package: &str| -> Vec<String> {
        let settings = release["package"].get(package).and_then(|item| item.as_table());
        let settings = settings.into_iter().flat_map(|table| table.iter());
        settings
            .map(|(key, value)| format!("{key} = {}", value.to_string().trim()))
            .collect()
    };
    assert_eq!(
        of("jvs-measure"),
        ["opt-level = 0"],
        "what is not measured is built soon"
    );
    assert_eq!(of("jvs-timed"), ["codegen-units = 1"], "what stands around the loops");
    let measured = [
        "jvs-loops",
        // The loops that self-check holds beside them: as in a reader's build.
        "jvs-probes",
        "jvs-server",
        "jvs-programs",
        "tokio",
        "futures-util",
        "reqwest",
        "hyper",
        "wiremock",
        "serde_json",
        "twox-hash",
    ];
    for package in measured {
        assert_eq!(of(package), [""; 0], "{package}");
    }
}

/// Else the loops of a workload are compiled where its file is, a second time, and in units that anything there may change.
#[test]
fn loops_are_compiled_in_their_package_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &Path| fs::read_to_string(path).expect("a source");
    let makes_entries = |line: &str| {
        ["pub(super) fn entry()", "fn variant(", "fn opening("]
            .iter()
            .any(|begin| line.starts_with(begin))
    };
    let mut found = 0;
    for path in sources(&root.join("crates/timed/src/workload")) {
        let source = text(&path);
        for (before, line) in source
            .lines()
            .zip(source.lines().skip(1))
            .filter(|(_, line)| makes_entries(line))
        {
            assert_eq!(before, "#[inline]", "{}: {line}", path.display());
            found += 1;
        }
    }
    assert!(found >= 12, "{found} functions that make entries were found");
    let loops = text(&root.join("crates/loops/src/lib.rs"));
    assert!(loops.contains("all_compiled_here()"));
    for folder in [
        "src",
        "benches",
        "crates/measure",
        "crates/census",
        "crates/probes",
        "crates/server",
        "crates/programs",
    ] {
        for path in sources(&root.join(folder)) {
            assert!(!text(&path).contains("all_compiled_here"), "{}", path.display());
        }
    }
}
