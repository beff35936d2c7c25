//! What is measured: shapes, strategies and levels, ways to serve connections, and faults; as the `JVS_*` variables and the filter
//! say it.

mod faulty;
mod served;

use measure::case::{Flavor, Site};
use measure::in_order::unique;
use measure::matrix::Matrix;
use measure::selection::Selection;
use measure::settings::RunSettings;
use measure::strategy::Strategy;

use crate::delay::Delay;
use crate::fault::Fault;
use crate::handler::has;
use crate::point::{Level, Shape};
use crate::serving::Way;
use crate::strategy;
pub use faulty::{FAULTY_TASKS, Faulty};
pub use served::{Disturbed, Served};

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

/// Everything that is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Points of strategies.
    pub groups: Vec<Group>,
    /// Ways to serve connections.
    pub served: Vec<Served>,
    /// Faults.
    pub faulty: Vec<Faulty>,
    /// Requests of each point and strategy over all rounds.
    pub requests: usize,
    /// How it is measured.
    pub settings: RunSettings,
    /// The variables that were set, as `NAME=value`.
    pub set: Vec<String>,
    /// Whether a matrix is shared out among machines, which this target is not.
    pub shared_out: bool,
}

/// Rounds where `JVS_ROUNDS` says nothing, but in `quick`.
pub const ROUNDS: usize = 12;

impl Plan {
    /// What the variables ask for, on a machine of so many cores; workloads of other targets are nothing to do here.
    pub fn of(asked: &Selection, cores: usize) -> Self {
        let workers = Flavor::MultiThread(cores.max(1));
        let matrix = asked.settings.matrix;
        let quick = matrix == Matrix::Quick;
        let asks_for_rounds = asked.set.iter().any(|set| set.starts_with("JVS_ROUNDS="));
        Self {
            groups: groups(asked, workers),
            served: served(asked, workers),
            faulty: faulty(asked),
            requests: if quick { 1_500 } else { 10_000 },
            settings: RunSettings {
                rounds: match asks_for_rounds {
                    true => asked.settings.rounds,
                    false if quick => 6,
                    false => ROUNDS,
                },
                minutes: asked.settings.minutes.or(match matrix {
                    Matrix::Quick => Some(MINUTES[0]),
                    Matrix::Default => Some(MINUTES[1]),
                    Matrix::Full => None,
                }),
                ..asked.settings.clone()
            },
            shared_out: asked.shard.is_some(),
            set: asked.set.clone(),
        }
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
        let served = self.served.iter().flat_map(Served::ids);
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

/// Whether a workload of this target is asked for, or none in particular.
fn wants(asked: &Selection, workload: &str) -> bool {
    let named = |asked: &Vec<String>| asked.iter().any(|word| word == workload);
    asked.workloads.as_ref().is_none_or(named)
}

/// Whether a handler, which is a task, is one of the sites.
fn at_worker(asked: &Selection) -> bool {
    asked.sites.as_ref().is_none_or(|sites| sites.contains(&Site::Worker))
}

/// All strategies that a handler can have.
fn all_strategies() -> Vec<Strategy> {
    let strategy = |name: &str| name.parse().expect("these are strategies");
    strategy::ALL.map(strategy).into()
}

/// What the points of a matrix have in common, but for their runtime.
#[derive(Clone, PartialEq)]
struct Load {
    delay: Delay,
    bytes: usize,
    tasks: usize,
    levels: Vec<Level>,
}

/// The loads of a matrix, and those that are asked for by name.
fn loads(asked: &Selection) -> Vec<Load> {
    let load = |delay, bytes, tasks, percents: &[u32], max: bool| {
        let percents = percents.iter().copied().map(Level::Percent);
        Load {
            delay,
            bytes,
            tasks,
            levels: percents.chain(max.then_some(Level::Max)).collect(),
        }
    };
    let mut loads = match asked.settings.matrix {
        Matrix::Quick => vec![load(Delay::Fixed, 1 << 10, 3, &[60], false)],
        Matrix::Default => vec![
            load(Delay::Fixed, 1 << 10, 3, &[30, 60, 85], true),
            load(Delay::Fixed, 1 << 10, 8, &[60], true),
            load(Delay::Fixed, 64 << 10, 3, &[60], true),
        ],
        Matrix::Full => {
            let of_bytes = |delay, bytes| [1, 3, 8, 16].map(|tasks| load(delay, bytes, tasks, &[30, 60, 85], true));
            let of_delay = |delay| PAYLOADS.iter().flat_map(move |bytes| of_bytes(delay, *bytes));
            Delay::ALL.iter().copied().flat_map(of_delay).collect()
        }
    };
    for &delay in Delay::ALL {
        let named = asked.workloads.is_some() && wants(asked, delay.name());
        if named && loads.iter().all(|load| load.delay != delay) {
            loads.push(Load {
                delay,
                ..loads[0].clone()
            });
        }
    }
    replace(&mut loads, asked.payloads.as_deref(), |load, bytes| load.bytes = bytes);
    replace(&mut loads, asked.tasks(), |load, tasks| load.tasks = tasks);
    loads
}

fn groups(asked: &Selection, workers: Flavor) -> Vec<Group> {
    if !at_worker(asked) {
        return Vec::new();
    }
    let full = asked.settings.matrix == Matrix::Full;
    let all = all_strategies();
    let reference = asked.reference.unwrap_or(all[0]);
    let usual = if full { &all[..] } else { &all[..2] };
    let chosen = asked.strategies().unwrap_or(usual);
    let flavors = asked.flavors.clone().unwrap_or(match full {
        true => vec![Flavor::CurrentThread, Flavor::MultiThread(1), workers, Flavor::Local],
        false => vec![workers],
    });
    let loads = loads(asked);
    let mut groups = Vec::new();
    for flavor in flavors {
        for load in &loads {
            let tasks = load.tasks;
            let possible = PAYLOADS.contains(&load.bytes) && tasks <= MOST_TASKS && has(reference, tasks);
            // Where strategies are asked for, and none of them is one of a handler, there is nothing to compare.
            let comparable = asked.strategies().is_none() || chosen.iter().any(|one| has(*one, tasks));
            if !possible || !comparable || !wants(asked, load.delay.name()) {
                continue;
            }
            let others = chosen.iter().filter(|one| **one != reference && has(**one, tasks));
            let group = Group {
                shape: Shape {
                    delay: load.delay,
                    flavor,
                    bytes: load.bytes,
                    tasks,
                },
                strategies: std::iter::once(&reference)
                    .chain(others)
                    .map(Strategy::to_string)
                    .collect(),
                levels: load.levels.clone(),
            };
            groups.push(group);
        }
    }
    // `multi_thread_1` is `workers` on a machine of one core.
    unique(groups)
}

/// Neither payload nor children are axes of ways and faults: they are measured where none is asked for.
fn has_no_axis(asked: &Selection) -> bool {
    asked.payloads.is_none() && asked.tasks().is_none() && at_worker(asked)
}

fn served(asked: &Selection, workers: Flavor) -> Vec<Served> {
    // `quick` has no time for them, where they are not asked for.
    let in_time = asked.settings.matrix != Matrix::Quick || asked.workloads.is_some();
    if !has_no_axis(asked) || asked.strategies().is_some() || !wants(asked, "serve") || !in_time {
        return Vec::new();
    }
    let full = asked.settings.matrix == Matrix::Full;
    let usual = if full {
        vec![Flavor::CurrentThread, workers]
    } else {
        vec![workers]
    };
    let disturbed = if full { Disturbed::ALL } else { &Disturbed::ALL[..3] };
    let of_flavor = |flavor| {
        Way::ALL.iter().map(move |&way| Served {
            flavor,
            way,
            disturbed: disturbed.iter().copied().filter(|one| one.can_be_on(flavor)).collect(),
        })
    };
    let flavors = asked.flavors.clone().unwrap_or(usual);
    flavors.into_iter().flat_map(of_flavor).collect()
}

fn faulty(asked: &Selection) -> Vec<Faulty> {
    let flavors = asked.flavors.as_ref();
    let on_its_flavor = flavors.is_none_or(|flavors| flavors.contains(&Flavor::MultiThread(2)));
    if !has_no_axis(asked) || !on_its_flavor || !wants(asked, "fault") {
        return Vec::new();
    }
    let chosen = asked.strategies().map_or_else(all_strategies, <[Strategy]>::to_vec);
    let chosen: Vec<Strategy> = chosen.into_iter().filter(|one| has(*one, FAULTY_TASKS)).collect();
    let of_fault = |fault| {
        chosen.iter().map(move |strategy| Faulty {
            fault,
            strategy: strategy.to_string(),
        })
    };
    let faults = [None].into_iter().chain(Fault::ALL.iter().copied().map(Some));
    faults.flat_map(of_fault).collect()
}

/// Each of these loads with each of those values, once.
fn replace(loads: &mut Vec<Load>, values: Option<&[usize]>, set: impl Fn(&mut Load, usize)) {
    let Some(values) = values else { return };
    let with = |(load, value): (&Load, &usize)| {
        let mut load = load.clone();
        set(&mut load, *value);
        load
    };
    let all = loads
        .iter()
        .flat_map(|load| values.iter().map(move |value| (load, value)));
    *loads = unique(all.map(with));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_workloads_are_those_that_every_target_knows_of_it() {
        let names = Delay::ALL.iter().map(|delay| delay.name()).chain(["serve", "fault"]);
        assert!(names.eq(measure::selection::OF_SERVER.iter().copied()));
    }
}
