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
    assert_eq!(of("jvs-measure"), ["opt-level = 1"], "what is not measured is found");
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
    let mut entries = 0;
    for file in fs::read_dir(root.join("crates/timed/src/workload"))
        .expect("a folder")
        .flatten()
    {
        let path = file.path();
        if path.is_dir() {
            continue;
        }
        let source = text(&path);
        let lines: Vec<&str> = source.lines().collect();
        for pair in lines.windows(2) {
            if pair[1].starts_with("pub(super) fn entry()") || pair[1].starts_with("fn variant(") {
                assert_eq!(pair[0], "#[inline]", "{}: {}", path.display(), pair[1]);
                entries += 1;
            }
        }
    }
    assert!(entries >= 12, "{entries} workloads were found");
    let loops = text(&root.join("crates/loops/src/lib.rs"));
    assert!(loops.contains("all_compiled_here()"));
    for package in ["measure", "census", "probes", "server", "programs"] {
        for path in sources(&root.join("crates").join(package)) {
            assert!(!text(&path).contains("all_compiled_here"), "{}", path.display());
        }
    }
}
