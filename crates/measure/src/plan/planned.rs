//! In which rounds a case takes part, what it has in each, and about how long that takes.

use std::time::Duration;

use super::{Checks, Item, Pace};
use crate::block::Shape;
use crate::in_order::grouped;
use crate::round::{Group, Job};
use crate::stats::FEWEST_ROUNDS;
use crate::workload::Entry;

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
        let of = if self.pace.free_core { rounds } else { planned };
        self.pace.rounds(of).min(rounds)
    }

    /// Whether the case has its [`Checks`] in its next round, `done` being made, of so many that it is to have. Each case has
    /// them in other rounds, since the first ones tell how long all of them take; one that compares nothing has them in all.
    pub(crate) fn is_checked(&self, done: usize, rounds: usize) -> bool {
        !self.item.compares() || (done + self.place).is_multiple_of((rounds / CHECKED_ROUNDS).max(1))
    }

    /// What it is checked for in its next round, `done` being made, of so many that it is to have. Cases that share settled runtimes
    /// have their machinery in the same rounds, and in few: it takes as long as a strategy.
    pub(crate) fn checks(&self, done: usize, rounds: usize) -> Checks {
        let checked = self.is_checked(done, rounds);
        Checks {
            machinery: match self.pace.shares_settled() {
                true => done.is_multiple_of((rounds / FEWEST_ROUNDS).max(1)),
                false => checked,
            },
            carry_over: checked,
        }
    }

    /// Its blocks of a round.
    pub(crate) fn groups(&self, lean: bool, checks: Checks) -> Vec<Group> {
        let pace = if lean { self.pace.lean() } else { self.pace };
        let checks = Checks {
            carry_over: !lean && checks.carry_over,
            ..checks
        };
        self.item.jobs(&pace, checks)
    }

    /// About how long one of its blocks takes, in a fresh runtime or in one that another block has settled.
    pub(crate) fn lasts(&self, job: &Job, shape: &Shape, settled: bool) -> Duration {
        let opening = OPENING_TIME * u32::from(self.entry.served);
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
        let round = |checks| -> Duration { self.groups(lean, checks).iter().flatten().flatten().map(each).sum() };
        let own = self.pace.rounds(rounds);
        let alike = grouped((0..own).map(|done| (self.checks(done, own), done)));
        let all: Duration = alike
            .iter()
            .map(|(checks, rounds)| round(*checks) * rounds.len() as u32)
            .sum();
        all * some as u32 / own.max(1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::plan::Plan;
    use crate::settings::RunSettings;
    use crate::workload;

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
    fn a_cut_leaves_long_blocks_as_many_as_there_are_rounds_for() {
        let case = "yield/multi_thread_2/worker/0B/8".parse().expect("an id");
        let plan = Plan::of("cut", workload::all(), vec![Item::of(case, &["join", "spawn"], "join")]);
        let settings = RunSettings::of(Matrix::Default);
        let all = settings.rounds;
        let planned = plan.planned(&settings).remove(0);
        let done_of = |cut_after: usize, to: usize| {
            let (mut done, mut round, mut rounds) = (0, 0, all);
            while round < rounds {
                done += usize::from(planned.takes_part(round, done, rounds, all));
                round += 1;
                if round == cut_after {
                    rounds = to;
                }
            }
            done
        };
        assert_eq!(
            [(all, all), (13, 60), (13, 32), (110, 122)].map(|(after, to)| done_of(after, to)),
            [35, 35, 20, 24]
        );
        assert_eq!(done_of(13, 17), 5, "one before the cut, and one in each round after it");
    }
}
