//! The timed loops of the suite's workloads, compiled in a package that has nothing else.
//!
//! What is inlined into what the compiler decides within a unit, and it fills the units of a package by size. In a package of their own
//! the loops get the same code whatever is added to the suite beside workloads and strategies (docs/METHODOLOGY.md, "The slice").

// join! of 256 branches.
#![recursion_limit = "512"]

use timed::workload::{Entry, all_compiled_here};

/// All workloads of the bench targets, in the order in which lists and pages show them.
pub fn all() -> Vec<Entry> {
    all_compiled_here()
}
