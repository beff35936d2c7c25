//! What only the build knows, for the header of a record.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!(
        "cargo::rustc-env=BUILT_WITH_RUSTC={}",
        version.unwrap_or_else(|_| "unknown".into())
    );
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let frame_pointers = variable("CARGO_ENCODED_RUSTFLAGS").contains("force-frame-pointers=yes");
    println!("cargo::rustc-env=BUILT_WITH_FRAME_POINTERS={frame_pointers}");
    println!("cargo::rerun-if-changed=build.rs");
    // The lock file of the package that is built lies above its target folder; where that is elsewhere, this package's own.
    let lock = ["OUT_DIR", "CARGO_MANIFEST_DIR"]
        .into_iter()
        .find_map(|folder| lock_above(Path::new(&variable(folder))));
    let text = lock.as_ref().and_then(|lock| std::fs::read_to_string(lock).ok());
    for name in ["tokio", "criterion"] {
        let version = text.as_deref().and_then(|text| locked(text, name));
        println!(
            "cargo::rustc-env=BUILT_WITH_{}={}",
            name.to_uppercase(),
            version.unwrap_or("unknown")
        );
    }
    if let Some(lock) = lock {
        println!("cargo::rerun-if-changed={}", lock.display());
    }
}

fn lock_above(folder: &Path) -> Option<PathBuf> {
    let locks = folder.ancestors().map(|folder| folder.join("Cargo.lock"));
    locks.into_iter().find(|lock| lock.exists())
}

/// The version of a crate in a lock file.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let entry = format!("name = \"{name}\"\nversion = \"");
    lock.split_once(&entry)?.1.split('"').next()
}
