//! A run's measurements in the order and the groups that the page shows them in, found by index and not by search.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::case::{Case, Flavor, Payload, Site};
use crate::in_order::unique;
use crate::record::{Header, Measurement, Part, Status};
use crate::workload::{self, Entry};

/// The target whose numbers of children are known at run time only.
const SCALE: &str = "scale";

/// What every part of the page reads.
pub(super) struct Data<'a> {
    /// All measurements, by workload, case and strategy, a case's reference first.
    pub all: Vec<&'a Measurement>,
    /// The usable ones, by workload, without those of `scale`.
    pub workloads: Vec<Workload<'a>>,
    /// The usable ones of the target `scale`: other numbers of children, compared to another reference.
    pub scale: Vec<Workload<'a>>,
    /// The flavors that were measured.
    pub flavors: Vec<Flavor>,
    /// The strategies that are not the reference.
    pub strategies: Vec<&'a str>,
    controls: HashMap<&'a Case, &'a Measurement>,
}

/// The usable measurements of a workload.
pub(super) struct Workload<'a> {
    pub name: &'a str,
    pub groups: Vec<Group<'a>>,
}

/// Those of one flavor and site.
pub(super) struct Group<'a> {
    /// Of the run that they are of.
    pub header: &'a Header,
    pub flavor: Flavor,
    pub site: Site,
    pub rows: Vec<&'a Measurement>,
}

/// The workloads of the suite, in the order of pages. What is none of them, a reader's own, comes last.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(workload::all);

/// A workload's name without its parameters.
fn base(workload: &str) -> &str {
    workload.split('@').next().unwrap_or(workload)
}

/// The place of a workload on a page.
pub(super) fn rank(workload: &str) -> usize {
    let known = ENTRIES.iter().position(|entry| entry.name == base(workload));
    known.unwrap_or(ENTRIES.len())
}

/// What a workload's children do, and what is expected of it; `None` for a reader's own.
pub(super) fn known(workload: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == base(workload))
}

/// By workload, case and strategy, a case's reference first.
fn in_order(a: &Measurement, b: &Measurement) -> Ordering {
    let place = |m: &Measurement| (rank(&m.case.workload), !m.is_control());
    let (rank_a, other_a) = place(a);
    let (rank_b, other_b) = place(b);
    rank_a
        .cmp(&rank_b)
        .then_with(|| a.case.cmp(&b.case))
        .then_with(|| (other_a, &a.strategy).cmp(&(other_b, &b.strategy)))
}

/// The usable measurements of some targets, none of whose workloads is in two of them.
fn grouped<'a>(parts: &[&'a Part]) -> Vec<Workload<'a>> {
    let mut rows: Vec<(&Header, &Measurement)> = parts
        .iter()
        .flat_map(|(header, rows)| rows.iter().map(move |m| (header, m)))
        .filter(|(_, m)| m.status == Status::Ok)
        .collect();
    rows.sort_by(|(_, a), (_, b)| in_order(a, b));
    let mut workloads: Vec<Workload> = Vec::new();
    for (header, m) in rows {
        if workloads.last().is_none_or(|last| last.name != m.case.workload) {
            workloads.push(Workload {
                name: &m.case.workload,
                groups: Vec::new(),
            });
        }
        let groups = &mut workloads.last_mut().expect("just pushed").groups;
        // Cases are sorted by flavor, then site, so a group's measurements are neighbours.
        match groups.last_mut() {
            Some(last) if (last.flavor, last.site) == (m.case.flavor, m.case.site) => last.rows.push(m),
            _ => groups.push(Group {
                header,
                flavor: m.case.flavor,
                site: m.case.site,
                rows: vec![m],
            }),
        }
    }
    workloads
}

impl<'a> Data<'a> {
    pub fn new(parts: &'a [Part]) -> Self {
        let mut all: Vec<&Measurement> = parts.iter().flat_map(|(_, rows)| rows).collect();
        all.sort_by(|a, b| in_order(a, b));
        let usable = |m: &&Measurement| m.status == Status::Ok;
        let (of_scale, others): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|(header, _)| header.target == SCALE);
        let workloads = grouped(&others);
        let others = workloads.iter().flat_map(Workload::rows).filter(|m| !m.is_control());
        let strategies = unique(others.map(|m| m.strategy.as_str()));
        let controls = all.iter().filter(|m| m.is_control() && usable(m));
        let flavors: BTreeSet<Flavor> = all.iter().map(|m| m.case.flavor).collect();
        Self {
            workloads,
            scale: grouped(&of_scale),
            flavors: flavors.into_iter().collect(),
            strategies,
            controls: controls.map(|&m| (&m.case, m)).collect(),
            all,
        }
    }

    /// The reference measured against itself in the same case.
    pub fn control(&self, case: &Case) -> Option<&'a Measurement> {
        self.controls.get(case).copied()
    }

    /// The id of the section that shows a usable measurement: its workload's, or that of the target `scale`, which has a heading of
    /// their own for workloads that are nowhere else.
    pub fn section_of(&self, m: &Measurement) -> String {
        let in_scale = self
            .scale
            .iter()
            .flat_map(Workload::rows)
            .any(|row| std::ptr::eq(row, m));
        match in_scale && self.workload(&m.case.workload).is_some() {
            true => "scale".to_owned(),
            false => format!("workload-{}", m.case.workload),
        }
    }

    pub fn workload(&self, name: &str) -> Option<&Workload<'a>> {
        self.workloads.iter().find(|workload| workload.name == name)
    }

    /// The strategy that the first screen speaks of.
    pub fn headline(&self) -> Option<&'a str> {
        let spawn = self.strategies.iter().find(|&&name| name == "spawn");
        spawn.or(self.strategies.first()).copied()
    }

    /// What the strategies were compared to, but for those of `scale`.
    pub fn reference(&self) -> &'a str {
        let mut rows = self.workloads.iter().flat_map(Workload::rows);
        let first = rows.next().or(self.all.first().copied());
        first.map_or("", |m| &m.reference)
    }
}

impl<'a> Workload<'a> {
    pub fn rows(&self) -> impl Iterator<Item = &'a Measurement> {
        self.groups.iter().flat_map(|group| group.rows.iter().copied())
    }

    pub fn at(&self, site: Site) -> impl Iterator<Item = &Group<'a>> {
        self.groups.iter().filter(move |group| group.site == site)
    }
}

impl<'a> Group<'a> {
    /// The rows of the payload with the most numbers of tasks, the smallest of several; none where no payload has two.
    pub fn by_tasks(&self) -> Option<(Payload, Vec<&'a Measurement>)> {
        swept(&self.rows, |m| m.case.payload, |m| m.case.tasks, |payload| payload.0)
    }

    /// Those of the number of tasks with the most payloads, the nearest to 8 of several; none where none has two.
    pub fn by_payload(&self) -> Option<(usize, Vec<&'a Measurement>)> {
        let near = |tasks: usize| tasks.abs_diff(8);
        let (at, mut rows) = swept(&self.rows, |m| m.case.tasks, |m| m.case.payload, near)?;
        rows.sort_by_key(|m| m.case.payload);
        Some((at, rows))
    }

    /// The rows of one strategy along the tasks that have a ratio.
    pub fn along_tasks(&self, strategy: &str) -> Vec<&'a Measurement> {
        let rows = self.by_tasks().into_iter().flat_map(|(_, rows)| rows);
        rows.filter(|m| m.strategy == strategy && m.ratio.is_some()).collect()
    }

    /// What belongs to one strategy, in the order of the rows.
    pub fn of(&self, strategy: &str) -> impl Iterator<Item = &'a Measurement> {
        self.rows.iter().copied().filter(move |m| m.strategy == strategy)
    }
}

/// The rows along one axis, where the other one has the value with the most along it: of several the least by `rank`.
fn swept<'a, Fixed: Copy + Ord, Along: Ord, Rank: Ord>(
    rows: &[&'a Measurement],
    fixed: impl Fn(&Measurement) -> Fixed,
    along: impl Fn(&Measurement) -> Along,
    rank: impl Fn(Fixed) -> Rank,
) -> Option<(Fixed, Vec<&'a Measurement>)> {
    let mut values: BTreeMap<Fixed, BTreeSet<Along>> = BTreeMap::new();
    for m in rows {
        values.entry(fixed(m)).or_default().insert(along(m));
    }
    let most = values.values().map(BTreeSet::len).max().filter(|most| *most > 1)?;
    let most = values.into_iter().filter(|(_, along)| along.len() == most);
    let at = most.map(|(at, _)| at).min_by_key(|at| rank(*at))?;
    Some((at, rows.iter().copied().filter(|m| fixed(m) == at).collect()))
}
