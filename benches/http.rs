//! HTTP: N fetches with reqwest from a mock server on 127.0.0.1, as in the article's example.
//!
//! Contract: the server is wiremock's in a process of its own; the client is one for each runtime, its connections
//! opened before anything is timed and kept alive (`connections_opened` in the record: from N to N + 2, or the
//! measurement is invalid). Every body is read to its end and checked. `http` over children and body sizes;
//! `http_delay` where the server takes 20 ms; `http_parse` where the client decodes JSON; `http_straggler` (in `full`,
//! and where `JVS_WORKLOADS` names it) where one answer comes late.
//!
//! Why: it is what the article fans out, and what most readers do. How much of a request is the strategy's?
//!
//! What it cannot tell: anything about a network. A request here costs the client's and the server's code and the
//! kernel's loopback; client and server share the machine's cores. Where the server is what is waited for, rows
//! are flagged `server_bound`: there the strategy cannot show.
//!
//! The axes stand in the files of its workloads (`crates/timed/src/workload`).

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("http", env!("CARGO_BIN_EXE_measuring"))
}
