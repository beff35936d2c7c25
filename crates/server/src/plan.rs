//! What is measured: shapes, strategies and levels, ways to serve connections, and faults; as the `JVS_*` variables and the filter
//! say it.

use std::fmt::Display;
use std::str::FromStr;

use measure::case::{FLAVORS, Flavor, Payload, parse_tasks};
use measure::matrix::Matrix;
use measure::settings::RunSettings;
use measure::strategy::Strategy;
use measure::variables::{VARIABLES, VariableError};

use crate::delay::Delay;
use crate::fault::Fault;
use crate::handler::has;
use crate::point::{Level, Shape};
use crate::serving::Way;

/// The strategies that a handler can have; `buffer_unordered` with a bound that holds all children.
const STRATEGIES: &[&str] = &[
    "join",
    "spawn",
    "join_set",
    "futures_unordered",
    "buffer_unordered@64",
    "sequential",
];

/// Bytes of a child's document.
const PAYLOADS: &[usize] = &[1 << 10, 64 << 10];

/// The most children of a request.
const MOST_TASKS: usize = 64;

/// Minutes that a run may take: in `quick` 20 s, in `default` four minutes, each with some room.
const MINUTES: [f64; 2] = [0.3, 3.75];

/// Points that share their server processes.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub shape: Shape,
    /// The strategies, the reference first.
    pub strategies: Vec<String>,
    /// The levels, rising.
    pub levels: Vec<Level>,
}

/// What some handlers do while others are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disturbed {
    /// The same as all.
    Not,
    /// They block their thread for 10 ms.
    Blocked,
    /// They compute for 1 ms.
    Computed,
}

impl Disturbed {
    /// All of them.
    pub const ALL: [Disturbed; 3] = [Disturbed::Not, Disturbed::Blocked, Disturbed::Computed];

    /// As ids have it.
    pub fn name(self) -> &'static str {
        match self {
            Disturbed::Not => "quiet",
            Disturbed::Blocked => "block_10ms",
            Disturbed::Computed => "compute_1ms",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Disturbed::Not => "no handler does",
            Disturbed::Blocked => "a handler blocks its thread for 10 ms",
            Disturbed::Computed => "a handler computes for 1 ms",
        }
    }
}

/// A way to serve connections on a runtime, with what disturbs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The runtime.
    pub flavor: Flavor,
    /// The way.
    pub way: Way,
    /// What it is disturbed by, [nothing](Disturbed::Not) first.
    pub disturbed: Vec<Disturbed>,
}

impl Served {
    /// What its server is like.
    pub fn shape(&self) -> Shape {
        Shape {
            delay: Delay::Fixed,
            flavor: self.flavor,
            bytes: 1 << 10,
            tasks: 1,
        }
    }

    /// The id of one of its points.
    pub fn id(&self, disturbed: Disturbed) -> String {
        format!("serve@{}/{}/worker/1KiB/{}/1", disturbed.name(), self.flavor, self.way)
    }
}

/// A fault under a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// What goes wrong; `None`: the client disconnects.
    pub fault: Option<Fault>,
    /// The strategy.
    pub strategy: String,
}

/// The name of a fault in ids.
pub fn fault_name(fault: Option<Fault>) -> &'static str {
    match fault {
        None => "disconnects",
        Some(Fault::Refuses) => "refuses",
        Some(Fault::Hangs) => "hangs",
        Some(Fault::Cuts) => "cuts",
        Some(Fault::Answers500) => "answers_500",
        Some(Fault::Panics) => "panics",
    }
}

/// Children of a request that meets a fault.
pub const FAULTY_TASKS: usize = 3;

impl Faulty {
    /// Its id.
    pub fn id(&self) -> String {
        let fault = fault_name(self.fault);
        format!(
            "fault@{fault}/multi_thread_2/worker/1KiB/{}/{FAULTY_TASKS}",
            self.strategy
        )
    }
}

/// Everything that is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Points of strategies.
    pub groups: Vec<Group>,
    /// Ways to serve connections.
    pub served: Vec<Served>,
    /// Faults.
    pub faulty: Vec<Faulty>,
    /// Rounds of each.
    pub rounds: usize,
    /// Requests of each point and strategy over all rounds.
    pub requests: usize,
    /// Minutes that it may take; `None` for as long as it takes.
    pub minutes: Option<f64>,
    /// How it is measured.
    pub settings: RunSettings,
    /// The variables that were set, as `NAME=value`.
    pub set: Vec<String>,
    /// Whether a matrix is shared out among machines, which this target is not.
    pub shared_out: bool,
}

/// What is wrong with a variable.
fn wrong(name: &'static str, value: &str, problem: &str, allowed: impl Into<String>) -> VariableError {
    VariableError::new(name, value, problem, allowed)
}

/// The values of a list of commas, each once; `None` where the variable is not set.
fn list<T: PartialEq>(
    variable: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, VariableError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    let mut values = Vec::new();
    for word in text.split(',').map(str::trim) {
        let value = parse(word).ok_or_else(|| wrong(name, word, "not such a value", allowed))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Some(values))
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The workloads of this target, as `JVS_WORKLOADS` names them.
pub fn workloads() -> Vec<&'static str> {
    Delay::ALL
        .map(Delay::workload)
        .into_iter()
        .chain(["serve", "fault"])
        .collect()
}

/// Rounds where `JVS_ROUNDS` says nothing, but in `quick`.
pub const ROUNDS: usize = 12;

impl Plan {
    /// Reads the `JVS_*` variables through `variable`, on a machine of so many cores. `others` are the workloads of other
    /// targets, which are no mistake here, but nothing to do.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        cores: usize,
        others: &[String],
    ) -> Result<Self, VariableError> {
        let variable: &dyn Fn(&str) -> Option<String> = &variable;
        let matrix = match variable("JVS_MATRIX").as_deref() {
            None | Some("default") => Matrix::Default,
            Some("quick") => Matrix::Quick,
            Some("full") => Matrix::Full,
            Some(other) => return Err(wrong("JVS_MATRIX", other, "no such matrix", "quick default full")),
        };
        let settings = RunSettings::read(variable, matrix)?;
        let full = matrix == Matrix::Full;

        let known = format!("{} {}", words(workloads()), words(others));
        let asked = list(variable, "JVS_WORKLOADS", &known, |word| {
            let base = word.split('@').next().unwrap_or(word);
            let known = workloads().contains(&word) || others.iter().any(|other| other == word || other == base);
            known.then(|| word.to_owned())
        })?;
        let wants = |workload: &str| {
            asked
                .as_ref()
                .is_none_or(|asked| asked.iter().any(|word| word == workload))
        };
        let flavors = list(variable, "JVS_FLAVORS", FLAVORS, |word| Flavor::from_str(word).ok())?;
        let sites = list(variable, "JVS_SITES", measure::case::SITES, |word| {
            measure::case::Site::from_str(word).ok()
        })?;
        let at_worker = sites.is_none_or(|sites| sites.contains(&measure::case::Site::Worker));
        let payloads = list(
            variable,
            "JVS_PAYLOADS",
            "bytes with a unit, such as 0B 1KiB 64KiB",
            |word| Payload::from_str(word).ok().map(|payload| payload.0),
        )?;
        let tasks = list(variable, "JVS_TASKS", "numbers from 1 to 1000000", |word| {
            parse_tasks(word).ok()
        })?;
        let strategies = list(variable, "JVS_STRATEGIES", &Strategy::wanted(), |word| {
            Strategy::from_str(word).ok()
        })?;
        let reference = match variable("JVS_REFERENCE") {
            None => None,
            Some(text) => match text.parse::<Strategy>() {
                Ok(strategy) => Some(strategy),
                Err(_) => return Err(wrong("JVS_REFERENCE", &text, "no such strategy", Strategy::wanted())),
            },
        };

        let workers = Flavor::MultiThread(cores.max(1));
        let strategy = |name: &&str| name.parse::<Strategy>().expect("these are strategies");
        let all: Vec<Strategy> = STRATEGIES.iter().map(strategy).collect();
        let chosen = strategies
            .clone()
            .unwrap_or(if full { all.clone() } else { all[..2].to_vec() });
        let reference = reference.unwrap_or(all[0]);
        let levels = |percents: &[u32], max: bool| -> Vec<Level> {
            let percents = percents.iter().copied().map(Level::Percent);
            percents.chain(max.then_some(Level::Max)).collect()
        };
        // Delay, bytes, children, levels.
        let mut shapes: Vec<(Delay, usize, usize, Vec<Level>)> = match matrix {
            Matrix::Quick => vec![(Delay::Fixed, 1 << 10, 3, levels(&[60], false))],
            Matrix::Default => vec![
                (Delay::Fixed, 1 << 10, 3, levels(&[30, 60, 85], true)),
                (Delay::Fixed, 1 << 10, 8, levels(&[60], true)),
                (Delay::Fixed, 64 << 10, 3, levels(&[60], true)),
            ],
            Matrix::Full => {
                let product = |delay| {
                    PAYLOADS
                        .iter()
                        .flat_map(move |bytes| [1, 3, 8, 16].map(|tasks| (delay, *bytes, tasks, vec![30, 60, 85])))
                };
                let all = Delay::ALL.into_iter().flat_map(product);
                all.map(|(delay, bytes, tasks, percents)| (delay, bytes, tasks, levels(&percents, true)))
                    .collect()
            }
        };
        if let Some(asked) = &asked {
            // A delay that is asked for by name has the first shape of the matrix.
            for delay in Delay::ALL {
                let named = asked.iter().any(|word| word == delay.workload());
                if named && !shapes.iter().any(|(had, ..)| *had == delay) {
                    let (_, bytes, tasks, levels) = shapes[0].clone();
                    shapes.push((delay, bytes, tasks, levels));
                }
            }
        }
        replace(&mut shapes, payloads.as_deref(), |shape, bytes| shape.1 = bytes);
        replace(&mut shapes, tasks.as_deref(), |shape, tasks| shape.2 = tasks);
        let usual = if full {
            vec![Flavor::CurrentThread, Flavor::MultiThread(1), workers, Flavor::Local]
        } else {
            vec![workers]
        };
        let flavors_or = |usual: Vec<Flavor>| flavors.clone().unwrap_or(usual);
        let mut groups = Vec::new();
        for flavor in flavors_or(usual) {
            for (delay, bytes, tasks, levels) in &shapes {
                let possible = PAYLOADS.contains(bytes) && *tasks <= MOST_TASKS && has(reference, *tasks);
                if !possible || !wants(delay.workload()) || !at_worker {
                    continue;
                }
                let others = chosen
                    .iter()
                    .filter(|strategy| **strategy != reference && has(**strategy, *tasks));
                let group = Group {
                    shape: Shape {
                        delay: *delay,
                        flavor,
                        bytes: *bytes,
                        tasks: *tasks,
                    },
                    strategies: std::iter::once(&reference)
                        .chain(others)
                        .map(Strategy::to_string)
                        .collect(),
                    levels: levels.clone(),
                };
                // Where strategies are asked for, and none of them is one of a handler, there is nothing to compare.
                let asked = strategies
                    .as_ref()
                    .is_none_or(|asked| asked.iter().any(|one| has(*one, *tasks)));
                if asked && !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        // What neither strategy, payload nor children are axes of, is measured where none is asked for.
        let own = payloads.is_none() && tasks.is_none() && at_worker;
        let mut served = Vec::new();
        // `quick` has no time for them, where they are not asked for.
        let served_too = matrix != Matrix::Quick || asked.is_some();
        if own && strategies.is_none() && wants("serve") && served_too {
            for flavor in flavors_or(if full {
                vec![Flavor::CurrentThread, workers]
            } else {
                vec![workers]
            }) {
                for way in Way::ALL {
                    let disturbed = if full {
                        &Disturbed::ALL[..]
                    } else {
                        &Disturbed::ALL[..2]
                    };
                    served.push(Served {
                        flavor,
                        way,
                        disturbed: disturbed.to_vec(),
                    });
                }
            }
        }
        let mut faulty = Vec::new();
        if own
            && flavors
                .as_ref()
                .is_none_or(|flavors| flavors.contains(&Flavor::MultiThread(2)))
            && wants("fault")
        {
            let chosen = strategies.unwrap_or(all);
            for fault in [None].into_iter().chain(Fault::ALL.map(Some)) {
                for strategy in chosen.iter().filter(|strategy| has(**strategy, FAULTY_TASKS)) {
                    faulty.push(Faulty {
                        fault,
                        strategy: strategy.to_string(),
                    });
                }
            }
        }
        let quick = matrix == Matrix::Quick;
        Ok(Self {
            groups,
            served,
            faulty,
            rounds: match variable("JVS_ROUNDS") {
                Some(_) => settings.rounds,
                None if quick => 6,
                None => ROUNDS,
            },
            requests: if quick { 1_500 } else { 10_000 },
            minutes: settings.minutes.or(match matrix {
                Matrix::Quick => Some(MINUTES[0]),
                Matrix::Default => Some(MINUTES[1]),
                Matrix::Full => None,
            }),
            settings,
            shared_out: variable("JVS_SHARD").is_some(),
            set: VARIABLES
                .iter()
                .filter(|(name, _)| !matches!(*name, "JVS_RESULTS" | "JVS_RESUME" | "JVS_DEADLINE"))
                .filter_map(|(name, _)| Some(format!("{name}={}", variable(name)?)))
                .collect(),
        })
    }

    /// Keeps what the filter matches, with the reference of it.
    pub fn filtered(mut self, matches: impl Fn(&str) -> bool) -> Self {
        self.groups = self
            .groups
            .iter()
            .filter_map(|group| group.filtered(&matches))
            .collect();
        for served in &mut self.served {
            let own = served.clone();
            // What disturbs is compared with quiet.
            let wanted = |disturbed: &Disturbed| matches(&own.id(*disturbed));
            let any = served.disturbed.iter().any(wanted);
            served
                .disturbed
                .retain(|disturbed| wanted(disturbed) || any && *disturbed == Disturbed::Not);
        }
        self.served.retain(|served| !served.disturbed.is_empty());
        self.faulty.retain(|faulty| matches(&faulty.id()));
        self
    }

    /// The ids of everything.
    pub fn ids(&self) -> Vec<String> {
        let points = self.groups.iter().flat_map(|group| {
            let levels = group.levels.iter();
            levels.flat_map(|level| group.strategies.iter().map(|strategy| group.shape.id(*level, strategy)))
        });
        let served = self.served.iter();
        let served = served.flat_map(|served| served.disturbed.iter().map(|disturbed| served.id(*disturbed)));
        points.chain(served).chain(self.faulty.iter().map(Faulty::id)).collect()
    }
}

impl Group {
    fn filtered(&self, matches: &impl Fn(&str) -> bool) -> Option<Self> {
        let wanted = |level: &Level, strategy: &String| matches(&self.shape.id(*level, strategy));
        let level = |level: &&Level| self.strategies.iter().any(|strategy| wanted(level, strategy));
        let levels: Vec<Level> = self.levels.iter().filter(level).copied().collect();
        let strategy = |strategy: &&String| {
            **strategy == self.strategies[0] || self.levels.iter().any(|level| wanted(level, strategy))
        };
        (!levels.is_empty()).then(|| Self {
            shape: self.shape.clone(),
            strategies: self.strategies.iter().filter(strategy).cloned().collect(),
            levels,
        })
    }
}

/// Each of these shapes with each of those values, once.
fn replace<S: Clone + PartialEq>(shapes: &mut Vec<S>, values: Option<&[usize]>, set: impl Fn(&mut S, usize)) {
    let Some(values) = values else { return };
    let mut all: Vec<S> = Vec::new();
    for shape in shapes.iter() {
        for value in values {
            let mut shape = shape.clone();
            set(&mut shape, *value);
            if !all.contains(&shape) {
                all.push(shape);
            }
        }
    }
    *shapes = all;
}
