//! The bench targets. What each of their workloads is measured over stands in the workload's own file
//! (`crates/timed/src/workload`).

use crate::case::{Flavor, Site};
use crate::matrix::{JOIN_AND_SPAWN, Minutes, Target};
use crate::workload::{self, Axes, Entry, Full, Sweep};

/// A target's name, and how many minutes a run of it may take in the default matrix.
const TARGETS: [(&str, f64); 4] = [("overhead", 2.0), ("wakeups", 1.1), ("compute", 0.45), ("http", 1.15)];

/// The bench targets, in the order in which `cargo bench` runs them.
pub fn targets() -> Vec<Target> {
    let target = |(name, default)| Target {
        name,
        workloads: workload::all()
            .into_iter()
            .filter(|entry| entry.target == name)
            .collect(),
        // In `quick`, all targets and their replay into Criterion take a minute.
        minutes: Minutes { quick: 0.17, default },
        strategies: JOIN_AND_SPAWN,
        reference: "join",
        flavors: None,
    };
    let mut targets: Vec<Target> = TARGETS.map(target).into();
    targets.push(scale());
    targets
}

/// All but `scale`: what is counted, compared between builds, and checked against other programs. There `scale` alone would take
/// longer than the others together, and its fan-outs that are dropped cannot be counted.
pub fn without_scale() -> Vec<Target> {
    let mut targets = targets();
    targets.retain(|target| target.name != "scale");
    targets
}

/// The target `scale`: numbers of children that are known at run time only, and what is compared there.
fn scale() -> Target {
    Target {
        name: "scale",
        workloads: workload::all().into_iter().filter_map(in_scale).collect(),
        minutes: Minutes {
            quick: 0.17,
            default: 1.1,
        },
        strategies: &[
            "join",
            "spawn",
            "join_all",
            "join_set",
            "futures_unordered",
            "buffer_unordered@64",
        ],
        // join! cannot have the numbers that matter here.
        reference: "futures_unordered",
        flavors: Some(&[Flavor::CurrentThread]),
    }
}

/// A workload as `scale` measures it.
fn in_scale(entry: Entry) -> Option<Entry> {
    Some(Entry {
        target: "scale",
        payloads: &[0],
        axes: Axes {
            quick: Sweep::over_tasks(&[31, 1_000]),
            default: entry.scale?,
            // Without those that other targets have.
            full: Full {
                tasks: &[30, 31, 100, 1_000, 10_000, 100_000],
                sites: &[Site::Worker],
            },
            also: &[],
            on_request: false,
        },
        ..entry
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_of_a_target_that_there_is() {
        for entry in workload::all() {
            let of = |target: &Target| target.name == entry.target && target.entry(&entry.name).is_some();
            assert!(targets().iter().any(of), "{}", entry.name);
        }
    }
}
