//! A model of measurements whose unit costs are known: it finds them, and its intervals hold what another run measures.

use join_vs_spawn::case::Case;
use join_vs_spawn::record::Measurement;
use measure::advise::answer::Ranked;
use measure::advise::validation::{self, Call};
use measure::advise::{Model, Needs, Question, advise};

use crate::common::measured;

/// Unit costs that are known: ns of a fan-out.
fn truth(case: &Case, strategy: &str) -> f64 {
    let n = case.tasks as f64;
    let carried = case.payload.0 as f64;
    match (case.workload.as_str(), strategy) {
        ("yield", "join") => 400.0 + n * (12.0 + 0.05 * carried),
        ("yield", "spawn") => 450.0 + n * (250.0 + 0.1 * carried),
        ("wake", "join") => 50.0 + n * (12.0 + 90.0) + 14.0 * n * (n - 1.0) / 2.0,
        ("wake", "spawn") => 100.0 + n * (270.0 + 90.0),
        other => panic!("{other:?}"),
    }
}

/// A run over such costs, off by so much at most from case to case and from strategy to strategy.
fn simulated(noise: f64, seed: u64) -> Vec<Measurement> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut run = Vec::new();
    let yields = [1, 2, 4, 8, 16, 32, 64].map(|tasks| format!("yield/current_thread/worker/0B/{tasks}"));
    let carrying = ["64B", "1KiB", "4KiB"].map(|payload| format!("yield/current_thread/worker/{payload}/8"));
    let wakes = [1, 4, 8, 16, 32, 64, 128, 256].map(|tasks| format!("wake/current_thread/worker/0B/{tasks}"));
    for id in yields.iter().chain(&carrying).chain(&wakes) {
        let case: Case = id.parse().expect("a case");
        let off = |random: &mut fastrand::Rng| (noise * (2.0 * random.f64() - 1.0)).exp();
        let join = truth(&case, "join") * off(&mut random);
        let ratio = truth(&case, "spawn") / truth(&case, "join") * off(&mut random);
        for (strategy, ratio) in [("join", 1.0f64), ("spawn", ratio)] {
            let rounds = (0..10)
                .map(|round| vec![ratio.ln() + 0.002 * f64::from(round - 5)])
                .collect();
            run.push(measured(&case, strategy, rounds, join, 0.01));
        }
    }
    run
}

fn question(tasks: usize, wakes: &str) -> Question {
    Question {
        scope: "current_thread/worker".parse().expect("a scope"),
        tasks,
        wakes: wakes.parse().expect("a way to be woken"),
        times: 1.0,
        payload: 0,
        work_ns: 0.0,
        idle_ns: 0.0,
        wait_ns: 0.0,
    }
}

#[test]
fn known_unit_costs_are_found() {
    let run = simulated(0.0, 1);
    let model = Model::of("simulated", &run).expect("a model");
    for (wakes, tasks) in [("together", 24), ("separate", 48), ("separate", 100)] {
        for strategy in ["join", "spawn"] {
            let workload = if wakes == "together" { "yield" } else { "wake" };
            let case = format!("{workload}/current_thread/worker/0B/{tasks}")
                .parse()
                .expect("a case");
            let predicted = model.predict(&question(tasks, wakes), strategy).expect("a sum").ns();
            let off = predicted / truth(&case, strategy) - 1.0;
            assert!(off.abs() < 0.03, "{case} {strategy}: {off}");
        }
    }
    let carries = Question {
        payload: 2 << 10,
        ..question(8, "separate")
    };
    let more = model.predict(&carries, "join").expect("a sum").ns()
        - model.predict(&question(8, "separate"), "join").expect("a sum").ns();
    assert!((more / (8.0 * 0.05 * 2048.0) - 1.0).abs() < 0.1, "{more}");
    let mut advice = advise(&model, &[], &question(20, "separate"), &Needs::default());
    assert_eq!(advice.ranked.remove(0).strategy, "join");
    assert_eq!(advice.ranked[0].call, Some(Call::Sure));
    let advice = advise(&model, &[], &question(200, "separate"), &Needs::default());
    assert_eq!(advice.ranked[0].strategy, "spawn");
}

#[test]
fn what_was_told_is_no_less_than_it_was_told() {
    let model = Model::of("simulated", &simulated(0.08, 1)).expect("a model");
    let ranked = |question: Question| advise(&model, &[], &question, &Needs::default()).ranked;
    let asked = question(8, "separate");
    for (told, told_ns) in [
        (Question { wait_ns: 20e6, ..asked }, 20e6),
        (Question { work_ns: 80e3, ..asked }, 8.0 * 80e3),
    ] {
        for (with, without) in ranked(told).iter().zip(&ranked(asked)) {
            assert_eq!(with.strategy, without.strategy);
            for (with, without) in [
                (with.ns_low, without.ns_low),
                (with.ns, without.ns),
                (with.ns_high, without.ns_high),
            ] {
                assert!((with - told_ns - without).abs() < 1e-3, "{with} {told_ns} {without}");
            }
            // A ratio is the nearer to 1, and its interval the narrower.
            let width = |one: &Ranked| one.ratio_high - one.ratio_low;
            assert!(
                with.ratio_low <= with.ratio && with.ratio <= with.ratio_high,
                "{with:?}"
            );
            assert!(width(with) <= width(without), "{with:?} {without:?}");
        }
    }
    // Where nothing was told all of it is unsure.
    for one in ranked(asked) {
        let [low, high] = [one.ns / one.ns_low, one.ns_high / one.ns].map(f64::ln);
        assert!((low / model.time_half_width - 1.0).abs() < 1e-9, "{one:?}");
        assert!((high / model.time_half_width - 1.0).abs() < 1e-9, "{one:?}");
    }
    // 28 polls of join! find a child waiting.
    let [with, without] = [50.0, 0.0].map(|idle_ns| {
        let all = ranked(Question { idle_ns, ..asked });
        let join = all.iter().find(|one| one.strategy == "join");
        join.expect("it has a sum").ns_low
    });
    assert!((with - without - 28.0 * 50.0).abs() < 1e-6, "{with} {without}");
}

#[test]
fn intervals_hold_what_another_run_measures() {
    let (mut covered, mut rows) = (0, 0);
    for seed in 0..10 {
        let model = Model::of("one", &simulated(0.08, seed)).expect("a model");
        let other = simulated(0.08, 1000 + seed);
        let other: Vec<&Measurement> = other.iter().collect();
        for validation in [
            validation::leave_one_out("itself", &model),
            validation::asked_about("another", &model, &other),
        ] {
            rows += validation.rows.len();
            covered += validation.rows.iter().filter(|row| row.covered).count();
            assert!(validation.median_error < 0.08, "{validation:?}");
            assert_eq!(validation.too_close.1, 0);
        }
    }
    let share = covered as f64 / rows as f64;
    assert!((0.85..=0.97).contains(&share), "{share} of {rows}");
}
