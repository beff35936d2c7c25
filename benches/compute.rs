//! Compute: N children that each hash a payload of their own on the heap and never await.
//!
//! Contract: the buffers are made before anything is timed; a child clones the `Arc` of its own, hashes it (XXH3)
//! and returns the hash, which is checked. Over tasks at 16KiB, over payloads at 8 tasks.
//!
//! Why: children of join! share one task and so one thread; spawned ones may run on several workers. How much
//! work it takes until that pays for the spawning is the question.
//!
//! What it cannot tell: that computing in async tasks is a good idea. A child that computes for long keeps its
//! worker from everything else; `spawn_blocking` and thread pools are not measured.
//!
//! The axes stand in the files of its workloads (`crates/timed/src/workload`).

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("compute", env!("CARGO_BIN_EXE_measuring"))
}
