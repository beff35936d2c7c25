//! From blocks to measurements: the estimates, the flags and the verdict of each case × strategy.

use crate::block::Block;
use crate::plan::Item;
use crate::record::{Measurement, Status, case_flags};
use crate::run::Collected;
use crate::stats::{Estimate, bimodal, judge, noise_floor};
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
    let strategies = item
        .pairs
        .iter()
        .filter(|(strategy, _)| strategy != MACHINERY);
    if let Some(reason) = collected.failure(case) {
        return strategies
            .map(|(strategy, reference)| Measurement::failed(case, strategy, reference, reason))
            .collect();
    }
    let machinery = collected.rounds(case, MACHINERY);
    let machinery_ns = Estimate::over_rounds(&each(&machinery, |block| block.wall_ns.strategy));
    let floor = item
        .pairs
        .iter()
        .find(|(strategy, reference)| strategy == reference)
        .and_then(|(control, _)| Estimate::ratio(&logs(&collected.rounds(case, control))))
        .map(|control| noise_floor(&control));
    strategies
        .map(|(strategy, reference)| {
            let blocks = collected.rounds(case, strategy);
            let logs = logs(&blocks);
            let Some(ratio) = Estimate::ratio(&logs) else {
                return Measurement::failed(
                    case,
                    strategy,
                    reference,
                    "the run ended before it was measured",
                );
            };
            let block_ns = each(&blocks, |block| block.wall_ns.strategy);
            let cpu_ns = each(&blocks, |block| block.cpu_ns.strategy);
            let has_cpu_clock = cpu_ns.iter().flatten().any(|&ns| ns > 0.0);
            let control = strategy == reference;
            let mut flags = case_flags(case, cores);
            if bimodal(&logs) {
                flags.push("bimodal".to_owned());
            }
            Measurement {
                status: Status::Ok,
                reason: None,
                flags,
                wall_ns: Estimate::over_rounds(&block_ns),
                cpu_ns: Estimate::over_rounds(&cpu_ns).filter(|_| has_cpu_clock),
                ratio: Some(ratio),
                noise_floor: floor,
                verdict: Some(judge(
                    &ratio,
                    if control { 0.0 } else { floor.unwrap_or(0.0) },
                )),
                machinery_ns,
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
