//! What several tests need.

use join_vs_spawn::environment::Environment;
use join_vs_spawn::record::Header;

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
    }
}
