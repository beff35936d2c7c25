//! What runs inside the timed slices of join-vs-spawn, and nothing else: an edit of a page, a command or a statistic
//! does not compile this package again, and does not move what it measures.
//!
//! One way through it: [`case`] → [`workload`] × [`strategy`] → [`slice`](mod@slice) → [`runtime`] → [`block`].

// join! of 256 branches.
#![recursion_limit = "512"]
#![warn(clippy::missing_errors_doc)]

pub mod block;
pub mod cancelled;
pub mod case;
pub mod chain;
mod heap;
#[cfg(feature = "http")]
pub mod http;
pub mod numbers;
pub mod runtime;
pub mod slice;
pub mod strategy;
pub mod usage;
pub mod watchdog;
pub mod workload;

pub use workload::{Setup, Workload};
