//! The round: fresh processes, of one layout, that measure blocks as their parent tells them.
//!
//! The program starts itself again with an argument of its own. The parent writes a task as one JSON line to the child's
//! standard input: one block, or several that follow each other in one runtime. It reads the answer to each as one marked
//! JSON line from its standard output; what a user's children print there is passed on to standard error. Between tasks the child waits for its standard input, whose end ends it; on Linux
//! the parent's death ends it at once. So it needs no thread beside those of the runtimes that it measures: in a process
//! that has, or had, a second thread even current_thread is slower, by 3 to 13%.
//!
//! A case that fails leaves its process in a state that nobody knows, so the round goes on in a new one.

mod child;
#[cfg(target_os = "linux")]
mod core;
#[cfg(target_os = "linux")]
mod fresh;
mod process;
mod protocol;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::block::{Block, Shape, wakes_threads};
use crate::case::Case;
use crate::interrupt;

use process::{Answer, MOST_PADDING, Patience, Process};
use protocol::{BlockTask, Task};

pub use child::run_if_child;
pub(crate) use protocol::PROTOCOL;

/// After so long a core is taken to have rested.
const REST: Duration = Duration::from_millis(20);

/// How often a round's process may end before it is ready until the run gives up.
const MOST_DEATHS: usize = 3;

/// One block to measure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Job {
    /// Of which case.
    pub case: Case,
    /// One strategy alone, or two in one runtime.
    pub strategies: Vec<String>,
}

/// What one round has to do.
#[derive(Debug)]
pub struct Sweep {
    /// Seed of the orders and the data of this round.
    pub seed: u64,
    /// The core that cases of one thread are measured on, among those that may be used.
    pub core: usize,
    /// The longest look at a core that is nobody else's, in ns ([`crate::shared_core`]), as far as it is known: while the
    /// core is shared, such cases are measured on another one.
    pub free_ns: Option<f64>,
    /// What each program has to do: one program, or several that are compared.
    pub shares: Vec<Share>,
    /// How long a block may last.
    pub deadline: Duration,
    /// How long one may last whose children wait for the mock server.
    pub patience: Duration,
    /// When the round is to stop, done or not.
    pub until: Option<Instant>,
}

/// What one program has to do in a round.
#[derive(Debug)]
pub struct Share {
    /// The program, in the layout that it has in this round.
    pub program: PathBuf,
    /// In any order.
    pub groups: Vec<Group>,
}

/// Resident memory of a round's processes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// The round's own.
    pub round: u64,
    /// That of its mock servers, where it has some.
    pub server: Option<u64>,
}

/// A block, and how its core looked.
#[derive(Debug)]
pub struct Measured {
    /// What was measured.
    pub block: Box<Block>,
    /// [`shared_core::task_ns`](crate::shared_core) right before and right after it, in ns; `None` where it wakes threads.
    pub core_ns: Option<[f64; 2]>,
}

/// The longer of both looks at a core, in ns; 0 where there were none.
pub fn longer_look(core_ns: Option<[f64; 2]>) -> f64 {
    core_ns.map_or(0.0, |[before, after]| before.max(after))
}

/// What the parent learns.
#[derive(Debug)]
pub enum News {
    /// A job's block.
    Block(Measured),
    /// The case's last job of this round is done.
    Done,
    /// The case cannot be measured, for this reason.
    Failed(String),
    /// Memory of the process that measured a case, and of its servers.
    Resident(Resident),
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// The listener had enough.
    #[error(transparent)]
    Listener(E),
    /// The user had enough.
    #[error("interrupted")]
    Interrupted,
    /// No process could be started, or none lived long enough to take a task.
    #[error("a round's process {0}")]
    Process(String),
}

/// Blocks that one process measures one after the other, in any order; where they are several, in one runtime: those are of one
/// flavor and site, and of one strategy.
pub type Turn = Vec<(Job, Shape)>;

/// Turns that come one right after the other, in any order: what is compared is in one of them, or in two.
pub type Group = Vec<Turn>;

/// What has one thread and what has several, which are measured in processes of their own; either first, groups in random
/// order, their turns together. A job that several programs have is there once.
fn in_random_order(shares: &[Share], random: &mut fastrand::Rng) -> [Vec<Turn>; 2] {
    let mut seen: HashSet<&Job> = HashSet::new();
    let mut kinds: [Vec<Group>; 2] = Default::default();
    for group in shares.iter().flat_map(|share| &share.groups) {
        let mut once = Group::new();
        for turn in group {
            let new: Vec<&(Job, Shape)> = turn.iter().filter(|(job, _)| seen.insert(job)).collect();
            once.extend((!new.is_empty()).then(|| new.into_iter().cloned().collect::<Turn>()));
        }
        if let Some((job, _)) = once.first().and_then(|turn| turn.first()) {
            kinds[usize::from(!job.case.flavor.has_one_thread())].push(once);
        }
    }
    random.shuffle(&mut kinds);
    kinds.map(|mut groups| {
        random.shuffle(&mut groups);
        for group in &mut groups {
            random.shuffle(group);
            group.iter_mut().for_each(|turn| random.shuffle(turn));
        }
        groups.into_iter().flatten().collect()
    })
}

/// One program's share of a round under way.
struct ShareUnderWay<'a> {
    program: &'a Path,
    deadline: Duration,
    /// The process that measures, or the one that took the place of one that ended.
    running: Option<Process>,
    /// How many ended before they were ready.
    deaths: usize,
    /// Jobs that each case still has.
    left: HashMap<Case, usize>,
    jobs: HashSet<Job>,
}

impl<'a> ShareUnderWay<'a> {
    fn new(share: &'a Share, deadline: Duration) -> Self {
        let jobs = || share.groups.iter().flatten().flatten().map(|(job, _)| job);
        let mut left: HashMap<Case, usize> = HashMap::new();
        for job in jobs() {
            *left.entry(job.case.clone()).or_default() += 1;
        }
        Self {
            program: &share.program,
            deadline,
            running: None,
            deaths: 0,
            left,
            jobs: jobs().cloned().collect(),
        }
    }

    /// The process that measures; a new one where there is none that lives.
    fn living<E>(&mut self, random: &mut fastrand::Rng) -> Result<&mut Process, SweepError<E>> {
        if let Some(ended) = self.running.as_mut().and_then(Process::has_ended) {
            // What ended while it waited has failed no case.
            eprintln!("a round's process ended with {ended} while it waited; another one goes on");
            self.running = None;
        }
        while self.running.is_none() {
            let padding = "x".repeat(random.usize(..MOST_PADDING));
            match Process::start(self.program, &padding, self.deadline)? {
                Ok(process) => self.running = Some(process),
                Err(reason) => {
                    self.deaths += 1;
                    if self.deaths == MOST_DEATHS {
                        return Err(SweepError::Process(reason));
                    }
                }
            }
        }
        Ok(self.running.as_mut().expect("one was started"))
    }

    /// Whether the job is one of its own, and its case has not failed.
    fn has(&self, job: &Job) -> bool {
        self.jobs.contains(job) && self.left.contains_key(&job.case)
    }

    /// Has one process measure a task's parts up to the first that fails, and tells what came of them; of how many.
    fn measure<E>(
        &mut self,
        task: &Task,
        patience: Patience,
        random: &mut fastrand::Rng,
        mut tell: impl FnMut(&Case, Option<&Job>, News) -> Result<(), E>,
    ) -> Result<usize, SweepError<E>> {
        let mut tell = |case: &Case, job: Option<&Job>, news| tell(case, job, news).map_err(SweepError::Listener);
        self.living(random)?.ask(task);
        for (before, BlockTask { job, .. }) in task.parts.iter().enumerate() {
            let process = self.running.as_mut().expect("it was asked");
            let (measured, servers) = match process.answer(patience) {
                Answer::Block(measured, servers) => (measured, servers),
                Answer::Interrupted => return Err(SweepError::Interrupted),
                Answer::Failed(_) if interrupt::pending() => return Err(SweepError::Interrupted),
                Answer::Failed(reason) => {
                    self.running = None;
                    self.left.remove(&job.case);
                    tell(&job.case, None, News::Failed(reason))?;
                    return Ok(before + 1);
                }
            };
            // Asked of few blocks: a round of one thread would wait for the answer between two of its own.
            if let Patience::OfRequest(_) = patience
                && let Some(resident) = process.resident(&servers)
            {
                tell(&job.case, None, News::Resident(resident))?;
            }
            tell(&job.case, Some(job), News::Block(measured))?;
            // A round that the same signal ended has not failed.
            if interrupt::pending() {
                return Err(SweepError::Interrupted);
            }
            let jobs = self.left.get_mut(&job.case).expect("it was left");
            *jobs -= 1;
            if *jobs == 0 {
                tell(&job.case, None, News::Done)?;
            }
        }
        Ok(task.parts.len())
    }
}

/// Runs one round: tells `listener` what comes in, with the place of the share, and goes on without a case whose process dies,
/// or is silent for too long. Each job is done by all programs that have it, one right after the other in random order, so that
/// what is compared is milliseconds apart. `served` says whether a case's children wait for the mock server.
///
/// # Errors
///
/// [`SweepError`]: what `listener` returned, Ctrl-C, or a program that cannot be started.
pub fn sweep<E>(
    sweep: Sweep,
    served: impl Fn(&Case) -> bool,
    mut listener: impl FnMut(usize, &Case, Option<&Job>, News) -> Result<(), E>,
) -> Result<(), SweepError<E>> {
    let mut random = fastrand::Rng::with_seed(sweep.seed);
    // When the core of the cases of one thread was last busy, whichever process it was that measured there.
    let mut busy_until: Option<Instant> = None;
    let new = |share| ShareUnderWay::new(share, sweep.deadline);
    let mut programs: Vec<ShareUnderWay<'_>> = sweep.shares.iter().map(new).collect();
    for turns in in_random_order(&sweep.shares, &mut random) {
        for program in &mut programs {
            program.running = None;
        }
        for turn in turns {
            let part = |(job, shape)| BlockTask {
                job,
                shape,
                seed: random.u64(..),
            };
            let parts: Vec<BlockTask> = turn.into_iter().map(part).collect();
            let mut places: Vec<usize> = (0..programs.len()).collect();
            random.shuffle(&mut places);
            for place in places {
                let program = &mut programs[place];
                let mut own: Vec<BlockTask> = parts.iter().filter(|part| program.has(&part.job)).cloned().collect();
                // What comes after one that failed is measured in another process.
                while let Some(first) = own.first() {
                    if sweep.until.is_some_and(|until| Instant::now() > until) {
                        return Ok(());
                    }
                    let on_one_core = !wakes_threads(&first.job.case);
                    let patience = match served(&first.job.case) {
                        true => Patience::OfRequest(sweep.patience),
                        false => Patience::OfProcess(sweep.deadline),
                    };
                    let task = Task {
                        core: sweep.core,
                        free_ns: sweep.free_ns,
                        rested: on_one_core && busy_until.is_none_or(|until| until.elapsed() > REST),
                        parts: own.clone(),
                        in_place: false,
                    };
                    let tell = |case: &Case, job: Option<&Job>, news| listener(place, case, job, news);
                    let answered = program.measure(&task, patience, &mut random, tell)?;
                    if on_one_core {
                        busy_until = Some(Instant::now());
                    }
                    own.drain(..answered);
                }
            }
        }
    }
    Ok(())
}

/// One block in a process that measures nothing else.
///
/// # Errors
///
/// Why there is no block: the process did not start, ended, was silent, or the case failed.
pub fn measure_solo(program: &Path, job: Job, shape: Shape, seed: u64, deadline: Duration) -> Result<Measured, String> {
    let padding = "x".repeat(fastrand::Rng::with_seed(seed).usize(..MOST_PADDING));
    let started = Process::start::<std::convert::Infallible>(program, &padding, deadline);
    let mut process = started.map_err(|error| error.to_string())??;
    process.ask(&Task {
        parts: vec![BlockTask { job, shape, seed }],
        core: 0,
        free_ns: None,
        rested: false,
        in_place: true,
    });
    match process.answer(Patience::OfProcess(deadline)) {
        Answer::Block(measured, _) => Ok(measured),
        Answer::Failed(reason) => Err(reason),
        Answer::Interrupted => Err("interrupted".into()),
    }
}
