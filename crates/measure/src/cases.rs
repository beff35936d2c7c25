//! The cases that the variables leave of a target, and which pairs are measured for each.

use std::time::Duration;

use crate::case::{Case, Payload, Site};
use crate::environment::cores;
use crate::matrix::{Matrix, Target, flavors};
use crate::plan::{self, Item, Plan};
use crate::selection::Selection;
use crate::shard::{self, Shard, Sharded};
use crate::strategy::join;
use crate::variables::VariableError;
use crate::workload::{self, Entry, Sweep};

/// One point of a workload: site, payload in bytes, tasks.
type Point = (Site, usize, usize);

impl Selection {
    /// The cases of `target` on a machine with `cores` cores, in the order of the axes.
    pub fn cases(&self, target: &Target, cores: usize) -> Result<Vec<Case>, VariableError> {
        let default_flavors = flavors(self.settings.matrix, cores);
        let flavors = self.flavors.as_ref().unwrap_or(&default_flavors);
        let mut cases = Vec::new();
        for entry in target.workloads.iter().filter(|entry| self.wants(entry)) {
            let points = self.points(entry)?;
            for &flavor in flavors {
                cases.extend(points.iter().map(|&(site, payload, tasks)| Case {
                    workload: entry.name.to_owned(),
                    flavor,
                    site,
                    payload: Payload(payload),
                    tasks,
                }));
            }
        }
        Ok(cases)
    }

    fn wants(&self, entry: &Entry) -> bool {
        match &self.workloads {
            Some(names) => names.iter().any(|wanted| wanted == entry.name),
            None => !entry.axes.on_request || self.settings.matrix == Matrix::Full,
        }
    }

    /// The points of one workload.
    fn points(&self, entry: &Entry) -> Result<Vec<Point>, VariableError> {
        let axes = &entry.axes;
        let (points, matrix_sites) = match self.settings.matrix {
            Matrix::Full => (self.product(entry), axes.full.sites),
            Matrix::Default => (self.sweep(&axes.default, entry), axes.default.sites),
            Matrix::Quick => (self.sweep(&axes.quick, entry), axes.quick.sites),
        };
        let sites = self.sites.as_deref().unwrap_or(matrix_sites);
        let at = |site: &Site| -> Vec<Point> { points.iter().map(|&(bytes, tasks)| (*site, bytes, tasks)).collect() };
        let mut all: Vec<Point> = sites.iter().flat_map(at).collect();
        fn among<T: PartialEq>(given: &Option<Vec<T>>, value: &T) -> bool {
            given.as_ref().is_none_or(|given| given.contains(value))
        }
        all.extend(axes.also.iter().filter(|(site, payload, tasks)| {
            self.settings.matrix != Matrix::Quick
                && among(&self.sites, site)
                && among(&self.payloads, payload)
                && among(&self.tasks, tasks)
        }));
        self.check_state(entry, &all)?;
        all.retain(|&(_, payload, tasks)| self.fits(entry, payload, tasks));
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The payloads that the variables name and that the workload can have.
    fn given_payloads(&self, entry: &Entry) -> Option<Vec<usize>> {
        let given = self.payloads.as_ref()?.iter().copied();
        Some(given.filter(|payload| entry.payloads.contains(payload)).collect())
    }

    /// The points payload × tasks of `full`.
    fn product(&self, entry: &Entry) -> Vec<(usize, usize)> {
        let given = self.given_payloads(entry);
        let payloads = given.as_deref().unwrap_or(entry.payloads);
        let tasks = self.tasks.as_deref().unwrap_or(entry.axes.full.tasks);
        payloads
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
        let over_tasks = given_tasks.unwrap_or(sweep.tasks);
        let over_payloads = given_payloads.as_deref().unwrap_or(sweep.payloads);
        let along_tasks = tasks_at
            .into_iter()
            .flat_map(|payload| over_tasks.iter().map(move |&tasks| (payload, tasks)));
        along_tasks
            .chain(over_payloads.iter().map(|&payload| (payload, payloads_at)))
            .collect()
    }

    /// Whether a join!, where one is measured, is compiled for that many children.
    fn fits(&self, entry: &Entry, payload: usize, tasks: usize) -> bool {
        !self.joins() || tasks <= entry.most_joined(payload)
    }

    /// A point that the variables ask for by both its values, and that no join! can have, is an error.
    fn check_state(&self, entry: &Entry, points: &[Point]) -> Result<(), VariableError> {
        let (Some(given_tasks), Some(given_payloads)) = (&self.tasks, &self.payloads) else {
            return Ok(());
        };
        let asked = points.iter().find(|(_, payload, tasks)| {
            entry.inline
                && *payload > 0
                && !self.fits(entry, *payload, *tasks)
                && given_payloads.contains(payload)
                && given_tasks.contains(tasks)
        });
        let Some(&(_, bytes, tasks)) = asked else {
            return Ok(());
        };
        let payload = Payload(bytes);
        let problem = match tasks * bytes > join::MAX_STATE_BYTES {
            true => format!("{tasks} children of {payload} make a join! state over 1 MiB"),
            false => format!("no join! of {tasks} children that carry {payload} is compiled in"),
        };
        let most = entry.most_joined(bytes);
        let allowed = format!("at most {most} tasks with JVS_PAYLOADS={payload}");
        Err(VariableError::new("JVS_TASKS", tasks.to_string(), problem, allowed))
    }

    /// The measurements of `target`: each case with those of its strategies whose id `wanted` lets through.
    pub fn measurements(
        &self,
        target: &Target,
        cores: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Case, Vec<String>)>, VariableError> {
        let mut measurements = Vec::new();
        let cases = self.cases(target, cores)?;
        let places = match self.shard {
            None => (0..cases.len()).collect(),
            Some(shard) => self.places(shard, target, &cases),
        };
        for case in places.into_iter().map(|place| cases[place].clone()) {
            let strategies = self.strategies.iter();
            let strategies: Vec<String> = strategies
                .filter(|strategy| wanted(&case.measurement_id(strategy)))
                .cloned()
                .collect();
            if !strategies.is_empty() {
                measurements.push((case, strategies));
            }
        }
        Ok(measurements)
    }

    /// The places of a shard's cases among those of a target.
    fn places(&self, shard: Shard, target: &Target, cases: &[Case]) -> Vec<usize> {
        let whole = self.plan_of(target, cases);
        let times: Vec<Duration> = whole
            .planned(&self.settings)
            .iter()
            .map(|planned| planned.expected_time(&self.settings))
            .collect();
        shard.places(&times, &shard::anchors(cases))
    }

    /// Which part of a target the selection's shard is; `None` where all of it is measured.
    fn sharded(&self, target: &Target, cores: usize) -> Result<Option<Sharded>, VariableError> {
        let Some(shard) = self.shard else {
            return Ok(None);
        };
        let cases = self.cases(target, cores)?;
        Ok(Some(Sharded {
            number: shard.number,
            of: shard.of,
            whole: plan::hash(&self.plan_of(target, &cases).items),
            cases: cases.len(),
            places: self.places(shard, target, &cases),
            anchors: shard::anchors(&cases),
        }))
    }

    /// The plan of all strategies in these cases.
    fn plan_of(&self, target: &Target, cases: &[Case]) -> Plan {
        let all = |case: &Case| (case.clone(), self.strategies.clone());
        self.plan_in_full(target, &cases.iter().map(all).collect::<Vec<_>>())
    }

    /// The plan of that: every strategy against the reference, the reference against itself, and the workload's own
    /// machinery where it has some.
    pub fn plan(&self, target: &Target, measurements: &[(Case, Vec<String>)]) -> Plan {
        Plan {
            // The cases were found before, so that there are some.
            shard: self.sharded(target, cores()).ok().flatten(),
            ..self.plan_in_full(target, measurements)
        }
    }

    fn plan_in_full(&self, target: &Target, measurements: &[(Case, Vec<String>)]) -> Plan {
        let item = |(case, strategies): &(Case, Vec<String>)| {
            let others = strategies.iter().filter(|strategy| **strategy != self.reference);
            let mut strategies = vec![self.reference.as_str()];
            strategies.extend(others.map(String::as_str));
            if target.entry(&case.workload).is_some_and(|entry| entry.machinery) {
                strategies.push(workload::MACHINERY);
            }
            Item::of(case.clone(), &strategies, &self.reference)
        };
        let items = measurements.iter().map(item).collect();
        Plan::of(target.name, target.workloads.clone(), items)
    }

    /// About how long a run of that plan takes.
    pub fn expected_time(&self, plan: &Plan) -> Duration {
        let settings = &self.settings;
        let measuring: Duration = plan
            .planned(settings)
            .iter()
            .map(|case| case.expected_time(settings))
            .sum();
        let pairs: usize = plan.items.iter().map(|item| item.pairs.len()).sum();
        let processes = PROCESS_TIME * (3 * settings.rounds) as u32;
        (measuring + processes).max(settings.span) + CRITERION_TIME * pairs as u32
    }
}

/// About how long Criterion takes to analyse and draw one measurement.
const CRITERION_TIME: Duration = Duration::from_millis(60);

/// About how long a round's process takes to begin.
const PROCESS_TIME: Duration = Duration::from_millis(8);
