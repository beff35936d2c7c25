//! From blocks to measurements: the estimates, the flags and the verdict of each case × strategy.

use crate::block::{Block, Connections, Side};
use crate::case::{Case, Site};
use crate::collected::{Collected, OfRound};
use crate::plan::{Item, Pace, Pair};
use crate::record::{Measurement, Status};
use crate::stats::{
    Estimate, Known, LOOKS, bimodal, clear, noise_floor, opposite_modes, sequential, stretches,
    units,
};
use crate::traps::not_applicable;
use crate::workload::MACHINERY;

/// A case of a run: what is measured of it, and how.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its place in the plan.
    pub place: usize,
    /// What is measured.
    pub item: Item,
    /// How.
    pub pace: Pace,
}

impl Planned {
    /// Whether the case takes part in a round of a run that has `rounds`, `done` rounds being done: evenly spread over the
    /// run, each case beginning at another round.
    pub(crate) fn takes_part(&self, round: usize, done: usize, rounds: usize) -> bool {
        if round >= rounds {
            return true;
        }
        let wanted = self.pace.rounds(rounds);
        // Cases begin one after the other, so that rounds are of the same length.
        let phase = self.place % rounds.div_ceil(wanted);
        done < wanted.min((round + 1 + phase) * wanted / rounds)
    }
}

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

/// What one case was measured as, round by round.
struct Rounds<'a> {
    planned: &'a Planned,
    rounds: Vec<(usize, &'a OfRound)>,
    layouts: Vec<usize>,
}

/// One value for each round that has one.
struct Series {
    rounds: Vec<usize>,
    layouts: Vec<usize>,
    values: Vec<f64>,
}

impl Series {
    fn units(&self) -> Vec<f64> {
        units(&self.values, &self.layouts)
    }

    fn estimate(&self) -> Option<Estimate> {
        Estimate::of(&self.units())
    }

    /// As one list for each round.
    fn each(&self) -> Vec<Vec<f64>> {
        self.values.iter().map(|value| vec![*value]).collect()
    }
}

impl<'a> Rounds<'a> {
    fn of(planned: &'a Planned, collected: &'a Collected) -> Self {
        let case = &planned.item.case;
        let rounds: Vec<(usize, &OfRound)> = collected
            .rounds_of(case)
            .into_iter()
            .filter_map(|round| Some((round, collected.of_round(case, round)?)))
            .collect();
        let states = collected.states();
        let layouts = rounds
            .iter()
            .map(|(round, _)| states.get(*round).map_or(0, |state| state.layout))
            .collect();
        Self {
            planned,
            rounds,
            layouts,
        }
    }

    /// Every pair that was measured, once, but the workload's own machinery.
    fn pairs(&self) -> impl Iterator<Item = &'a Pair> {
        let pairs = &self.planned.item.pairs;
        let first = |place: usize, pair: &Pair| !pairs[..place].contains(pair);
        pairs
            .iter()
            .enumerate()
            .filter(move |(place, pair)| pair.0 != MACHINERY && first(*place, pair))
            .map(|(_, pair)| pair)
    }

    fn series(&self, mut value: impl FnMut(&OfRound) -> Option<f64>) -> Series {
        let mut series = Series {
            rounds: Vec::new(),
            layouts: Vec::new(),
            values: Vec::new(),
        };
        for ((round, of_round), layout) in self.rounds.iter().zip(&self.layouts) {
            if let Some(value) = value(of_round).filter(|value| value.is_finite()) {
                series.rounds.push(*round);
                series.layouts.push(*layout);
                series.values.push(value);
            }
        }
        series
    }

    /// The strategy's side of a pair: beside its reference, or alone.
    fn side(&self, of_round: &'a OfRound, (strategy, reference): &Pair) -> Option<&'a Side> {
        self.block(of_round, strategy, reference)?.sides.first()
    }

    /// The reference's side of a pair.
    fn reference_side(
        &self,
        of_round: &'a OfRound,
        (strategy, reference): &Pair,
    ) -> Option<&'a Side> {
        if self.planned.pace.own_runtime || strategy == reference {
            of_round.alone(reference, false)?.sides.first()
        } else {
            of_round.shared(strategy, reference)?.sides.get(1)
        }
    }

    fn block(&self, of_round: &'a OfRound, strategy: &str, reference: &str) -> Option<&'a Block> {
        if self.planned.pace.own_runtime || strategy == reference {
            of_round.alone(strategy, false)
        } else {
            of_round.shared(strategy, reference)
        }
    }

    /// The natural logs of a pair's ratio.
    fn logs(&self, pair: &Pair) -> Series {
        let (strategy, reference) = pair;
        if strategy == reference && self.planned.pace.own_runtime {
            // In pairs, for a reader; the control itself is of all of them.
            let [mut one, other] = self.alternately(strategy);
            let pairs = one.values.iter().zip(&other.values);
            let logs: Vec<f64> = pairs.map(|(one, other)| one - other).collect();
            one.values = if logs.is_empty() {
                vec![0.0; one.values.len()]
            } else {
                logs
            };
            one.rounds.truncate(one.values.len());
            one.layouts.truncate(one.values.len());
            return one;
        }
        self.series(|of_round| {
            if strategy == reference {
                return Some(
                    alone_ns(of_round, strategy, false)?.ln()
                        - alone_ns(of_round, strategy, true)?.ln(),
                );
            }
            if self.planned.pace.own_runtime {
                return Some(
                    alone_ns(of_round, strategy, false)?.ln()
                        - alone_ns(of_round, reference, false)?.ln(),
                );
            }
            of_round.shared(strategy, reference)?.log_ratio
        })
    }

    /// A strategy's logs in every other round in which it was measured, and in those between: two samples of the same code, of
    /// other processes and layouts, over which a drift is spread alike.
    fn alternately(&self, strategy: &str) -> [Series; 2] {
        [0, 1].map(|first| {
            let mut place = 0;
            self.series(|of_round| {
                let log = alone_ns(of_round, strategy, false)?.ln();
                place += 1;
                ((place - 1) % 2 == first).then_some(log)
            })
        })
    }

    /// The control of a strategy, in the log: it against a copy of itself in another process and layout; where runtimes are
    /// not shared, it in every other round against itself in those between.
    fn control(&self, strategy: &str) -> Option<Estimate> {
        if !self.planned.pace.own_runtime {
            return self
                .logs(&(strategy.to_owned(), strategy.to_owned()))
                .estimate();
        }
        let [one, other] = self.alternately(strategy);
        // One block has no other; its level says that it is no evidence.
        let alone = || Estimate::of(&one.values).map(|e| e.map(|_| 0.0));
        Estimate::shift(&other.values, &one.values).or_else(alone)
    }

    /// What sharing a runtime did to a ratio, in the log.
    fn carry_over(&self, (strategy, reference): &Pair) -> Option<Estimate> {
        if self.planned.pace.own_runtime || strategy == reference {
            return None;
        }
        let carried = self.series(|of_round| {
            let shared = of_round.shared(strategy, reference)?.log_ratio?;
            let one = alone_ns(of_round, strategy, false)?.ln();
            Some(shared - (one - alone_ns(of_round, reference, false)?.ln()))
        });
        Some(carried.estimate()?.map(f64::exp))
    }

    /// The noise floor of a reference.
    fn floor(&self, reference: &str) -> Option<f64> {
        Some(noise_floor(&self.control(reference)?.map(f64::exp)))
    }

    fn known(&self, pair: &Pair, logs: &Series) -> Known {
        let control = pair.0 == pair.1;
        let floor = if control { None } else { self.floor(&pair.1) };
        Known {
            noise_floor: floor.unwrap_or(0.0),
            carry_over: self.carry_over(pair),
            opposite_modes: !control && opposite_modes(&logs.values).is_some(),
        }
    }

    fn ratio(&self, logs: &Series, stopped: bool) -> Option<Estimate> {
        let estimate = sequential::estimate(&logs.units(), logs.values.len(), stopped)?;
        Some(estimate.map(f64::exp))
    }

    /// Whether a pair needs no more rounds.
    fn is_clear(&self, pair: &Pair) -> bool {
        let logs = self.logs(pair);
        let verdict = |ratio: Estimate| (ratio, self.known(pair, &logs).judge(&ratio));
        self.ratio(&logs, true)
            .map(verdict)
            .is_some_and(|(ratio, verdict)| clear(&ratio, verdict))
    }
}

/// ns per iteration of a strategy alone, or of its copy.
fn alone_ns(of_round: &OfRound, strategy: &str, copy: bool) -> Option<f64> {
    Some(of_round.alone(strategy, copy)?.sides.first()?.wall_ns)
}

fn of_case(planned: &Planned, collected: &Collected, cores: usize) -> Vec<Measurement> {
    let case = &planned.item.case;
    let rounds = Rounds::of(planned, collected);
    let pairs = || rounds.pairs();
    if let Some(reason) = not_applicable(case, cores) {
        return pairs()
            .map(|(strategy, reference)| Measurement::invalid(case, strategy, reference, &reason))
            .collect();
    }
    if let Some(reason) = collected.failure(case) {
        return pairs()
            .map(|(strategy, reference)| Measurement::failed(case, strategy, reference, reason))
            .collect();
    }
    if let Some(reason) = rounds
        .rounds
        .iter()
        .find_map(|(_, of_round)| invalid(case, of_round))
    {
        return pairs()
            .map(|(strategy, reference)| Measurement::invalid(case, strategy, reference, &reason))
            .collect();
    }
    // All of a case stop together, when all of them are clear.
    let stopped = LOOKS.contains(&rounds.rounds.len()) && is_clear(planned, collected, cores);
    pairs()
        .map(|pair| {
            of_pair(&rounds, pair, stopped, cores).unwrap_or_else(|| {
                let (strategy, reference) = pair;
                let reason = "the run ended before it was measured";
                Measurement::failed(case, strategy, reference, reason)
            })
        })
        .collect()
}

/// Criterion takes no fewer samples.
const FEWEST_SAMPLES: usize = 10;

fn of_pair(rounds: &Rounds<'_>, pair: &Pair, stopped: bool, cores: usize) -> Option<Measurement> {
    let (strategy, reference) = pair;
    let case = &rounds.planned.item.case;
    let control = strategy == reference;
    let logs = rounds.logs(pair);
    let ratio = match control {
        true => rounds.control(strategy)?.map(f64::exp),
        false => rounds.ratio(&logs, stopped)?,
    };
    let known = rounds.known(pair, &logs);
    let of_side = |part: fn(&Side) -> Option<f64>| {
        rounds.series(|of_round| part(rounds.side(of_round, pair)?))
    };
    let wall = of_side(|side| Some(side.wall_ns));
    let cpu = of_side(|side| Some(side.cpu_ns));
    let has_cpu_clock = cpu.values.iter().any(|ns| *ns > 0.0);
    let wall_ns = wall.estimate();
    let server_cpu_ns = of_side(|side| side.server_cpu_ns).estimate();
    let modes = opposite_modes(&logs.values).filter(|_| !control);
    let states = stretches(&logs.values).filter(|_| !control);
    let mut flags = case_flags(case, cores);
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
    let few = wall.values.len() < FEWEST_SAMPLES;
    let measured = rounds.rounds.iter();
    let block_ns = measured
        .filter_map(|(_, of_round)| rounds.side(of_round, pair))
        .map(|side| match few {
            true => side.slices_ns.clone(),
            false => vec![side.wall_ns],
        })
        .collect();
    let opened = rounds.rounds.iter().filter_map(|(_, of_round)| {
        let block = rounds.block(of_round, strategy, reference)?;
        Some(vec![block.connections?.after])
    });
    let difference = rounds.series(|of_round| {
        let more =
            rounds.side(of_round, pair)?.wall_ns - rounds.reference_side(of_round, pair)?.wall_ns;
        Some(more / case.tasks as f64)
    });
    let machinery = rounds.series(|of_round| alone_ns(of_round, MACHINERY, false));
    Some(Measurement {
        status: Status::Ok,
        reason: None,
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
        carry_over: known.carry_over,
        modes: modes.map_or(Vec::new(), Vec::from),
        states: states.map_or(Vec::new(), Vec::from),
        verdict: Some(known.judge(&ratio)),
        machinery_ns: machinery.estimate(),
        server_cpu_ns,
        first_result_ns: of_side(|side| side.first_result_ns).estimate(),
        all_but_one_ns: of_side(|side| side.all_but_one_ns).estimate(),
        connections_opened: opened.collect(),
        in_rounds: logs.rounds.clone(),
        rounds: logs.each(),
        block_ns,
        ..Measurement::failed(case, strategy, reference, "")
    })
}

/// A server whose CPU time is at least this share of the wall time is what the clients wait for: it runs on one
/// thread.
const SERVER_BOUND: f64 = 0.85;

/// Connections that a client may open beyond one for each child: where a fan-out follows the last one closely, a
/// request may begin a new connection while the last answer's is still on its way back to the pool.
const MORE_CONNECTIONS: u64 = 2;

/// Why a round's blocks did not measure a steady state of connections, if so.
fn invalid(case: &Case, of_round: &OfRound) -> Option<String> {
    let connections = of_round.all().filter_map(|block| block.connections);
    connections
        .into_iter()
        .find_map(|opened| unsteady(case, &opened))
}

/// Why connections are not in a steady state, if so.
fn unsteady(case: &Case, connections: &Connections) -> Option<String> {
    let tasks = case.tasks as u64;
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
    use crate::block::Shape;
    use crate::machine_state::State;
    use crate::record::PartialLine;
    use crate::simulated::normal;
    use crate::stats::Verdict;

    #[test]
    fn a_state_of_connections_that_is_not_steady_is_invalid() {
        let case: Case = "http/current_thread/worker/64B/3".parse().unwrap();
        let opened = |before, after| unsteady(&case, &Connections { before, after });
        for steady in [3, 4, 5] {
            assert_eq!(opened(steady, steady), None);
        }
        for (before, after, says) in [
            (3, 4, "grew from 3 to 4"),
            (6, 6, "6 connections were opened for 3"),
            (2, 2, "2 connections were opened for 3"),
        ] {
            let reason = opened(before, after).unwrap();
            assert!(reason.contains(says), "{reason}");
        }
    }

    fn planned(case: &str, own_runtime: bool) -> Planned {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        Planned {
            place: 0,
            item: Item {
                case: case.parse().unwrap(),
                pairs: vec![pair("join", "join"), pair("spawn", "join")],
            },
            pace: Pace {
                shape: Shape::ONE_THREAD,
                share: 1.0,
                own_runtime,
                fewest_quads: 1,
            },
        }
    }

    /// A run of 40 rounds and 20 layouts, whose blocks last what `ns(strategies, side, copy, round)` says.
    fn collected(
        planned: &Planned,
        mut ns: impl FnMut(&[String], usize, bool, usize) -> f64,
    ) -> Collected {
        let mut collected = Collected::default();
        let case = &planned.item.case;
        for round in 0..40 {
            let state = State {
                layout: (round + round / 20) % 20,
                step_ns: 1.0,
                wake_ns: 1.0,
            };
            collected.take(&PartialLine::Round { round, state });
            for (job, _) in planned.item.jobs(&planned.pace, true).into_iter().flatten() {
                let sides: Vec<Side> = (0..job.strategies.len())
                    .map(|side| {
                        let wall_ns = ns(&job.strategies, side, job.copy, round);
                        Side {
                            wall_ns,
                            slices_ns: vec![wall_ns; 4],
                            cpu_ns: wall_ns,
                            server_cpu_ns: None,
                            first_result_ns: None,
                            all_but_one_ns: None,
                        }
                    })
                    .collect();
                let log_ratio = match sides.as_slice() {
                    [one, other] => Some((one.wall_ns / other.wall_ns).ln()),
                    _ => None,
                };
                let block = Block {
                    sides,
                    log_ratio,
                    connections: None,
                    timed_ns: 1.0,
                    total_ns: 1.0,
                };
                collected.take(&PartialLine::Block {
                    round,
                    case: case.clone(),
                    strategies: job.strategies,
                    copy: job.copy,
                    block,
                });
            }
            collected.take(&PartialLine::Done {
                round,
                case: case.clone(),
            });
        }
        collected
    }

    fn spawn_of(planned: &Planned, collected: &Collected) -> Measurement {
        measurements(std::slice::from_ref(planned), collected, 2)
            .into_iter()
            .find(|m| m.strategy == "spawn")
            .expect("a measurement of spawn")
    }

    const SHARED: &str = "yield/current_thread/worker/0B/8";

    #[test]
    fn what_strategies_do_to_each_other_withholds_the_verdict() {
        let planned = planned(SHARED, false);
        let measure = |beside: f64| {
            let mut random = fastrand::Rng::with_seed(1);
            let collected = collected(&planned, |strategies, side, _, _| {
                let spawn = strategies[side] == "spawn";
                let ns = if spawn { 2000.0 } else { 1000.0 };
                let disturbed = strategies.len() == 2 && !spawn;
                ns * if disturbed { beside } else { 1.0 } * (0.003 * normal(&mut random)).exp()
            });
            spawn_of(&planned, &collected)
        };
        let quiet = measure(1.0);
        assert_eq!(quiet.verdict, Some(Verdict::Slower));
        assert!(quiet.carry_over.unwrap().contains(1.0));
        assert!((quiet.difference_ns.unwrap().median - 125.0).abs() < 1.0);
        assert!(quiet.noise_floor.unwrap() < 0.005);
        let disturbed = measure(1.4);
        assert_eq!(disturbed.verdict, Some(Verdict::Interferes));
        assert!((disturbed.carry_over.unwrap().median - 1.0 / 1.4).abs() < 0.01);
    }

    #[test]
    fn a_layout_is_in_the_interval_and_in_the_noise_floor() {
        let planned = planned(SHARED, false);
        let width = |layout: f64| {
            let mut random = fastrand::Rng::with_seed(1);
            let effects: Vec<f64> = (0..40).map(|_| layout * normal(&mut random)).collect();
            let collected = collected(&planned, |strategies, side, copy, round| {
                let layout = (round + round / 20) % 20 + usize::from(copy) * 20;
                let moved = if strategies[side] == "join" {
                    effects[layout]
                } else {
                    0.0
                };
                1000.0 * (moved + 0.001 * normal(&mut random)).exp()
            });
            let m = spawn_of(&planned, &collected);
            let ratio = m.ratio.unwrap();
            ((ratio.high / ratio.low).ln() / 2.0, m.noise_floor.unwrap())
        };
        let (still, still_floor) = width(0.0);
        let (moved, moved_floor) = width(0.02);
        assert!(
            still < 0.001 && still_floor < 0.001,
            "{still} {still_floor}"
        );
        // Of 20 layouts whose deviation is 2%: about 2.1 × 2% / √20.
        assert!((0.006..0.014).contains(&moved), "{moved}");
        assert!(moved_floor > 0.006, "{moved_floor}");
    }

    #[test]
    fn runtimes_of_their_own_have_every_other_round_for_a_control() {
        let planned = planned("yield/multi_thread_2/worker/0B/8", true);
        let mut random = fastrand::Rng::with_seed(1);
        let collected = collected(&planned, |strategies, side, _, round| {
            let ns = if strategies[side] == "spawn" {
                3000.0
            } else {
                1000.0
            };
            // The machine gets slower all the time.
            ns * (0.01 * round as f64 + 0.01 * normal(&mut random)).exp()
        });
        let m = spawn_of(&planned, &collected);
        assert!(
            (m.ratio.unwrap().median - 3.0).abs() < 0.05,
            "{:?}",
            m.ratio
        );
        assert_eq!((m.carry_over, m.verdict), (None, Some(Verdict::Slower)));
        // The drift of 40% over the run is in its interval.
        assert!(m.noise_floor.unwrap() < 0.12, "{:?}", m.noise_floor);
        assert_eq!(m.in_rounds, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn controls_err_no_more_often_than_they_say() {
        let mut random = fastrand::Rng::with_seed(8);
        for (case, own) in [(SHARED, false), ("yield/multi_thread_2/worker/0B/8", true)] {
            let planned = planned(case, own);
            let mut excludes = 0;
            for _ in 0..200 {
                let collected = collected(&planned, |_, _, _, _| {
                    1000.0 * (0.03 * normal(&mut random)).exp()
                });
                let all = measurements(std::slice::from_ref(&planned), &collected, 2);
                let control = all.iter().find(|m| m.is_control()).expect("a control");
                excludes += usize::from(!control.ratio.expect("a ratio").contains(1.0));
            }
            // 5%, and three standard deviations of it.
            assert!(excludes <= 19, "{case}: {excludes} of 200");
        }
    }

    #[test]
    fn two_modes_and_two_states_are_said_as_two() {
        let planned = planned("wake/multi_thread_2/worker/0B/256", true);
        let mut random = fastrand::Rng::with_seed(6);
        let modes = collected(&planned, |strategies, side, _, _| {
            let spawn = strategies[side] == "spawn";
            let mode = if spawn && random.f64() < 0.33 {
                0.5
            } else {
                1.0
            };
            let ns = if spawn { 2600.0 } else { 1000.0 };
            ns * if mode < 1.0 { 0.2 } else { 1.0 } * (0.03 * normal(&mut random)).exp()
        });
        let m = spawn_of(&planned, &modes);
        assert_eq!(m.verdict, Some(Verdict::Depends), "{m:?}");
        assert!((m.modes[0].ratio - 0.52).abs() < 0.03 && (m.modes[1].ratio - 2.6).abs() < 0.1);
        let states = collected(&planned, |strategies, side, _, round| {
            let spawn = strategies[side] == "spawn";
            let state = if spawn && round >= 25 { 1.3 } else { 1.0 };
            1000.0 * if spawn { 2.0 * state } else { 1.0 } * (0.01 * normal(&mut random)).exp()
        });
        let m = spawn_of(&planned, &states);
        assert!(
            m.flags.contains(&"state_changed".to_owned()),
            "{:?}",
            m.flags
        );
        assert!((m.states[0].value - 2.0).abs() < 0.05 && (m.states[1].value - 2.6).abs() < 0.05);
    }

    #[test]
    fn a_case_takes_part_in_as_many_rounds_as_its_pace_says() {
        for (place, share) in [(0, 1.0), (1, 0.2), (4, 0.2), (7, 0.16), (3, 0.4)] {
            let case = SHARED;
            let planned = Planned {
                place,
                pace: Pace {
                    share,
                    ..planned(case, true).pace
                },
                ..planned(case, true)
            };
            for rounds in [1, 6, 10, 40, 100] {
                let mut done = 0;
                for round in 0..rounds {
                    done += usize::from(planned.takes_part(round, done, rounds));
                }
                assert_eq!(done, planned.pace.rounds(rounds), "{case} in {rounds}");
            }
        }
    }
}
