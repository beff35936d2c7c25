//! Which blocks follow each other in one runtime.
//!
//! Where threads are woken it takes the kernel a tenth of a second to settle where they run. That belongs to the runtime and to
//! the strategy, not to the number of children: in a runtime that has settled, another number of them is at once as fast as it
//! will be (docs/METHODOLOGY.md, "The steady state"). So several cases of one flavor and site share a runtime of each strategy, and
//! the time that it takes to settle.

use super::{Item, Pace, Planned};
use crate::case::{Flavor, Site};
use crate::in_order::grouped;
use crate::round::{Group, Turn};

/// So many cases share a runtime at most: settling is a third of its time then.
const MOST_CASES: usize = 24;

/// What cases have in common that share runtimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    flavor: Flavor,
    site: Site,
    strategies: Vec<String>,
}

impl Kind {
    /// Of a case that shares its runtimes; `None` where blocks have one of their own.
    fn of(item: &Item, pace: &Pace) -> Option<Self> {
        pace.shares_settled().then(|| Self {
            flavor: item.case.flavor,
            site: item.case.site,
            strategies: item.strategies().into_iter().map(str::to_owned).collect(),
        })
    }
}

/// Gives cases that share runtimes the same rounds, and those that share none others: so that there are some to share with in a
/// round, and rounds are of the same length.
pub(crate) fn take_part_together(planned: &mut [Planned]) {
    let of_kinds =
        (0..planned.len()).filter_map(|place| Some((Kind::of(&planned[place].item, &planned[place].pace)?, place)));
    let mut phase = 0;
    for (_, places) in grouped(of_kinds) {
        let groups = places.len().div_ceil(MOST_CASES);
        for (nth, place) in places.iter().enumerate() {
            planned[*place].phase = phase + nth % groups;
            planned[*place].together = places.len().div_ceil(groups);
        }
        phase += groups;
    }
}

/// The blocks of a round: of cases that share runtimes, those of a strategy in one turn.
pub(crate) fn shared<'a>(cases: impl Iterator<Item = (&'a Planned, Vec<Group>)>) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    // The group that the next case of a kind joins, and how many have.
    let mut open: Vec<(Kind, usize, usize)> = Vec::new();
    for (planned, groups) in cases {
        let kind = Kind::of(&planned.item, &planned.pace);
        let known = open
            .iter_mut()
            .find(|(known, _, cases)| Some(known) == kind.as_ref() && *cases < MOST_CASES);
        match (kind, known) {
            (Some(_), Some((_, place, cases))) => {
                *cases += 1;
                let strategies = |turn: &Turn| turn.first().map(|(job, _)| job.strategies.clone());
                for more in groups.into_iter().flatten() {
                    let turns = &mut all[*place];
                    match turns.iter_mut().find(|turn| strategies(turn) == strategies(&more)) {
                        Some(turn) => turn.extend(more),
                        None => turns.push(more),
                    }
                }
            }
            (Some(kind), None) => {
                open.push((kind, all.len(), 1));
                all.extend(groups);
            }
            (None, _) => all.extend(groups),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::plan::{Checks, Plan};
    use crate::settings::RunSettings;
    use crate::workload;

    fn planned(cases: &[String]) -> Vec<Planned> {
        let item = |case: &String| Item::of(case.parse().expect("an id"), &["join", "spawn"], "join");
        let plan = Plan::of("turns", workload::all(), cases.iter().map(item).collect());
        plan.planned(&RunSettings::of(Matrix::Default))
    }

    fn of_workers() -> Vec<String> {
        let cases = |prefix: &'static str| [1, 2, 4, 6, 8, 16, 24, 32, 48, 64, 96].map(|n| format!("{prefix}/{n}"));
        [
            "yield/multi_thread_2/worker/0B",
            "yield/multi_thread_2/worker/64B",
            "ready/multi_thread_2/worker/0B",
            "ready/multi_thread_2/worker/64B",
        ]
        .into_iter()
        .flat_map(cases)
        .collect()
    }

    #[test]
    fn cases_of_a_kind_take_part_in_the_same_rounds() {
        let mut cases = of_workers();
        cases.push("yield/multi_thread_2/block_on/0B/8".into());
        cases.push("yield/current_thread/worker/0B/8".into());
        let planned = planned(&cases);
        let mut sizes = [0; 3];
        for case in &planned[..44] {
            sizes[case.phase] += 1;
            assert_eq!(case.together, 22, "{}", case.item.case);
        }
        assert_eq!(sizes, [22, 22, 0]);
        assert_eq!((planned[44].phase, planned[44].together), (2, 1), "another site");
        assert_eq!(planned[45].together, 1, "one thread");
    }

    #[test]
    fn blocks_of_a_strategy_are_one_turn_of_so_many_at_most_and_none_is_lost() {
        let planned = planned(&of_workers());
        let jobs = |case: &Planned| case.item.jobs(&case.pace, Checks::ALL);
        let groups = shared(planned.iter().map(|case| (case, jobs(case))));
        let turns: Vec<Vec<usize>> = groups
            .iter()
            .map(|group| group.iter().map(Vec::len).collect())
            .collect();
        assert_eq!(turns, [[24, 24], [20, 20]]);
        for turn in groups.iter().flatten() {
            let strategies: Vec<_> = turn.iter().map(|(job, _)| &job.strategies).collect();
            assert!(
                strategies.iter().all(|one| *one == strategies[0] && one.len() == 1),
                "{strategies:?}"
            );
        }
        let mut found: Vec<String> = groups
            .iter()
            .flatten()
            .flatten()
            .map(|(job, _)| job.case.to_string())
            .collect();
        found.sort();
        let mut wanted: Vec<String> = of_workers().into_iter().flat_map(|case| [case.clone(), case]).collect();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    #[test]
    fn blocks_of_one_thread_stay_by_themselves() {
        let cases = ["yield/current_thread/worker/0B/4", "yield/current_thread/worker/0B/8"].map(str::to_owned);
        let planned = planned(&cases);
        let jobs = |case: &Planned| case.item.jobs(&case.pace, Checks::ALL);
        let groups = shared(planned.iter().map(|case| (case, jobs(case))));
        assert!(groups.iter().flatten().all(|turn| turn.len() == 1), "{groups:?}");
    }
}
