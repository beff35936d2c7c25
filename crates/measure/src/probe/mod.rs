//! What a child does, found out by polling some of them: how they are woken, what their polls cost, what they carry.
//!
//! A parent polls all unfinished children on every wake, as `join!` does, each with a waker of its own that counts. The same is
//! done with a child of the suite that is woken in the same way, and only what is more than there is told: so the clock's own
//! time, and what any child costs, are not in it.
//!
//! To read the clock around each poll tells a poll that follows a wake from one that finds the child waiting, but keeps polls from
//! overlapping, which makes some of a hundred ns seem longer. So where all children are polled for a reason, as when they are
//! woken together, the clock is read around all polls of a turn.

mod tried;
mod watched;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use timed::locked::lock;

use crate::Setup;
use crate::advise::question::Scope;
use crate::advise::sheet::WAIT_NS;
use crate::advise::{Question, Wakes};
use crate::case::{Case, Flavor, Payload, Site};
use crate::runtime::{BlockRuntime, Schedule};
use crate::shared_core::{SHARED, task_ns};
use crate::slice::Slice;
use crate::stats::median;
use crate::timed_loop::timed_loop;
use crate::workload::{self, Entry, Opened};

use watched::{Clock, FanOut, Seen};

pub use tried::{Tried, try_out};

/// Children that are probed at once: two numbers, to tell what passes once from what passes for each of them.
pub(crate) const FEW: usize = 8;
const MANY: usize = 24;

/// How long a number of children is probed. Two numbers of two workloads, twice, and setting them up, last less than a second.
const LASTS: Duration = Duration::from_millis(60);

/// The fewest and the most fan-outs that are probed, the first of which are not counted.
const FAN_OUTS: std::ops::Range<usize> = 5..20_000;
const UNCOUNTED: usize = 2;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probed {
    /// How children are woken.
    pub wakes: Wakes,
    /// How often each is woken.
    pub times: f64,
    /// Size of a child's future, in bytes.
    pub bytes: usize,
    /// What a child takes to be made, in ns.
    pub made_ns: f64,
    /// What a child's polls take that are its first or follow a wake, in ns, over all of them; with its end.
    pub work_ns: f64,
    /// What a poll takes that finds it waiting, in ns; 0 where there is none.
    pub idle_ns: f64,
    /// How long a fan-out's parent is not polled between its first and its last poll, in ns.
    pub between_ns: f64,
    /// How much longer for each child, in ns.
    pub between_child_ns: f64,
    /// How more of them are woken, where that is another way: children that hand something scarce on among themselves.
    pub more_are_woken: Option<Wakes>,
}

impl Probed {
    /// The question that so many of these children are, beside those of the suite that are woken alike. What passes between the
    /// polls of their parent for each child is work too, whoever does it. What passes once may be less than there: children that
    /// another task answers do not make the runtime idle.
    pub fn question(&self, usual: &Probed, scope: Scope, tasks: usize) -> Question {
        let more = |mine: f64, its: f64| (mine - its).max(0.0);
        // That each of its wakes has a poll and a turn is in the sum already.
        let polls = (self.times + 1.0) / (usual.times + 1.0);
        let turns = if usual.times > 0.0 {
            self.times / usual.times
        } else {
            1.0
        };
        let each = self.made_ns + self.work_ns + self.between_child_ns;
        let its = usual.made_ns + usual.work_ns * polls + usual.between_child_ns * turns;
        Question {
            scope,
            tasks,
            wakes: self.wakes,
            times: self.times.max(1.0),
            payload: self.bytes.saturating_sub(usual.bytes),
            work_ns: more(each, its),
            idle_ns: if self.idle_ns > 0.0 {
                more(self.idle_ns, usual.idle_ns)
            } else {
                0.0
            },
            wait_ns: self.between_ns - usual.between_ns * self.times.max(1.0),
        }
    }
}

/// What a workload's children do, what those of the suite do that are woken in the same way, and the suite's workload.
///
/// # Errors
///
/// Where the children cannot be set up, fail, or are woken in a way that none of the suite's are.
pub fn probe(entry: &Entry) -> Result<(Probed, Probed, Entry), String> {
    let probed = probe_one(entry)?;
    let usual = match probed.wakes {
        Wakes::Never => "ready",
        Wakes::Together => "yield",
        Wakes::Separate => "wake",
        Wakes::InTurn => "mutex",
    };
    let usual = workload::find(&workload::all(), usual).expect("the suite has it");
    Ok((probed, probe_one(&usual)?, usual))
}

fn probe_one(entry: &Entry) -> Result<Probed, String> {
    let (few, many) = (probe_some(entry, FEW)?, probe_some(entry, MANY)?);
    let each = match few.wakes {
        // The noise of a wait hides what each child adds.
        _ if few.between_ns >= WAIT_NS => 0.0,
        Wakes::Together => ((many.between_ns - few.between_ns) / (MANY - FEW) as f64).max(0.0),
        // Its parent is polled for each of them, so that nothing passes once.
        _ => few.between_ns / FEW as f64,
    };
    Ok(Probed {
        between_ns: (few.between_ns - each * FEW as f64).max(0.0),
        between_child_ns: each,
        more_are_woken: Some(many.wakes).filter(|wakes| *wakes != few.wakes),
        ..few
    })
}

fn probe_some(entry: &Entry, tasks: usize) -> Result<Probed, String> {
    let by_poll = probe_by(entry, tasks, Clock::Poll)?;
    match by_poll.wakes {
        Wakes::Never | Wakes::Together => {
            let by_turn = probe_by(entry, tasks, Clock::Turn)?;
            Ok(Probed {
                made_ns: by_turn.made_ns,
                work_ns: by_turn.work_ns,
                ..by_poll
            })
        }
        Wakes::Separate | Wakes::InTurn => Ok(by_poll),
    }
}

/// How often a probe is done again whose core another program shared, at most.
const TRIES: usize = 8;

/// How long a core that is shared is waited for each time.
const WAITS_FOR: Duration = Duration::from_millis(50);

/// The shortest look at the core so far, in ns: the longer a program looks, the surer it saw the core free.
static SHORTEST: Mutex<f64> = Mutex::new(f64::INFINITY);

/// Whether the core is nobody else's, as far as this program has seen.
fn is_free() -> bool {
    let now = task_ns();
    let mut shortest = lock(&SHORTEST);
    *shortest = shortest.min(now);
    now <= SHARED * *shortest
}

/// Probes until the core was nobody else's before and after it; what was found last counts where it never is.
fn probe_by(entry: &Entry, tasks: usize, clock: Clock) -> Result<Probed, String> {
    for _ in 1..TRIES {
        let began = Instant::now();
        while !is_free() && began.elapsed() < WAITS_FOR {}
        let probed = probe_once(entry, tasks, clock)?;
        if is_free() {
            return Ok(probed);
        }
    }
    probe_once(entry, tasks, clock)
}

fn probe_once(entry: &Entry, tasks: usize, clock: Clock) -> Result<Probed, String> {
    let case = Case {
        workload: entry.name.to_string(),
        flavor: Flavor::CurrentThread,
        site: Site::Worker,
        payload: Payload(entry.payloads.first().copied().unwrap_or(0)),
        tasks,
    };
    const SEED: u64 = 1;
    let opening = (entry.open)(Setup {
        tasks: case.tasks,
        payload_bytes: case.payload.0,
        seed: SEED,
    });
    let found = Arc::new(Mutex::new(None));
    let told = found.clone();
    let runtime = BlockRuntime::of(&case, SEED)?;
    runtime.drive(opening, move |opened, _| {
        let probing = timed_loop(move |_| {
            let (opened, told) = (opened.clone(), told.clone());
            async move {
                let probed = fan_outs(&*opened, tasks, clock).await;
                *lock(&told) = Some(probed);
                Slice::default()
            }
        });
        Ok((Once(false), vec![probing]))
    })?;
    let found = lock(&found).take();
    found.ok_or_else(|| format!("{}: its children could not be probed", entry.name))
}

/// A schedule of one slice.
struct Once(bool);

impl Schedule for Once {
    fn next(&mut self) -> Option<(usize, u64)> {
        (!std::mem::replace(&mut self.0, true)).then_some((0, 1))
    }

    fn measured(&mut self, _: usize, _: Slice) {}
}

async fn fan_outs(opened: &dyn Opened, tasks: usize, clock: Clock) -> Probed {
    let children = opened.children();
    children.before_slice(tasks);
    let mut seen: Vec<Seen> = Vec::new();
    let began = Instant::now();
    while seen.len() < FAN_OUTS.start || (seen.len() < FAN_OUTS.end && began.elapsed() < LASTS) {
        let seen_now = FanOut::new(opened, tasks, clock).await;
        seen.push(seen_now);
        children.settle().await;
    }
    let counted = &seen[UNCOUNTED..];
    let middle = |of: &dyn Fn(&Seen) -> f64| median(&counted.iter().map(of).collect::<Vec<_>>());
    let n = tasks as f64;
    let times = middle(&|seen| seen.followed as f64 / n);
    let idle: Vec<f64> = counted
        .iter()
        .filter(|seen| seen.idle > 0)
        .map(|seen| seen.idle_ns / seen.idle as f64)
        .collect();
    Probed {
        wakes: pattern(
            tasks,
            times,
            middle(&|seen| seen.turns as f64),
            middle(&|seen| seen.by_sibling as f64 / n),
        ),
        times: times.round(),
        bytes: children.child_bytes(),
        made_ns: middle(&|seen| seen.made_ns / n),
        work_ns: middle(&|seen| seen.work_ns / n),
        idle_ns: if idle.is_empty() { 0.0 } else { median(&idle) },
        between_ns: middle(&|seen| seen.between_ns),
        between_child_ns: 0.0,
        more_are_woken: None,
    }
}

/// How so many children are woken: `times` each, in so many turns of their parent after the first, and `by_sibling` of each child's wakes
/// came while another child was polled.
fn pattern(tasks: usize, times: f64, turns: f64, by_sibling: f64) -> Wakes {
    let a_turn = times * tasks as f64 / turns.max(1.0);
    match () {
        () if times < 0.5 => Wakes::Never,
        () if by_sibling > 0.5 => Wakes::InTurn,
        () if a_turn > 2.0 => Wakes::Together,
        () => Wakes::Separate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loops::CALIBRATED_TASKS;
    use crate::workload::{InlineChild, ready::Ready, r#yield::Yield};

    #[test]
    fn a_build_without_the_suite_has_what_children_are_tried_beside() {
        assert!([FEW, MANY].iter().all(|tasks| CALIBRATED_TASKS.contains(tasks)));
        assert!(Ready::CALIBRATED.contains(&0) && Yield::CALIBRATED.contains(&0));
    }

    /// Counts, and no times: how the suite's own children are woken.
    #[test]
    fn the_suites_children_are_woken_as_they_say() {
        for (name, wakes, times) in [
            ("ready", Wakes::Never, 0.0),
            ("yield", Wakes::Together, 1.0),
            ("wake", Wakes::Separate, 1.0),
            ("timers", Wakes::Together, 1.0),
        ] {
            let entry = workload::find(&workload::all(), name).expect("a workload");
            let probed = probe_one(&entry).expect("it is probed");
            assert_eq!(probed.wakes, wakes, "{name}: {probed:?}");
            assert!((probed.times - times).abs() < 0.3, "{name}: {probed:?}");
        }
        let entry = workload::find(&workload::all(), "mutex").expect("a workload");
        let probed = probe_one(&entry).expect("it is probed");
        assert_eq!(probed.wakes, Wakes::InTurn, "{probed:?}");
    }
}
