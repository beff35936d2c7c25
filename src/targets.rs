//! The bench targets. What each of their workloads is measured over stands in the workload's own file
//! (`crates/timed/src/workload`).

use crate::matrix::{Minutes, Target};
use crate::workload;

/// A target's name, and how many minutes a run of it may take in the default matrix.
const TARGETS: [(&str, f64); 4] = [("overhead", 2.5), ("wakeups", 0.8), ("compute", 0.6), ("http", 1.2)];

/// The bench targets, in the order in which `cargo bench` runs them.
pub fn targets() -> Vec<Target> {
    let target = |(name, default)| Target {
        name,
        workloads: workload::all()
            .into_iter()
            .filter(|entry| entry.target == name)
            .collect(),
        // In `quick`, four targets and their replay into Criterion take a minute.
        minutes: Minutes { quick: 0.2, default },
    };
    TARGETS.map(target).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_of_a_target_that_there_is() {
        let measured: usize = targets().iter().map(|target| target.workloads.len()).sum();
        assert_eq!(measured, workload::all().len());
    }
}
