//! How the packages are compiled: what is measured as a user's would be.

use std::fs;

#[test]
fn what_is_measured_is_compiled_with_the_defaults() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("a manifest");
    let overridden: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("[profile.release.package.")?.strip_suffix(']'))
        .collect();
    assert!(overridden.contains(&"jvs-measure"), "{overridden:?}");
    let measured = [
        "jvs-timed",
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
    let changed: Vec<&&str> = measured.iter().filter(|name| overridden.contains(name)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert!(!manifest.contains("\n[profile.release]\n"), "settings of all packages");
}
