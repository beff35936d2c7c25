//! The plan of a run: what is measured of each case, and which blocks that takes.

mod pace;
mod planned;
pub(crate) mod turns;

use std::time::Duration;

use crate::case::Case;
use crate::in_order::unique;
use crate::round::{Group, Job};
use crate::settings::RunSettings;
use crate::shard::Sharded;
use crate::strategy::{self, Strategy};
use crate::workload::{self, Entry};

pub use pace::Pace;
pub(crate) use planned::BETWEEN_ROUNDS;
pub use planned::Planned;

/// How long a process of one thread runs strategies before they are measured: as the slowest to settle among them takes. Of what is not
/// the suite's own it is not known.
fn warm_up(strategies: &[&str]) -> Duration {
    let of_one = |name: &&str| {
        name.parse()
            .map_or(strategy::WARM_UP, |strategy: Strategy| strategy.kind().warm_up)
    };
    strategies.iter().map(of_one).max().unwrap_or_default()
}

/// What a run measures.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The target's name, and the record's.
    pub name: String,
    /// The workloads that it measures.
    pub entries: Vec<Entry>,
    /// The cases, and the pairs of each.
    pub items: Vec<Item>,
    /// Which part of a matrix they are, where that was shared out.
    pub shard: Option<Sharded>,
}

/// A number that stands for what is measured, and in which runtimes.
pub(crate) fn hash(items: &[Item], settings: &RunSettings) -> String {
    let text = serde_json::to_vec(&(items, settings.one_runtime)).expect("a plan is plain data");
    format!("{:016x}", twox_hash::XxHash3_64::oneshot(&text))
}

impl Plan {
    /// Of all of these.
    pub fn of(name: &str, entries: Vec<Entry>, items: Vec<Item>) -> Self {
        Self {
            name: name.to_owned(),
            entries,
            items,
            shard: None,
        }
    }

    /// The workload of that name, or variant of one.
    pub fn entry(&self, workload: &str) -> Option<Entry> {
        workload::find(&self.entries, workload)
    }

    /// Its cases, and how each is measured.
    pub fn planned(&self, settings: &RunSettings) -> Vec<Planned> {
        let planned = |(place, item): (usize, &Item)| {
            let entry = self.entry(&item.case.workload)?;
            Some(Planned {
                place,
                item: item.clone(),
                pace: Pace::of(&item.case, &entry, settings),
                entry,
                phase: place,
                together: 1,
            })
        };
        let mut planned: Vec<Planned> = self.items.iter().enumerate().filter_map(planned).collect();
        turns::take_part_together(&mut planned);
        planned
    }
}

/// What a round measures of a case, beside its ratios.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    /// The workload's own machinery, where it has some.
    pub machinery: bool,
    /// Each strategy alone, where strategies share a runtime: what that does to them.
    pub carry_over: bool,
}

impl Checks {
    /// Both.
    pub const ALL: Self = Self {
        machinery: true,
        carry_over: true,
    };
}

/// A strategy and its reference.
pub type Pair = (String, String);

/// What is measured of one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Item {
    /// The case.
    pub case: Case,
    /// Those whose sides are the same are controls: the strategy against itself in other rounds.
    pub pairs: Vec<Pair>,
}

impl Item {
    /// Each of `strategies` against `reference`. Name the reference among them as well: its own line is the control, and only then is
    /// it checked what sharing a runtime does, where one is asked for ([`Verdict::Interferes`](crate::stats::Verdict::Interferes)).
    pub fn of(case: Case, strategies: &[&str], reference: &str) -> Self {
        let pair = |strategy: &&str| ((*strategy).to_owned(), reference.to_owned());
        Self {
            case,
            pairs: strategies.iter().map(pair).collect(),
        }
    }

    /// Every strategy of its pairs, once.
    pub fn strategies(&self) -> Vec<&str> {
        unique(
            self.pairs
                .iter()
                .flat_map(|(one, other)| [one.as_str(), other.as_str()]),
        )
    }

    /// The blocks of one round, each in a process of its own; of those that a group has, one is compared with the other.
    pub fn jobs(&self, pace: &Pace, checks: Checks) -> Vec<Group> {
        let all = self.strategies();
        // What a strategy is checked against, such as a copy of it, is no fair check if it has run for longer.
        let is_suites = |name: &&str| *name == workload::MACHINERY || name.parse::<Strategy>().is_ok();
        let alike = !all.iter().all(is_suites);
        let job = |strategies: &[&str]| {
            let mut shape = pace.shape;
            if strategies == [workload::MACHINERY] {
                shape.settle /= 4;
            } else {
                if pace.free_core {
                    shape = shape.settling(shape.settle.max(warm_up(if alike { &all } else { strategies })));
                }
                if strategies.len() == 1 && !pace.own_runtime {
                    shape.quads = shape.quads.div_ceil(2);
                }
            }
            shape.quads = shape.quads.max(pace.fewest_quads);
            let job = Job {
                case: self.case.clone(),
                strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
            };
            vec![(job, shape)]
        };
        if pace.own_runtime {
            let mut alone = all.clone();
            alone.retain(|name| checks.machinery || *name != workload::MACHINERY);
            let alone = alone.into_iter().map(|name| job(&[name]));
            return vec![alone.collect()];
        }
        let is_control = |(strategy, reference): &&Pair| strategy == reference;
        let controlled = |name: &String| self.pairs.iter().filter(is_control).any(|(control, _)| control == name);
        let mut groups = Vec::new();
        let mut alone: Vec<&str> = Vec::new();
        for (strategy, reference) in self.pairs.iter().filter(|pair| !is_control(pair)) {
            if strategy == workload::MACHINERY {
                groups.extend(checks.machinery.then(|| vec![job(&[strategy])]));
                continue;
            }
            groups.push(vec![job(&[strategy, reference])]);
            if checks.carry_over && controlled(reference) {
                alone.extend([reference.as_str(), strategy]);
            }
        }
        if !self.compares() {
            alone = self.strategies();
        }
        alone.sort_unstable();
        alone.dedup();
        groups.extend(alone.into_iter().map(|name| vec![job(&[name])]));
        groups
    }

    /// Whether any of its strategies is compared with another one.
    pub(super) fn compares(&self) -> bool {
        self.pairs.iter().any(|(strategy, reference)| strategy != reference)
    }

    /// The pair in whose blocks a strategy is measured beside another one.
    pub(crate) fn compared(&self, name: &str) -> Option<&Pair> {
        let compares = |(strategy, reference): &&Pair| strategy != reference && strategy != workload::MACHINERY;
        let mut pairs = self.pairs.iter().filter(compares);
        pairs.find(|(strategy, reference)| strategy == name || reference == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Shape;
    use crate::matrix::Matrix;

    fn item(case: &str) -> Item {
        Item::of(case.parse().expect("an id"), &["join", "spawn"], "join")
    }

    fn jobs(item: &Item, checks: Checks, one_runtime: bool) -> Vec<String> {
        let entries = workload::all();
        let entry = entries.iter().find(|entry| entry.name == item.case.workload);
        let settings = RunSettings {
            one_runtime,
            ..RunSettings::of(Matrix::Default)
        };
        let pace = Pace::of(&item.case, entry.expect("a workload"), &settings);
        let name = |(job, _): &(Job, Shape)| job.strategies.join("|");
        let groups = item.jobs(&pace, checks);
        groups
            .iter()
            .map(|group| group.iter().flatten().map(name).collect::<Vec<_>>().join(", "))
            .collect()
    }

    #[test]
    fn each_strategy_has_a_runtime_unless_one_is_asked_for_which_is_checked_for_carry_over() {
        for case in ["yield/current_thread/worker/0B/8", "wake/multi_thread_1/worker/0B/24"] {
            assert_eq!(jobs(&item(case), Checks::ALL, false), ["join, spawn"], "{case}");
            assert_eq!(
                jobs(&item(case), Checks::ALL, true),
                ["spawn|join", "join", "spawn"],
                "{case}"
            );
            assert_eq!(jobs(&item(case), Checks::default(), true), ["spawn|join"], "{case}");
        }
        let mut alone = item("yield/current_thread/worker/0B/8");
        alone.pairs.truncate(1);
        assert_eq!(jobs(&alone, Checks::default(), true), ["join"], "nothing is compared");
        let several = item("yield/multi_thread_2/worker/0B/8");
        assert_eq!(jobs(&several, Checks::ALL, true), ["join, spawn"]);
    }

    #[test]
    fn what_allocates_nothing_is_measured_sooner_unless_its_workload_takes_longer() {
        let settle = |strategies: &[&str]| warm_up(strategies).as_micros();
        assert_eq!(
            [
                &["join"][..],
                &["spawn"],
                &["join", "spawn"],
                &["join_set@64"],
                &["join+100"]
            ]
            .map(settle),
            [250, 1_500, 1_500, 1_500, 1_500]
        );
        let of = |case: &str, pair: [&str; 2]| {
            let mut item = item(case);
            item.pairs = vec![pair.map(str::to_owned).into()];
            let entries = workload::all();
            let entry = entries.iter().find(|entry| entry.name == item.case.workload);
            let settings = RunSettings::of(Matrix::Default);
            let pace = Pace::of(&item.case, entry.expect("a workload"), &settings);
            let blocks = item.jobs(&pace, Checks::default()).concat().concat();
            let settled: Vec<u128> = blocks.iter().map(|(_, shape)| shape.settle.as_micros()).collect();
            settled
        };
        let usual = ["join", "spawn"];
        assert_eq!(of("yield/current_thread/worker/0B/8", usual), [250, 1_500]);
        assert_eq!(
            of("yield/current_thread/worker/0B/8", ["join_copy", "join"]),
            [1_500; 2]
        );
        assert_eq!(of("wake/current_thread/worker/0B/8", usual), [5_000; 2]);
        assert_eq!(of("yield/multi_thread_2/worker/0B/8", usual), [100_000; 2]);
    }

    #[test]
    fn machinery_is_measured_in_the_checked_rounds() {
        for case in ["wake/current_thread/worker/0B/24", "wake/multi_thread_2/worker/0B/8"] {
            let mut item = item(case);
            item.pairs.push((workload::MACHINERY.to_owned(), "join".to_owned()));
            assert_eq!(jobs(&item, Checks::ALL, false), ["join, spawn, machinery"], "{case}");
            assert_eq!(jobs(&item, Checks::default(), false), ["join, spawn"], "{case}");
        }
    }
}
