//! What a case, its connections and its server say about its numbers: flags, and why they are worth nothing.

use crate::block::Connections;
use crate::case::Case;
use crate::collected::OfRound;
use crate::workload::Entry;

/// A server whose CPU time is at least this share of the wall time is what the clients wait for: it runs on one
/// thread.
pub(super) const SERVER_BOUND: f64 = 0.85;

/// Connections that a client may open beyond one for each child: where a fan-out follows the last one closely, a
/// request may begin a new connection while the last answer's is still on its way back to the pool.
const MORE_CONNECTIONS: u64 = 2;

/// Why a round's blocks did not measure a steady state of connections, if so.
pub(super) fn invalid(case: &Case, of_round: &OfRound) -> Option<String> {
    let connections = of_round.all().filter_map(|block| block.connections);
    connections.into_iter().find_map(|opened| unsteady(case, &opened))
}

/// Why connections are not in a steady state, if so.
pub(super) fn unsteady(case: &Case, connections: &Connections) -> Option<String> {
    let tasks = case.tasks as u64;
    let Connections { before, after } = *connections;
    if after > before {
        Some(format!(
            "connections grew from {before} to {after} while it was measured"
        ))
    } else if !(tasks..=tasks + MORE_CONNECTIONS).contains(&after) {
        Some(format!("{after} connections were opened for {tasks} children"))
    } else {
        None
    }
}

/// Flags that follow from the case alone: `oversubscribed`, and those of its workload.
pub fn case_flags(entry: &Entry, case: &Case, cores: usize) -> Vec<String> {
    let oversubscribed = (case.flavor.workers() > cores).then_some(&"oversubscribed");
    let flags = oversubscribed.into_iter().chain((entry.flags)(case));
    flags.map(|flag| (*flag).to_owned()).collect()
}
