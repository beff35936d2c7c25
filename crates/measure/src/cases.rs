//! The cases that the variables leave of a target, and which pairs are measured for each.

use std::time::Duration;

use crate::case::{Case, Payload, Site};
use crate::environment::cores;
use crate::matrix::{Matrix, Target, flavors};
use crate::plan::{self, BETWEEN_ROUNDS, Item, Plan};
use crate::selection::Selection;
use crate::shard::{self, Shard, Sharded};
use crate::strategy::{Strategy, join};
use crate::variables::VariableError;
use crate::workload::{self, Entry, Sweep};

/// One point of a workload: site, payload in bytes, tasks.
type Point = (Site, usize, usize);

impl Selection {
    /// The cases of `target` on a machine with `cores` cores, in the order of the axes. No two targets have the same case: where
    /// `JVS_TASKS` asks for one that several could have, the first of them has it.
    ///
    /// # Errors
    ///
    /// The variables ask for a number of children that a strategy cannot have, or cannot have with that payload.
    pub fn cases(&self, target: &Target, cores: usize) -> Result<Vec<Case>, VariableError> {
        let mut cases = self.possible(target, cores)?;
        if self.tasks.is_some() {
            for earlier in self.targets.iter().take_while(|other| other.name != target.name) {
                let taken = self.possible(earlier, cores).unwrap_or_default();
                cases.retain(|case| !taken.contains(case));
            }
        }
        Ok(cases)
    }

    fn possible(&self, target: &Target, cores: usize) -> Result<Vec<Case>, VariableError> {
        let default_flavors = match (target.flavors, self.settings.matrix) {
            (Some(flavors), Matrix::Quick | Matrix::Default) => flavors.to_vec(),
            (_, matrix) => flavors(matrix, cores),
        };
        let flavors = self.flavors.as_ref().unwrap_or(&default_flavors);
        let mut cases = Vec::new();
        self.check_tasks(target)?;
        for entry in &self.entries(target) {
            let points = self.points(entry, target)?;
            for &flavor in flavors {
                cases.extend(points.iter().map(|&(site, payload, tasks)| Case {
                    workload: entry.name.to_string(),
                    flavor,
                    site,
                    payload: Payload(payload),
                    tasks,
                }));
            }
        }
        Ok(cases)
    }

    /// The workloads of a target that are measured, each with its parameters where it has some.
    fn entries(&self, target: &Target) -> Vec<Entry> {
        let Some(names) = &self.workloads else {
            let wanted = |entry: &&Entry| !entry.axes.on_request || self.settings.matrix == Matrix::Full;
            return target.workloads.iter().filter(wanted).cloned().collect();
        };
        let mut entries: Vec<Entry> = names.iter().filter_map(|name| target.entry(name)).collect();
        // In the order of the target's; variants in the order in which they are asked for.
        let base = |entry: &Entry| entry.name.split('@').next().map(str::to_owned);
        entries.sort_by_key(|entry| {
            let place = |known: &Entry| Some(&*known.name) == base(entry).as_deref();
            target.workloads.iter().position(place)
        });
        entries
    }

    /// The points of one workload.
    fn points(&self, entry: &Entry, target: &Target) -> Result<Vec<Point>, VariableError> {
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
        self.check_state(entry, target, &all)?;
        let reference = self.reference_in(target);
        all.retain(|&(_, payload, tasks)| entry.can_have(reference, payload, tasks));
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

    /// A point that the variables ask for by both its values, and that no join! can have, is an error.
    fn check_state(&self, entry: &Entry, target: &Target, points: &[Point]) -> Result<(), VariableError> {
        let (Some(given_tasks), Some(given_payloads)) = (&self.tasks, &self.payloads) else {
            return Ok(());
        };
        let join: Strategy = "join".parse().expect("a strategy");
        if self.reference_in(target) != join && !self.asks_for(join) {
            return Ok(());
        }
        let asked = points.iter().find(|(_, payload, tasks)| {
            entry.inline
                && *payload > 0
                && !entry.can_have(join, *payload, *tasks)
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

    /// The measurements of `target`: each case that has some, with the strategies whose measurement's id is `wanted`.
    ///
    /// # Errors
    ///
    /// Those of [`cases`](Self::cases).
    pub fn measurements(
        &self,
        target: &Target,
        cores: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Case, Vec<String>)>, VariableError> {
        let mut cases = self.cases(target, cores)?;
        if let Some(shard) = self.shard {
            let places = self.places(shard, target, &cases);
            cases = places.into_iter().map(|place| cases[place].clone()).collect();
        }
        let with_strategies = |case: Case| {
            let mut strategies = self.strategies_of(target, &case);
            strategies.retain(|strategy| wanted(&case.measurement_id(strategy)));
            (!strategies.is_empty()).then_some((case, strategies))
        };
        Ok(cases.into_iter().filter_map(with_strategies).collect())
    }

    /// The strategies that a case is measured with: those that are possible.
    fn strategies_of(&self, target: &Target, case: &Case) -> Vec<String> {
        let entry = target
            .entry(&case.workload)
            .expect("cases are of the target's workloads");
        let possible = |strategy: &Strategy| entry.can_have(*strategy, case.payload.0, case.tasks);
        let strategies = self.strategies_or(entry.strategies.unwrap_or(target.strategies));
        let strategies = strategies.into_iter().filter(possible);
        strategies.map(|strategy| strategy.to_string()).collect()
    }

    /// The places of a shard's cases among those of a target.
    fn places(&self, shard: Shard, target: &Target, cases: &[Case]) -> Vec<usize> {
        let whole = self.plan_of(target, cases);
        let times: Vec<Duration> = whole
            .planned(&self.settings)
            .iter()
            .map(|planned| planned.expected_time(self.settings.rounds))
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
            whole: plan::hash(&self.plan_of(target, &cases).items, &self.settings),
            cases: cases.len(),
            places: self.places(shard, target, &cases),
            anchors: shard::anchors(&cases),
        }))
    }

    /// The plan of all strategies in these cases.
    fn plan_of(&self, target: &Target, cases: &[Case]) -> Plan {
        let all = |case: &Case| (case.clone(), self.strategies_of(target, case));
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
        let reference = self.reference_in(target).to_string();
        let item = |(case, strategies): &(Case, Vec<String>)| {
            let others = strategies.iter().filter(|strategy| **strategy != reference);
            let mut strategies = vec![reference.as_str()];
            strategies.extend(others.map(String::as_str));
            if target.entry(&case.workload).is_some_and(|entry| entry.machinery) {
                strategies.push(workload::MACHINERY);
            }
            Item::of(case.clone(), &strategies, &reference)
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
            .map(|case| case.expected_time(settings.rounds))
            .sum();
        let pairs: usize = plan.items.iter().map(|item| item.pairs.len()).sum();
        let between = BETWEEN_ROUNDS * settings.rounds as u32;
        (measuring + between).max(settings.span) + CRITERION_TIME * pairs as u32
    }
}

/// About how long Criterion takes to analyse and draw one measurement.
const CRITERION_TIME: Duration = Duration::from_millis(60);
