//! How the packages are compiled: what is measured as a user's would be.

use std::fs;

/// What the manifest sets for packages in release builds, by package.
fn settings(manifest: &str) -> Vec<(&str, Vec<&str>)> {
    let mut packages: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut open = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            let package = line.strip_prefix("[profile.release.package.");
            let package = package.and_then(|rest| rest.strip_suffix(']'));
            open = package.is_some();
            packages.extend(package.map(|package| (package, Vec::new())));
        } else if open && line.contains('=') && !line.starts_with('#') {
            packages.last_mut().expect("one is open").1.push(line);
        }
    }
    packages
}

#[test]
fn what_is_measured_is_compiled_with_the_defaults_its_loops_in_one_unit() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("a manifest");
    let overridden = settings(&manifest);
    let of = |name: &str| {
        let found = overridden.iter().find(|(package, _)| *package == name);
        found.map_or(Vec::new(), |(_, settings)| settings.clone())
    };
    assert_eq!(of("jvs-measure"), ["opt-level = 1"], "what is not measured is found");
    assert_eq!(of("jvs-timed"), ["codegen-units = 1"], "the suite's loops");
    let measured = [
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
    assert!(!manifest.contains("\n[profile.release]\n"), "settings of all packages");
}
