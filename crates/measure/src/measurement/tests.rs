use super::conditions::unsteady;
use super::*;
use crate::block::{Block, Connections, Shape};
use crate::case::Case;
use crate::machine_state::State;
use crate::plan::{Checks, Item, Pace};
use crate::record::PartialLine;
use crate::stats::Verdict;
use crate::stats::normal;

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
    let case: Case = case.parse().expect("an id");
    let entries = crate::workload::all();
    Planned {
        place: 0,
        item: Item::of(case.clone(), &["join", "spawn"], "join"),
        entry: entries
            .into_iter()
            .find(|entry| entry.name == case.workload)
            .expect("a workload"),
        pace: Pace {
            shape: Shape::ONE_THREAD,
            share: 1.0,
            own_runtime,
            free_core: !own_runtime,
            fewest_quads: 1,
        },
        phase: 0,
        together: 1,
    }
}

/// A run of 40 rounds and 20 layouts, whose blocks last what `ns(strategies, side, round)` says.
fn collected(planned: &Planned, ns: impl FnMut(&[String], usize, usize) -> f64) -> Collected {
    collected_on(planned, 40, ns, |_, _| None)
}

/// The same of so many rounds, on a core that looks as `core_ns(strategies, round)` says.
fn collected_on(
    planned: &Planned,
    rounds: usize,
    mut ns: impl FnMut(&[String], usize, usize) -> f64,
    core_ns: impl Fn(&[String], usize) -> Option<[f64; 2]>,
) -> Collected {
    let mut collected = Collected::default();
    let case = &planned.item.case;
    for round in 0..rounds {
        let state = State {
            layout: (round + round / 20) % 20,
            step_ns: 1.0,
            task_ns: Some(1.0),
            wake_ns: 1.0,
        };
        collected.take(&PartialLine::Round { round, state });
        for (job, _) in planned
            .item
            .jobs(&planned.pace, Checks::ALL)
            .into_iter()
            .flatten()
            .flatten()
        {
            let sides: Vec<Side> = (0..job.strategies.len())
                .map(|side| {
                    let wall_ns = ns(&job.strategies, side, round);
                    Side {
                        wall_ns,
                        slices_ns: vec![wall_ns; 4],
                        cpu_ns: wall_ns,
                        server_cpu_ns: None,
                        first_result_ns: None,
                        all_but_one_ns: None,
                        siblings_ns: None,
                        parks: Some(0.5),
                        voluntary_switches: None,
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
                core_ns: core_ns(&job.strategies, round),
                strategies: job.strategies,
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
        let collected = collected(&planned, |strategies, side, _| {
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
        let effects: Vec<f64> = (0..20).map(|_| layout * normal(&mut random)).collect();
        let ns = |strategies: &[String], side: usize, round| {
            let layout = (round + round / 20) % 20;
            let moved = if strategies[side] == "join" {
                effects[layout]
            } else {
                0.0
            };
            1000.0 * (moved + 0.001 * normal(&mut random)).exp()
        };
        let collected = collected_on(&planned, 80, ns, |_, _| None);
        let m = spawn_of(&planned, &collected);
        let ratio = m.ratio.unwrap();
        ((ratio.high / ratio.low).ln() / 2.0, m.noise_floor.unwrap())
    };
    let (still, still_floor) = width(0.0);
    let (moved, moved_floor) = width(0.02);
    assert!(still < 0.001 && still_floor < 0.001, "{still} {still_floor}");
    // Of 20 layouts whose deviation is 2%: about 2.1 × 2% / √20.
    assert!((0.006..0.014).contains(&moved), "{moved}");
    assert!(moved_floor > 0.006, "{moved_floor}");
}

#[test]
fn runtimes_of_their_own_have_every_other_round_for_a_control() {
    let planned = planned("yield/multi_thread_2/worker/0B/8", true);
    let mut random = fastrand::Rng::with_seed(1);
    let collected = collected(&planned, |strategies, side, round| {
        let ns = if strategies[side] == "spawn" { 3000.0 } else { 1000.0 };
        // The machine gets slower all the time.
        ns * (0.01 * round as f64 + 0.01 * normal(&mut random)).exp()
    });
    let m = spawn_of(&planned, &collected);
    assert!((m.ratio.unwrap().median - 3.0).abs() < 0.05, "{:?}", m.ratio);
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
            let collected = collected(&planned, |_, _, _| 1000.0 * (0.03 * normal(&mut random)).exp());
            let all = measurements(std::slice::from_ref(&planned), &collected, 2);
            let control = all.iter().find(|m| m.is_control()).expect("a control");
            excludes += usize::from(!control.ratio.expect("a ratio").contains(1.0));
        }
        // 5%, and three standard deviations of it.
        assert!(excludes <= 19, "{case}: {excludes} of 200");
    }
}

/// A run in which the core is another program's too in the rounds that `shared` says, which makes a spawned child slower than a
/// joined one by a tenth.
fn on_a_shared_core(shared: impl Fn(usize) -> bool) -> Measurement {
    let planned = planned(SHARED, false);
    let mut random = fastrand::Rng::with_seed(3);
    let ns = |strategies: &[String], side: usize, round| {
        let spawn = strategies[side] == "spawn";
        let slowed = match (shared(round), spawn) {
            (false, _) => 1.0,
            (true, false) => 1.3,
            (true, true) => 1.43,
        };
        slowed * if spawn { 2000.0 } else { 1000.0 } * (0.003 * normal(&mut random)).exp()
    };
    // Some begin, and some end, while the core is shared.
    let looks = |_: &[String], round: usize| match (shared(round), round % 2) {
        (false, _) => Some([11.2, 11.3]),
        (true, 0) => Some([11.2, 16.0]),
        (true, _) => Some([15.0, 11.3]),
    };
    spawn_of(&planned, &collected_on(&planned, 40, ns, looks))
}

#[test]
fn rounds_on_a_shared_core_do_not_count() {
    let m = on_a_shared_core(|round| round % 4 == 1 || round % 8 == 0);
    assert_eq!((m.shared_core_rounds, m.in_rounds.len()), (15, 25));
    assert!(m.in_rounds.iter().all(|round| round % 4 != 1 && round % 8 != 0));
    assert_eq!((m.rounds.len(), m.block_ns.len()), (25, 25));
    let ratio = m.ratio.expect("a ratio");
    assert!((ratio.median - 2.0).abs() < 0.01, "{ratio:?}");
    assert!((m.wall_ns.expect("a time").median - 2000.0).abs() < 20.0);
    assert!(m.noise_floor.expect("a control") < 0.01, "{:?}", m.noise_floor);
}

#[test]
fn all_rounds_count_where_the_core_was_seldom_free() {
    let m = on_a_shared_core(|round| round % 5 != 0);
    assert_eq!((m.shared_core_rounds, m.in_rounds.len()), (0, 40));
    let ratio = m.ratio.expect("a ratio");
    assert!(ratio.high > 2.19, "{ratio:?}");
}

#[test]
fn a_round_counts_where_the_core_of_both_sides_was_free() {
    let mut planned = planned(SHARED, true);
    planned.pace.free_core = true;
    let measure = |rounds: usize| {
        let ns = |strategies: &[String], _: usize, _: usize| if strategies == ["spawn"] { 2000.0 } else { 1000.0 };
        // The reference's was shared in every sixth round.
        let looks = |strategies: &[String], round: usize| match strategies == ["join"] && round % 6 == 3 {
            true => Some([15.0, 11.3]),
            false => Some([11.2, 11.3]),
        };
        let m = spawn_of(&planned, &collected_on(&planned, rounds, ns, looks));
        let samples: usize = m.block_ns.iter().map(Vec::len).sum();
        (m.in_rounds.len(), m.shared_core_rounds, samples)
    };
    assert_eq!(measure(12), (10, 2, 10));
    // Eight are too few: all count.
    assert_eq!(measure(10), (10, 0, 10));
}

#[test]
fn two_modes_and_two_states_are_said_as_two() {
    let planned = planned("wake/multi_thread_2/worker/0B/256", true);
    let mut random = fastrand::Rng::with_seed(6);
    let modes = collected(&planned, |strategies, side, _| {
        let spawn = strategies[side] == "spawn";
        let mode = if spawn && random.f64() < 0.33 { 0.5 } else { 1.0 };
        let ns = if spawn { 2600.0 } else { 1000.0 };
        ns * if mode < 1.0 { 0.2 } else { 1.0 } * (0.03 * normal(&mut random)).exp()
    });
    let m = spawn_of(&planned, &modes);
    assert_eq!(m.verdict, Some(Verdict::Depends), "{m:?}");
    assert!((m.modes[0].ratio - 0.52).abs() < 0.03 && (m.modes[1].ratio - 2.6).abs() < 0.1);
    // As many as the blocks had.
    assert_eq!(m.modes[0].parks, Some(0.5));
    assert_eq!(m.parks.expect("they were counted").median, 0.5);
    let states = collected(&planned, |strategies, side, round| {
        let spawn = strategies[side] == "spawn";
        let state = if spawn && round >= 25 { 1.3 } else { 1.0 };
        1000.0 * if spawn { 2.0 * state } else { 1.0 } * (0.01 * normal(&mut random)).exp()
    });
    let m = spawn_of(&planned, &states);
    assert!(m.flags.contains(&"state_changed".to_owned()), "{:?}", m.flags);
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
                done += usize::from(planned.takes_part(round, done, rounds, rounds));
            }
            assert_eq!(done, planned.pace.rounds(rounds), "{case} in {rounds}");
        }
        // Where rounds were cut, it keeps those that it was to have.
        let mut done = 0;
        for round in 0..40 {
            done += usize::from(planned.takes_part(round, done, 40, 100));
        }
        assert_eq!(done, planned.pace.rounds(100).min(40), "{case} in 40 of 100");
    }
}
