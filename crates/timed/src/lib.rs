//! What runs inside the timed slices of join-vs-spawn, beside two fixed pieces of work that the machine's state is told by ([`cpu_speed`],
//! [`task_like`]), and nothing else: an edit of a page, a command or a statistic does not compile this package again, and does not
//! move what it measures.
//!
//! One way through it, each built on those before: [`case`], [`children`] and [`fan_out`](mod@fan_out), [`timed_loop`], [`strategy`], [`workload`],
//! [`runtime`], [`block`].

// join! of 256 branches.
#![recursion_limit = "512"]
#![warn(clippy::missing_errors_doc)]

pub mod block;
mod cancelled;
pub mod cancelling;
pub mod case;
pub mod chain;
pub mod children;
pub mod cpu_speed;
pub mod fan_out;
mod heap;
#[cfg(feature = "http")]
pub mod http;
pub mod locked;
pub mod loops;
pub mod numbers;
pub mod runtime;
pub mod slice;
mod stack;
pub mod strategy;
pub mod task_like;
pub mod timed_loop;
pub mod usage;
pub mod watchdog;
pub mod workload;

pub use children::{Setup, Workload};

/// The profile that this package was compiled with: its name, level of optimization and whether it asserts.
pub const PROFILE: &str = env!("BUILT_WITH_PROFILE");
