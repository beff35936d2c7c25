//! # join-vs-spawn
//!
//! `tokio::join!` or `tokio::spawn`? This package answers with measurements on the reader's own machine. Use it
//! by `cargo bench`; its README says how to read what that prints, docs/METHODOLOGY.md why it measures as it does.
//!
//! To have a child of your own measured, use the package `jvs-measure` (`crates/measure`), whose [`measure::children`] and
//! [`Workload`] are all that is needed. Here is what is said about measurements:
//!
//! | module | what is in it |
//! |---|---|
//! | [`bench`](mod@bench) | the `main` of a bench target, and what it has of Criterion: replay, command line, profiler |
//! | [`criterion_alone`] | the same loops as Criterion itself samples them, for scale |
//! | [`targets`] | the bench targets |
//! | [`findings`] | what a table shows, in sentences |
//! | [`report`] | what a reader sees: terminal, Markdown, HTML, exports |
//! | [`attachments`], [`save`], [`contribution`] | what lies beside a run's records; how the last run gets a name; whether other machines' can stand beside it |
//! | [`advise`](mod@advise) | the answer for a workload of the reader's own: the run that calibrates it, the dialogue |
//! | [`census`] | what an iteration does, counted; `src/bin/census.rs` is its program |
//! | [`builds`] | one tokio against another, one flag against another: made, measured in turns, judged |
//! | [`claims`] | the article's statements, put to experiments |
//! | [`selfcheck`] | the suite against itself: where the truth is known, how often is it wrong |
//! | [`simulated_machine`] | records of machines that do not exist, with known truths |
//! | [`flamegraph`] | stacks, pictures, what differs |
//! | [`cli`], [`trouble`] | the binary; why it has no answer, and its exit code then |
//!
//! What a recorded run answers:
//!
//! ```
//! use std::path::Path;
//!
//! use join_vs_spawn::attachments::RecordedRun;
//! use join_vs_spawn::findings::answer::answer;
//!
//! let run = RecordedRun::load(Path::new("results"), "tokio-1.54.1-7")?;
//! for sentence in answer(&run.parts) {
//!     println!("{} {}", sentence.lead, sentence.rest);
//! }
//! # assert!(answer(&run.parts).iter().any(|sentence| sentence.lead == "Use join! when"));
//! # Ok::<(), join_vs_spawn::trouble::Trouble>(())
//! ```
//!
//! What measures is below: [`measure`] (plan, rounds, records), [`stats`] (intervals, verdicts) and, below them, `timed` (what runs
//! inside a slice).
//! An edit here compiles none of them again, and moves nothing that is measured.

// join! of 256 branches.
#![recursion_limit = "512"]

pub mod advise;
pub mod attachments;
pub mod bench;
pub mod builds;
pub mod claims;
pub mod cli;
pub mod contribution;
pub mod criterion_alone;
pub mod findings;
pub mod flamegraph;
pub mod report;
pub mod save;
pub mod selfcheck;
pub mod simulated_machine;
pub mod targets;
pub mod trouble;

pub use census;

pub use measure::{
    Target, Workload, block, case, compare, conditions, environment, files, http, in_order, interrupt, layouts,
    machine_state, matrix, measurement, plan, program, progress, record, round, run, run_store, runtime, selection,
    session, settings, shared_core, slice, stats, strategy, table, text, timed_loop, usage, variables, warnings,
    watchdog, workload,
};
