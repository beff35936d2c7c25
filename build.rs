//! What only the build knows, for the header of a record.

use std::env;
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
    println!(
        "cargo::rustc-env=BUILT_WITH_PROFILE={} (opt-level {}, debug-assertions {})",
        variable("PROFILE"),
        variable("OPT_LEVEL"),
        if env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some() {
            "on"
        } else {
            "off"
        },
    );
    let frame_pointers = variable("CARGO_ENCODED_RUSTFLAGS").contains("force-frame-pointers=yes");
    println!("cargo::rustc-env=BUILT_WITH_FRAME_POINTERS={frame_pointers}");
    println!("cargo::rerun-if-changed=build.rs");
}
