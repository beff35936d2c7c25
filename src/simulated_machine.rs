//! Machines that do not exist: their records, made from stated truths, so that what is said of many machines can be checked
//! against what is so. Each record says in its header that it is simulated, and what is made of it says so as well; it is
//! never kept as a run.

use crate::case::Case;
use crate::conditions::Conditions;
use crate::environment::{Built, Environment};
use crate::machine_state::State;
use crate::record::{Header, Measurement, Memory, Part, SCHEMA};
use crate::stats::{Estimate, bimodal, judge, noise_floor, normal};
use crate::text::significant;

/// A machine that does not exist. Times are in ns.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// Its name.
    pub name: String,
    /// Its cores.
    pub cores: usize,
    /// What polling a child takes.
    pub poll_ns: f64,
    /// What a spawned child takes more: an allocation, a place in a queue, a join.
    pub spawn_ns: f64,
    /// How long it takes to wake a thread on another core: once in each fan-out that spawns on several workers.
    pub wake_ns: f64,
    /// What a child of `compute` works.
    pub work_ns: f64,
    /// What one layout does to a log ratio: a standard deviation.
    pub layout: f64,
    /// What a round does to it beside that: a standard deviation.
    pub round: f64,
}

impl Simulated {
    /// One like the machines that there are.
    pub fn usual(name: &str, cores: usize) -> Self {
        Self {
            name: name.to_owned(),
            cores,
            poll_ns: 10.0,
            spawn_ns: 300.0,
            wake_ns: 5_000.0,
            work_ns: 20_000.0,
            layout: 0.01,
            round: 0.02,
        }
    }

    /// The true time of an iteration, `join` or `spawn`, in ns.
    ///
    /// A yielding child is polled twice. Children that are woken one at a time are polled N(N+3)/2 times by `join`, and twice each
    /// where they are spawned. Those of `compute` work one after the other in `join`, on all workers where they are spawned.
    pub fn time(&self, case: &Case, strategy: &str) -> f64 {
        let n = case.tasks as f64;
        let workers = case.flavor.workers();
        let polls = match (case.workload.as_str(), strategy) {
            ("wake", "join") => n * (n + 3.0) / 2.0,
            _ => 2.0 * n,
        };
        let in_turn = if strategy == "join" {
            n
        } else {
            (n / workers as f64).ceil()
        };
        let work = if case.workload == "compute" {
            in_turn * self.work_ns
        } else {
            0.0
        };
        let composing = match strategy {
            "join" => 0.0,
            _ if workers > 1 => n * self.spawn_ns + self.wake_ns,
            _ => n * self.spawn_ns,
        };
        polls * self.poll_ns + work + composing
    }

    /// The true ratio of `spawn` to `join`.
    pub fn ratio(&self, case: &Case) -> f64 {
        self.time(case, "spawn") / self.time(case, "join")
    }

    /// From how many children on `spawn` wins on one thread, where they are woken one at a time: where (N+3)/2 polls cost as
    /// much as two and a spawned child.
    pub fn crossover(&self) -> f64 {
        1.0 + 2.0 * self.spawn_ns / self.poll_ns
    }

    /// What stands in the header: that it is none, and the truths.
    pub fn stated(&self) -> String {
        format!(
            "{}: {} cores, a poll {} ns, a spawned child {} ns more, waking a thread {} ns, work {} ns, a layout ±{}, a round ±{}",
            self.name,
            self.cores,
            significant(self.poll_ns),
            significant(self.spawn_ns),
            significant(self.wake_ns),
            significant(self.work_ns),
            significant(self.layout),
            significant(self.round)
        )
    }

    /// The record that it would have of these cases: `join` and `spawn` in so many rounds, each of a layout of its own.
    pub fn record(&self, target: &str, cases: &[Case], rounds: usize, seed: u64) -> Part {
        let mut random = fastrand::Rng::with_seed(seed);
        let measurements = cases
            .iter()
            .flat_map(|case| {
                let control = self.logs(0.0, rounds, &mut random);
                let spawn = self.logs(self.ratio(case).ln(), rounds, &mut random);
                let floor = Estimate::of(&control).map_or(0.0, |log| noise_floor(&log.map(f64::exp)));
                let reference_ns = self.time(case, "join");
                [
                    measurement(case, "join", &control, reference_ns, floor),
                    measurement(case, "spawn", &spawn, reference_ns, floor),
                ]
            })
            .collect();
        (self.header(target, rounds, seed), measurements)
    }

    /// A log ratio in each round.
    fn logs(&self, truth: f64, rounds: usize, random: &mut fastrand::Rng) -> Vec<f64> {
        let deviation = self.layout.hypot(self.round);
        (0..rounds).map(|_| truth + deviation * normal(random)).collect()
    }

    fn header(&self, target: &str, rounds: usize, seed: u64) -> Header {
        let stated = self.stated();
        let state = |layout| State {
            layout,
            step_ns: 1.5,
            task_ns: Some(self.spawn_ns),
            wake_ns: self.wake_ns,
        };
        Header {
            schema: SCHEMA,
            target: target.to_owned(),
            matrix: "default".into(),
            filter: None,
            complete: true,
            started: "2000-01-01T00:00:00Z".into(),
            seconds: 0.0,
            command: "none: simulated".into(),
            environment: Environment {
                git: Some("simulated".into()),
                built: Built::here(),
                cpu: Some(format!("SIMULATED {}", self.name)),
                cores: self.cores,
                quota: None,
                kernel: Some("none".into()),
                governor: None,
                load: None,
            },
            rounds,
            layouts: rounds,
            only_one_layout: None,
            minutes: None,
            cut: Vec::new(),
            states: (0..rounds).map(state).collect(),
            seed,
            plan: "simulated".into(),
            shard: None,
            traps: vec![format!("SIMULATED, measured by no machine: {stated}.")],
            simulated: Some(stated),
            timed_share: None,
            resident_bytes: Memory::default(),
            conditions: Conditions::default(),
            checksum: String::new(),
        }
    }
}

fn measurement(case: &Case, strategy: &str, logs: &[f64], reference_ns: f64, floor: f64) -> Measurement {
    let ns: Vec<f64> = logs.iter().map(|log| reference_ns * log.exp()).collect();
    let rounds: Vec<Vec<f64>> = logs.iter().map(|log| vec![*log]).collect();
    let control = strategy == "join";
    let ratio = Estimate::ratio(&rounds);
    let more: Vec<f64> = ns.iter().map(|ns| (ns - reference_ns) / case.tasks as f64).collect();
    let flag = bimodal(&rounds).then(|| "bimodal".to_owned());
    Measurement {
        flags: flag.into_iter().collect(),
        own_runtime: !case.flavor.has_one_thread(),
        wall_ns: Estimate::of(&ns),
        reference_ns: Estimate::of(&[reference_ns]),
        difference_ns: Estimate::of(&more).filter(|_| !control),
        ratio,
        noise_floor: Some(floor),
        verdict: ratio.map(|ratio| judge(&ratio, if control { 0.0 } else { floor })),
        in_rounds: (0..logs.len()).collect(),
        rounds,
        block_ns: ns.into_iter().map(|ns| vec![ns]).collect(),
        ..Measurement::without_numbers(case, strategy, "join")
    }
}
