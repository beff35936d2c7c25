//! A run while it sweeps: which blocks each round has, what comes of them, and which cases have enough.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::{Request, RunError};
use crate::block::Shape;
use crate::budget::Budget;
use crate::case::Case;
use crate::collected::Collected;
use crate::environment::cores;
use crate::interrupt;
use crate::layouts::Layouts;
use crate::machine_state::State;
use crate::measurement::is_clear;
use crate::plan::{Checks, Planned};
use crate::progress::Progress;
use crate::record::{Header, PartialLine, RecordError, Stream};
use crate::round::{Job, News, Share, SweepError};
use crate::stats::LOOKS;
use crate::warnings::{self, Conditions, Watch};

/// The most rounds that are added for cases that are not clear, as a share of those that were planned.
const MOST_ADDED: f64 = 0.5;

/// Cases of one thread stay on a core for so many rounds: one that was idle is slow at first, on some hosts for tens of
/// milliseconds, as a program's own core is not.
const ROUNDS_ON_A_CORE: usize = 10;

/// A run while it sweeps.
pub(super) struct Sweeping<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) planned: &'a [Planned],
    pub(super) header: &'a Header,
    pub(super) layouts: &'a Layouts,
    pub(super) progress: &'a RefCell<Progress>,
    pub(super) watch: Watch,
    /// When this part of the run began.
    pub(super) began: Instant,
    /// The seconds of the parts before, and what happened around them.
    pub(super) before: (f64, Conditions),
    pub(super) collected: &'a mut Collected,
    pub(super) stream: Option<&'a mut Stream>,
}

impl<'a> Sweeping<'a> {
    /// Whether what clear cases did not need lasts for another round of those that are not clear.
    pub(super) fn one_more(&self, round: usize, planned_rounds: usize, budget: &Budget, clear: &HashSet<Case>) -> bool {
        let most = (planned_rounds as f64 * (1.0 + MOST_ADDED)) as usize;
        budget.rounds == planned_rounds
            && round < most
            && !clear.is_empty()
            && budget.saved_a_round(round, self.collected.seconds)
    }

    /// What a round measures.
    fn groups(&self, round: usize, budget: &Budget, clear: &HashSet<Case>) -> Vec<Vec<(Job, Shape)>> {
        let mut groups = Vec::new();
        for planned in self.planned {
            let case = &planned.item.case;
            let rounds = self.collected.rounds_of(case);
            if clear.contains(case)
                || self.collected.failure(case).is_some()
                || warnings::not_applicable(case, cores()).is_some()
                || rounds.contains(&round)
                || !planned.takes_part(round, rounds.len(), budget.rounds, self.header.rounds)
            {
                continue;
            }
            let mut pace = planned.pace;
            if budget.lean {
                pace.shape.quads = 1;
                pace.shape.settle /= 4;
            }
            let checked = planned.is_checked(rounds.len(), budget.rounds);
            let checks = Checks {
                control: checked,
                carry_over: !budget.lean && checked,
            };
            groups.extend(planned.item.jobs(&pace, checks));
        }
        groups
    }

    /// What a round has to do; `None` where it has nothing.
    pub(super) fn begin_round(
        &mut self,
        round: usize,
        budget: &Budget,
        clear: &HashSet<Case>,
    ) -> Result<Option<Share<'a>>, RunError> {
        let groups = self.groups(round, budget, clear);
        if groups.is_empty() {
            return Ok(None);
        }
        let layout = self.layouts.number(round);
        if self.collected.states().len() <= round {
            let state = State::now(layout, self.core_in(round));
            self.keep(&PartialLine::Round { round, state })?;
        }
        Ok(Some(Share {
            layout,
            layouts: self.layouts,
            groups,
        }))
    }

    /// The seed of a round's orders and data. It depends on the run's and the round's number only, so that a run that is gone on
    /// with is the run that was begun.
    pub(super) fn seed_of(&self, round: usize) -> u64 {
        fastrand::Rng::with_seed(self.header.seed.wrapping_add(round as u64)).u64(..)
    }

    /// The core that cases of one thread are measured on in a round, among those that may be used.
    pub(super) fn core_in(&self, round: usize) -> usize {
        round / ROUNDS_ON_A_CORE
    }

    /// Takes what a round tells; `done` counts its cases.
    pub(super) fn hear(
        &mut self,
        round: usize,
        budget: &Budget,
        done: &mut usize,
        case: &Case,
        job: Option<&Job>,
        news: News,
    ) -> Result<(), RecordError> {
        let line = match news {
            News::Resident(now) => {
                self.collected.take_resident(round, now);
                return Ok(());
            }
            News::Block(measured) => {
                let job = job.expect("a block has its job");
                PartialLine::Block {
                    round,
                    case: case.clone(),
                    strategies: job.strategies.clone(),
                    copy: job.copy,
                    core_ns: measured.core_ns,
                    block: *measured.block,
                }
            }
            News::Done => PartialLine::Done {
                round,
                case: case.clone(),
            },
            News::Failed(reason) => PartialLine::Failed {
                case: case.clone(),
                reason,
            },
        };
        if !matches!(line, PartialLine::Block { .. }) {
            *done += 1;
            let shown = self.collected.states().len().max(round + 1);
            self.progress.borrow_mut().tick(shown, budget.rounds.max(shown), *done);
        }
        self.keep(&line)
    }

    pub(super) fn swept_error(&self, error: SweepError<RecordError>) -> RunError {
        match error {
            SweepError::Listener(error) => RunError::Record(error),
            SweepError::Process(what) => RunError::Process(what),
            SweepError::Interrupted => self.interrupted(),
        }
    }

    /// After a round: what happened around it.
    pub(super) fn end_round(&mut self) -> Result<(), RecordError> {
        let line = self.around();
        self.keep(&line)
    }

    /// What happened around the run until now, in all its parts.
    fn around(&self) -> PartialLine {
        let (seconds_before, before) = self.before;
        let seconds = self.began.elapsed().as_secs_f64();
        let served = self.planned.iter().any(|planned| planned.entry.served);
        let mut conditions = Conditions::default();
        self.watch.end(&mut conditions, served);
        PartialLine::Around {
            seconds: seconds_before + seconds,
            conditions: conditions.after(&before, seconds_before / (seconds_before + seconds)),
            resident_bytes: self.collected.memory,
        }
    }

    fn interrupted(&self) -> RunError {
        RunError::Interrupted {
            kept: self.request.folder.is_some(),
        }
    }

    /// Takes a line and writes it down.
    pub(super) fn keep(&mut self, line: &PartialLine) -> Result<(), RecordError> {
        self.collected.take(line);
        match &mut self.stream {
            Some(stream) => stream.write(line),
            None => Ok(()),
        }
    }

    /// Waits until it is a round's turn: a run of few cases is spread over as long as one that knows more than a moment of
    /// the machine.
    pub(super) fn wait_for_span(&self, round: usize, budget: &Budget) -> Result<(), RunError> {
        let due = self.request.settings.span.mul_f64(round as f64 / budget.rounds as f64);
        loop {
            if interrupt::pending() {
                return Err(self.interrupted());
            }
            let left = due.saturating_sub(self.began.elapsed());
            if left.is_zero() || round >= budget.rounds {
                return Ok(());
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    /// Finds the cases that need no more rounds.
    pub(super) fn look(&self, clear: &mut HashSet<Case>) {
        for planned in self.planned {
            let case = &planned.item.case;
            let rounds = self.collected.rounds_of(case).len();
            if LOOKS.contains(&rounds) && !clear.contains(case) && is_clear(planned, self.collected, cores()) {
                clear.insert(case.clone());
            }
        }
    }
}
