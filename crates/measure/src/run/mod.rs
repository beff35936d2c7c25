//! A run: its rounds, one after the other, their blocks streamed to the partial file, and what comes out.

mod resume;
mod rounds;
mod sweeping;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::conditions::Conditions;
use crate::environment::{Environment, cores};
use crate::interrupt;
use crate::layouts::Layouts;
use crate::measurement::measurements;
use crate::plan::{self, Plan};
use crate::progress::Progress;
use crate::record::{Header, Measurement, Memory, RecordError, SCHEMA};
use crate::settings::RunSettings;
use crate::warnings;

use rounds::all_rounds;
use sweeping::Sweeping;

/// What to run.
pub struct Request<'a> {
    /// What to measure.
    pub plan: &'a Plan,
    /// How long, and how often.
    pub settings: &'a RunSettings,
    /// The filter, as it was given on the command line.
    pub filter: Option<String>,
    /// Where records go; `None` to write none.
    pub folder: Option<PathBuf>,
    /// A command that measures the same.
    pub command: String,
    /// The program that rounds are: this one, or one that was built to measure.
    pub program: PathBuf,
    /// What built the program, and where it runs.
    pub environment: Environment,
    /// The layout that the first round has; the others follow. Runs of one program that have different ones have no layout in
    /// common in any round.
    pub first_layout: usize,
}

impl<'a> Request<'a> {
    /// Of this build, without a record.
    pub fn here(plan: &'a Plan, settings: &'a RunSettings, command: String, program: PathBuf) -> Self {
        Self {
            plan,
            settings,
            filter: None,
            folder: None,
            command,
            program,
            environment: Environment::here(),
            first_layout: 0,
        }
    }
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
    /// Ctrl-C ended it.
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

impl RunError {
    /// The exit code of a program that ends with it: 0 where there was no need to measure, 130 after Ctrl-C, 2 where what was asked for
    /// cannot be, 1 where something failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Complete(_) => 0,
            Self::Interrupted { .. } => interrupt::EXIT_CODE,
            // The folder of records is the user's choice.
            Self::Resume(_) | Self::Record(_) => 2,
            Self::Process(_) | Self::Signal(_) => 1,
        }
    }
}

/// Measures. The program calls [`round::run_if_child`](crate::round::run_if_child) first in its `main`, else each round would begin
/// the run again.
///
/// Takes over SIGINT and writes progress to standard error. A case that fails is no error: its measurements have
/// [`Status::Failed`](crate::record::Status::Failed), a reason and no numbers.
///
/// # Errors
///
/// [`RunError`]; then nothing was measured, and no record was replaced.
pub fn run(request: Request<'_>) -> Result<Outcome, RunError> {
    let progress = RefCell::new(Progress::new(&request.plan.name));
    let (mut begun, trouble) = sweep(std::slice::from_ref(&request), &progress)?;
    Ok(begun.remove(0).finish(trouble))
}

/// Measures one plan with several programs, of which each measures every block, milliseconds apart: what is compared then is
/// the programs, and not moments of the machine. The plans have the same name, the settings the same rounds and seed.
///
/// # Errors
///
/// [`RunError`], also where a run ended early: no record was written then, and partial ones are kept.
pub fn run_interleaved(requests: &[Request<'_>]) -> Result<Vec<Outcome>, RunError> {
    let name = requests.first().map_or("", |request| request.plan.name.as_str());
    let progress = RefCell::new(Progress::new(name));
    let (begun, trouble) = sweep(requests, &progress)?;
    match trouble {
        None => Ok(begun.into_iter().map(|one| one.finish(None)).collect()),
        Some(error) => Err(error),
    }
}

/// Begins the runs and makes all their rounds; why they ended early, where they did.
fn sweep<'a>(
    requests: &'a [Request<'a>],
    progress: &'a RefCell<Progress>,
) -> Result<(Vec<Sweeping<'a>>, Option<RunError>), RunError> {
    interrupt::listen().map_err(RunError::Signal)?;
    let begun = requests.iter().map(|request| Sweeping::new(request, progress));
    let mut begun: Vec<Sweeping<'_>> = begun.collect::<Result<_, _>>()?;
    begun.iter_mut().for_each(Sweeping::start);
    let trouble = all_rounds(&mut begun).err();
    progress.borrow().end();
    // What comes now has no rounds that would have to end first.
    interrupt::end_at_once();
    Ok((begun, trouble))
}

/// What a run measures: [`run`], and an error also where it ended early.
///
/// # Errors
///
/// [`RunError`], also where it ended early, other than for want of time.
pub fn measured(request: Request<'_>) -> Result<Vec<Measurement>, RunError> {
    let outcome = run(request)?;
    match outcome.trouble {
        Some(trouble) => Err(trouble),
        None => Ok(outcome.measurements),
    }
}

impl Sweeping<'_> {
    /// Writes the record, unless there was trouble.
    fn finish(self, trouble: Option<RunError>) -> Outcome {
        let Self {
            mut header, collected, ..
        } = self;
        let Request { plan, settings, .. } = self.request;
        header.timed_share = collected.timed_share();
        header.resident_bytes = collected.memory;
        header.states = collected.states.clone();
        header.cut = collected.cut.values().cloned().collect();
        header.conditions = collected.conditions;
        header.traps = warnings::sentences(&header.environment, &plan.items, &collected.conditions, &header.states);
        header
            .traps
            .extend(collected.shared_core().as_ref().and_then(warnings::of_shared_core));
        if self.layouts.count() == 1 && settings.rounds > 1 {
            header.traps.push(format!(
                "One layout of the code ({}): intervals do not know what another build does, which is some percents.",
                self.layouts.only_one.as_deref().unwrap_or("JVS_LAYOUTS=1")
            ));
        }
        header.seconds = collected.seconds;
        header.complete = trouble.is_none();
        let measurements = measurements(&self.planned, &collected, cores());
        let mut outcome = Outcome {
            header,
            measurements,
            record: None,
            trouble,
        };
        if let (Some(folder), None) = (self.folder, &outcome.trouble) {
            match folder.finish(&outcome.header, &outcome.measurements) {
                Ok(()) => outcome.record = Some(folder.record().to_owned()),
                Err(error) => outcome.trouble = Some(error.into()),
            }
        }
        outcome
    }
}

fn header(request: &Request<'_>, layouts: &Layouts) -> Header {
    let Request { plan, settings, .. } = request;
    let now = SystemTime::now();
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Header {
        schema: SCHEMA,
        target: plan.name.clone(),
        matrix: settings.matrix.to_string(),
        filter: request.filter.clone(),
        complete: false,
        started: humantime::format_rfc3339_seconds(now).to_string(),
        seconds: 0.0,
        command: request.command.clone(),
        environment: request.environment.clone(),
        rounds: settings.rounds,
        layouts: layouts.count(),
        only_one_layout: layouts.only_one.clone(),
        minutes: settings.minutes,
        cut: Vec::new(),
        states: Vec::new(),
        seed: settings.seed.unwrap_or(since_epoch.as_nanos() as u64),
        plan: plan::hash(&plan.items, settings),
        shard: plan.shard.clone(),
        simulated: None,
        timed_share: None,
        resident_bytes: Memory::default(),
        conditions: Conditions::default(),
        traps: Vec::new(),
        checksum: String::new(),
    }
}
