//! How the packages are compiled: what is measured as a user's would be.

use std::fs;

use toml_edit::DocumentMut;

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
