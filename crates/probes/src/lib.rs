//! Loops beside the suite's own, by which the self-check checks it: with a delay of known size behind them, compiled once
//! more, and written by hand.
//!
//! A package of its own, so that an edit of a report does not compile them again.

mod delayed;
pub mod entries;
mod handwritten;

use timed::{Setup, Workload, fan_out, slice, strategy, timed_loop, usage, workload};
