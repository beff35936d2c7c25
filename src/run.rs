//! A run: its rounds, one after the other, their blocks streamed to the partial file, and what comes out.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::budget::Budget;
use crate::case::Case;
use crate::collected::Collected;
use crate::environment::{Environment, cores};
use crate::interrupt;
use crate::layouts::Layouts;
use crate::machine_state::State;
use crate::matrix::Target;
use crate::measurement::{Planned, is_clear, measurements};
use crate::plan::{Item, Pace};
use crate::progress::Progress;
use crate::record::{
    self, Folder, Header, Measurement, Memory, PartialLine, RecordError, SCHEMA, Stream,
};
use crate::round::{self, News, Sweep, SweepError};
use crate::selection::Selection;
use crate::stats::LOOKS;
use crate::traps::{self, Conditions, Watch};

/// What to run.
pub struct Request<'a> {
    /// The bench target.
    pub target: &'a Target,
    /// What the variables say.
    pub selection: &'a Selection,
    /// What to measure.
    pub items: Vec<Item>,
    /// The filter, as it was given on the command line.
    pub filter: Option<String>,
    /// Where records go; `None` to write none.
    pub folder: Option<PathBuf>,
    /// A command that measures the same.
    pub command: String,
    /// The program that rounds are: this one, or one that was built to measure.
    pub program: PathBuf,
}

/// What came out of a run.
pub struct Outcome {
    /// The run.
    pub header: Header,
    /// Its measurements, in the order of the axes.
    pub measurements: Vec<Measurement>,
    /// The record, where one was written whole.
    pub record: Option<PathBuf>,
    /// Why the run ended early, or why its record could not be written.
    pub trouble: Option<RunError>,
}

/// Why a run did not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A record cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The rounds' process does not work at all.
    #[error("a round's process {0}")]
    Process(String),
    /// SIGINT.
    #[error("interrupted{}", if *kept { "; what it wrote is kept, and JVS_RESUME=1 goes on with it" } else { "" })]
    Interrupted {
        /// Whether there is a partial record.
        kept: bool,
    },
    /// `JVS_RESUME` where the run that was cut short is another one.
    #[error("JVS_RESUME=1: {0}")]
    Resume(String),
    /// SIGINT cannot be listened for.
    #[error("cannot listen for Ctrl-C: {0}")]
    Signal(std::io::Error),
    /// `JVS_RESUME` where this target had been measured to its end.
    #[error("JVS_RESUME=1: the run of {0} is complete and is kept")]
    Complete(String),
}

/// Measures. An error means that nothing was measured and nothing replaced.
pub fn run(request: Request<'_>) -> Result<Outcome, RunError> {
    interrupt::listen().map_err(RunError::Signal)?;
    let selection = request.selection;
    let planned: Vec<Planned> = request
        .items
        .iter()
        .enumerate()
        .filter_map(|(place, item)| {
            let entry = request.target.entry(&item.case.workload)?;
            Some(Planned {
                place,
                item: item.clone(),
                pace: Pace::of(&item.case, entry, selection.matrix, selection.rounds),
            })
        })
        .collect();
    let folder = match &request.folder {
        Some(folder) => Some(Folder::take(folder, request.target.name)?),
        None => None,
    };
    let progress = Progress::new(request.target.name);
    let layouts = Layouts::of(&request.program, selection.layouts, |made, of| {
        progress.layouts(made, of);
    });
    let mut header = header(&request, &layouts);
    let mut collected = Collected::default();
    let mut stream = match &folder {
        Some(folder) => Some(open_stream(folder, &request, &mut header, &mut collected)?),
        None => None,
    };

    let mut sweeping = Sweeping {
        request: &request,
        planned: &planned,
        header: &header,
        layouts: &layouts,
        progress,
        watch: Watch::begin(),
        began: Instant::now(),
        before: (collected.seconds, collected.conditions),
        collected: &mut collected,
        stream: stream.as_mut(),
    };
    let trouble = sweeping.all_rounds().err();
    // What comes now has no rounds that would have to end first.
    interrupt::end_at_once();

    header.timed_share = collected.timed_share();
    header.resident_bytes = collected.memory;
    header.states = collected.states().to_vec();
    header.cut = collected.cut.clone();
    header.conditions = collected.conditions;
    header.traps = traps::sentences(
        &header.environment,
        &request.items,
        &collected.conditions,
        &header.states,
    );
    if layouts.count() == 1 && selection.rounds > 1 {
        header.traps.push(format!(
            "One layout of the code ({}): intervals do not know what another build does, which is some percents.",
            layouts.only_one.as_deref().unwrap_or("JVS_LAYOUTS=1")
        ));
    }
    header.seconds = collected.seconds;
    header.complete = trouble.is_none();
    let measurements = measurements(&planned, &collected, cores());
    let mut outcome = Outcome {
        header,
        measurements,
        record: None,
        trouble,
    };
    if let (Some(folder), None) = (folder, &outcome.trouble) {
        match folder.finish(&outcome.header, &outcome.measurements) {
            Ok(()) => outcome.record = Some(folder.record().to_owned()),
            Err(error) => outcome.trouble = Some(error.into()),
        }
    }
    Ok(outcome)
}

fn header(request: &Request<'_>, layouts: &Layouts) -> Header {
    let selection = request.selection;
    let now = SystemTime::now();
    let text = serde_json::to_vec(&request.items).expect("a plan is plain data");
    let since_epoch = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Header {
        schema: SCHEMA,
        target: request.target.name.to_owned(),
        matrix: selection.matrix.to_string(),
        filter: request.filter.clone(),
        complete: false,
        started: humantime::format_rfc3339_seconds(now).to_string(),
        seconds: 0.0,
        command: request.command.clone(),
        environment: Environment::here(),
        rounds: selection.rounds,
        layouts: layouts.count(),
        only_one_layout: layouts.only_one.clone(),
        minutes: selection.minutes(request.target),
        cut: Vec::new(),
        states: Vec::new(),
        seed: selection.seed.unwrap_or(since_epoch.as_nanos() as u64),
        plan: format!("{:016x}", twox_hash::XxHash3_64::oneshot(&text)),
        timed_share: None,
        resident_bytes: Memory::default(),
        conditions: Conditions::default(),
        traps: Vec::new(),
        checksum: String::new(),
    }
}

/// Begins the partial file, or goes on with the one that is there.
fn open_stream(
    folder: &Folder,
    request: &Request<'_>,
    header: &mut Header,
    collected: &mut Collected,
) -> Result<Stream, RunError> {
    let cut_short = folder.cut_short();
    if request.selection.resume {
        let Some(lines) = cut_short? else {
            // Of several targets some may have been complete when the run was cut short, and some not begun.
            return match record::read(folder.record()) {
                Ok((before, _)) if same_run(&before, header, request.selection.seed).is_ok() => {
                    Err(RunError::Complete(before.started))
                }
                _ => begin_stream(folder, header),
            };
        };
        let Some(PartialLine::Run(before)) = lines.first() else {
            return Err(RunError::Resume(format!(
                "{} has no header",
                folder.partial().display()
            )));
        };
        same_run(before, header, request.selection.seed).map_err(RunError::Resume)?;
        header.seed = before.seed;
        header.started = before.started.clone();
        for line in lines.iter().chain([&PartialLine::Resumed]) {
            collected.take(line);
        }
        let mut stream = folder.stream(true)?;
        stream.write(&PartialLine::Resumed)?;
        return Ok(stream);
    }
    match cut_short {
        // What cannot be read is set aside as well: it may be all there is of a long run.
        Ok(None) => {}
        Ok(Some(lines)) => {
            let started = match lines.first() {
                Some(PartialLine::Run(before)) => before.started.clone(),
                _ => header.started.clone(),
            };
            let aside = folder.set_aside(&started)?;
            eprintln!(
                "{}: the run of {started} was cut short; it is kept as {} (JVS_RESUME=1 would have gone on with it)",
                request.target.name,
                aside.display()
            );
        }
        Err(error) => {
            let aside = folder.set_aside(&header.started)?;
            eprintln!("{error}; kept as {}", aside.display());
        }
    }
    begin_stream(folder, header)
}

fn begin_stream(folder: &Folder, header: &Header) -> Result<Stream, RunError> {
    let mut stream = folder.stream(false)?;
    stream.write(&PartialLine::Run(Box::new(header.clone())))?;
    Ok(stream)
}

/// Whether `now` would measure what `before` began to.
fn same_run(before: &Header, now: &Header, seed: Option<u64>) -> Result<(), String> {
    let mut here = now.environment.clone();
    here.load = before.environment.load;
    let differs = [
        ("the measurements", before.plan != now.plan),
        ("the rounds", before.rounds != now.rounds),
        ("the layouts", before.layouts != now.layouts),
        ("the seed", seed.is_some_and(|seed| seed != before.seed)),
        ("the machine or the build", before.environment != here),
        ("the schema", before.schema != now.schema),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => Err(format!(
            "{what} of the run of {} differ from this one's; run it with the same variables, filter and build, \
             or without JVS_RESUME to begin anew",
            before.started
        )),
    }
}

/// The most rounds that are added for cases that are not clear, as a share of those that were planned.
const MOST_ADDED: f64 = 0.5;

/// A run while it sweeps.
struct Sweeping<'a> {
    request: &'a Request<'a>,
    planned: &'a [Planned],
    header: &'a Header,
    layouts: &'a Layouts,
    progress: Progress,
    watch: Watch,
    /// When this part of the run began.
    began: Instant,
    /// The seconds of the parts before, and what happened around them.
    before: (f64, Conditions),
    collected: &'a mut Collected,
    stream: Option<&'a mut Stream>,
}

impl Sweeping<'_> {
    fn all_rounds(&mut self) -> Result<(), RunError> {
        let planned_rounds = self.header.rounds;
        let mut budget = Budget::new(planned_rounds, self.header.minutes, self.collected.seconds);
        let mut clear: HashSet<Case> = HashSet::new();
        let mut round = 0;
        loop {
            let added = round >= budget.rounds;
            if added && !self.one_more(round, planned_rounds, &budget, &clear) {
                break;
            }
            let jobs = self.groups(round, &budget, &clear);
            if !jobs.is_empty() {
                self.wait_for_span(round, &budget)?;
                self.round(round, jobs, &budget)?;
            } else if added {
                break;
            }
            self.look(&mut clear);
            let taken = self.collected.seconds;
            if let Some(cut) = budget.after_round(round, taken) {
                let line = PartialLine::Cut { what: cut };
                self.keep(&line)?;
            }
            round += 1;
            if budget.is_over(taken) {
                if round < budget.rounds {
                    let what = format!(
                        "It ended after {round} of {planned_rounds} rounds, when its {} were over{}.",
                        budget.limit(),
                        if round < crate::stats::FEWEST_ROUNDS {
                            ": a preview, without verdicts"
                        } else {
                            ""
                        }
                    );
                    self.keep(&PartialLine::Cut { what })?;
                }
                break;
            }
        }
        self.progress.end();
        Ok(())
    }

    /// Whether what clear cases did not need lasts for another round of those that are not clear.
    fn one_more(
        &self,
        round: usize,
        planned_rounds: usize,
        budget: &Budget,
        clear: &HashSet<Case>,
    ) -> bool {
        let most = (planned_rounds as f64 * (1.0 + MOST_ADDED)) as usize;
        budget.rounds == planned_rounds
            && round < most
            && !clear.is_empty()
            && budget.saved_a_round(round, self.collected.seconds)
    }

    /// What a round measures.
    fn groups(
        &self,
        round: usize,
        budget: &Budget,
        clear: &HashSet<Case>,
    ) -> Vec<Vec<(round::Job, crate::block::Shape)>> {
        let mut groups = Vec::new();
        for planned in self.planned {
            let case = &planned.item.case;
            let rounds = self.collected.rounds_of(case);
            if clear.contains(case)
                || self.collected.failure(case).is_some()
                || traps::not_applicable(case, cores()).is_some()
                || rounds.contains(&round)
                || !planned.takes_part(round, rounds.len(), budget.rounds)
            {
                continue;
            }
            let mut pace = planned.pace;
            if budget.lean {
                pace.shape.quads = 1;
                pace.shape.settle /= 4;
            }
            // Carry-over is known well enough from every other round.
            let checked = !budget.lean && rounds.len().is_multiple_of(2);
            groups.extend(planned.item.jobs(&pace, checked));
        }
        groups
    }

    fn round(
        &mut self,
        round: usize,
        groups: Vec<Vec<(round::Job, crate::block::Shape)>>,
        budget: &Budget,
    ) -> Result<(), RunError> {
        // A round's orders depend on the run's seed and its own number only, so that a run that is gone on
        // with is the run that was begun.
        let mut random = fastrand::Rng::with_seed(self.header.seed.wrapping_add(round as u64));
        let layout = self.layouts.number(round);
        if self.collected.states().len() <= round {
            let state = State::now(layout);
            self.keep(&PartialLine::Round { round, state })?;
        }
        let sweep = Sweep {
            seed: random.u64(..),
            layout,
            layouts: self.layouts,
            groups,
            deadline: self.request.selection.deadline,
            patience: self.request.selection.deadline / 3,
            until: budget.hard_end(self.began, self.before.0),
        };
        let target = self.request.target;
        let served = |case: &Case| {
            target
                .entry(&case.workload)
                .is_some_and(|entry| entry.served)
        };
        let shown = self.collected.states().len().max(round + 1);
        let mut done = 0;
        round::sweep(sweep, served, |case, job, news| {
            let line = match news {
                News::Resident(now) => {
                    self.collected.take_resident(round, now);
                    return Ok(());
                }
                News::Block(block) => {
                    let job = job.expect("a block has its job");
                    PartialLine::Block {
                        round,
                        case: case.clone(),
                        strategies: job.strategies.clone(),
                        copy: job.copy,
                        block: *block,
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
                done += 1;
                self.progress.tick(shown, budget.rounds.max(shown), done);
            }
            self.keep(&line)
        })
        .map_err(|error| match error {
            SweepError::Listener(error) => RunError::Record(error),
            SweepError::Process(what) => RunError::Process(what),
            SweepError::Interrupted => self.interrupted(),
        })?;
        let line = self.around();
        self.keep(&line)?;
        Ok(())
    }

    /// What happened around the run until now, in all its parts.
    fn around(&self) -> PartialLine {
        let (seconds_before, before) = self.before;
        let seconds = self.began.elapsed().as_secs_f64();
        let served = self.planned.iter().any(|planned| {
            let entry = self.request.target.entry(&planned.item.case.workload);
            entry.is_some_and(|entry| entry.served)
        });
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
    fn keep(&mut self, line: &PartialLine) -> Result<(), RecordError> {
        self.collected.take(line);
        match &mut self.stream {
            Some(stream) => stream.write(line),
            None => Ok(()),
        }
    }

    /// Waits until it is a round's turn: a run of few cases is spread over as long as one that knows more than a moment of
    /// the machine.
    fn wait_for_span(&self, round: usize, budget: &Budget) -> Result<(), RunError> {
        let due = self
            .request
            .selection
            .span
            .mul_f64(round as f64 / budget.rounds as f64);
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
    fn look(&self, clear: &mut HashSet<Case>) {
        for planned in self.planned {
            let case = &planned.item.case;
            let rounds = self.collected.rounds_of(case).len();
            if LOOKS.contains(&rounds)
                && !clear.contains(case)
                && is_clear(planned, self.collected, cores())
            {
                clear.insert(case.clone());
            }
        }
    }
}
