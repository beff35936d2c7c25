//! From blocks to measurements: the estimates, the flags and the verdict of each case × strategy.

mod conditions;
mod rounds;
mod series;
#[cfg(test)]
mod tests;

use crate::block::Side;
use crate::case::Case;
use crate::collected::Collected;
use crate::plan::{Pair, Planned};
use crate::record::{FEWEST_SAMPLES, Measurement};
use crate::stats::{bimodal, opposite_modes, stretches};
use crate::warnings::not_applicable;
use crate::workload::MACHINERY;

use conditions::{SERVER_BOUND, invalid};
use rounds::{Rounds, alone_ns};

pub use conditions::case_flags;

/// The measurements of what was planned, a control first in each case, on a machine with `cores` cores.
pub fn measurements(planned: &[Planned], collected: &Collected, cores: usize) -> Vec<Measurement> {
    planned
        .iter()
        .flat_map(|planned| of_case(planned, collected, cores))
        .collect()
}

/// Whether a case needs no more rounds, as it was measured until now: all its measurements are clear.
pub(crate) fn is_clear(planned: &Planned, collected: &Collected, cores: usize) -> bool {
    let case = Rounds::of(planned, collected);
    let compared: Vec<&Pair> = case.pairs().filter(|(a, b)| a != b).collect();
    !compared.is_empty()
        && compared.iter().all(|pair| case.is_clear(pair))
        && not_applicable(&planned.item.case, cores).is_none()
}

fn of_case(planned: &Planned, collected: &Collected, cores: usize) -> Vec<Measurement> {
    let case = &planned.item.case;
    let rounds = Rounds::of(planned, collected);
    let all = |without: fn(&Case, &str, &str, &str) -> Measurement, reason: &str| {
        let pairs = rounds.pairs();
        pairs
            .map(|(strategy, reference)| without(case, strategy, reference, reason))
            .collect()
    };
    if let Some(reason) = not_applicable(case, cores) {
        return all(Measurement::invalid, &reason);
    }
    if let Some(reason) = collected.failed.get(case) {
        return all(Measurement::failed, reason);
    }
    if let Some(reason) = rounds.rounds.iter().find_map(|(_, of_round)| invalid(case, of_round)) {
        return all(Measurement::invalid, &reason);
    }
    // All of a case stop together, when all of them are clear.
    let stopped = collected.clear.contains(case);
    let pairs = rounds.pairs();
    pairs
        .map(|pair| {
            of_pair(&rounds, pair, stopped, cores).unwrap_or_else(|| {
                let (strategy, reference) = pair;
                let reason = "the run ended before it was measured";
                Measurement::failed(case, strategy, reference, reason)
            })
        })
        .collect()
}

fn of_pair(rounds: &Rounds<'_>, pair: &Pair, stopped: bool, cores: usize) -> Option<Measurement> {
    let (strategy, reference) = pair;
    let case = &rounds.planned.item.case;
    let control = strategy == reference;
    let logs = rounds.logs(pair);
    let ratio = match control {
        true => rounds.control(strategy)?.map(f64::exp),
        false => rounds.ratio(&logs, stopped)?,
    };
    let circumstances = rounds.circumstances(pair, &logs);
    let of_side = |part: fn(&Side) -> Option<f64>| rounds.series(|of_round| part(rounds.side(of_round, pair)?));
    let wall = of_side(|side| Some(side.wall_ns));
    let cpu = of_side(|side| Some(side.cpu_ns));
    let has_cpu_clock = cpu.values.iter().any(|ns| *ns > 0.0);
    let wall_ns = wall.estimate();
    let server_cpu_ns = of_side(|side| side.server_cpu_ns).estimate();
    let parks = of_side(|side| side.parks);
    let same_blocks = parks.rounds == logs.rounds;
    let modes = opposite_modes(&logs.values, if same_blocks { &parks.values } else { &[] }).filter(|_| !control);
    let states = stretches(&logs.values).filter(|_| !control);
    let mut flags = case_flags(&rounds.planned.entry, case, cores);
    if bimodal(&logs.each()) {
        flags.push("bimodal".to_owned());
    }
    if let (Some(server), Some(wall)) = (server_cpu_ns, wall_ns)
        && server.median >= SERVER_BOUND * wall.median
    {
        flags.push("server_bound".to_owned());
    }
    if states.is_some() {
        flags.push("state_changed".to_owned());
    }
    let counted = rounds.rounds.iter().filter(|(round, _)| {
        // Of a control each pair of rounds is one.
        control || !rounds.planned.pace.free_core || logs.rounds.contains(round)
    });
    let sides: Vec<&Side> = counted
        .filter_map(|(_, of_round)| rounds.any_side(of_round, pair))
        .collect();
    let few = sides.len() < FEWEST_SAMPLES;
    let block_ns = sides
        .iter()
        .map(|side| match few {
            true => side.slices_ns.clone(),
            false => vec![side.wall_ns],
        })
        .collect();
    let opened = rounds.rounds.iter().filter_map(|(_, of_round)| {
        let block = rounds.block(of_round, pair)?;
        Some(vec![block.connections?.after])
    });
    let difference = rounds.series(|of_round| {
        let more = rounds.side(of_round, pair)?.wall_ns - rounds.reference_side(of_round, pair)?.wall_ns;
        Some(more / case.tasks as f64)
    });
    let machinery = rounds.series(|of_round| alone_ns(of_round, MACHINERY, rounds.free));
    Some(Measurement {
        flags,
        own_runtime: rounds.planned.pace.own_runtime,
        wall_ns,
        reference_ns: rounds
            .series(|of_round| Some(rounds.reference_side(of_round, pair)?.wall_ns))
            .estimate(),
        difference_ns: difference.estimate().filter(|_| !control),
        cpu_ns: cpu.estimate().filter(|_| has_cpu_clock),
        ratio: Some(ratio),
        noise_floor: rounds.floor(reference),
        carry_over: circumstances.carry_over,
        modes: modes.map_or(Vec::new(), Vec::from),
        states: states.map_or(Vec::new(), Vec::from),
        verdict: Some(circumstances.judge(&ratio)),
        machinery_ns: machinery.estimate(),
        server_cpu_ns,
        first_result_ns: of_side(|side| side.first_result_ns).estimate(),
        all_but_one_ns: of_side(|side| side.all_but_one_ns).estimate(),
        siblings_ns: of_side(|side| side.siblings_ns).estimate(),
        parks: parks.estimate(),
        voluntary_switches: of_side(|side| side.voluntary_switches).estimate(),
        connections_opened: opened.collect(),
        shared_core_rounds: rounds.left_out(pair),
        in_rounds: logs.rounds.clone(),
        rounds: logs.each(),
        block_ns,
        ..Measurement::without_numbers(case, strategy, reference)
    })
}
