//! The plan of a run: the cases that the variables leave of a target, which pairs are measured for each, and how
//! many blocks of each.

use std::time::Duration;

use crate::block::Shape;
use crate::case::{Case, Payload, Site};
use crate::matrix::{Axes, Matrix, Sweep, Target, flavors};
use crate::selection::{Selection, VariableError};
use crate::strategy::join;
use crate::workload::{self, Entry};

/// A strategy and its reference.
pub type Pair = (String, String);

/// What is measured of one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Item {
    /// The case.
    pub case: Case,
    /// One block each in turn; one that is listed twice gets twice the blocks. Those whose sides are the same are
    /// controls.
    pub pairs: Vec<Pair>,
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

    /// Blocks of each pair in each round: enough for Criterion, which wants 10 samples, and for the span.
    pub fn blocks(&self, target: &Target, items: &[Item]) -> usize {
        let least = match self.matrix {
            Matrix::Quick => 1,
            Matrix::Default | Matrix::Full => target.pace.blocks,
        };
        let one_block_each =
            blocks_time(target, items, target.shape(self.matrix)) * self.rounds as u32;
        let spread = self.span.as_secs_f64() / one_block_each.as_secs_f64().max(f64::MIN_POSITIVE);
        least
            .max(10usize.div_ceil(self.rounds))
            .max(spread.ceil() as usize)
    }

    /// About how long a run of `items` takes.
    pub fn expected_time(&self, target: &Target, items: &[Item]) -> Duration {
        let pairs: usize = items.iter().map(|item| item.pairs.len()).sum();
        let blocks = self.rounds * self.blocks(target, items);
        blocks_time(target, items, target.shape(self.matrix)) * blocks as u32
            + CRITERION_TIME * pairs as u32
    }
}

/// About how long Criterion takes to analyse and draw one measurement.
const CRITERION_TIME: Duration = Duration::from_millis(60);

/// About how long one block of each pair takes.
fn blocks_time(target: &Target, items: &[Item], shape: Shape) -> Duration {
    let of_item = |item: &Item| {
        let entry = target.entry(&item.case.workload);
        let iteration = entry.map_or(Duration::ZERO, |entry| entry.lasts);
        block_time(shape, iteration) * item.pairs.len() as u32
    };
    items.iter().map(of_item).sum()
}

/// About how long one block takes, of iterations that last `iteration` at least: its slices, and as much as 12 of
/// them again for the runtime, the warm-up and the iterations that are not timed (the end of a run prints the
/// share inside slices).
fn block_time(shape: Shape, iteration: Duration) -> Duration {
    if iteration > shape.slice {
        let quads = shape.quads_of(iteration) as u32;
        iteration * (4 * quads + 3)
    } else {
        shape.slice * (4 * shape.quads as u32 + 12)
    }
}
