//! Drives a schedule over a case in a runtime, and checks the outputs of every slice.

use std::sync::Arc;
use std::time::Duration;

use crate::case::Case;
use crate::children::Setup;
use crate::runtime::{BlockRuntime, Schedule};
use crate::slice::Slice;
use crate::strategy::Spawning;
use crate::timed_loop::TimedLoop;
use crate::watchdog;
use crate::workload::{Entry, Opened};

/// Runs `iterations` iterations of one strategy, without warming: for `--test`, `--profile-time` and the tests. Returns
/// their wall time.
///
/// # Errors
///
/// Why the case failed: it cannot be set up, or its outputs are wrong.
///
/// # Panics
///
/// Where a child panics.
pub fn run_alone(entry: &Entry, case: &Case, strategy: &str, iterations: u64, seed: u64) -> Result<Duration, String> {
    let once = Once {
        iterations: Some(iterations),
        wall: Duration::ZERO,
    };
    let runtime = BlockRuntime::of(case, seed)?;
    let once = drive_case(&runtime, entry, case, &[strategy], seed, timed, once)?;
    Ok(once.wall)
}

/// The loop that is timed.
pub fn timed(opened: &Arc<dyn Opened>, strategy: &str, spawning: Spawning) -> Option<TimedLoop> {
    opened.timed_loop(strategy, spawning)
}

/// Opens the case's workload in a runtime of its flavor and site and drives a schedule over the loops of `strategies`, which
/// `make_loop` makes; every slice's outputs are checked.
///
/// # Errors
///
/// Why the case failed: it cannot be set up, a strategy cannot have so many children, or outputs are wrong.
///
/// # Panics
///
/// Where a child panics.
pub fn drive_case<S: Schedule>(
    runtime: &BlockRuntime,
    entry: &Entry,
    case: &Case,
    strategies: &[&str],
    seed: u64,
    make_loop: impl Fn(&Arc<dyn Opened>, &str, Spawning) -> Option<TimedLoop> + Send + 'static,
    schedule: S,
) -> Result<S, String> {
    let setup = Setup {
        tasks: case.tasks,
        payload_bytes: case.payload.0,
        // Half of the bits, so that sums of children's numbers do not overflow in plainly written code.
        seed: seed >> 32,
    };
    watchdog::beat();
    #[cfg(feature = "http")]
    if entry.served {
        // A server for each strategy, as each has a runtime and a client of its own.
        crate::http::server::choose(strategies[0])?;
    }
    let names: Vec<String> = strategies.iter().map(|name| (*name).to_owned()).collect();
    let driven = runtime.drive((entry.open)(setup), move |opened: Arc<dyn Opened>, spawning| {
        let loops = names
            .iter()
            .map(|name| {
                make_loop(&opened, name, spawning).ok_or_else(|| format!("{name} cannot have {} children", setup.tasks))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let checked = Checked {
            expected: opened.expected_digest(),
            opened,
            wrong: None,
            iterations: 0,
            schedule,
        };
        Ok((checked, loops))
    })?;
    match driven.wrong {
        None => Ok(driven.schedule),
        Some(side) => Err(driven.opened.failure_reason().unwrap_or_else(|| {
            format!(
                "{} returned outputs other than the workload's expected ones",
                strategies[side]
            )
        })),
    }
}

/// Checks the outputs of every slice, and ends the block at the first wrong one.
struct Checked<S> {
    opened: Arc<dyn Opened>,
    expected: u64,
    /// The side that returned other outputs.
    wrong: Option<usize>,
    iterations: u64,
    schedule: S,
}

impl<S: Schedule> Schedule for Checked<S> {
    fn next(&mut self) -> Option<(usize, u64)> {
        watchdog::beat();
        if self.wrong.is_some() {
            return None;
        }
        let (side, iterations) = self.schedule.next()?;
        self.iterations = iterations;
        Some((side, iterations))
    }

    fn measured(&mut self, side: usize, slice: Slice) {
        if slice.digest != self.expected.wrapping_mul(self.iterations) {
            self.wrong = Some(side);
        }
        self.schedule.measured(side, slice);
    }
}

/// One slice of one side.
struct Once {
    iterations: Option<u64>,
    wall: Duration,
}

impl Schedule for Once {
    fn next(&mut self) -> Option<(usize, u64)> {
        Some((0, self.iterations.take()?))
    }

    fn measured(&mut self, _side: usize, slice: Slice) {
        self.wall = slice.wall;
    }
}
