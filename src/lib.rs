//! # join-vs-spawn
//!
//! `tokio::join!` or `tokio::spawn`? This package answers with measurements on the reader's own machine. Use it
//! by `cargo bench`; its README says how to read what that prints, METHODOLOGY.md why it measures as it does.
//!
//! To have a child of your own measured, implement [`Workload`] and call [`measure`] from a program's `main`
//! (`examples/own_child.rs`); that is the library's public face:
//!
//! - [`Workload`]: what each child does, and what it must return.
//! - [`Setup`]: the case it is made for.
//! - [`Target`]: the workload with its name and axes.
//! - [`measure`]: the run, from the variables to the verdict table.
//!
//! The rest is public for the suite's own benches and tests, and to be read.
//!
//! # The modules
//!
//! The way of a measurement: [`case`] → [`workload`] × [`strategy`] × [`runtime`] → [`block`] → [`round`] →
//! [`stats`] → [`record`] → [`report`].
//!
//! | module | what is in it |
//! |---|---|
//! | [`case`] | a case, its axes, the only translation between ids and text |
//! | [`matrix`], [`selection`], [`plan`] | the axes as data; the `JVS_*` variables; what a run measures |
//! | [`workload`], [`strategy`] | what each child does; how children are awaited; one file each |
//! | [`http`] | the mock server, a process of its own, and its client |
//! | [`slice`](mod@slice) | the timed loop |
//! | [`runtime`], [`block`] | flavor and site; one strategy, or two of them ABBA, in a fresh runtime |
//! | [`layouts`], [`round`] | the program linked with its functions in other orders; the sweeping processes and their parent |
//! | [`machine_state`], [`run`] | what the machine is like before each round; a run from the first round to the record |
//! | [`stats`], [`measurement`] | medians, intervals, verdicts: pure numbers; from blocks to measurements |
//! | [`record`], [`environment`], [`traps`] | the files; what machine this was; what disturbed the run |
//! | [`runs`], [`beside`], [`promote`], [`compare`] | recorded runs, what lies beside their records, how one becomes one, two of them compared |
//! | [`report`], [`text`] | what a reader sees: terminal, Markdown, HTML, exports; numbers as text |
//! | [`bench`](mod@bench) | the `main` of a bench target; the one place that knows Criterion |
//! | [`census`] | what an iteration does, counted; `src/bin/census.rs` is its program |
//! | [`claims`] | the article's statements, put to experiments |
//! | [`profile`], [`flamegraph`] | the profiler, the one place that knows pprof; stacks, pictures, what differs |
//! | [`selfcheck`] | the suite against itself: where the truth is known, how often is it wrong |
//! | [`cli`] | the binary |
//!
//! # What is measured, and what is not
//!
//! The cost of composing N children in one process, on tokio, in wall and CPU time of the whole fan-out.
//! Not: latency of single children, fairness, memory, behaviour under cancellation, other runtimes.
//!
//! What runs inside a timed slice ([`block`] and what is below it) is the package `jvs-timed` (`crates/timed`).

// join! of 256 branches.
#![recursion_limit = "512"]

mod arguments;
pub mod bench;
pub mod beside;
mod budget;
pub mod census;
pub mod claims;
pub mod cli;
mod clock;
mod collected;
pub mod compare;
pub mod environment;
mod files;
pub mod flamegraph;
mod interrupt;
pub mod layouts;
pub mod machine_state;
pub mod matrix;
pub mod measurement;
pub mod plan;
pub mod profile;
mod progress;
pub mod promote;
pub mod record;
pub mod report;
pub mod round;
pub mod run;
pub mod runs;
pub mod selection;
pub mod selfcheck;
mod session;
#[cfg(test)]
mod simulated;
pub mod stats;
pub mod text;
pub mod traps;

pub use matrix::Target;
pub use session::measure;
pub use timed::{block, case, http, runtime, slice, strategy, watchdog, workload};
pub use workload::{Setup, Workload};
