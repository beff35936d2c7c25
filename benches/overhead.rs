//! Overhead: what composing N children costs where they do nothing (`ready`) or yield once (`yield`).
//!
//! Contract: every iteration makes N children, awaits them all with one strategy, and checks the sum of their
//! outputs. Over tasks at 0B, over inline payloads at 8 tasks, on every flavor, in a spawned task (`worker`) and
//! in the future given to `block_on`, which is where code directly in `#[tokio::main] async fn main` runs.
//!
//! Why: this is the article's "slightly lower (same task)" against "slightly higher (separate tasks)".
//!
//! What it cannot tell: how much the difference matters. Children that wait for something or compute take longer
//! than their composition; see wakeups and compute.
//!
//! The axes stand in the files of its workloads (`crates/timed/src/workload`).

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("overhead", env!("CARGO_BIN_EXE_measuring"))
}
