//! What one case was measured as, round by round: ratios, controls, carry-over.

use super::series::Series;
use crate::block::{Block, Side};
use crate::collected::{Collected, Free, OfRound};
use crate::in_order::unique;
use crate::plan::{Pair, Planned};
use crate::shared_core::enough;
use crate::stats::{Circumstances, Estimate, needs_no_more_rounds, noise_floor, opposite_modes, sequential};
use crate::workload::MACHINERY;

/// What one case was measured as, round by round.
pub(super) struct Rounds<'a> {
    pub(super) planned: &'a Planned,
    pub(super) rounds: Vec<(usize, &'a OfRound)>,
    layouts: Vec<usize>,
    /// Which blocks count.
    pub(super) free: Free,
}

/// The block that a pair's strategy is measured in in a round, and the strategy's side of it: beside its reference, or alone.
/// Where strategies share a runtime, a control's strategy is measured beside another one too.
fn block<'a>(
    planned: &Planned,
    of_round: &'a OfRound,
    [strategy, reference]: [&str; 2],
    free: Free,
) -> Option<(&'a Block, &'a Side)> {
    let beside = match (planned.pace.own_runtime, strategy == reference) {
        (true, _) => None,
        (false, true) => planned.item.compared(strategy).map(names),
        (false, false) => Some([strategy, reference]),
    };
    let (block, side) = match beside {
        Some([first, second]) => (of_round.shared(first, second, free)?, usize::from(first != strategy)),
        None => (of_round.alone(strategy, free)?, 0),
    };
    Some((block, block.sides.get(side)?))
}

fn names((strategy, reference): &Pair) -> [&str; 2] {
    [strategy, reference]
}

impl<'a> Rounds<'a> {
    pub(super) fn of(planned: &'a Planned, collected: &'a Collected) -> Self {
        let case = &planned.item.case;
        let rounds: Vec<(usize, &OfRound)> = collected
            .rounds_of(case)
            .into_iter()
            .filter_map(|round| Some((round, collected.of_round(case, round)?)))
            .collect();
        let states = &collected.states;
        let layouts = rounds
            .iter()
            .map(|(round, _)| states.get(*round).map_or(0, |state| state.layout))
            .collect();
        let mut all = Self {
            planned,
            rounds,
            layouts,
            free: Free::OR_NOT,
        };
        if planned.pace.free_core && all.enough_are(collected.free()) {
            all.free = collected.free();
        }
        all
    }

    /// Whether enough blocks of each pair that is compared are on a core that is `free`; of controls, where nothing is compared.
    fn enough_are(&self, free: Free) -> bool {
        let compares = self.pairs().any(|(strategy, reference)| strategy != reference);
        let mut pairs = self
            .pairs()
            .filter(|(strategy, reference)| !compares || strategy != reference);
        pairs.all(|pair| enough(self.counted(pair, free), self.counted(pair, Free::OR_NOT)))
    }

    /// In how many rounds both sides of a pair are on a core that is `free`.
    fn counted(&self, pair: &Pair, free: Free) -> usize {
        let both = |(_, of_round): &&(usize, &OfRound)| {
            let has = |sides| block(self.planned, of_round, sides, free).is_some();
            has(names(pair)) && (!self.planned.pace.own_runtime || has([&pair.1; 2]))
        };
        self.rounds.iter().filter(both).count()
    }

    /// In how many rounds a pair's core was another program's too, so that they do not count.
    pub(super) fn left_out(&self, pair: &Pair) -> usize {
        self.counted(pair, Free::OR_NOT) - self.counted(pair, self.free)
    }

    /// A series of the blocks that count, or of all where too few of its own do: it is of other blocks than the ratios.
    fn enough_of(&self, series: impl Fn(Free) -> Series) -> Series {
        let (free, all) = (series(self.free), series(Free::OR_NOT));
        match enough(free.values.len(), all.values.len()) {
            true => free,
            false => all,
        }
    }

    /// Every pair that was measured, once, but the workload's own machinery.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &'a Pair> {
        let pairs = self.planned.item.pairs.iter();
        unique(pairs.filter(|(strategy, _)| strategy != MACHINERY)).into_iter()
    }

    pub(super) fn series(&self, mut value: impl FnMut(&OfRound) -> Option<f64>) -> Series {
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

    /// The strategy's side of a pair, where its block counts.
    pub(super) fn side(&self, of_round: &'a OfRound, pair: &Pair) -> Option<&'a Side> {
        Some(block(self.planned, of_round, names(pair), self.free)?.1)
    }

    /// The same, whether the block counts or not.
    pub(super) fn any_side(&self, of_round: &'a OfRound, pair: &Pair) -> Option<&'a Side> {
        Some(block(self.planned, of_round, names(pair), Free::OR_NOT)?.1)
    }

    /// The reference's side of a pair.
    pub(super) fn reference_side(&self, of_round: &'a OfRound, (strategy, reference): &Pair) -> Option<&'a Side> {
        if self.planned.pace.own_runtime || strategy == reference {
            return Some(block(self.planned, of_round, [reference; 2], self.free)?.1);
        }
        of_round.shared(strategy, reference, self.free)?.sides.get(1)
    }

    pub(super) fn block(&self, of_round: &'a OfRound, pair: &Pair) -> Option<&'a Block> {
        Some(block(self.planned, of_round, names(pair), self.free)?.0)
    }

    /// The natural logs of a pair's ratio.
    pub(super) fn logs(&self, pair: &Pair) -> Series {
        let (strategy, reference) = pair;
        if strategy == reference {
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
            if self.planned.pace.own_runtime {
                let [one, other] = [strategy, reference].map(|name| alone_ns(of_round, name, self.free));
                return Some(one?.ln() - other?.ln());
            }
            of_round.shared(strategy, reference, self.free)?.log_ratio
        })
    }

    /// A strategy's logs in every other round in which it was measured, and in those between: two samples of the same code, of
    /// other processes and layouts, over which a drift is spread alike.
    fn alternately(&self, strategy: &str) -> [Series; 2] {
        [0, 1].map(|first| {
            let mut place = 0;
            self.series(|of_round| {
                let (_, side) = block(self.planned, of_round, [strategy; 2], self.free)?;
                let log = side.wall_ns.ln();
                place += 1;
                ((place - 1) % 2 == first).then_some(log)
            })
        })
    }

    /// The control of a strategy, in the log: it in every other round against itself in those between.
    pub(super) fn control(&self, strategy: &str) -> Option<Estimate> {
        let [one, other] = self.alternately(strategy);
        // One block has no other; its level says that it is no evidence.
        let alone = || one.estimate().map(|e| e.map(|_| 0.0));
        other.sample().shift(&one.sample()).or_else(alone)
    }

    /// What sharing a runtime did to a ratio, in the log.
    fn carry_over(&self, (strategy, reference): &Pair) -> Option<Estimate> {
        if self.planned.pace.own_runtime || strategy == reference {
            return None;
        }
        let carried = self.enough_of(|free| {
            self.series(|of_round| {
                let shared = of_round.shared(strategy, reference, free)?.log_ratio?;
                let [one, other] = [strategy, reference].map(|name| alone_ns(of_round, name, free));
                Some(shared - (one?.ln() - other?.ln()))
            })
        });
        Some(carried.estimate()?.map(f64::exp))
    }

    /// The noise floor of a reference.
    pub(super) fn floor(&self, reference: &str) -> Option<f64> {
        Some(noise_floor(&self.control(reference)?.map(f64::exp)))
    }

    pub(super) fn circumstances(&self, pair: &Pair, logs: &Series) -> Circumstances {
        let control = pair.0 == pair.1;
        let floor = if control { None } else { self.floor(&pair.1) };
        Circumstances {
            noise_floor: floor.unwrap_or(0.0),
            carry_over: self.carry_over(pair),
            opposite_modes: !control && opposite_modes(&logs.values, &[]).is_some(),
        }
    }

    pub(super) fn ratio(&self, logs: &Series, stopped: bool) -> Option<Estimate> {
        let estimate = sequential::estimate(&logs.sample(), self.rounds.len(), stopped)?;
        Some(estimate.map(f64::exp))
    }

    /// Whether a pair needs no more rounds.
    pub(super) fn is_clear(&self, pair: &Pair) -> bool {
        let logs = self.logs(pair);
        let verdict = |ratio: Estimate| (ratio, self.circumstances(pair, &logs).judge(&ratio));
        self.ratio(&logs, true)
            .map(verdict)
            .is_some_and(|(ratio, verdict)| needs_no_more_rounds(&ratio, verdict))
    }
}

/// ns per iteration of a strategy alone, if its core was `free`.
pub(super) fn alone_ns(of_round: &OfRound, strategy: &str, free: Free) -> Option<f64> {
    Some(of_round.alone(strategy, free)?.sides.first()?.wall_ns)
}
