//! The environment's traps: what makes the numbers of a run worth less than they look. Said at its end and in its record.

use crate::case::Case;
use crate::conditions::Conditions;
use crate::environment::Environment;
use crate::machine_state::State;
use crate::plan::Item;
use crate::stats::stretches;
use crate::text::{percent, significant, time};

/// How often another program shared the core, and what that does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedCore {
    /// The share of the looks at which it did.
    pub share: f64,
    /// How long what is like a task took else, in ns.
    pub free_ns: f64,
    /// How long it took then, in ns.
    pub shared_ns: f64,
}

/// Up to this share a shared core is an interruption.
const SHARED: f64 = 0.1;

/// Stolen time up to this share is what any virtual machine has.
const STOLEN: f64 = 0.01;
/// Cores' worth of other processes' CPU time: beyond, they disturb what is measured.
const OTHERS: f64 = 0.10;
/// How much longer the same work may take at one time than at another.
const STEP: f64 = 1.05;
/// How much longer waking a thread may take at one time than at another.
const WAKE: f64 = 1.2;

/// Why a case says nothing on a machine with so many cores, if so.
pub fn not_applicable(case: &Case, cores: usize) -> Option<String> {
    let workers = case.flavor.workers();
    (cores == 1 && workers > 1).then(|| format!("not applicable: no parallelism ({workers} workers, one core)"))
}

/// The traps of a run, a sentence each.
pub fn sentences(environment: &Environment, items: &[Item], conditions: &Conditions, states: &[State]) -> Vec<String> {
    let workers = items.iter().map(|item| item.case.flavor.workers()).max().unwrap_or(1);
    let quota = environment.quota.unwrap_or(f64::INFINITY);
    let stolen = conditions.stolen.unwrap_or(0.0);
    let others = conditions.others.unwrap_or(0.0);
    let (least, most) = conditions.step_ns.unwrap_or((1.0, 1.0));
    let traps = [
        (
            environment.built.profile.contains("debug-assertions on"),
            format!(
                "Debug build ({}): nothing here says anything about a release build.",
                environment.built.profile
            ),
        ),
        (
            environment.cores == 1,
            "One core: cases of several workers are not applicable, since there is no parallelism.".to_owned(),
        ),
        (
            quota < workers as f64,
            format!(
                "CPU quota of {} cores below {workers} workers: the control group stops the process in the middle of slices.",
                significant(quota)
            ),
        ),
        (
            stolen > STOLEN,
            format!(
                "Stolen time: the host gave {} of this machine's CPU time to others.",
                percent(stolen)
            ),
        ),
        (
            others > OTHERS,
            format!(
                "Load by others: other processes used {} cores' worth of CPU time.",
                significant(others)
            ),
        ),
        (
            most > STEP * least,
            format!(
                "Changing clock speed: the same work took up to {} longer at one time than at another.",
                percent(most / least - 1.0)
            ),
        ),
    ];
    let logs: Vec<f64> = states.iter().map(|state| state.wake_ns.ln()).collect();
    let wakes = stretches(&logs).filter(|[fast, slow]| slow.value > WAKE * fast.value);
    let wakes = wakes.map(|[fast, slow]| {
        format!(
            "Changing wake-ups: waking a thread took {} for {} of the run and {} for the rest, in stretches; what wakes \
             threads is a mixture of both.",
            time(fast.value),
            percent(fast.share),
            time(slow.value)
        )
    });
    let traps = traps.into_iter().filter(|(is, _)| *is).map(|(_, says)| says);
    traps.chain(wakes).collect()
}

/// What a shared core does to a run, where it was shared for more than a moment.
pub fn of_shared_core(shared: &SharedCore) -> Option<String> {
    (shared.share > SHARED).then(|| {
        format!(
            "Shared core: {} of the looks before and after blocks found the core slowed, presumably by another program of the host \
             (work like a task's took {} instead of {}); of cases of one thread that fetch nothing only the other blocks count, where there are enough.",
            percent(shared.share),
            time(shared.shared_ns),
            time(shared.free_ns)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Built;

    const QUIET: Conditions = Conditions {
        stolen: Some(0.001),
        others: Some(0.02),
        step_ns: Some((1.0, 1.02)),
    };

    fn with_profile(profile: &str) -> Environment {
        Environment::of(Built {
            profile: profile.to_owned(),
            ..Built::here()
        })
    }

    fn release() -> Environment {
        Environment {
            cores: 4,
            quota: None,
            ..with_profile("release (opt-level 3, debug-assertions off)")
        }
    }

    fn items() -> Vec<Item> {
        vec![Item {
            case: "yield/multi_thread_4/worker/0B/8".parse().unwrap(),
            pairs: Vec::new(),
        }]
    }

    #[test]
    fn a_core_that_was_shared_for_more_than_a_moment_is_said() {
        let shared = |share| SharedCore {
            share,
            free_ns: 11.2,
            shared_ns: 16.1,
        };
        assert_eq!(of_shared_core(&shared(0.05)), None);
        let said = of_shared_core(&shared(0.4)).expect("it is said");
        assert!(
            said.contains("40.0%") && said.contains("16.1 ns instead of 11.2 ns"),
            "{said}"
        );
    }

    #[test]
    fn each_trap_is_seen_and_no_other() {
        assert_eq!(sentences(&release(), &items(), &QUIET, &[]), Vec::<String>::new());
        assert_eq!(
            sentences(&release(), &items(), &Conditions::default(), &[]),
            Vec::<String>::new(),
            "what is not known is no trap"
        );
        let debug = Environment {
            built: with_profile("debug (opt-level 0, debug-assertions on)").built,
            ..release()
        };
        let one_core = Environment { cores: 1, ..release() };
        let quota = Environment {
            quota: Some(1.5),
            ..release()
        };
        let stolen = Conditions {
            stolen: Some(0.08),
            ..QUIET
        };
        let others = Conditions {
            others: Some(1.2),
            ..QUIET
        };
        let clock = Conditions {
            step_ns: Some((1.0, 1.4)),
            ..QUIET
        };
        for (environment, conditions, says) in [
            (debug, QUIET, "Debug build"),
            (one_core, QUIET, "no parallelism"),
            (quota, QUIET, "quota of 1.50 cores below 4 workers"),
            (release(), stolen, "8.00% of this machine's CPU time"),
            (release(), others, "used 1.20 cores' worth"),
            (release(), clock, "up to 40.0% longer"),
        ] {
            let traps = sentences(&environment, &items(), &conditions, &[]);
            assert_eq!(traps.len(), 1, "{traps:?}");
            assert!(traps[0].contains(says), "{traps:?}");
        }
    }

    #[test]
    fn several_workers_need_several_cores() {
        let case = |id: &str| id.parse::<Case>().unwrap();
        let several = case("yield/multi_thread_2/worker/0B/8");
        assert!(not_applicable(&several, 1).unwrap().contains("no parallelism"));
        assert_eq!(not_applicable(&several, 2), None);
        assert_eq!(not_applicable(&case("yield/multi_thread_1/worker/0B/8"), 1), None);
    }
}
