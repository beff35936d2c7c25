//! Server: a server whose handler fans out, under load. Throughput, tail latency, CPU time; faults; ways to serve connections.
//!
//! Contract: the server (axum on hyper, reqwest to its backend), the backend (plain hyper) and the load generator are processes of
//! their own on 127.0.0.1. Requests are due by a seeded Poisson schedule and their latency counts from when they were due.
//! Every answer is compared byte by byte with one that was made without a server. In each round each strategy has a fresh server
//! process, and the reference two; they have requests in turns, there and back; intervals are over rounds. Faults are counted, not timed.
//!
//! Why: a fan-out at a time on an idle machine is not what production decides by. Under load workers are never parked, one slow
//! child holds up its siblings, spawned tasks are stolen.
//!
//! What it cannot tell: anything about a network, or about a server that has its cores to itself: client, server and backend
//! share those of this machine, and whose CPU time it was is said beside each point.
//!
//! docs/SERVER.md has the rest; the points stand in `crates/server/src/plan.rs`.

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::server::main()
}
