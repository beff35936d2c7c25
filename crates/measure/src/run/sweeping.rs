//! A run while it sweeps: which blocks each round has, what comes of them, and which cases have enough.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::resume::open_stream;
use super::{Request, RunError, header};
use crate::block::Shape;
use crate::budget::Budget;
use crate::case::Case;
use crate::collected::Collected;
use crate::conditions::{Conditions, Watch};
use crate::environment::cores;
use crate::interrupt;
use crate::layouts::Layouts;
use crate::machine_state::State;
use crate::measurement::is_clear;
use crate::plan::{BETWEEN_ROUNDS, Planned, turns};
use crate::progress::Progress;
use crate::record::{Folder, Header, PartialLine, RecordError, Stream};
use crate::round::{Group, Job, News, Share, SweepError};
use crate::stats::{FEWEST_ROUNDS, LOOKS};
use crate::warnings;

/// The most rounds that are added for cases that are not clear, as a share of those that were planned.
const MOST_ADDED: f64 = 0.5;

/// Cases of one thread stay on a core for so many rounds: one that was idle is slow at first, on some hosts for tens of
/// milliseconds, as a program's own core is not.
const ROUNDS_ON_A_CORE: usize = 10;

/// A run while it sweeps: its record's folder and header, and what it has collected so far.
pub(super) struct Sweeping<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) planned: Vec<Planned>,
    pub(super) folder: Option<Folder>,
    pub(super) layouts: Layouts,
    pub(super) header: Header,
    pub(super) collected: Collected,
    stream: Option<Stream>,
    progress: &'a RefCell<Progress>,
    watch: Watch,
    /// When this part of the run began.
    pub(super) began: Instant,
    /// The seconds of the parts before, and what happened around them.
    pub(super) before: (f64, Conditions),
}

impl<'a> Sweeping<'a> {
    /// Takes its folder, makes its layouts, and begins its partial file or goes on with the one that is there.
    pub(super) fn new(request: &'a Request<'a>, progress: &'a RefCell<Progress>) -> Result<Self, RunError> {
        let Request { plan, settings, .. } = request;
        let folder = request
            .folder
            .as_ref()
            .map(|folder| Folder::take(folder, &plan.name))
            .transpose()?;
        let layouts = Layouts::of(&request.program, settings.layouts, |made, of| {
            progress.borrow_mut().layouts(made, of);
        });
        let layouts = layouts.turned(request.first_layout);
        let mut header = header(request, &layouts);
        let mut collected = Collected::default();
        let stream = folder
            .as_ref()
            .map(|folder| open_stream(folder, request, &mut header, &mut collected))
            .transpose()?;
        Ok(Self {
            request,
            planned: plan.planned(settings),
            folder,
            layouts,
            header,
            before: (collected.seconds, collected.conditions),
            collected,
            stream,
            progress,
            watch: Watch::begin(),
            began: Instant::now(),
        })
    }

    /// Begins to measure: what comes before, of this run or of one beside it, is none of its time.
    pub(super) fn start(&mut self) {
        (self.watch, self.began) = (Watch::begin(), Instant::now());
    }

    /// Whether what clear cases did not need lasts for another round of those that are not clear.
    pub(super) fn one_more(&self, round: usize, budget: &Budget) -> bool {
        let planned = self.header.rounds;
        let most = (planned as f64 * (1.0 + MOST_ADDED)) as usize;
        let time = |rounds_of: &dyn Fn(&Planned) -> usize, rounds: usize| -> Duration {
            let possible = self.planned.iter().filter(|case| self.is_possible(case));
            let blocks: Duration = possible
                .map(|case| case.expected_in(rounds_of(case), planned, false))
                .sum();
            blocks + BETWEEN_ROUNDS * rounds as u32
        };
        let all = time(&|case| case.pace.rounds(planned), planned);
        let made = time(&|case| self.collected.rounds_of(&case.item.case).len(), round);
        budget.rounds == planned
            && round < most
            && !self.collected.clear.is_empty()
            && made + all / planned as u32 <= all
            && budget.has_room(round, self.collected.seconds)
    }

    /// What a round measures.
    fn groups(&self, round: usize, budget: &Budget) -> Vec<Group> {
        let mut cases = Vec::new();
        for planned in &self.planned {
            let rounds = self.collected.rounds_of(&planned.item.case);
            if !self.is_measured(planned)
                || rounds.contains(&round)
                || !planned.takes_part(round, rounds.len(), budget.rounds, self.header.rounds)
            {
                continue;
            }
            let wanted = planned.wanted(budget.rounds, self.header.rounds);
            cases.push((
                planned,
                planned.groups(budget.lean, planned.checks(rounds.len(), wanted)),
            ));
        }
        turns::shared(cases.into_iter())
    }

    /// About how long a round takes that has these blocks, in seconds.
    pub(super) fn expected(&self, groups: &[Group]) -> f64 {
        let lasts = |(place, (job, shape)): (usize, &(Job, Shape))| {
            let planned = self.planned.iter().find(|planned| planned.item.case == job.case);
            planned.map_or(Duration::ZERO, |planned| planned.lasts(job, shape, place > 0))
        };
        let turns = groups.iter().flatten();
        let lasts: Duration = turns.flat_map(|turn| turn.iter().enumerate()).map(lasts).sum();
        (BETWEEN_ROUNDS + lasts).as_secs_f64()
    }

    /// About how long what is left of a run of so many rounds takes, in seconds.
    pub(super) fn expected_left(&self, rounds: usize, lean: bool) -> f64 {
        let rounds_left = rounds.saturating_sub(self.collected.states.len());
        let left = |planned: &Planned| {
            let case = &planned.item.case;
            let wanted = planned.wanted(rounds, self.header.rounds);
            let left = wanted.saturating_sub(self.collected.rounds_of(case).len());
            planned.expected_in(left.min(rounds_left), rounds, lean)
        };
        let measured = self.planned.iter().filter(|planned| self.is_measured(planned));
        let between = BETWEEN_ROUNDS * rounds_left as u32;
        (between + measured.map(left).sum::<Duration>()).as_secs_f64()
    }

    /// How many rounds it takes until each case has enough blocks for an interval.
    pub(super) fn fewest_left(&self) -> usize {
        let measured = self.planned.iter().filter(|planned| self.is_measured(planned));
        let fewest = FEWEST_ROUNDS.min(self.header.rounds);
        let left = measured.map(|planned| fewest.saturating_sub(self.collected.rounds_of(&planned.item.case).len()));
        left.max().unwrap_or(0)
    }

    /// Whether a case has more rounds, as far as its own results tell.
    fn is_measured(&self, planned: &Planned) -> bool {
        !self.collected.clear.contains(&planned.item.case) && self.is_possible(planned)
    }

    fn is_possible(&self, planned: &Planned) -> bool {
        let case = &planned.item.case;
        !self.collected.failed.contains_key(case) && warnings::not_applicable(case, cores()).is_none()
    }

    /// What a round has to do; `None` where it has nothing.
    pub(super) fn begin_round(&mut self, round: usize, budget: &Budget) -> Result<Option<Share>, RunError> {
        let groups = self.groups(round, budget);
        if groups.is_empty() {
            return Ok(None);
        }
        let layout = self.layouts.number(round);
        if self.collected.states.len() <= round {
            let state = State::now(layout, self.core_in(round));
            self.keep(&PartialLine::Round { round, state })?;
        }
        Ok(Some(Share {
            program: self.layouts.program(layout).to_owned(),
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
            let shown = self.collected.states.len().max(round + 1);
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
    pub(super) fn look(&mut self) -> Result<(), RecordError> {
        let is_clear_now = |planned: &&Planned| {
            let (case, collected) = (&planned.item.case, &self.collected);
            let looked_at = LOOKS.contains(&collected.rounds_of(case).len()) && !collected.clear.contains(case);
            looked_at && is_clear(planned, collected, cores())
        };
        let clear = self.planned.iter().filter(is_clear_now);
        let clear: Vec<Case> = clear.map(|planned| planned.item.case.clone()).collect();
        clear
            .into_iter()
            .try_for_each(|case| self.keep(&PartialLine::Clear { case }))
    }
}
