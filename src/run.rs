//! A run: its rounds, one after the other, their blocks streamed to the partial file, and what comes out.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::block::{Block, Shape};
use crate::case::Case;
use crate::environment::{Environment, cores, resident_bytes};
use crate::interrupt;
use crate::matrix::Target;
use crate::measurement::measurements;
use crate::plan::{Item, Pair};
use crate::record::{
    self, Folder, Header, Measurement, Memory, PartialLine, RecordError, SCHEMA, Stream,
};
use crate::round::{self, News, Resident, Sweep, SweepError};
use crate::selection::Selection;
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

/// The blocks measured so far, by case, pair and round.
#[derive(Default)]
pub struct Collected {
    blocks: HashMap<(Case, Pair), Vec<Vec<Block>>>,
    done: HashSet<(usize, Case)>,
    failed: HashMap<Case, String>,
    memory: Memory,
    conditions: Conditions,
}

impl Memory {
    /// Takes what one process had at first and has now.
    fn take(&mut self, first: Resident, last: Resident) {
        let growth = |pair: (u64, u64)| pair.1 as i64 - pair.0 as i64;
        let most = |kept: &mut Option<(u64, u64)>, new: (u64, u64)| {
            if kept.is_none_or(|kept| growth(new) > growth(kept)) {
                *kept = Some(new);
            }
        };
        most(&mut self.round, (first.round, last.round));
        if let (Some(first), Some(last)) = (first.server, last.server) {
            most(&mut self.server, (first, last));
        }
    }

    fn take_own(&mut self) {
        if let Some(now) = resident_bytes(std::process::id()) {
            self.run = Some((self.run.map_or(now, |(first, _)| first), now));
        }
    }
}

impl Collected {
    /// The blocks of a pair, a Vec for each round that ran to the end of the case.
    pub fn rounds(&self, case: &Case, pair: &Pair) -> Vec<Vec<Block>> {
        let rounds = self.blocks.get(&(case.clone(), pair.clone()));
        rounds
            .into_iter()
            .flatten()
            .enumerate()
            .filter(|(round, _)| self.done.contains(&(*round, case.clone())))
            .map(|(_, blocks)| blocks.clone())
            .collect()
    }

    /// Why a case failed, if it did.
    pub fn failure(&self, case: &Case) -> Option<&str> {
        self.failed.get(case).map(String::as_str)
    }

    /// Share of the blocks' wall time inside timed slices.
    fn timed_share(&self) -> Option<f64> {
        let sum = |part: fn(&Block) -> f64| -> f64 {
            self.blocks.values().flatten().flatten().map(part).sum()
        };
        let total = sum(|block| block.total_ns);
        (total > 0.0).then(|| sum(|block| block.timed_ns) / total)
    }

    fn take(&mut self, line: &PartialLine) {
        match line {
            PartialLine::Run(_) => {}
            PartialLine::Block {
                round,
                case,
                strategy,
                reference,
                block,
            } => {
                let key = (case.clone(), (strategy.clone(), reference.clone()));
                let rounds = self.blocks.entry(key).or_default();
                rounds.resize_with(rounds.len().max(round + 1), Vec::new);
                rounds[*round].push(block.clone());
            }
            PartialLine::Done { round, case } => {
                self.done.insert((*round, case.clone()));
            }
            PartialLine::Resumed => self.forget_unfinished(),
            PartialLine::Failed { case, reason } => {
                self.failed.insert(case.clone(), reason.clone());
            }
        }
    }

    /// Forgets blocks of cases that a kill cut off in the middle of a round.
    fn forget_unfinished(&mut self) {
        let done = &self.done;
        for ((case, _), rounds) in &mut self.blocks {
            for (round, blocks) in rounds.iter_mut().enumerate() {
                if !done.contains(&(round, case.clone())) {
                    blocks.clear();
                }
            }
        }
    }
}

/// Measures. An error means that nothing was measured and nothing replaced.
pub fn run(request: Request<'_>) -> Result<Outcome, RunError> {
    let began = Instant::now();
    interrupt::listen().map_err(RunError::Signal)?;
    let watch = Watch::begin();
    let shape = request.target.shape(request.selection.matrix);
    let mut header = header(&request, shape);
    let mut collected = Collected::default();
    let folder = match &request.folder {
        Some(folder) => Some(Folder::take(folder, request.target.name)?),
        None => None,
    };
    let mut stream = match &folder {
        Some(folder) => Some(open_stream(folder, &request, &mut header, &mut collected)?),
        None => None,
    };

    let trouble = sweeps(&request, &header, shape, &mut collected, stream.as_mut()).err();

    header.timed_share = collected.timed_share();
    header.resident_bytes = collected.memory;
    let served = request.items.iter().any(|item| {
        let entry = request.target.entry(&item.case.workload);
        entry.is_some_and(|entry| entry.served)
    });
    watch.end(&mut collected.conditions, served);
    header.conditions = collected.conditions;
    header.traps = traps::sentences(&header.environment, &request.items, &collected.conditions);
    header.seconds = began.elapsed().as_secs_f64();
    header.complete = trouble.is_none();
    let measurements = measurements(&request.items, &collected, cores());
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

fn header(request: &Request<'_>, shape: Shape) -> Header {
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
        blocks: selection.blocks(request.target, &request.items),
        slice_ns: shape.slice.as_nanos() as u64,
        quads: shape.quads,
        seed: selection.seed.unwrap_or(since_epoch.as_nanos() as u64),
        plan: format!("{:016x}", twox_hash::XxHash3_64::oneshot(&text)),
        timed_share: None,
        resident_bytes: Memory::default(),
        conditions: Conditions::default(),
        traps: Vec::new(),
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
        ("the blocks", before.blocks != now.blocks),
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

fn sweeps(
    request: &Request<'_>,
    header: &Header,
    shape: Shape,
    collected: &mut Collected,
    mut stream: Option<&mut Stream>,
) -> Result<(), RunError> {
    let total = header.rounds * request.items.len();
    let progress = progress(request.target.name, total, collected.done.len());
    for round in 0..header.rounds {
        // A round's orders depend on the run's seed and its own number only, so that a run that is gone on
        // with is the run that was begun.
        let mut random = fastrand::Rng::with_seed(header.seed.wrapping_add(round as u64));
        let mut items = request.items.clone();
        random.shuffle(&mut items);
        items.retain(|item| {
            collected.failure(&item.case).is_none()
                && traps::not_applicable(&item.case, cores()).is_none()
                && !collected.done.contains(&(round, item.case.clone()))
        });
        let sweep = Sweep {
            seed: random.u64(..),
            shape,
            blocks: header.blocks,
            patience: request.selection.deadline / 3,
            items,
        };
        let mut first: Option<Resident> = None;
        let mut listen = |item: &Item, news: News| -> Result<(), RecordError> {
            let case = item.case.clone();
            let line = match news {
                News::Resident(now) => {
                    collected.memory.take(*first.get_or_insert(now), now);
                    collected.memory.take_own();
                    return Ok(());
                }
                News::Step(ns) => {
                    collected.conditions.take_step(ns);
                    return Ok(());
                }
                News::Block(pair, block) => {
                    let (strategy, reference) = item.pairs[pair].clone();
                    PartialLine::Block {
                        round,
                        case,
                        strategy,
                        reference,
                        block,
                    }
                }
                News::Done => PartialLine::Done { round, case },
                News::Failed(reason) => {
                    // The round goes on in another process.
                    first = None;
                    PartialLine::Failed { case, reason }
                }
            };
            collected.take(&line);
            if !matches!(line, PartialLine::Block { .. }) {
                progress.inc(1);
            }
            match &mut stream {
                Some(stream) => stream.write(&line),
                None => Ok(()),
            }
        };
        round::sweep(sweep, request.selection.deadline, &mut listen).map_err(
            |error| match error {
                SweepError::Listener(error) => RunError::Record(error),
                SweepError::Process(what) => RunError::Process(what),
                SweepError::Interrupted => RunError::Interrupted {
                    kept: request.folder.is_some(),
                },
            },
        )?;
    }
    progress.finish_and_clear();
    Ok(())
}

/// One line on standard error, where that is a terminal; redrawn once a second at most, since whoever draws
/// takes time from the machine that is measured.
fn progress(name: &str, total: usize, done: usize) -> ProgressBar {
    let progress =
        ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr_with_hz(1));
    let style =
        ProgressStyle::with_template("{msg} [{bar:32}] {pos}/{len} cases × rounds, {eta} left");
    progress.set_style(style.expect("the template is a constant"));
    progress.set_message(name.to_owned());
    progress.set_position(done as u64);
    progress.reset_eta();
    progress
}
