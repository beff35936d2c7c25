//! Measures ways to await N children on tokio side by side: `tokio::join!`, `tokio::spawn` and their kin, with a ratio, an
//! interval that holds on a noisy machine, and a verdict.
//!
//! # Your own children
//!
//! A bench without libtest's harness (`harness = false`) that calls [`children`] with an async fn is all that is needed;
//! `examples/own_project` is such a project. `cargo bench` then measures it in some minutes, prints a table, and writes a
//! record; `cargo test --benches` runs every measurement once. By default that is `join` against `spawn` at 2, 4, 8, 16 and 32
//! children, in a spawned task, on `current_thread`, `multi_thread_1` and one worker a core, for up to 5 minutes. The `JVS_*`
//! variables choose what is measured and for how long: `cargo bench --bench NAME -- --help` lists them.
//!
//! A case has an id, `WORKLOAD/FLAVOR/SITE/PAYLOAD/TASKS` ([`case`]): `numbers/current_thread/worker/0B/8`. A *slice* is a timed
//! stretch of iterations, a *block* some slices of one case, a *round* one pass over the cases, a *layout* the program linked with
//! its functions in another order, the *suite* the benches of `join-vs-spawn`.
//!
//! Where children need something set up, or outputs are to be checked, implement [`Workload`] and call [`measure`]:
//!
//! ```
//! use measure::{Setup, Target, Workload, block};
//!
//! /// Children that yield once and return their number.
//! struct Numbers;
//!
//! impl Workload for Numbers {
//!     type Output = u64;
//!
//!     // In the runtime of each block, before anything is timed.
//!     async fn set_up(_: Setup) -> Result<Self, String> {
//!         Ok(Self)
//!     }
//!
//!     // Timed: makes child `index` of one fan-out.
//!     fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
//!         async move {
//!             tokio::task::yield_now().await;
//!             index as u64
//!         }
//!     }
//!
//!     // Timed too: a number that stands for the output.
//!     fn digest(output: u64) -> u64 {
//!         output
//!     }
//!
//!     fn expected(&self, index: usize) -> u64 {
//!         index as u64
//!     }
//! }
//!
//! // The `main` of the bench is `measure::measure(&target)`. Here each strategy only runs once, and its outputs are checked.
//! let target = Target::of::<Numbers>("numbers");
//! let case = "numbers/current_thread/worker/0B/8".parse()?;
//! for strategy in ["join", "spawn", "join_set"] {
//!     block::run_alone(&target.workloads[0], &case, strategy, 1, 0)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What comes out
//!
//! A [`record::Measurement`] for each case and strategy. Times are wall and CPU time in ns **per iteration**, one whole
//! fan-out; only `difference_ns` is per child. A ratio is the strategy's time over the reference's, with an interval
//! over layouts of the program ([`layouts`]) where it was linked in six or more, else over rounds; the table says which. Of one
//! layout an interval does not know what another build does, some percents. A project has several where its linker is the
//! repository's `scripts/keep-link-cc`, told of its benches (docs/USAGE.md, "Your own children"; Linux, with rustc's LLD).
//! [`stats::Verdict`] says when it counts as slower or faster. docs/METHODOLOGY.md of the repository says why it is measured so.
//!
//! A program that wants the measurements themselves makes a plan and a run. This is one, whole; of a single round, which makes a
//! preview without intervals:
//!
//! ```standalone_crate
//! use std::time::Duration;
//!
//! use measure::matrix::Matrix;
//! use measure::plan::{Item, Plan};
//! use measure::run::{Request, measured};
//! use measure::settings::RunSettings;
//! use measure::{Target, round};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let target = Target::of_children("numbers", |index| async move {
//!         tokio::task::yield_now().await;
//!         index
//!     });
//!     // Each round is this program again, which ends here then.
//!     round::run_if_child(&target.workloads);
//!
//!     let case = "numbers/current_thread/worker/0B/8".parse()?;
//!     let item = Item::of(case, &["join", "spawn"], "join");
//!     let plan = Plan::of(target.name, target.workloads.clone(), vec![item]);
//!     let settings = RunSettings {
//!         rounds: 1,
//!         layouts: 1,
//!         span: Duration::ZERO,
//!         ..RunSettings::of(Matrix::Quick)
//!     };
//!     let request = Request::here(&plan, &settings, "numbers".to_owned(), std::env::current_exe()?);
//!     let measurements = measured(request)?;
//!     for m in &measurements {
//!         let ns = m.wall_ns.expect("it was measured").median;
//!         println!("{}: {ns:.0} ns for a fan-out", m.case.measurement_id(&m.strategy));
//!     }
//!     assert_eq!(measurements.len(), 2);
//!     Ok(())
//! }
//! ```
//!
//! # Features
//!
//! - `local` (default): the flavor `local`, on tokio 1.51 and later.
//! - `suite`: every loop of the suite's own workloads, and a `join!` of 96, 128 and 256 children for a [`Workload`] ([`children`]
//!   has 64 at most). Without it a build takes less
//!   time, and has of the suite what a prediction (`--advise`) measures.
//! - `http`: the workloads that fetch, and their mock server.
//!
//! # Where what is
//!
//! - To measure: [`children`] and [`measure`], [`Workload`], [`Target`], the [`variables`]; below them [`selection`], [`plan`],
//!   [`settings`] and [`run`].
//! - What was measured: [`record`], [`run_store`], [`compare`], [`merge`], [`machines`], [`advise`].
//! - Intervals and verdicts are the package `jvs-stats`: [`stats`].
//! - What runs inside a slice comes from the package `jvs-timed`: [`strategy`], [`workload`], [`slice`](mod@slice), [`block`], [`runtime`], [`case`].
//! - The rest serves these. What only the suite needs is hidden, and no part of what a version promises.

// join! of 256 branches.
#![recursion_limit = "512"]
#![warn(clippy::missing_errors_doc)]

pub mod advise;
mod advised;
pub mod arguments;
mod budget;
pub mod calibration;
mod cases;
mod collected;
pub mod compare;
pub mod conditions;
pub mod environment;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod in_order;
pub mod interrupt;
pub mod layouts;
pub mod machine_state;
pub mod machines;
pub mod matrix;
pub mod measurement;
pub mod merge;
mod one_core;
pub mod plan;
#[doc(hidden)]
pub mod probe;
#[doc(hidden)]
pub mod program;
#[doc(hidden)]
pub mod progress;
pub mod record;
pub mod round;
pub mod run;
pub mod run_store;
pub mod selection;
pub mod session;
pub mod settings;
pub mod shard;
#[doc(hidden)]
pub mod shared_core;
pub mod table;
#[doc(hidden)]
pub mod text;
pub mod variables;
pub mod warnings;

pub use matrix::Target;
pub use session::{children, measure};
pub use stats;
#[cfg(feature = "http")]
pub use timed::http;
pub use timed::{
    Setup, Workload, block, cancelling, case, fan_out, loops, runtime, slice, strategy, timed_loop, usage, watchdog,
};

/// What each child does, and the list of the suite's own.
pub mod workload {
    pub use suite_loops::all;
    pub use timed::workload::*;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
