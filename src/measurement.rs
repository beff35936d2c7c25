//! From blocks to measurements: the estimates, the flags and the verdict of each case × strategy.

use crate::block::{Block, Connections, Sides};
use crate::case::{Case, Site};
use crate::plan::{Item, Pair};
use crate::record::{Measurement, Status};
use crate::run::Collected;
use crate::stats::{Estimate, bimodal, judge, noise_floor};
use crate::traps::not_applicable;
use crate::workload::MACHINERY;

/// The measurements of `items`, a control first in each case, on a machine with `cores` cores.
pub fn measurements(items: &[Item], collected: &Collected, cores: usize) -> Vec<Measurement> {
    items
        .iter()
        .flat_map(|item| of_case(item, collected, cores))
        .collect()
}

fn of_case(item: &Item, collected: &Collected, cores: usize) -> Vec<Measurement> {
    let case = &item.case;
    let mut strategies: Vec<&Pair> = Vec::new();
    for pair in item.pairs.iter().filter(|pair| pair.0 != MACHINERY) {
        if !strategies.contains(&pair) {
            strategies.push(pair);
        }
    }
    if let Some(reason) = not_applicable(case, cores) {
        return strategies
            .into_iter()
            .map(|(strategy, reference)| Measurement::invalid(case, strategy, reference, &reason))
            .collect();
    }
    if let Some(reason) = collected.failure(case) {
        return strategies
            .into_iter()
            .map(|(strategy, reference)| Measurement::failed(case, strategy, reference, reason))
            .collect();
    }
    // An invalid control leaves the others without a noise floor.
    let control = item
        .pairs
        .iter()
        .find(|(strategy, reference)| strategy == reference);
    let control_invalid = control.and_then(|pair| invalid(case, &collected.rounds(case, pair)));
    let machinery = item.pairs.iter().find(|pair| pair.0 == MACHINERY);
    let machinery = machinery.map_or(Vec::new(), |pair| collected.rounds(case, pair));
    let machinery_ns = Estimate::over_rounds(&each(&machinery, |block| block.wall_ns.strategy));
    // The control of the reference, where more than one is a reference.
    let floor_of = |reference: &String| {
        let control = (reference.clone(), reference.clone());
        let ratio = Estimate::ratio(&logs(&collected.rounds(case, &control)));
        ratio.map(|control| noise_floor(&control))
    };
    strategies
        .into_iter()
        .map(|pair| {
            let (strategy, reference) = pair;
            let blocks = collected.rounds(case, pair);
            let logs = logs(&blocks);
            let Some(ratio) = Estimate::ratio(&logs) else {
                return Measurement::failed(
                    case,
                    strategy,
                    reference,
                    "the run ended before it was measured",
                );
            };
            if let Some(reason) = control_invalid.clone().or_else(|| invalid(case, &blocks)) {
                return Measurement::invalid(case, strategy, reference, &reason);
            }
            let block_ns = each(&blocks, |block| block.wall_ns.strategy);
            let cpu_ns = each(&blocks, |block| block.cpu_ns.strategy);
            let has_cpu_clock = cpu_ns.iter().flatten().any(|&ns| ns > 0.0);
            let control = strategy == reference;
            let floor = floor_of(reference);
            let mut flags = case_flags(case, cores);
            if bimodal(&logs) {
                flags.push("bimodal".to_owned());
            }
            let wall_ns = Estimate::over_rounds(&block_ns);
            let beside =
                |part: fn(&Block) -> Option<Sides>| Estimate::over_rounds(&known(&blocks, part));
            let server_cpu_ns = beside(|block| block.server_cpu_ns);
            if let (Some(server), Some(wall)) = (server_cpu_ns, wall_ns)
                && server.median >= SERVER_BOUND * wall.median
            {
                flags.push("server_bound".to_owned());
            }
            Measurement {
                status: Status::Ok,
                reason: None,
                flags,
                wall_ns,
                reference_ns: Estimate::over_rounds(&each(&blocks, |block| {
                    block.wall_ns.reference
                })),
                cpu_ns: Estimate::over_rounds(&cpu_ns).filter(|_| has_cpu_clock),
                ratio: Some(ratio),
                noise_floor: floor,
                verdict: Some(judge(
                    &ratio,
                    if control { 0.0 } else { floor.unwrap_or(0.0) },
                )),
                machinery_ns,
                server_cpu_ns,
                first_result_ns: beside(|block| block.first_result_ns),
                all_but_one_ns: beside(|block| block.all_but_one_ns),
                connections_opened: connections(&blocks)
                    .into_iter()
                    .map(|round| round.iter().map(|connections| connections.after).collect())
                    .collect(),
                rounds: logs,
                block_ns,
                ..Measurement::failed(case, strategy, reference, "")
            }
        })
        .collect()
}

fn each(rounds: &[Vec<Block>], number: impl Fn(&Block) -> f64) -> Vec<Vec<f64>> {
    rounds
        .iter()
        .map(|blocks| blocks.iter().map(&number).collect())
        .collect()
}

fn logs(rounds: &[Vec<Block>]) -> Vec<Vec<f64>> {
    each(rounds, |block| block.log_ratio)
}

/// A server whose CPU time is at least this share of the wall time is what the clients wait for: it runs on one
/// thread.
const SERVER_BOUND: f64 = 0.85;

/// Connections that a client may open beyond one for each child: where a fan-out follows the last one closely, a
/// request may begin a new connection while the last answer's is still on its way back to the pool.
const MORE_CONNECTIONS: u64 = 2;

/// A part of the strategy's side that only some blocks have; a round without any is left out.
fn known(rounds: &[Vec<Block>], part: fn(&Block) -> Option<Sides>) -> Vec<Vec<f64>> {
    rounds
        .iter()
        .map(|blocks| {
            blocks
                .iter()
                .filter_map(|block| Some(part(block)?.strategy))
                .collect()
        })
        .filter(|blocks: &Vec<f64>| !blocks.is_empty())
        .collect()
}

fn connections(rounds: &[Vec<Block>]) -> Vec<Vec<Connections>> {
    rounds
        .iter()
        .map(|blocks| {
            blocks
                .iter()
                .filter_map(|block| block.connections)
                .collect()
        })
        .filter(|blocks: &Vec<Connections>| !blocks.is_empty())
        .collect()
}

/// Why blocks did not measure a steady state of connections, if so.
fn invalid(case: &Case, rounds: &[Vec<Block>]) -> Option<String> {
    let tasks = case.tasks as u64;
    let reason = |connections: &Connections| {
        let Connections { before, after } = *connections;
        if after > before {
            Some(format!(
                "connections grew from {before} to {after} while it was measured"
            ))
        } else if !(tasks..=tasks + MORE_CONNECTIONS).contains(&after) {
            Some(format!(
                "{after} connections were opened for {tasks} children"
            ))
        } else {
            None
        }
    };
    connections(rounds).concat().iter().find_map(reason)
}

/// Flags that follow from the case alone.
pub fn case_flags(case: &Case, cores: usize) -> Vec<String> {
    let mut flags = Vec::new();
    if case.flavor.workers() > cores {
        flags.push("oversubscribed".to_owned());
    }
    // In block_on even one thread does: tokio polls the main future when the run queue is empty or after 61
    // tasks, not in its turn among the tasks (current_thread/mod.rs, `CoreGuard::block_on`).
    if case.workload == "wake" && (case.flavor.workers() > 1 || case.site == Site::BlockOn) {
        flags.push("driver_races".to_owned());
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of one block each, with these connections before and after.
    fn opened(connections: &[(u64, u64)]) -> Vec<Vec<Block>> {
        let block = |&(before, after): &(u64, u64)| Block {
            wall_ns: Sides {
                strategy: 2.0,
                reference: 1.0,
            },
            cpu_ns: Sides {
                strategy: 2.0,
                reference: 1.0,
            },
            log_ratio: 0.7,
            server_cpu_ns: None,
            connections: Some(Connections { before, after }),
            first_result_ns: None,
            all_but_one_ns: None,
            timed_ns: 1.0,
            total_ns: 1.0,
        };
        connections.iter().map(|pair| vec![block(pair)]).collect()
    }

    #[test]
    fn a_state_of_connections_that_is_not_steady_is_invalid() {
        let case: Case = "http/current_thread/worker/64B/3".parse().unwrap();
        assert_eq!(invalid(&case, &opened(&[(3, 3), (4, 4), (5, 5)])), None);
        assert_eq!(invalid(&case, &[vec![]]), None);
        for (connections, says) in [
            ([(3, 3), (3, 4)], "grew from 3 to 4"),
            ([(3, 3), (6, 6)], "6 connections were opened for 3"),
            ([(3, 3), (2, 2)], "2 connections were opened for 3"),
        ] {
            let reason = invalid(&case, &opened(&connections)).unwrap();
            assert!(reason.contains(says), "{reason}");
        }
    }
}
