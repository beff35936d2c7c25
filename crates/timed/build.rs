//! How what is timed was compiled, for the header of a record.

use std::env;

fn main() {
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
    println!("cargo::rerun-if-changed=build.rs");
}
