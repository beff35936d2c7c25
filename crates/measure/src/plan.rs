//! The plan of a run: what is measured of each case, and which blocks that takes.

use std::time::Duration;

use crate::block::{Shape, wakes_threads};
use crate::case::Case;
use crate::matrix::Matrix;
use crate::round::{Group, Job};
use crate::settings::RunSettings;
use crate::shard::Sharded;
use crate::stats::FEWEST_ROUNDS;
use crate::turns;
use crate::workload::{self, Entry};

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

/// A number that stands for what is measured.
pub(crate) fn hash(items: &[Item]) -> String {
    let text = serde_json::to_vec(items).expect("a plan is plain data");
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

/// How a case is measured: the shape of its blocks, and in how many of a run's rounds it takes part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Of each block.
    pub shape: Shape,
    /// The share of the rounds, from 0 to 1.
    pub share: f64,
    /// Whether each strategy has a runtime of its own.
    pub own_runtime: bool,
    /// Quads of every block at least, so that all rounds together make the samples that Criterion takes.
    pub fewest_quads: usize,
}

/// From so many children on an iteration takes milliseconds: each strategy then has few blocks, in a runtime of its own.
const MANY: usize = 10_000;

/// Criterion takes no fewer samples; a quad makes two of each side.
const FEWEST_SAMPLES: usize = 10;

impl Pace {
    /// The pace of a case in a run of so many rounds.
    ///
    /// On one thread a millisecond settles a runtime, and strategies share it. Where threads are woken, it takes the kernel a
    /// tenth of a second to settle where they run (docs/METHODOLOGY.md, "The steady state"); so cases share a runtime that has
    /// settled, and take part in few rounds.
    pub fn of(case: &Case, entry: &Entry, settings: &RunSettings) -> Self {
        let quick = settings.matrix == Matrix::Quick;
        let fewest_quads = FEWEST_SAMPLES.div_ceil(2 * settings.rounds);
        let own = |settle_ms: u64, settle_again_ms: u64, slice_us, quads, share| Self {
            shape: Shape {
                settle: Duration::from_millis(settle_ms),
                settle_again: Duration::from_millis(settle_again_ms),
                slice: Duration::from_micros(slice_us),
                quads,
            },
            share,
            own_runtime: true,
            fewest_quads,
        };
        if entry.served {
            return match quick {
                true => own(10, 10, 5_000, 3, 0.3),
                false => own(20, 20, 5_000, 2, 0.06),
            };
        }
        if case.tasks >= MANY {
            // One iteration is long against whatever a runtime has to settle.
            return own(0, 0, 0, 1, 0.024);
        }
        let several = case.flavor.workers() > 1;
        // What most differences are read from; the others of one thread confirm it.
        let narrow = quick || (case.flavor.has_one_thread() && case.site.in_task());
        match (wakes_threads(case), several && case.site.in_task(), quick) {
            (false, ..) => Self {
                shape: Shape::ONE_THREAD,
                share: if narrow { 1.0 } else { 0.5 },
                own_runtime: false,
                fewest_quads,
            },
            (true, false, true) => own(15, 5, 2_500, 2, 0.3),
            (true, false, false) => own(40, 5, 2_000, 2, 0.04),
            (true, true, true) => own(40, 5, 5_000, 2, 0.3),
            (true, true, false) => own(100, 5, 2_000, 3, 0.08),
        }
    }

    /// Of a run that has too little time for this one.
    fn lean(mut self) -> Self {
        self.shape.quads = 1;
        self.shape.settle /= 4;
        self.shape.settle_again = self.shape.settle_again.min(self.shape.settle);
        self
    }

    /// In how many of so many rounds: six at least, where there are as many.
    pub fn rounds(&self, of: usize) -> usize {
        let share = (self.share * of as f64).ceil() as usize;
        share.max(FEWEST_ROUNDS).min(of)
    }
}

/// What a round measures of a case whose strategies share a runtime, beside their ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// The workload's own machinery, where it has some.
    pub machinery: bool,
    /// Each strategy alone: what sharing a runtime does to it.
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
    /// Each of `strategies` against `reference`.
    pub fn of(case: Case, strategies: &[&str], reference: &str) -> Self {
        let pair = |strategy: &&str| ((*strategy).to_owned(), reference.to_owned());
        Self {
            case,
            pairs: strategies.iter().map(pair).collect(),
        }
    }

    /// Every strategy of its pairs, once.
    pub fn strategies(&self) -> Vec<&str> {
        let mut strategies: Vec<&str> = Vec::new();
        for name in self.pairs.iter().flat_map(|(one, other)| [one, other]) {
            if !strategies.contains(&name.as_str()) {
                strategies.push(name);
            }
        }
        strategies
    }

    /// The blocks of one round, each in a process of its own; of those that a group has, one is compared with the other.
    pub fn jobs(&self, pace: &Pace, checks: Checks) -> Vec<Group> {
        let job = |strategies: &[&str]| {
            let mut shape = pace.shape;
            if strategies == [workload::MACHINERY] {
                shape.settle /= 4;
            } else if strategies.len() == 1 && !pace.own_runtime {
                shape.quads = shape.quads.div_ceil(2);
            }
            shape.quads = shape.quads.max(pace.fewest_quads);
            let job = Job {
                case: self.case.clone(),
                strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
            };
            vec![(job, shape)]
        };
        if pace.own_runtime {
            let alone = self.strategies().into_iter().map(|name| job(&[name]));
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
    fn compares(&self) -> bool {
        self.pairs.iter().any(|(strategy, reference)| strategy != reference)
    }

    /// The pair in whose blocks a strategy is measured beside another one.
    pub(crate) fn compared(&self, name: &str) -> Option<&Pair> {
        let compares = |(strategy, reference): &&Pair| strategy != reference && strategy != workload::MACHINERY;
        let mut pairs = self.pairs.iter().filter(compares);
        pairs.find(|(strategy, reference)| strategy == name || reference == name)
    }
}

/// A case of a run: what is measured of it, and how.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its place in the plan.
    pub place: usize,
    /// What is measured.
    pub item: Item,
    /// How.
    pub pace: Pace,
    /// Its workload.
    pub entry: Entry,
    /// Where it takes part in some rounds only: those of the same phase do in the same ones.
    pub phase: usize,
    /// How many cases share its runtimes, itself included.
    pub together: usize,
}

/// Carry-over is known well enough from so many rounds, spread over the run: what it takes is better spent on more rounds of the
/// ratios.
const CHECKED_ROUNDS: usize = 20;

/// About how long a round takes beside its blocks: a look at the machine, and two or three processes that begin.
pub(crate) const BETWEEN_ROUNDS: Duration = Duration::from_millis(30);

/// About how long a client takes to open its connections.
const OPENING_TIME: Duration = Duration::from_millis(6);

impl Planned {
    /// Whether the case takes part in a round of a run that has `rounds` of those `planned`, `done` rounds being done: evenly
    /// spread over the run, each [phase](Planned::phase) beginning at another round. Of long blocks there are few as it is, so that they stay as
    /// many where rounds are cut.
    pub(crate) fn takes_part(&self, round: usize, done: usize, rounds: usize, planned: usize) -> bool {
        if round >= rounds {
            return true;
        }
        let wanted = self.wanted(rounds, planned);
        let phase = self.phase % rounds.div_ceil(wanted);
        // Where rounds were cut, the last ones have what the first ones have not had.
        let at_last = (wanted + round + 1).saturating_sub(rounds);
        done < wanted.min(((round + 1 + phase) * wanted / rounds).max(at_last))
    }

    /// In how many rounds it takes part of a run that has `rounds` of those `planned`.
    pub(crate) fn wanted(&self, rounds: usize, planned: usize) -> usize {
        let of = if self.pace.own_runtime { planned } else { rounds };
        self.pace.rounds(of).min(rounds)
    }

    /// Whether the case has its [`Checks`] in its next round, `done` being made, of so many that it is to have. Each case has
    /// them in other rounds, since the first ones tell how long all of them take; one that compares nothing has them in all.
    pub(crate) fn is_checked(&self, done: usize, rounds: usize) -> bool {
        !self.item.compares() || (done + self.place).is_multiple_of((rounds / CHECKED_ROUNDS).max(1))
    }

    /// Its blocks of a round.
    pub(crate) fn groups(&self, lean: bool, checked: bool) -> Vec<Group> {
        let pace = if lean { self.pace.lean() } else { self.pace };
        let checks = Checks {
            machinery: checked,
            carry_over: !lean && checked,
        };
        self.item.jobs(&pace, checks)
    }

    /// About how long one of its blocks takes, in a fresh runtime or in one that another block has settled.
    pub(crate) fn lasts(&self, job: &Job, shape: &Shape, settled: bool) -> Duration {
        let opening = if self.entry.served {
            OPENING_TIME
        } else {
            Duration::ZERO
        };
        let shape = if settled { shape.again() } else { *shape };
        shape.lasts(job.strategies.len(), self.entry.lasts) + opening
    }

    /// About how long its blocks take in all rounds of a run that has so many. What settles a runtime that several cases share is
    /// shared too.
    pub(crate) fn expected_time(&self, rounds: usize) -> Duration {
        self.expected_in(self.pace.rounds(rounds), rounds, false)
    }

    /// The same in `some` of the rounds that it takes part in, of a run of so many rounds.
    pub(crate) fn expected_in(&self, some: usize, rounds: usize, lean: bool) -> Duration {
        let each = |(job, shape): &(Job, Shape)| {
            let [fresh, settled] = [false, true].map(|settled| self.lasts(job, shape, settled));
            settled + fresh.saturating_sub(settled) / self.together as u32
        };
        let round = |checked| -> Duration { self.groups(lean, checked).iter().flatten().flatten().map(each).sum() };
        let own = self.pace.rounds(rounds);
        let checked = (0..own).filter(|done| self.is_checked(*done, own)).count();
        let checked = checked as f64 / own.max(1) as f64;
        let usual = round(true).mul_f64(checked) + round(false).mul_f64(1.0 - checked);
        usual * some as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(case: &str) -> Item {
        Item::of(case.parse().expect("an id"), &["join", "spawn"], "join")
    }

    fn jobs(item: &Item, checks: Checks) -> Vec<String> {
        let entries = workload::all();
        let entry = entries.iter().find(|entry| entry.name == item.case.workload);
        let pace = Pace::of(
            &item.case,
            entry.expect("a workload"),
            &RunSettings::of(Matrix::Default),
        );
        let name = |(job, _): &(Job, Shape)| job.strategies.join("|");
        let groups = item.jobs(&pace, checks);
        groups
            .iter()
            .map(|group| group.iter().flatten().map(name).collect::<Vec<_>>().join(", "))
            .collect()
    }

    #[test]
    fn a_shared_runtime_is_checked_for_carry_over_and_an_own_one_needs_none() {
        let shared = item("yield/current_thread/worker/0B/8");
        assert_eq!(jobs(&shared, Checks::ALL), ["spawn|join", "join", "spawn"]);
        let unchecked = Checks {
            machinery: false,
            carry_over: false,
        };
        assert_eq!(jobs(&shared, unchecked), ["spawn|join"]);
        let mut alone = shared;
        alone.pairs.truncate(1);
        assert_eq!(jobs(&alone, unchecked), ["join"], "nothing is compared");
        let own = item("yield/multi_thread_2/worker/0B/8");
        assert_eq!(jobs(&own, Checks::ALL), ["join, spawn"]);
    }

    fn planned(strategies: &[&str]) -> Vec<Planned> {
        let cases = ["1", "2", "4", "8", "16", "32", "64", "128", "256", "3"];
        let case = |tasks| {
            format!("yield/current_thread/worker/0B/{tasks}")
                .parse()
                .expect("an id")
        };
        let items = cases.map(|tasks| Item::of(case(tasks), strategies, "join"));
        let plan = Plan::of("checked", workload::all(), items.to_vec());
        plan.planned(&RunSettings::of(Matrix::Default))
    }

    #[test]
    fn each_case_has_its_checks_in_twenty_rounds_and_no_round_has_those_of_all() {
        let cases = planned(&["join", "spawn"]);
        for (rounds, wanted) in [(100, 20), (60, 20), (40, 20), (30, 30), (6, 6)] {
            for case in &cases {
                let checked = (0..rounds).filter(|done| case.is_checked(*done, rounds)).count();
                assert_eq!(checked, wanted, "{rounds} rounds, {}", case.item.case);
            }
        }
        for round in 0..100 {
            let checked = cases.iter().filter(|case| case.is_checked(round, 100)).count();
            assert_eq!(checked, 2, "round {round}");
        }
    }

    #[test]
    fn a_case_of_controls_only_is_measured_in_every_round() {
        for case in planned(&["join"]) {
            assert!((0..100).all(|done| case.is_checked(done, 100)), "{}", case.item.case);
        }
    }

    #[test]
    fn long_blocks_take_part_in_few_rounds_but_six() {
        let pace = Pace {
            shape: Shape::ONE_THREAD,
            share: 0.2,
            own_runtime: true,
            fewest_quads: 1,
        };
        assert_eq!([1, 6, 10, 40, 100].map(|rounds| pace.rounds(rounds)), [1, 6, 6, 8, 20]);
    }

    #[test]
    fn a_cut_leaves_long_blocks_as_many_as_there_are_rounds_for() {
        let case = "yield/multi_thread_2/worker/0B/8".parse().expect("an id");
        let plan = Plan::of("cut", workload::all(), vec![Item::of(case, &["join", "spawn"], "join")]);
        let planned = plan.planned(&RunSettings::of(Matrix::Default)).remove(0);
        let done_of = |cut_after: usize, to: usize| {
            let (mut done, mut round, mut rounds) = (0, 0, 250);
            while round < rounds {
                done += usize::from(planned.takes_part(round, done, rounds, 250));
                round += 1;
                if round == cut_after {
                    rounds = to;
                }
            }
            done
        };
        assert_eq!(
            [(250, 250), (13, 60), (13, 32), (110, 122)].map(|(after, to)| done_of(after, to)),
            [20; 4]
        );
        assert_eq!(done_of(13, 17), 5, "one before the cut, and one in each round after it");
    }
}
