//! The plan of a run: the cases that the variables leave of a target, which pairs are measured for each, and which blocks
//! that takes.

use std::time::Duration;

use crate::block::{Shape, wakes_threads};
use crate::case::{Case, Payload, Site};
use crate::matrix::{Axes, Matrix, Sweep, Target, flavors};
use crate::round::Job;
use crate::selection::{Selection, VariableError};
use crate::stats::FEWEST_ROUNDS;
use crate::strategy::join;
use crate::workload::{self, Entry};

/// How a case is measured: the shape of its blocks, and in how many of a run's rounds it takes part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Of each block.
    pub shape: Shape,
    /// The share of the rounds, from 0 to 1.
    pub share: f64,
    /// Whether each strategy has a runtime of its own.
    pub own_runtime: bool,
    /// Quads of every block at least, so that all rounds together make the samples that Criterion takes.
    pub fewest_quads: usize,
}

/// Criterion takes no fewer samples; a quad makes two of each side.
const FEWEST_SAMPLES: usize = 10;

impl Pace {
    /// The pace of a case in a run of so many rounds.
    ///
    /// On one thread a millisecond settles a runtime, and strategies share it. Where threads are woken, it takes the kernel a
    /// tenth of a second to settle where they run (METHODOLOGY.md, "The steady state"); such blocks are long, and few.
    pub fn of(case: &Case, entry: &Entry, matrix: Matrix, rounds: usize) -> Self {
        let quick = matrix == Matrix::Quick;
        let fewest_quads = FEWEST_SAMPLES.div_ceil(2 * rounds);
        let own = |settle_ms, slice_us, quads, share| Self {
            shape: Shape {
                settle: Duration::from_millis(settle_ms),
                slice: Duration::from_micros(slice_us),
                quads,
            },
            share,
            own_runtime: true,
            fewest_quads,
        };
        if entry.served {
            return match quick {
                true => own(10, 5_000, 3, 0.3),
                false => own(20, 5_000, 6, 0.14),
            };
        }
        let several = case.flavor.workers() > 1;
        match (
            wakes_threads(case),
            several && case.site == Site::Worker,
            quick,
        ) {
            (false, ..) => Self {
                shape: Shape::ONE_THREAD,
                share: 1.0,
                own_runtime: false,
                fewest_quads,
            },
            (true, false, true) => own(15, 2_500, 2, 0.3),
            (true, false, false) => own(40, 5_000, 2, 0.08),
            (true, true, true) => own(40, 5_000, 2, 0.3),
            (true, true, false) => own(60, 5_000, 3, 0.08),
        }
    }

    /// In how many of so many rounds: six at least, where there are as many.
    pub fn rounds(&self, of: usize) -> usize {
        let share = (self.share * of as f64).ceil() as usize;
        share.max(FEWEST_ROUNDS).min(of)
    }
}

/// A strategy and its reference.
pub type Pair = (String, String);

/// What is measured of one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Item {
    /// The case.
    pub case: Case,
    /// Those whose sides are the same are controls: the strategy against a copy of itself.
    pub pairs: Vec<Pair>,
}

impl Item {
    /// Every strategy of its pairs, once.
    pub fn strategies(&self) -> Vec<&str> {
        let mut strategies: Vec<&str> = Vec::new();
        for name in self.pairs.iter().flat_map(|(one, other)| [one, other]) {
            if !strategies.contains(&name.as_str()) {
                strategies.push(name);
            }
        }
        strategies
    }

    /// The blocks of one round, in groups that stay together: what one of them is compared with is measured right before or
    /// right after it. What only carry-over is found with is left out where `checked` is false.
    pub fn jobs(&self, pace: &Pace, checked: bool) -> Vec<Vec<(Job, Shape)>> {
        let job = |strategies: &[&str], copy: bool| {
            let mut shape = pace.shape;
            if strategies == [workload::MACHINERY] {
                shape.settle /= 4;
            } else if strategies.len() == 1 && !pace.own_runtime {
                shape.quads = shape.quads.div_ceil(2);
            }
            shape.quads = shape.quads.max(pace.fewest_quads);
            let job = Job {
                case: self.case.clone(),
                strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
                copy,
            };
            (job, shape)
        };
        if pace.own_runtime {
            let alone = self
                .strategies()
                .into_iter()
                .map(|name| job(&[name], false));
            return vec![alone.collect()];
        }
        let mut groups = Vec::new();
        let mut alone: Vec<&str> = Vec::new();
        for (strategy, reference) in &self.pairs {
            if strategy == reference {
                groups.push(vec![job(&[strategy], false), job(&[strategy], true)]);
            } else if strategy == workload::MACHINERY {
                groups.push(vec![job(&[strategy], false)]);
            } else {
                groups.push(vec![job(&[strategy, reference], false)]);
                alone.push(strategy);
            }
        }
        // Carry-over is told from both alone, so only where the reference has a control.
        let controlled = |name: &str| self.pairs.iter().any(|(a, b)| a == b && a == name);
        let compared = |name: &str| {
            let mut of = self.pairs.iter().filter(|(strategy, _)| strategy == name);
            of.any(|(strategy, reference)| strategy != reference && controlled(reference))
        };
        for name in alone {
            if checked && !controlled(name) && compared(name) {
                groups.push(vec![job(&[name], false)]);
            }
        }
        groups
    }
}

/// A case of a run: what is measured of it, and how.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its place in the plan.
    pub place: usize,
    /// What is measured.
    pub item: Item,
    /// How.
    pub pace: Pace,
}

impl Planned {
    /// Whether the case takes part in a round of a run that has `rounds`, `done` rounds being done: evenly spread over the
    /// run, each case beginning at another round.
    pub(crate) fn takes_part(&self, round: usize, done: usize, rounds: usize) -> bool {
        if round >= rounds {
            return true;
        }
        let wanted = self.pace.rounds(rounds);
        // Cases begin one after the other, so that rounds are of the same length.
        let phase = self.place % rounds.div_ceil(wanted);
        done < wanted.min((round + 1 + phase) * wanted / rounds)
    }
}

impl Selection {
    /// The cases of `target` on a machine with `cores` cores, in the order of the axes.
    pub fn cases(&self, target: &Target, cores: usize) -> Result<Vec<Case>, VariableError> {
        let default_flavors = flavors(self.matrix, cores);
        let flavors = self.flavors.as_ref().unwrap_or(&default_flavors);
        let mut cases = Vec::new();
        for axes in &target.workloads {
            let name = axes.entry.name;
            let wanted = match &self.workloads {
                Some(names) => names.iter().any(|wanted| wanted == name),
                None => !axes.on_request || self.matrix == Matrix::Full,
            };
            if !wanted {
                continue;
            }
            let points = self.points(axes)?;
            for &flavor in flavors {
                cases.extend(points.iter().map(|&(site, payload, tasks)| Case {
                    workload: name.to_owned(),
                    flavor,
                    site,
                    payload: Payload(payload),
                    tasks,
                }));
            }
        }
        Ok(cases)
    }

    /// The points site × payload × tasks of one workload.
    fn points(&self, axes: &Axes) -> Result<Vec<(Site, usize, usize)>, VariableError> {
        let (points, matrix_sites): (_, &[Site]) = match self.matrix {
            Matrix::Full => (self.product(axes), axes.full.sites),
            Matrix::Default => (self.sweep(&axes.default, &axes.entry), &axes.default.sites),
            Matrix::Quick => (self.sweep(&axes.quick, &axes.entry), &axes.quick.sites),
        };
        let sites = self.sites.as_deref().unwrap_or(matrix_sites);
        let mut all: Vec<(Site, usize, usize)> = sites
            .iter()
            .flat_map(|&site| {
                points
                    .iter()
                    .map(move |&(bytes, tasks)| (site, bytes, tasks))
            })
            .collect();
        let among = |given: &Option<Vec<usize>>, value: &usize| {
            given.as_ref().is_none_or(|given| given.contains(value))
        };
        all.extend(axes.also.iter().filter(|(site, payload, tasks)| {
            self.matrix != Matrix::Quick
                && self.sites.as_ref().is_none_or(|sites| sites.contains(site))
                && among(&self.payloads, payload)
                && among(&self.tasks, tasks)
        }));
        self.check_state(&axes.entry, &all)?;
        all.retain(|&(_, payload, tasks)| self.fits(&axes.entry, payload, tasks));
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The payloads that the variables name and that the workload can have.
    fn given_payloads(&self, entry: &Entry) -> Option<Vec<usize>> {
        let payloads = self.payloads.as_ref()?.iter().copied();
        Some(
            payloads
                .filter(|payload| entry.payloads.contains(payload))
                .collect(),
        )
    }

    /// The points payload × tasks of `full`.
    fn product(&self, axes: &Axes) -> Vec<(usize, usize)> {
        let given = self.given_payloads(&axes.entry);
        let tasks = self.tasks.as_deref().unwrap_or(axes.full.tasks);
        given
            .as_deref()
            .unwrap_or(axes.entry.payloads)
            .iter()
            .flat_map(|&payload| tasks.iter().map(move |&tasks| (payload, tasks)))
            .collect()
    }

    /// The points payload × tasks of `quick` and `default`. Where a variable leaves out the value at which the
    /// other axis is swept, its first value takes that one's place.
    fn sweep(&self, sweep: &Sweep, entry: &Entry) -> Vec<(usize, usize)> {
        let given_tasks = self.tasks.as_deref();
        let given_payloads = self.given_payloads(entry);
        let tasks_at = match &given_payloads {
            Some(given) if !given.contains(&sweep.tasks_at) => given.first().copied(),
            _ => Some(sweep.tasks_at),
        };
        let payloads_at = match given_tasks {
            Some(given) if !given.contains(&sweep.payloads_at) => given[0],
            _ => sweep.payloads_at,
        };
        let over_tasks = given_tasks.unwrap_or(&sweep.tasks).iter();
        let over_payloads = given_payloads.as_ref().unwrap_or(&sweep.payloads).iter();
        tasks_at
            .into_iter()
            .flat_map(|payload| over_tasks.clone().map(move |&tasks| (payload, tasks)))
            .chain(over_payloads.map(|&payload| (payload, payloads_at)))
            .collect()
    }

    /// Whether a join!, where one is measured, can hold that many children.
    fn fits(&self, entry: &Entry, payload: usize, tasks: usize) -> bool {
        !(self.joins() && entry.inline && payload * tasks > join::MAX_STATE_BYTES)
    }

    /// A point that the variables ask for by both its values, and that cannot be measured, is an error.
    fn check_state(
        &self,
        entry: &Entry,
        points: &[(Site, usize, usize)],
    ) -> Result<(), VariableError> {
        let (Some(given_tasks), Some(given_payloads)) = (&self.tasks, &self.payloads) else {
            return Ok(());
        };
        let asked = points.iter().find(|(_, payload, tasks)| {
            !self.fits(entry, *payload, *tasks)
                && given_payloads.contains(payload)
                && given_tasks.contains(tasks)
        });
        let Some(&(_, bytes, tasks)) = asked else {
            return Ok(());
        };
        let payload = Payload(bytes);
        Err(VariableError::new(
            "JVS_TASKS",
            tasks.to_string(),
            format!("{tasks} children of {payload} make a join! state over 1 MiB"),
            format!(
                "at most {} tasks with JVS_PAYLOADS={payload}",
                join::MAX_STATE_BYTES / bytes
            ),
        ))
    }

    /// The measurements of `target`: each case with those of its strategies whose id `wanted` lets through.
    pub fn measurements(
        &self,
        target: &Target,
        cores: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Case, Vec<String>)>, VariableError> {
        let mut measurements = Vec::new();
        for case in self.cases(target, cores)? {
            let strategies: Vec<String> = self
                .strategies
                .iter()
                .filter(|strategy| wanted(&case.measurement_id(strategy)))
                .cloned()
                .collect();
            if !strategies.is_empty() {
                measurements.push((case, strategies));
            }
        }
        Ok(measurements)
    }

    /// What is to be measured for that: every strategy against the reference, the reference against itself,
    /// and the workload's own machinery where it has some.
    pub fn items(&self, target: &Target, measurements: &[(Case, Vec<String>)]) -> Vec<Item> {
        let pair = |strategy: &str| (strategy.to_owned(), self.reference.clone());
        measurements
            .iter()
            .map(|(case, strategies)| {
                let mut pairs = vec![pair(&self.reference)];
                pairs.extend(
                    strategies
                        .iter()
                        .filter(|strategy| **strategy != self.reference)
                        .map(|strategy| pair(strategy)),
                );
                if target
                    .entry(&case.workload)
                    .is_some_and(|entry| entry.machinery)
                {
                    pairs.push(pair(workload::MACHINERY));
                }
                Item {
                    case: case.clone(),
                    pairs,
                }
            })
            .collect()
    }

    /// About how long a run of `items` takes.
    pub fn expected_time(&self, target: &Target, items: &[Item]) -> Duration {
        let measuring: Duration = items.iter().map(|item| self.item_time(target, item)).sum();
        let pairs: usize = items.iter().map(|item| item.pairs.len()).sum();
        let processes = PROCESS_TIME * (3 * self.rounds) as u32;
        (measuring + processes).max(self.span) + CRITERION_TIME * pairs as u32
    }

    /// About how long the blocks of one item take, in all rounds.
    fn item_time(&self, target: &Target, item: &Item) -> Duration {
        let Some(entry) = target.entry(&item.case.workload) else {
            return Duration::ZERO;
        };
        let pace = Pace::of(&item.case, entry, self.matrix, self.rounds);
        let round: Duration = item
            .jobs(&pace, true)
            .iter()
            .flatten()
            .map(|(job, shape)| {
                let opening = if entry.served {
                    OPENING_TIME
                } else {
                    Duration::ZERO
                };
                shape.lasts(job.strategies.len(), entry.lasts) + opening
            })
            .sum();
        round * pace.rounds(self.rounds) as u32
    }
}

/// About how long Criterion takes to analyse and draw one measurement.
const CRITERION_TIME: Duration = Duration::from_millis(60);

/// About how long a round's process takes to begin.
const PROCESS_TIME: Duration = Duration::from_millis(8);

/// About how long a client takes to open its connections.
const OPENING_TIME: Duration = Duration::from_millis(6);

#[cfg(test)]
mod tests {
    use super::*;

    fn item(case: &str, pairs: &[(&str, &str)]) -> Item {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        Item {
            case: case.parse().expect("an id"),
            pairs: pairs.iter().map(owned).collect(),
        }
    }

    fn jobs(item: &Item, checked: bool) -> Vec<String> {
        let target = crate::matrix::targets().remove(0);
        let entry = *target.entry(&item.case.workload).expect("a workload");
        let pace = Pace::of(&item.case, &entry, Matrix::Default, 100);
        let name = |(job, _): &(Job, Shape)| {
            let copy = if job.copy { " (copy)" } else { "" };
            format!("{}{copy}", job.strategies.join("|"))
        };
        let groups = item.jobs(&pace, checked);
        groups
            .iter()
            .map(|group| group.iter().map(name).collect::<Vec<_>>().join(", "))
            .collect()
    }

    #[test]
    fn a_shared_runtime_is_checked_for_carry_over_and_an_own_one_needs_none() {
        const BOTH: &[(&str, &str)] = &[("join", "join"), ("spawn", "join")];
        let shared = item("yield/current_thread/worker/0B/8", BOTH);
        assert_eq!(
            jobs(&shared, true),
            ["join, join (copy)", "spawn|join", "spawn"]
        );
        assert_eq!(jobs(&shared, false), ["join, join (copy)", "spawn|join"]);
        let own = item("yield/multi_thread_2/worker/0B/8", BOTH);
        assert_eq!(jobs(&own, true), ["join, spawn"]);
    }

    #[test]
    fn long_blocks_take_part_in_few_rounds_but_six() {
        let pace = Pace {
            shape: Shape::ONE_THREAD,
            share: 0.2,
            own_runtime: true,
            fewest_quads: 1,
        };
        assert_eq!(
            [1, 6, 10, 40, 100].map(|rounds| pace.rounds(rounds)),
            [1, 6, 6, 8, 20]
        );
    }
}
