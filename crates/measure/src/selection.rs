//! What is to be measured, as the `JVS_*` variables say it, checked.

use std::fmt::Display;

use crate::case::{FLAVORS, Flavor, MAX_TASKS, Payload, SITES, Site, parse_tasks};
use crate::in_order::unique;
use crate::matrix::{Matrix, Target};
use crate::settings::RunSettings;
use crate::shard::{self, Shard};
use crate::strategy::{Strategy, join};
use crate::variables::{VariableError, list, set_variables, value};
use crate::workload::{self, Entry};

/// The workloads of the target `server`, which has a plan of its own: no mistake in `JVS_WORKLOADS`, but nothing to do for others.
pub const OF_SERVER: &[&str] = &[
    "server_now",
    "server",
    "server_exponential",
    "server_straggler",
    "serve",
    "fault",
];

/// What the variables say.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Those of `JVS_WORKLOADS`; `None` where it is not set, as of each axis.
    pub workloads: Option<Vec<String>>,
    /// Those of `JVS_FLAVORS`.
    pub flavors: Option<Vec<Flavor>>,
    /// Those of `JVS_SITES`.
    pub sites: Option<Vec<Site>>,
    /// Those of `JVS_PAYLOADS`, in bytes.
    pub payloads: Option<Vec<usize>>,
    pub(crate) tasks: Option<Vec<usize>>,
    /// Those of `JVS_STRATEGIES`, in the order of tables.
    strategies: Option<Vec<Strategy>>,
    /// That of `JVS_REFERENCE`.
    pub reference: Option<Strategy>,
    /// How to measure it.
    pub settings: RunSettings,
    /// The targets, in their order.
    pub(crate) targets: Vec<Target>,
    /// Which share of each target's cases; `None` for all of them.
    pub shard: Option<Shard>,
    /// The variables that were set, as `NAME=value`, for the record's command.
    pub set: Vec<String>,
}

fn words<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    words.join(" ")
}

impl Selection {
    /// Reads the `JVS_*` variables through `variable`, and checks every value against what some case of
    /// `targets` can have.
    ///
    /// # Errors
    ///
    /// [`VariableError`]: which variable, what it is, what is wrong with it, and what is allowed.
    pub fn read(variable: impl Fn(&str) -> Option<String>, targets: &[Target]) -> Result<Self, VariableError> {
        let entries: Vec<Entry> = targets.iter().flat_map(|target| target.workloads.clone()).collect();
        let matrix = Matrix::read(&variable)?;
        let any_word = |word: &str| Ok(word.to_owned());
        let workloads = list(&variable, "JVS_WORKLOADS", || workload_names(&entries), any_word)?;
        let is_one = |name: &&String| OF_SERVER.contains(&name.as_str()) || workload::find(&entries, name).is_some();
        if let Some(name) = workloads.iter().flatten().find(|name| !is_one(name)) {
            let base = name.split_once('@').map(|(base, _)| base);
            let variants = base.and_then(|base| entries.iter().find(|entry| entry.name == base)?.variants);
            let (problem, allowed) = match variants {
                Some(variants) => ("no such parameters", variants.wanted.to_owned()),
                None => {
                    let of_server = OF_SERVER.join(" ");
                    let allowed = format!("{}; and, of the target server: {of_server}", workload_names(&entries));
                    ("no such workload", allowed)
                }
            };
            return Err(VariableError::new("JVS_WORKLOADS", name, problem, allowed));
        }
        let strategies = list(&variable, "JVS_STRATEGIES", Strategy::wanted, value::<Strategy>)?;
        let strategies = strategies.map(|mut strategies| {
            strategies.sort_by_key(|strategy| strategy.place());
            strategies
        });
        let reference = |text: String| {
            let wrong = |problem| VariableError::new("JVS_REFERENCE", &text, problem, Strategy::wanted());
            value::<Strategy>(&text).map_err(wrong)
        };
        let reference = variable("JVS_REFERENCE").map(reference).transpose()?;
        let flavors = list(&variable, "JVS_FLAVORS", || FLAVORS.to_owned(), value::<Flavor>)?;
        let sites = list(&variable, "JVS_SITES", || SITES.to_owned(), value::<Site>)?;
        let payload_names = || {
            let mut all: Vec<usize> = entries.iter().flat_map(|entry| entry.payloads).copied().collect();
            all.sort_unstable();
            all.dedup();
            words(all.into_iter().map(Payload))
        };
        let payloads = list(&variable, "JVS_PAYLOADS", payload_names, value::<Payload>)?;
        let is_one = |payload: &&Payload| entries.iter().any(|entry| entry.payloads.contains(&payload.0));
        if let Some(payload) = payloads.iter().flatten().find(|payload| !is_one(payload)) {
            let (payload, problem) = (payload.to_string(), "no workload has this payload");
            return Err(VariableError::new("JVS_PAYLOADS", payload, problem, payload_names()));
        }
        let any = || format!("numbers from 1 to {MAX_TASKS}");
        let number = |word: &str| parse_tasks(word).map_err(|_| "not a number of tasks".to_owned());
        let tasks = list(&variable, "JVS_TASKS", any, number)?;
        let shard = |text: String| {
            let wrong = |()| VariableError::new("JVS_SHARD", &text, "not a share", shard::WANTED);
            text.parse().map_err(wrong)
        };
        Ok(Selection {
            workloads,
            flavors,
            sites,
            payloads: payloads.map(|payloads| payloads.into_iter().map(|payload| payload.0).collect()),
            tasks,
            strategies,
            reference,
            targets: targets.to_vec(),
            settings: RunSettings::read(&variable, matrix)?,
            shard: variable("JVS_SHARD").map(shard).transpose()?,
            set: set_variables(&variable),
        })
    }

    /// The numbers of children of `JVS_TASKS`, where it is set.
    pub fn tasks(&self) -> Option<&[usize]> {
        self.tasks.as_deref()
    }

    /// The strategies of `JVS_STRATEGIES`, where it is set, in the order of tables.
    pub fn strategies(&self) -> Option<&[Strategy]> {
        self.strategies.as_deref()
    }

    /// How to measure a target, which has a limit of time of its own.
    pub fn settings_for(&self, target: &Target) -> RunSettings {
        let minutes = self
            .settings
            .minutes
            .or_else(|| target.minutes.in_matrix(self.settings.matrix));
        RunSettings {
            minutes,
            ..self.settings.clone()
        }
    }

    /// The strategies that are measured in a target, in the order of tables.
    pub fn strategies_in(&self, target: &Target) -> Vec<Strategy> {
        self.strategies_or(target.strategies)
    }

    /// The strategies that are asked for, all of them in `full`, or these.
    pub(crate) fn strategies_or(&self, usual: &[&str]) -> Vec<Strategy> {
        match &self.strategies {
            Some(strategies) => strategies.clone(),
            None if self.settings.matrix == Matrix::Full => Strategy::all().collect(),
            None => {
                let known = |name: &&str| {
                    name.parse()
                        .expect("targets and workloads name strategies that there are")
                };
                usual.iter().map(known).collect()
            }
        }
    }

    /// The strategy that the others are compared to in a target.
    pub fn reference_in(&self, target: &Target) -> Strategy {
        let usual = || target.reference.parse().expect("a target's reference is a strategy");
        self.reference.unwrap_or_else(usual)
    }

    /// Whether `JVS_STRATEGIES` names it.
    pub(crate) fn asks_for(&self, strategy: Strategy) -> bool {
        self.strategies.as_ref().is_some_and(|asked| asked.contains(&strategy))
    }

    /// A number of children that what is asked for cannot have, because it is compiled for some only, is an error.
    pub(crate) fn check_tasks(&self, target: &Target) -> Result<(), VariableError> {
        let asked = match (&self.strategies, target.reference) {
            (Some(asked), _) => asked.clone(),
            (None, "join") => vec!["join".parse().expect("a strategy")],
            (None, _) => Vec::new(),
        };
        for strategy in asked.into_iter().chain([self.reference_in(target)]) {
            let Some(arities) = strategy.kind().arities else {
                continue;
            };
            let wrong = |tasks: &&usize| !arities.contains(tasks);
            if let Some(tasks) = self.tasks.iter().flatten().find(wrong) {
                let allowed = match arities == join::ARITIES {
                    true => format!(
                        "{} (join! takes its number of children when it is compiled{}; any from 1 to {MAX_TASKS} when neither \
                         JVS_STRATEGIES nor JVS_REFERENCE is join)",
                        words(arities),
                        if cfg!(feature = "suite") {
                            ""
                        } else {
                            ", larger ones for a `Workload` with the feature `suite` of jvs-measure"
                        },
                    ),
                    false => format!("{} with {strategy}", words(arities)),
                };
                let problem =
                    format!("no {strategy} of that many children is compiled in").replace("no join of", "no join! of");
                return Err(VariableError::new("JVS_TASKS", tasks.to_string(), problem, allowed));
            }
        }
        Ok(())
    }
}

/// The workloads' names, and what those with parameters can be.
fn workload_names(entries: &[Entry]) -> String {
    let of_entry = |entry: &Entry| {
        [
            Some(entry.name.to_string()),
            entry.variants.map(|variants| variants.wanted.to_owned()),
        ]
    };
    let mut names = unique(entries.iter().flat_map(of_entry).flatten());
    names.sort_by_key(|name| name.contains(' '));
    names.join(" ")
}
