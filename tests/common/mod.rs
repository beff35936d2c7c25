//! What several tests need; each uses a part of it.
#![allow(dead_code, unused_macros)]

pub mod place;

use join_vs_spawn::environment::Environment;
use join_vs_spawn::record::{Header, Memory};

/// The trials of a program whose `main` is its own, so that it can start itself again.
macro_rules! trials {
    ($($name:ident),+ $(,)?) => {
        vec![$(libtest_mimic::Trial::test(stringify!($name), || { $name(); Ok(()) })),+]
    };
}

/// The header of a default run.
pub fn header() -> Header {
    Header {
        schema: 1,
        target: "overhead".into(),
        matrix: "default".into(),
        filter: None,
        complete: true,
        started: "2026-01-01T00:00:00Z".into(),
        seconds: 1.5,
        command: "cargo bench --bench overhead".into(),
        environment: Environment::here(),
        rounds: 10,
        blocks: 4,
        slice_ns: 250_000,
        quads: 8,
        seed: u64::MAX,
        plan: "0123456789abcdef".into(),
        timed_share: Some(0.8),
        resident_bytes: Memory::default(),
    }
}
