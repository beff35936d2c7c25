//! Loops beside the suite's own, by which it is checked: with children that count (the [census]), with a delay of known size
//! behind them, copied under another type, and written by hand (the self-check).
//!
//! A package of its own, so that an edit of a report does not compile them again.

// join! of 256 branches.
#![recursion_limit = "512"]

pub mod census;
#[cfg(feature = "checks")]
mod copies;
mod counted;
#[cfg(feature = "checks")]
mod delayed;
#[cfg(feature = "checks")]
pub mod entries;
#[cfg(feature = "checks")]
mod handwritten;

use timed::{block, case, runtime, slice, strategy, usage, workload};
