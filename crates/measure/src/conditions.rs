//! What else the machine did while a run went on.

use serde::{Deserialize, Serialize};

use crate::environment;

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
        let most = |a: Option<f64>, b: Option<f64>| [a, b].into_iter().flatten().reduce(f64::max);
        let mut worse = Self {
            stolen: most(self.stolen, other.stolen),
            others: most(self.others, other.others),
            step_ns: self.step_ns,
        };
        for ns in other.step_ns.into_iter().flat_map(<[f64; 2]>::from) {
            worse.take_step(ns);
        }
        worse
    }
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

    /// Writes into `conditions` the shares of stolen and foreign CPU time since `begin`. `served`: whether mock servers ran, whose
    /// time cannot be told from other processes'.
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
}
