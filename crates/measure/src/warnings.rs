//! The environment's traps: what makes the numbers of a run worth less than they look. Watched while it runs, said at its end
//! and in its record.

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::environment::{self, Environment};
use crate::machine_state::State;
use crate::plan::Item;
use crate::stats::stretches;
use crate::text::{percent, significant, time};

/// What happened around a run; null what the platform does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Conditions {
    /// Share of the machine's CPU time that its host gave to others: stolen time.
    pub stolen: Option<f64>,
    /// Cores' worth of CPU time that other processes used; null where there was a mock server, whose time cannot be told
    /// from theirs.
    pub others: Option<f64>,
    /// The shortest and the longest time of a fixed piece of work, in ns per step, over the rounds' beginnings and ends.
    pub step_ns: Option<(f64, f64)>,
}

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

impl Conditions {
    /// Takes the time of a step at some moment.
    pub fn take_step(&mut self, ns: f64) {
        let (least, most) = self.step_ns.unwrap_or((ns, ns));
        self.step_ns = Some((least.min(ns), most.max(ns)));
    }

    /// With what happened before, which is this share of the time of both.
    pub(crate) fn after(&self, before: &Conditions, share: f64) -> Self {
        let mixed = |before: Option<f64>, now: Option<f64>| match (before, now) {
            (Some(before), Some(now)) => Some(share * before + (1.0 - share) * now),
            (before, now) => now.or(before),
        };
        Self {
            stolen: mixed(before.stolen, self.stolen),
            others: mixed(before.others, self.others),
            step_ns: self.step_ns.or(before.step_ns),
        }
    }

    /// The worse of both, field by field.
    pub(crate) fn or_worse(&self, other: &Conditions) -> Self {
        let most = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let mut worse = Self {
            stolen: most(self.stolen, other.stolen),
            others: most(self.others, other.others),
            step_ns: self.step_ns,
        };
        if let Some((least, most)) = other.step_ns {
            worse.take_step(least);
            worse.take_step(most);
        }
        worse
    }
}

/// Why a case says nothing on a machine with so many cores, if so.
pub fn not_applicable(case: &Case, cores: usize) -> Option<String> {
    let workers = case.flavor.workers();
    (cores == 1 && workers > 1).then(|| format!("not applicable: no parallelism ({workers} workers, one core)"))
}

/// The traps of a run, a sentence each.
pub fn sentences(environment: &Environment, items: &[Item], conditions: &Conditions, states: &[State]) -> Vec<String> {
    let workers = items.iter().map(|item| item.case.flavor.workers()).max();
    let mut traps = Vec::new();
    let mut trap = |is: bool, says: &dyn Fn() -> String| {
        if is {
            traps.push(says());
        }
    };
    trap(environment.profile.contains("debug-assertions on"), &|| {
        format!(
            "Debug build ({}): nothing here says anything about a release build.",
            environment.profile
        )
    });
    trap(environment.cores == 1, &|| {
        "One core: cases of several workers are not applicable, since there is no parallelism.".into()
    });
    let (quota, workers) = (environment.quota.unwrap_or(f64::INFINITY), workers.unwrap_or(1));
    trap(quota < workers as f64, &|| {
        format!(
            "CPU quota of {} cores below {workers} workers: the control group stops the process in the middle of slices.",
            significant(quota)
        )
    });
    let stolen = conditions.stolen.unwrap_or(0.0);
    trap(stolen > STOLEN, &|| {
        format!(
            "Stolen time: the host gave {} of this machine's CPU time to others.",
            percent(stolen)
        )
    });
    let others = conditions.others.unwrap_or(0.0);
    trap(others > OTHERS, &|| {
        format!(
            "Load by others: other processes used {} cores' worth of CPU time.",
            significant(others)
        )
    });
    let (least, most) = conditions.step_ns.unwrap_or((1.0, 1.0));
    trap(most > STEP * least, &|| {
        format!(
            "Changing clock speed: the same work took up to {} longer at one time than at another.",
            percent(most / least - 1.0)
        )
    });
    let logs: Vec<f64> = states.iter().map(|state| state.wake_ns.ln()).collect();
    if let Some([fast, slow]) = stretches(&logs) {
        trap(slow.value > WAKE * fast.value, &|| {
            format!(
                "Changing wake-ups: waking a thread took {} for {} of the run and {} for the rest, in stretches; what wakes \
                 threads is a mixture of both.",
                time(fast.value),
                percent(fast.share),
                time(slow.value)
            )
        });
    }
    traps
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

/// CPU time of the whole machine and of this run so far, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ticks {
    all: f64,
    busy: f64,
    stolen: f64,
    own: f64,
}

/// Looks at the machine's CPU time while a run goes on.
pub struct Watch(Option<Ticks>);

impl Watch {
    /// From now on.
    pub fn begin() -> Self {
        Self(ticks())
    }

    /// Until now, on a machine with so many cores; `served` where there were mock servers.
    pub fn end(&self, conditions: &mut Conditions, served: bool) {
        if let (Some(before), Some(after)) = (self.0, ticks()) {
            look(&before, &after, conditions, served);
        }
    }
}

fn look(before: &Ticks, after: &Ticks, conditions: &mut Conditions, served: bool) {
    let grown = |part: fn(&Ticks) -> f64| part(after) - part(before);
    let all = grown(|ticks| ticks.all);
    if all <= 0.0 {
        return;
    }
    conditions.stolen = Some(grown(|ticks| ticks.stolen) / all);
    // `all` is of all cores of the machine, which may be more than this process may use.
    let cores = environment::machine_cores() as f64;
    let others = grown(|ticks| ticks.busy) - grown(|ticks| ticks.own);
    conditions.others = (!served).then_some((others / all * cores).max(0.0));
}

fn ticks() -> Option<Ticks> {
    parse(
        &environment::read("/proc/stat")?,
        &environment::read("/proc/self/stat")?,
    )
}

/// From the first line of `/proc/stat` (user nice system idle iowait irq softirq steal, proc(5)) and from
/// `/proc/self/stat`, whose fields 14 to 17 are the CPU time of the process and of its children that have ended.
fn parse(machine: &str, own: &str) -> Option<Ticks> {
    let numbers = |text: &str| -> Vec<f64> { text.split_whitespace().filter_map(|word| word.parse().ok()).collect() };
    let machine = numbers(machine.lines().next()?.strip_prefix("cpu ")?);
    let &[user, nice, system, idle, iowait, irq, softirq, stolen, ..] = machine.as_slice() else {
        return None;
    };
    let busy = user + nice + system + irq + softirq;
    // The name in parentheses may hold anything; state is no number, so that field 4 is the first of these.
    let own = numbers(own.rsplit_once(')')?.1);
    Some(Ticks {
        all: busy + idle + iowait + stolen,
        busy,
        stolen,
        own: own.get(10..14)?.iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Conditions = Conditions {
        stolen: Some(0.001),
        others: Some(0.02),
        step_ns: Some((1.0, 1.02)),
    };

    fn release() -> Environment {
        Environment {
            profile: "release (opt-level 3, debug-assertions off)".into(),
            cores: 4,
            quota: None,
            ..Environment::here()
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
            profile: "debug (opt-level 0, debug-assertions on)".into(),
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
    fn times_of_the_machine_and_of_others() {
        let machine = "cpu  100 10 50 800 20 5 5 10 0 0\ncpu0 1 1 1 1\n";
        let own = "77 (a b) c) S 1 77 77 0 -1 4194304 1 2 3 4 30 10 15 5 20 0 1 0 99";
        let before = parse(machine, own).unwrap();
        assert_eq!(
            (before.all, before.busy, before.stolen, before.own),
            (1000.0, 170.0, 10.0, 60.0)
        );
        let after = Ticks {
            all: 2000.0,
            busy: 770.0,
            stolen: 60.0,
            own: 360.0,
        };
        let mut conditions = Conditions::default();
        look(&before, &after, &mut conditions, false);
        assert_eq!(conditions.stolen, Some(0.05));
        let cores = environment::machine_cores() as f64;
        assert!((conditions.others.unwrap() - 0.3 * cores).abs() < 1e-9);
        look(&before, &after, &mut conditions, true);
        assert_eq!(conditions.others, None);
        assert_eq!(parse("intr 5", own), None);
    }

    #[test]
    fn the_slowest_and_the_fastest_moment_are_kept() {
        let mut conditions = Conditions::default();
        for ns in [2.0, 1.5, 3.0] {
            conditions.take_step(ns);
        }
        assert_eq!(conditions.step_ns, Some((1.5, 3.0)));
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
