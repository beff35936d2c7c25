//! Loops beside the suite's own, by which it is checked: with children that count (the census), with a delay of known size
//! behind them, copied under another type, and written by hand (the self-check).
//!
//! A package of its own, so that an edit of a report does not compile them again.

// join! of 256 branches.
#![recursion_limit = "512"]

mod copies;
pub mod counted;
mod delayed;
pub mod entries;
mod handwritten;

use timed::{slice, strategy, workload};
