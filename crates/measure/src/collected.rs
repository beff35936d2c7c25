//! What a run has measured so far, as the lines of its partial file say it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::block::Block;
use crate::case::Case;
use crate::conditions::Conditions;
use crate::environment::resident_bytes;
use crate::machine_state::State;
use crate::record::{CutOf, Memory, PartialLine};
use crate::round::{Resident, longer_look};
use crate::shared_core::longest_free_ns;
use crate::stats::median;
use crate::warnings::SharedCore;

/// The blocks of one case in one round.
#[derive(Debug, Default)]
pub(crate) struct OfRound {
    blocks: Vec<OfJob>,
}

/// The block of one job.
#[derive(Debug)]
struct OfJob {
    strategies: Vec<String>,
    /// The longer of both looks at its core, in ns; 0 where there were none.
    core_ns: f64,
    block: Block,
}

impl OfRound {
    /// The block of one strategy alone, if its core was `free`.
    pub(crate) fn alone(&self, strategy: &str, free: Free) -> Option<&Block> {
        self.find(&[strategy], free)
    }

    /// The block of two strategies in one runtime, if its core was `free`.
    pub(crate) fn shared(&self, strategy: &str, reference: &str, free: Free) -> Option<&Block> {
        self.find(&[strategy, reference], free)
    }

    fn find(&self, strategies: &[&str], free: Free) -> Option<&Block> {
        let found = |of: &&OfJob| of.strategies == strategies && of.core_ns <= free.0;
        self.blocks.iter().find(found).map(|of| &of.block)
    }

    /// All of its blocks.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().map(|of| &of.block)
    }
}

/// Which blocks count: those whose core looked like nobody else's, by the longest time, in ns, that such a core takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Free(f64);

impl Free {
    /// All of them.
    pub(crate) const OR_NOT: Self = Self(f64::INFINITY);
}

/// Everything measured so far, by case and round.
#[derive(Default)]
pub struct Collected {
    cases: HashMap<Case, HashMap<usize, OfRound>>,
    done: HashMap<Case, HashSet<usize>>,
    /// Why cases failed.
    pub(crate) failed: HashMap<Case, String>,
    /// Cases that looks found clear.
    pub(crate) clear: HashSet<Case>,
    /// The machine when each round began.
    pub(crate) states: Vec<State>,
    /// All looks at cores, in ns.
    looks_at_cores: Vec<f64>,
    /// Rounds that this process has seen the memory of.
    first_resident: Option<(usize, Resident)>,
    pub(crate) memory: Memory,
    pub(crate) conditions: Conditions,
    /// Seconds that the run took, in all its parts.
    pub(crate) seconds: f64,
    /// What was left out so that it fits into its time, in words.
    pub(crate) cut: BTreeMap<CutOf, String>,
}

impl Collected {
    /// Takes a line.
    pub(crate) fn take(&mut self, line: &PartialLine) {
        match line {
            PartialLine::Run(_) => {}
            PartialLine::Round { round, state } => {
                // A round that was begun twice, the run being cut short in it, keeps its first state.
                if self.states.len() <= *round {
                    self.states.resize(round + 1, *state);
                }
                self.conditions.take_step(state.step_ns);
            }
            PartialLine::Block {
                round,
                case,
                strategies,
                core_ns,
                block,
            } => {
                let of_case = self.cases.entry(case.clone()).or_default();
                let of_round = of_case.entry(*round).or_default();
                of_round.blocks.push(OfJob {
                    strategies: strategies.clone(),
                    core_ns: longer_look(*core_ns),
                    block: block.clone(),
                });
                self.looks_at_cores.extend(core_ns.iter().flatten());
            }
            PartialLine::Done { round, case } => {
                self.done.entry(case.clone()).or_default().insert(*round);
            }
            PartialLine::Around {
                seconds,
                conditions,
                resident_bytes,
            } => {
                self.seconds = *seconds;
                let step_ns = self.conditions.step_ns;
                self.conditions = *conditions;
                self.conditions.step_ns = step_ns;
                self.memory = *resident_bytes;
            }
            PartialLine::Resumed => self.forget_unfinished(),
            PartialLine::Failed { case, reason } => {
                self.failed.insert(case.clone(), reason.clone());
            }
            PartialLine::Clear { case } => {
                self.clear.insert(case.clone());
            }
            PartialLine::Cut { of, what: Some(what) } => {
                self.cut.insert(*of, what.clone());
            }
            PartialLine::Cut { of, what: None } => {
                self.cut.remove(of);
            }
        }
    }

    /// Forgets blocks of cases that a kill cut off in the middle of a round.
    fn forget_unfinished(&mut self) {
        let done = &self.done;
        for (case, rounds) in &mut self.cases {
            rounds.retain(|round, _| done.get(case).is_some_and(|done| done.contains(round)));
        }
    }

    /// Takes what the processes of a round use now.
    pub(crate) fn take_resident(&mut self, round: usize, now: Resident) {
        let first = match self.first_resident {
            Some((known, first)) if known == round => first,
            _ => {
                self.first_resident = Some((round, now));
                now
            }
        };
        self.memory = self.memory.or_more(Memory {
            run: None,
            round: Some((first.round, now.round)),
            server: first.server.zip(now.server),
        });
        if let Some(own) = resident_bytes(std::process::id()) {
            self.memory.run = Some((self.memory.run.map_or(own, |(first, _)| first), own));
        }
    }

    /// The rounds in which a case was measured to its end, in order.
    pub(crate) fn rounds_of(&self, case: &Case) -> Vec<usize> {
        let mut rounds: Vec<usize> = self.done.get(case).into_iter().flatten().copied().collect();
        rounds.sort_unstable();
        rounds
    }

    /// The blocks of a case in a round in which it was measured to its end.
    pub(crate) fn of_round(&self, case: &Case, round: usize) -> Option<&OfRound> {
        self.cases.get(case)?.get(&round)
    }

    /// Which blocks count where only a core that is nobody else's does.
    pub(crate) fn free(&self) -> Free {
        self.longest_free_ns().map_or(Free::OR_NOT, Free)
    }

    /// The longest look at a core that is nobody else's, in ns; `None` before any.
    pub(crate) fn longest_free_ns(&self) -> Option<f64> {
        longest_free_ns(&self.looks_at_cores)
    }

    /// The share of looks at which the core was another program's too, and how long what is like a task took at the median of
    /// these and of the others, in ns; `None` where there were none.
    pub(crate) fn shared_core(&self) -> Option<SharedCore> {
        let Free(limit) = self.free();
        let (free, shared): (Vec<f64>, Vec<f64>) = self.looks_at_cores.iter().partition(|ns| **ns <= limit);
        (!shared.is_empty()).then(|| SharedCore {
            share: shared.len() as f64 / self.looks_at_cores.len() as f64,
            free_ns: median(&free),
            shared_ns: median(&shared),
        })
    }

    /// Share of the blocks' wall time inside timed slices.
    pub(crate) fn timed_share(&self) -> Option<f64> {
        let blocks = || {
            let rounds = self.cases.values().flat_map(HashMap::values);
            rounds.flat_map(OfRound::all)
        };
        let total: f64 = blocks().map(|block| block.total_ns).sum();
        let timed: f64 = blocks().map(|block| block.timed_ns).sum();
        (total > 0.0).then(|| timed / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_cuts_of_rounds_the_last_one_stays() {
        let mut collected = Collected::default();
        for (of, what) in [
            (CutOf::Rounds, "45 rounds"),
            (CutOf::Rounds, "44 rounds"),
            (CutOf::Blocks, "shorter"),
        ] {
            let what = Some(what.to_owned());
            collected.take(&PartialLine::Cut { of, what });
        }
        let said = |collected: &Collected| collected.cut.values().cloned().collect::<Vec<_>>();
        assert_eq!(said(&collected), ["shorter", "44 rounds"]);
        let of = CutOf::Rounds;
        collected.take(&PartialLine::Cut { of, what: None });
        assert_eq!(said(&collected), ["shorter"], "all rounds fit after all");
    }
}
