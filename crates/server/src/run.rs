//! A run: rounds over all groups and ways, each server a process of its own, in turns; what was seen becomes points.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use measure::environment::Environment;
use measure::interrupt;
use measure::progress::Telling;
use measure::record::{Folder, Status};
use measure::stats::{Estimate, judge, noise_floor};
use measure::warnings::{self, Conditions, Watch};

use crate::faults;
use crate::files::{self, TooFew};
use crate::load::{Disturbance, Schedule};
use crate::plan::{Disturbed, Group, Plan, Served};
use crate::point::Level;
use crate::process::ProcessError;
use crate::record::{Compared, FILE, FaultSeen, Header, Neighbours, Point, Record, RecordError, SCHEMA, Seen, Shares};
use crate::stand::{Stand, Subject, Window, connections, rate};

/// How long a closed loop is measured in each process.
const GREATEST: Duration = Duration::from_millis(150);

/// How long the greatest throughput is measured by which the levels are set.
pub const CAPACITY: Duration = Duration::from_millis(800);

/// What a server process takes beside its windows, in seconds: about.
const START: f64 = 0.25;

/// What a window takes beside its requests: the warm-up, in seconds.
const WARM: f64 = 0.06;

/// The least time of a window in an open loop, in seconds: several times a latency, so that queues are as long as they get.
const LEAST: f64 = 0.2;

/// Requests a second where neighbours are timed: a fraction of what the server could serve.
const NEIGHBOURS_LOAD: f64 = 0.2;

/// Disturbances a second: so few that a second one during the first, which would take the other worker, is rare.
const DISTURBANCES: f64 = 8.0;

/// A run that was not made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Processes.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// File descriptors.
    #[error(transparent)]
    Files(#[from] TooFew),
    /// The record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] measure::record::RecordError),
    /// A fault could not be tried.
    #[error(transparent)]
    Fault(#[from] faults::FaultError),
    /// Ctrl-C is not to be had.
    #[error("Ctrl-C: {0}")]
    Interrupt(std::io::Error),
}

/// What to run.
#[derive(Debug)]
pub struct Request<'a> {
    /// What to measure.
    pub plan: &'a Plan,
    /// The filter, as it was given on the command line.
    pub filter: Option<String>,
    /// Where the record goes; `None` to write none.
    pub folder: Option<PathBuf>,
    /// A command that measures the same.
    pub command: String,
    /// The program that the processes are.
    pub program: &'a Path,
}

/// What came out of it.
#[derive(Debug)]
pub struct Outcome {
    /// The record.
    pub record: Record,
    /// Where it was written.
    pub path: Option<PathBuf>,
    /// Why it is not whole.
    pub trouble: Option<RunError>,
}

/// What is collected of a group.
pub(crate) struct Collected<'a> {
    group: &'a Group,
    /// What each strategy's server is, the reference first.
    subjects: Vec<Subject>,
    stand: Stand,
    greatest: f64,
    /// By strategy, level and round; behind the last strategy, the reference's copy.
    windows: Vec<Vec<Vec<Window>>>,
    /// By strategy: of each process.
    resident: Vec<Vec<f64>>,
    failed: Option<String>,
}

/// What is collected of a way.
struct CollectedWay<'a> {
    served: &'a Served,
    stand: Stand,
    rate: f64,
    /// By what disturbs, and round.
    windows: Vec<Vec<Window>>,
    failed: Option<String>,
}

/// Measures it.
pub fn run(request: &Request<'_>) -> Result<Outcome, RunError> {
    let plan = request.plan;
    let most = plan.groups.iter().map(|group| connections(group.shape.tasks)).max();
    files::make_room(most.unwrap_or(0))?;
    let folder = request.folder.as_deref();
    let folder = folder.map(|folder| Folder::take(folder, "server")).transpose()?;
    interrupt::listen().map_err(RunError::Interrupt)?;
    let began = Instant::now();
    let mut header = Header {
        schema: SCHEMA,
        target: "server".to_owned(),
        matrix: plan.settings.matrix.to_string(),
        filter: request.filter.clone(),
        complete: false,
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        seconds: 0.0,
        command: request.command.clone(),
        environment: Environment::here(),
        rounds: plan.rounds,
        requests: plan.requests,
        minutes: plan.minutes,
        cut: Vec::new(),
        seed: plan.settings.seed.unwrap_or_else(|| fastrand::u64(..)),
        conditions: Conditions::default(),
        traps: Vec::new(),
        checksum: String::new(),
    };
    let watch = Watch::begin();
    let mut telling = Telling::new();
    let mut measured = Measured::default();
    let trouble = measure_all(request, &mut header, &mut measured, &mut telling).err();
    telling.end();
    interrupt::end_at_once();
    watch.end(&mut header.conditions, true);
    header.seconds = began.elapsed().as_secs_f64();
    header.complete = trouble.is_none();
    header.traps = warnings::sentences(&header.environment, &[], &header.conditions, &[]);
    let record = Record {
        points: measured.groups.iter().flat_map(|collected| points(collected)).collect(),
        neighbours: measured.ways.iter().flat_map(neighbours).collect(),
        faults: measured.faults,
        header,
    };
    let mut path = None;
    if let (Some(folder), None) = (&folder, &trouble) {
        record.write(folder.record())?;
        path = Some(folder.record().to_owned());
    }
    Ok(Outcome { record, path, trouble })
}

/// Where the record of a folder is.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

#[derive(Default)]
struct Measured<'a> {
    groups: Vec<Collected<'a>>,
    ways: Vec<CollectedWay<'a>>,
    faults: Vec<FaultSeen>,
}

fn measure_all<'a>(
    request: &Request<'a>,
    header: &mut Header,
    measured: &mut Measured<'a>,
    telling: &mut Telling,
) -> Result<(), RunError> {
    let plan = request.plan;
    let began = Instant::now();
    for (number, faulty) in plan.faulty.iter().enumerate() {
        telling.tell(&format!("server: fault {} of {}", number + 1, plan.faulty.len()));
        measured.faults.push(faults::see(faulty, header.seed)?);
    }
    telling.tell("server: how much can be served");
    for group in &plan.groups {
        let subjects = group.strategies.iter().map(|name| Subject::strategy(name)).collect();
        measured
            .groups
            .push(Collected::begin(group, subjects, request.program, header.seed)?);
    }
    for served in &plan.served {
        let mut stand = Stand::new(request.program, &served.shape(), header.seed)?;
        // The same rate for all ways: that of the usual one.
        let same = measured.ways.iter().find(|way| way.served.flavor == served.flavor);
        let rate = match same {
            Some(way) => way.rate,
            None => {
                let mut server = stand.serve(&Subject::strategy("join"))?;
                NEIGHBOURS_LOAD * stand.greatest(&mut server, CAPACITY)?.throughput()
            }
        };
        measured.ways.push(CollectedWay {
            served,
            rate,
            windows: vec![Vec::new(); served.disturbed.len()],
            failed: None,
            stand,
        });
    }
    let requests = fitting(plan, measured, began.elapsed().as_secs_f64(), header);
    let in_window = requests.div_ceil(2 * plan.rounds);
    for round in 0..plan.rounds {
        telling.tell(&format!(
            "server: round {} of {}, {:.0} s gone",
            round + 1,
            plan.rounds,
            began.elapsed().as_secs_f64()
        ));
        for collected in &mut measured.groups {
            if collected.failed.is_none() {
                or_failed(collected.round(round, in_window, header.seed), &mut collected.failed)?;
            }
        }
        for collected in &mut measured.ways {
            if collected.failed.is_none() {
                or_failed(
                    collected.round(round, 2 * in_window, header.seed),
                    &mut collected.failed,
                )?;
            }
        }
    }
    Ok(())
}

/// What fails one group does not end the run; Ctrl-C does.
fn or_failed(done: Result<(), ProcessError>, failed: &mut Option<String>) -> Result<(), ProcessError> {
    match done {
        Err(ProcessError::Interrupted) => Err(ProcessError::Interrupted),
        Err(error) => {
            *failed = Some(error.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Why a window cannot be used at all.
fn failure(window: &Window) -> Option<String> {
    let sent = &window.sent;
    match &sent.reason {
        Some(reason) => Some(format!("{} requests failed: {reason}", sent.failed)),
        None if window.requests() == 0 => Some("no request was answered".to_owned()),
        None => None,
    }
}

/// Requests of a point and strategy, so many that the run fits into its time.
fn fitting(plan: &Plan, measured: &Measured<'_>, gone: f64, header: &mut Header) -> usize {
    let rounds = plan.rounds as f64;
    // Seconds of what does not depend on the number of requests, and seconds for each of them.
    let (mut fixed, mut each) = (0.0, 0.0);
    for collected in &measured.groups {
        // The reference has a copy; each process has two windows.
        let processes = rounds * (collected.group.strategies.len() + 1) as f64;
        for level in &collected.group.levels {
            fixed += 2.0 * processes * WARM;
            match rate(*level, collected.greatest) {
                Some(rate) => each += processes / rounds / rate,
                None => fixed += 2.0 * processes * GREATEST.as_secs_f64(),
            }
        }
        fixed += processes * START;
    }
    for way in &measured.ways {
        let windows = way.served.disturbed.len() as f64;
        fixed += rounds * (START + windows * WARM);
        each += windows / way.rate;
    }
    let Some(minutes) = plan.minutes else {
        return plan.requests;
    };
    let left = (minutes * 60.0 - gone - fixed).max(1.0);
    let most = (left / each.max(f64::MIN_POSITIVE)) as usize;
    if most >= plan.requests {
        return plan.requests;
    }
    header.cut.push(format!(
        "{most} requests of each point and strategy instead of {}, so that it fits into {minutes} minutes (JVS_MINUTES)",
        plan.requests
    ));
    header.requests = most;
    most
}

/// A seed of its own for each use.
fn seed(seed: u64, round: usize, place: usize) -> u64 {
    crate::delay::draw(seed, round as u64, place as u64).u64(..)
}

/// The number of the first request of a window: no two windows of a process have requests in common.
fn first(round: usize, place: usize) -> u64 {
    ((round as u64) << 32) | ((place as u64) << 24)
}

impl<'a> Collected<'a> {
    /// Starts the stand, and sees how much the reference can serve.
    pub(crate) fn begin(
        group: &'a Group,
        subjects: Vec<Subject>,
        program: &Path,
        seed: u64,
    ) -> Result<Self, ProcessError> {
        let mut stand = Stand::new(program, &group.shape, seed)?;
        let mut server = stand.serve(&subjects[0])?;
        let greatest = stand.greatest(&mut server, CAPACITY)?;
        Ok(Self {
            group,
            greatest: greatest.throughput(),
            windows: vec![vec![Vec::new(); group.levels.len()]; subjects.len() + 1],
            resident: vec![Vec::new(); subjects.len() + 1],
            failed: failure(&greatest),
            subjects,
            stand,
        })
    }

    /// A process of each strategy, and one more of the reference; under each load all of them have requests in turns, there and
    /// back (ABCCBA), and begin in another order from round to round.
    pub(crate) fn round(&mut self, round: usize, in_window: usize, run_seed: u64) -> Result<(), ProcessError> {
        let group = self.group;
        let strategies = self.subjects.len();
        let mut servers = Vec::new();
        let mut order: Vec<usize> = (0..=strategies).collect();
        order.rotate_left(round % (strategies + 1));
        if round / (strategies + 1) % 2 == 1 {
            order.reverse();
        }
        for (place, subject) in self.subjects.iter().chain(&self.subjects[..1]).enumerate() {
            let mut server = self.stand.serve(subject)?;
            let at_once = at_once(&subject.strategy, group.shape.tasks);
            let bytes = self.stand.resident_per_request(&mut server, at_once)?;
            self.resident[place].extend(bytes);
            servers.push(server);
        }
        for (place, level) in group.levels.iter().enumerate() {
            let mut both = vec![Window::default(); strategies + 1];
            for (turn, subject) in order.iter().chain(order.iter().rev()).enumerate() {
                let server = &mut servers[*subject];
                let window = match rate(*level, self.greatest) {
                    None => self.stand.greatest(server, GREATEST)?,
                    Some(rate) => {
                        // The same arrivals and delays for all, others on the way back.
                        let way = 2 * place + turn / (strategies + 1);
                        let schedule = Schedule {
                            seed: seed(run_seed, round, way),
                            rate,
                            requests: in_window.max((rate * LEAST) as usize),
                        };
                        self.stand.open(server, schedule, first(round, way), None)?
                    }
                };
                if let Some(reason) = failure(&window) {
                    let id = group.shape.case(*level);
                    return Err(ProcessError::Failed("server", format!("{id}: {reason}")));
                }
                both[*subject].add(&window);
            }
            for (subject, window) in both.into_iter().enumerate() {
                self.windows[subject][place].push(window);
            }
        }
        Ok(())
    }
}

/// How many of a request's calls are under way at the same time.
fn at_once(strategy: &str, tasks: usize) -> usize {
    let bound = strategy.parse().ok().and_then(measure::strategy::Strategy::bound);
    match strategy {
        "sequential" => 1,
        _ => tasks.min(bound.unwrap_or(usize::MAX)),
    }
}

impl CollectedWay<'_> {
    /// One process, quiet and disturbed in turns.
    fn round(&mut self, round: usize, in_window: usize, run_seed: u64) -> Result<(), ProcessError> {
        let served = self.served;
        let subject = Subject {
            way: served.way,
            ..Subject::strategy("join")
        };
        let mut server = self.stand.serve(&subject)?;
        let mut order: Vec<usize> = (0..served.disturbed.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            let other = |path: &str, expected: &str| Disturbance {
                path: path.to_owned(),
                expected: expected.as_bytes().to_vec(),
                every: (self.rate / DISTURBANCES).ceil().max(1.0) as u64,
            };
            let disturbance = match served.disturbed[place] {
                Disturbed::Not => None,
                Disturbed::Blocked => Some(other("/block/10", "blocked")),
                Disturbed::Computed => Some(other("/compute/1000", "computed")),
            };
            let schedule = Schedule {
                seed: seed(run_seed, round, place),
                rate: self.rate,
                requests: in_window.max((self.rate * LEAST) as usize),
            };
            let window = self
                .stand
                .open(&mut server, schedule, first(round, place), disturbance.as_ref())?;
            if let Some(reason) = failure(&window) {
                return Err(ProcessError::Failed("server", format!("{}: {reason}", served.way)));
            }
            self.windows[place].push(window);
        }
        Ok(())
    }
}

/// Each strategy under each load.
pub(crate) fn points(collected: &Collected<'_>) -> Vec<Point> {
    let Collected { group, greatest, .. } = collected;
    let mut points = Vec::new();
    for (place, level) in group.levels.iter().enumerate() {
        let windows = |subject: usize| collected.windows[subject][place].as_slice();
        let pair = [windows(0), windows(group.strategies.len())];
        for (strategy, name) in group.strategies.iter().enumerate() {
            let due = rate(*level, *greatest);
            let resident = Estimate::of(&collected.resident[strategy]);
            let own = (strategy > 0).then(|| windows(strategy));
            let (seen, all) = match seen(own, pair, *level, resident.map(|bytes| bytes.median)) {
                Some((seen, all)) => (Some(seen), all),
                None => (None, Window::default()),
            };
            let (status, reason) = match (&collected.failed, &seen) {
                (Some(reason), _) => (Status::Failed, Some(reason.clone())),
                (None, None) => (Status::Failed, Some("no round was made".to_owned())),
                (None, Some(seen)) => match invalid(&all, seen, due) {
                    Some(reason) => (Status::Invalid, Some(reason)),
                    None => (Status::Ok, None),
                },
            };
            points.push(Point {
                id: group.shape.id(*level, name),
                case: group.shape.case(*level),
                level: *level,
                flavor: group.shape.flavor.to_string(),
                payload_bytes: group.shape.bytes,
                tasks: group.shape.tasks,
                strategy: name.clone(),
                reference: group.strategies[0].clone(),
                due_per_second: due,
                seen: seen.filter(|_| status != Status::Failed),
                status,
                reason,
            });
        }
    }
    points
}

/// Why a point is no measurement of the server.
fn invalid(all: &Window, seen: &Seen, due: Option<f64>) -> Option<String> {
    let sent = &all.sent;
    if seen.shares.client > seen.shares.server {
        return Some(format!(
            "the client is the bottleneck: it used {:.0}% of the CPU time, the server {:.0}%",
            seen.shares.client * 100.0,
            seen.shares.server * 100.0
        ));
    }
    due?;
    if sent.waited * 100 > all.requests() {
        return Some(format!(
            "the server did not keep up: {} of {} requests took the last connection that was free",
            sent.waited,
            all.requests()
        ));
    }
    [0.5, 0.99].into_iter().find_map(|share| {
        let (late, latency) = (sent.lateness.quantile(share), sent.latencies.quantile(share));
        (late > latency / 2.0).then(|| {
            format!(
                "the client is the bottleneck: {:.0}% of requests were sent up to {:.2} ms late, of {:.2} ms until they were \
                 answered",
                share * 100.0,
                late / 1e6,
                latency / 1e6
            )
        })
    })
}

/// What was seen of a strategy, or of the reference where there is none, beside the reference's two processes.
fn seen(
    own: Option<&[Window]>,
    pair: [&[Window]; 2],
    level: Level,
    resident_per_request: Option<f64>,
) -> Option<(Seen, Window)> {
    let mut all = Window::default();
    own.map_or(pair.to_vec(), |own| vec![own])
        .concat()
        .iter()
        .for_each(|window| all.add(window));
    let requests = all.requests();
    let cpu = |part: Duration| part.as_secs_f64();
    let whole = cpu(all.sent.usage.cpu) + cpu(all.server.cpu) + cpu(all.backend.cpu);
    let quantile = |share: f64| move |window: &Window| window.sent.latencies.quantile(share);
    let compared = |figure: &dyn Fn(&Window) -> f64| {
        let of = |windows: &[Window]| -> Vec<f64> { windows.iter().map(figure).collect() };
        Compared::of(own.map(of).as_deref(), pair.map(of).each_ref().map(Vec::as_slice))
    };
    let seen = Seen {
        requests,
        per_second: all.throughput(),
        lateness_p99_ns: all.sent.lateness.quantile(0.99),
        p50: compared(&quantile(0.5))?,
        p99: compared(&quantile(0.99))?,
        cpu: compared(&Window::cpu_ns)?,
        per_request: match level {
            Level::Max => Some(compared(&|window: &Window| 1e9 / window.throughput())?),
            Level::Percent(_) => None,
        },
        switches_per_request: (
            all.server.voluntary as f64 / requests as f64,
            all.server.involuntary as f64 / requests as f64,
        ),
        resident_per_request,
        shares: Shares {
            client: cpu(all.sent.usage.cpu) / whole,
            server: cpu(all.server.cpu) / whole,
            backend: cpu(all.backend.cpu) / whole,
        },
        cores_in_use: whole / all.sent.seconds,
        latencies: all.sent.latencies.clone(),
    };
    Some((seen, all))
}

impl Compared {
    /// A figure of each round, of a strategy and of the reference's two processes; of the reference itself where there is no
    /// strategy.
    pub fn of(own: Option<&[f64]>, [one, other]: [&[f64]; 2]) -> Option<Self> {
        let logs: Vec<f64> = one.iter().zip(other).map(|(one, other)| (other / one).ln()).collect();
        let control = Estimate::of(&logs)?.map(f64::exp);
        let noise_floor = noise_floor(&control);
        let reference = one.iter().zip(other).map(|(one, other)| (one * other).sqrt());
        let ratio = match own {
            None => control,
            Some(own) => {
                let logs: Vec<f64> = own
                    .iter()
                    .zip(reference.clone())
                    .map(|(own, of)| (own / of).ln())
                    .collect();
                Estimate::of(&logs)?.map(f64::exp)
            }
        };
        Some(Self {
            ns: Estimate::of(&own.map_or_else(|| reference.collect(), <[f64]>::to_vec))?,
            // A control is judged by the margin alone, as everywhere.
            verdict: judge(&ratio, if own.is_some() { noise_floor } else { 0.0 }),
            ratio,
            control,
            noise_floor,
            rounds: own.unwrap_or(one).to_vec(),
            copy: own.is_none().then(|| other.to_vec()),
        })
    }
}

/// A way to serve connections under each disturbance.
fn neighbours(collected: &CollectedWay<'_>) -> Vec<Neighbours> {
    let served = collected.served;
    let p99 = |window: &Window| window.sent.latencies.quantile(0.99);
    let quiet = served
        .disturbed
        .iter()
        .position(|disturbed| *disturbed == Disturbed::Not);
    let one = |(place, disturbed): (usize, &Disturbed)| {
        let windows = &collected.windows[place];
        let mut all = Window::default();
        windows.iter().for_each(|window| all.add(window));
        let quiet = quiet
            .filter(|quiet| *quiet != place)
            .map(|quiet| &collected.windows[quiet]);
        let lifts: Vec<f64> = quiet
            .map(|quiet| {
                windows
                    .iter()
                    .zip(quiet)
                    .map(|(window, quiet)| p99(window) - p99(quiet))
                    .collect()
            })
            .unwrap_or_default();
        let reason = collected
            .failed
            .clone()
            .or_else(|| (all.requests() == 0).then(|| "no round was made".to_owned()));
        let measured = reason.is_none();
        Neighbours {
            id: served.id(*disturbed),
            flavor: served.flavor.to_string(),
            way: served.way.name().to_owned(),
            disturbed: disturbed.name().to_owned(),
            status: if measured { Status::Ok } else { Status::Failed },
            reason,
            due_per_second: collected.rate,
            lift_p99_ns: Estimate::of(&lifts),
            cpu_ns: measured.then(|| all.cpu_ns()),
            latencies: measured.then_some(all.sent.latencies),
        }
    };
    served.disturbed.iter().enumerate().map(one).collect()
}

/// Runs every point once, without a clock: prints what Criterion does.
pub fn test(plan: &Plan, program: &Path) -> Result<(), RunError> {
    let seed = plan.settings.seed.unwrap_or(0);
    let done = |id: &str| println!("Testing {id}\nSuccess");
    let failed = |id: String, window: &Window| match failure(window) {
        Some(reason) => Err(ProcessError::Failed("server", format!("{id}: {reason}"))),
        None => Ok(()),
    };
    let schedule = Schedule {
        seed,
        rate: 200.0,
        requests: 10,
    };
    for group in &plan.groups {
        let mut stand = Stand::new(program, &group.shape, seed)?;
        for strategy in &group.strategies {
            let mut server = stand.serve(&Subject::strategy(strategy))?;
            for level in &group.levels {
                let window = match level {
                    Level::Max => stand.greatest(&mut server, Duration::from_millis(10))?,
                    Level::Percent(_) => stand.open(&mut server, schedule, 0, None)?,
                };
                let id = group.shape.id(*level, strategy);
                failed(id.clone(), &window)?;
                done(&id);
            }
        }
    }
    for served in &plan.served {
        let mut way = CollectedWay {
            stand: Stand::new(program, &served.shape(), seed)?,
            served,
            rate: schedule.rate,
            windows: vec![Vec::new(); served.disturbed.len()],
            failed: None,
        };
        way.round(0, schedule.requests, seed)?;
        served
            .disturbed
            .iter()
            .for_each(|disturbed| done(&served.id(*disturbed)));
    }
    for faulty in &plan.faulty {
        faults::see(faulty, seed)?;
        done(&faulty.id());
    }
    Ok(())
}
