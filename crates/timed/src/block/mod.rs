//! The block: one strategy alone or two of them side by side, slice by slice, in a fresh runtime, or in one that another block
//! of the same strategy has settled.
//!
//! Each side first runs until the runtime is in its steady state ([`Shape::settle`]). Two sides are then measured in quads
//! of slices, ABBA or BAAB at random, so that a drift that is linear over a quad cancels out of its log ratio, and neither
//! side is always first.

mod drive;
mod schedule;
mod shape;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::runtime::BlockRuntime;
use crate::workload::Entry;

use schedule::Slices;

pub use drive::{drive_case, run_alone, timed};
pub use schedule::simulate;
pub use shape::{Shape, wakes_threads};

/// What a block measured of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// ns per iteration: e to the interquartile mean of the slices' logarithms. A slice's own is its mean, or the mean
    /// of its middle half where each iteration was timed on its own.
    pub wall_ns: f64,
    /// Each slice's ns per iteration, in the order in which they ran.
    pub slices_ns: Vec<f64>,
    /// CPU time of all the process's threads over all slices, in ns per iteration; 0 where there is no such clock.
    pub cpu_ns: f64,
    /// How often workers of the runtime parked, per iteration: [`Usage::parks`](crate::usage::Usage::parks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parks: Option<f64>,
    /// How often a thread gave up its core because it waited, per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voluntary_switches: Option<f64>,
    /// CPU time of the server that the workload talks to over the same slices, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_cpu_ns: Option<f64>,
    /// Time until the parent had the first result, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_result_ns: Option<f64>,
    /// Time until it had all results but one, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_but_one_ns: Option<f64>,
    /// Time until the siblings of a hot child had ended, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub siblings_ns: Option<f64>,
}

/// Connections that a block's client had opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// When its first timed slice began.
    pub before: u64,
    /// When its last timed slice ended.
    pub after: u64,
}

/// What a block measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// One or two strategies, in the order in which they were asked for.
    pub sides: Vec<Side>,
    /// Natural log of the first side over the second: the interquartile mean of the quads'. `None` with one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_ratio: Option<f64>,
    /// Connections opened to the server that the workload talks to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Connections>,
    /// Wall time spent inside timed slices, in ns.
    pub timed_ns: f64,
    /// Wall time of the whole block, in ns.
    pub total_ns: f64,
}

/// Runs one block of `case` with one strategy, or with two of them in one runtime.
///
/// # Errors
///
/// The reason for which the case is to be recorded as failed.
///
/// # Panics
///
/// Where a child panics, or the strategies are not one or two.
pub fn run(entry: &Entry, case: &Case, strategies: &[&str], shape: Shape, seed: u64) -> Result<Block, String> {
    let began = Instant::now();
    let runtime = BlockRuntime::of(case, seed)?;
    let mut block = run_in(&runtime, entry, case, strategies, shape, seed)?;
    drop(runtime);
    block.total_ns = began.elapsed().as_nanos() as f64;
    Ok(block)
}

/// The same in a runtime that there is, of the case's flavor and site.
///
/// # Errors
///
/// Those of [`run`].
pub fn run_in(
    runtime: &BlockRuntime,
    entry: &Entry,
    case: &Case,
    strategies: &[&str],
    shape: Shape,
    seed: u64,
) -> Result<Block, String> {
    let began = Instant::now();
    let slices = Slices::new(shape, strategies.len(), seed);
    let slices = drive_case(runtime, entry, case, strategies, seed, timed, slices)?;
    let mut block = slices.block();
    block.total_ns = began.elapsed().as_nanos() as f64;
    Ok(block)
}
