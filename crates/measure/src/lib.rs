//! Measures ways to await N children on tokio side by side: `tokio::join!`, `tokio::spawn` and their kin, with a ratio, an
//! interval that holds on a noisy machine, and a verdict.

// join! of 256 branches.
#![recursion_limit = "512"]

pub mod arguments;
mod budget;
mod cases;
mod collected;
pub mod compare;
pub mod cpu_speed;
pub mod environment;
pub mod files;
pub mod interrupt;
pub mod layouts;
pub mod machine_state;
pub mod matrix;
pub mod measurement;
pub mod plan;
mod progress;
pub mod record;
pub mod round;
pub mod run;
pub mod run_store;
pub mod selection;
pub mod session;
pub mod settings;
#[cfg(test)]
mod simulated;
pub mod stats;
pub mod table;
pub mod text;
pub mod variables;
pub mod warnings;

pub use matrix::Target;
pub use session::{children, measure};
#[cfg(feature = "http")]
pub use timed::http;
pub use timed::{block, case, runtime, slice, strategy, watchdog, workload};
pub use workload::{Setup, Workload};
