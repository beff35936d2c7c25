//! What the self-check measures: cases of all workloads, flavors and sites, and the pairs of each.

use probes::entries::{COPIED, COPIED_TASKS, HAND_WRITTEN, HAND_WRITTEN_PAYLOADS, HAND_WRITTEN_TASKS};

use super::Extent;
use crate::block::wakes_threads;
use crate::case::{Case, Flavor, Payload, Site};
use crate::environment::cores;
use crate::in_order::grouped;
use crate::plan::{Item, Pair};
use crate::workload;

/// The effects that are injected, as fractions of an iteration.
pub(super) const EFFECTS: [f64; 4] = [0.02, 0.05, 0.20, 1.00];

const KIB: usize = 1 << 10;

/// Workload, payload in bytes, children, and whether at both sites, of what is measured in short slices.
const SHORT: [(&str, usize, usize, bool); 9] = [
    ("ready", 0, 8, true),
    ("ready", 4 * KIB, 3, true),
    ("yield", 0, 3, true),
    ("yield", 0, 32, true),
    ("yield", 4 * KIB, 8, true),
    ("wake", 0, 8, true),
    ("wake", 0, 32, false),
    ("compute", 16 * KIB, 3, true),
    ("compute", 16 * KIB, 8, false),
];

/// The same of what fetches, in long slices; those that wait for a timer on one flavor only.
const FETCHING: [(&str, usize, bool); 4] = [
    ("http", 64, true),
    ("http_parse", 64 * KIB, false),
    ("http_delay", 64, false),
    ("http_straggler", 64, false),
];

/// Where delays are injected: iterations of tens of microseconds. Some nanoseconds of any delay cost nothing, presumably
/// what the processor decodes ahead while a chain keeps it waiting; that must be little of an iteration.
const INJECTED: [(&str, usize, usize); 3] = [("yield", 4 * KIB, 64), ("wake", 0, 64), ("compute", 16 * KIB, 32)];

/// Whether a delay of the parent lengthens the iteration by as much. Where `wake`'s driver may run on another thread
/// meanwhile, it parks, and waking it costs more.
fn adds_up(case: &Case) -> bool {
    case.workload != "wake" || !wakes_threads(case)
}

fn pair(strategy: &str, reference: &str) -> Pair {
    (strategy.to_owned(), reference.to_owned())
}

/// The flavors of this machine.
fn flavors() -> Vec<Flavor> {
    let mut flavors = vec![Flavor::CurrentThread, Flavor::Local, Flavor::MultiThread(1)];
    if cores() > 1 {
        flavors.push(Flavor::MultiThread(cores()));
    }
    flavors
}

/// In a task, or there and in `block_on`.
fn sites(both: bool) -> &'static [Site] {
    if both {
        &[Site::Worker, Site::BlockOn]
    } else {
        &[Site::Worker]
    }
}

fn case(workload: &str, flavor: Flavor, site: Site, payload: usize, tasks: usize) -> Case {
    Case {
        workload: workload.to_owned(),
        flavor,
        site,
        payload: Payload(payload),
        tasks,
    }
}

/// Both strategies against themselves and against their copies, and against each other both ways.
fn compared(case: Case) -> Item {
    let cancels = workload::find(&workload::all(), &case.workload).is_some_and(|entry| entry.cancels);
    // The children of spawn outlive it, so that it cannot be cancelled.
    let spawn = if cancels { "spawn_aborting" } else { "spawn" };
    let mut pairs = vec![
        pair("join", "join"),
        pair(spawn, spawn),
        pair(spawn, "join"),
        pair("join", spawn),
    ];
    if COPIED.contains(&case.workload.as_str()) && COPIED_TASKS.contains(&case.tasks) {
        pairs.push(pair("join_copy", "join"));
        pairs.push(pair("spawn_copy", "spawn"));
    }
    Item { case, pairs }
}

/// Any other workload: 8 children at its first payload, in a task; what lasts, on one flavor only.
fn others(flavor: Flavor) -> impl Iterator<Item = (String, usize, usize, bool)> {
    let listed = |name: &str| SHORT.iter().any(|(known, ..)| *known == name);
    let rest = workload::all()
        .into_iter()
        .filter(move |entry| !entry.served && !listed(&entry.name))
        .filter(move |entry| entry.lasts.is_zero() || flavor == Flavor::CurrentThread);
    rest.map(|entry| (entry.name.into_owned(), entry.payloads[0], 8, false))
}

/// Cases of everything but fetching.
pub(super) fn short(extent: Extent) -> Vec<Item> {
    let mut items = Vec::new();
    for flavor in flavors() {
        let listed = SHORT
            .into_iter()
            .map(|(name, payload, tasks, both)| (name.to_owned(), payload, tasks, both));
        for (workload, payload, tasks, both) in listed.chain(others(flavor)) {
            for site in sites(both) {
                items.push(compared(case(&workload, flavor, *site, payload, tasks)));
            }
        }
    }
    extent.thin(items)
}

/// Cases of fetching, whose blocks are long: each strategy against itself, and little else.
pub(super) fn fetching(extent: Extent) -> Vec<Item> {
    let mut items = Vec::new();
    for (workload, payload, both) in FETCHING {
        let waits = matches!(workload, "http_delay" | "http_straggler");
        let flavors = if waits { vec![Flavor::CurrentThread] } else { flavors() };
        for flavor in flavors {
            for site in sites(both) {
                let mut item = compared(case(workload, flavor, *site, payload, 3));
                let all = workload == "http" && extent != Extent::Quick;
                item.pairs.truncate(if all { 4 } else { 2 });
                items.push(item);
            }
        }
    }
    extent.thin(items)
}

/// Cases into which a delay is injected.
pub(super) fn injected(extent: Extent) -> Vec<Case> {
    let cases = INJECTED.iter().flat_map(|&(workload, payload, tasks)| {
        flavors().into_iter().flat_map(move |flavor| {
            [Site::Worker, Site::BlockOn].map(|site| case(workload, flavor, site, payload, tasks))
        })
    });
    extent.thin(cases.filter(adds_up).collect())
}

/// What tells how long an iteration and a chain are: the chain alone, twice as long the second time.
pub(super) const TRIAL: [u64; 2] = [1_000, 2_000];

fn chain_alone(length: u64) -> Pair {
    pair(&format!("chain+{length}"), "join+0")
}

/// Short measurements of that.
pub(super) fn trials(cases: &[Case]) -> Vec<Item> {
    let item = |case: &Case| Item {
        case: case.clone(),
        pairs: TRIAL.map(chain_alone).into(),
    };
    cases.iter().map(item).collect()
}

/// A case and the lengths of the chains that make its iteration longer by [`EFFECTS`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Injection {
    pub(super) case: Case,
    pub(super) lengths: [u64; EFFECTS.len()],
}

impl Injection {
    /// From an iteration of `iteration_ns` and chains alone of the lengths [`TRIAL`].
    pub(super) fn new(case: Case, iteration_ns: f64, alone_ns: [f64; 2]) -> Self {
        let each = (alone_ns[1] - alone_ns[0]) / (TRIAL[1] - TRIAL[0]) as f64;
        let gates = alone_ns[0] - each * TRIAL[0] as f64;
        Self {
            case,
            lengths: EFFECTS.map(|effect| ((effect * iteration_ns - gates) / each).round().max(1.0) as u64),
        }
    }

    /// A `join!` against itself, against itself with each of the delays, and two of the delays alone: the others' size
    /// lies on the line through them.
    pub(super) fn item(&self) -> Item {
        let mut item = self.delayed(&self.lengths);
        let ends = [self.lengths[0], self.lengths[EFFECTS.len() - 1]];
        item.pairs.extend(ends.map(chain_alone));
        item
    }

    /// The control and the two large effects.
    fn busy(&self) -> Item {
        self.delayed(&self.lengths[2..])
    }

    /// The control and these delays.
    fn delayed(&self, lengths: &[u64]) -> Item {
        let all = [0].iter().chain(lengths);
        Item {
            case: self.case.clone(),
            pairs: all.map(|length| pair(&format!("join+{length}"), "join+0")).collect(),
        }
    }
}

/// Loops written by hand against the suite's cells, every one in a spawned task.
pub(super) fn hand_written() -> Vec<Item> {
    let mut items = Vec::new();
    for workload in ["ready", "yield"] {
        for flavor in [Flavor::CurrentThread, Flavor::MultiThread(1)] {
            for payload in HAND_WRITTEN_PAYLOADS {
                items.extend(HAND_WRITTEN_TASKS.map(|tasks| Item {
                    case: case(workload, flavor, Site::Worker, payload, tasks),
                    pairs: HAND_WRITTEN.map(|(hand, suite)| pair(hand, suite)).to_vec(),
                }));
            }
        }
    }
    items
}

/// One plan of everything in short slices.
pub(super) fn plan(extent: Extent) -> Vec<Item> {
    merged(short(extent).into_iter().chain(extent.thin(hand_written())))
}

/// One item for each case, with the pairs of all its items.
fn merged(items: impl Iterator<Item = Item>) -> Vec<Item> {
    let of_cases = grouped(items.map(|item| (item.case, item.pairs)));
    let item = |(case, pairs): (Case, Vec<Vec<Pair>>)| Item {
        case,
        pairs: pairs.concat(),
    };
    of_cases.into_iter().map(item).collect()
}

/// What is measured on a busy machine: delays, and every other case's controls.
pub(super) fn busy(short: &[Item], injections: &[Injection]) -> Vec<Item> {
    let controls = short.iter().step_by(2).map(|item| Item {
        case: item.case.clone(),
        pairs: item.pairs.iter().filter(|(one, other)| one == other).cloned().collect(),
    });
    merged(injections.iter().map(Injection::busy).chain(controls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_flavor_and_site_is_checked_and_300_controls_in_two_repetitions() {
        let extent = Extent::Default;
        let items: Vec<Item> = short(extent).into_iter().chain(fetching(extent)).collect();
        for entry in workload::all() {
            assert!(
                items.iter().any(|item| item.case.workload == entry.name),
                "{}",
                entry.name
            );
        }
        for flavor in flavors() {
            for site in [Site::Worker, Site::BlockOn] {
                let wanted = |item: &&Item| item.case.flavor == flavor && item.case.site == site;
                assert!(items.iter().find(wanted).is_some(), "{flavor} {site}");
            }
        }
        if cores() > 1 {
            let controls = items
                .iter()
                .flat_map(|item| &item.pairs)
                .filter(|(strategy, reference)| strategy == reference);
            assert!(controls.count() * extent.repetitions() >= 300);
        }
    }

    #[test]
    fn a_chain_is_as_long_as_its_effect() {
        let case: Case = "wake/current_thread/worker/0B/8".parse().unwrap();
        // An operation takes 2 ns, the gates 20.
        let injection = Injection::new(case, 10_000.0, [2_020.0, 4_020.0]);
        assert_eq!(injection.lengths, [90, 240, 990, 4990]);
    }
}
