//! What the rest of the suite knows of a workload: its name, its texts, its axes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Opening, open};
use crate::case::{Case, Site};
use crate::children::{Setup, Workload};
use crate::loops::Loops;
use crate::strategy::{Strategy, join};

/// Sets a workload up for a case.
pub type Open = Arc<dyn Fn(Setup) -> Opening + Send + Sync>;

/// A workload as the rest of the suite knows it: tables, pages and lists are made from this.
#[derive(Clone)]
pub struct Entry {
    /// Its name in ids.
    pub name: Cow<'static, str>,
    /// The bench target that measures it.
    pub target: &'static str,
    /// What a child does, in one or two sentences.
    pub description: &'static str,
    /// What its ratios are expected to look like over its axes, and why.
    pub expectation: &'static str,
    /// The payloads that it can carry, in bytes.
    pub payloads: &'static [usize],
    /// [`Workload::MOST_JOINED`].
    pub most_joined: usize,
    /// [`Workload::LOOPS`].
    pub loops: Loops,
    /// Whether the payload lies inside the child's future.
    pub inline: bool,
    /// Whether its iteration has machinery of its own, measured as [`MACHINERY`](super::MACHINERY).
    pub machinery: bool,
    /// Whether it talks to the mock server: then silence is watched inside the process too.
    pub served: bool,
    /// Whether it [settles](Workload::SETTLES) between iterations.
    pub settles: bool,
    /// Whether its fan-outs are [dropped half done](Workload::CANCELS).
    pub cancels: bool,
    /// How long a process of one thread runs its children at least before they are measured; else as long as the
    /// [strategy](crate::strategy::Kind::warm_up) takes.
    pub warm_up: Duration,
    /// What an iteration lasts at least, to tell how long a run takes.
    pub lasts: Duration,
    /// What is measured of it.
    pub axes: Axes,
    /// What is measured of it in the bench target `scale`, beside its own.
    pub scale: Option<Sweep>,
    /// The strategies that are measured of it where none are asked for; `None` for those of the target.
    pub strategies: Option<&'static [&'static str]>,
    /// What it can be with parameters behind its name; `None` where it has none.
    pub variants: Option<Variants>,
    /// Flags of a case that follow from how the workload works.
    pub flags: fn(&Case) -> &'static [&'static str],
    /// Sets it up for a case.
    pub open: Open,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.name).finish()
    }
}

impl Entry {
    /// A workload whose payload, if any, lies on the heap: in a bench target of its own name, over 2 to 32 children.
    pub fn of<W: Workload>(name: &'static str, payloads: &'static [usize]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            target: name,
            description: "",
            expectation: "",
            payloads,
            most_joined: W::MOST_JOINED,
            loops: W::LOOPS,
            inline: false,
            machinery: false,
            served: false,
            settles: W::SETTLES,
            cancels: W::CANCELS,
            warm_up: Duration::ZERO,
            lasts: Duration::ZERO,
            axes: Axes::OWN,
            scale: None,
            strategies: None,
            variants: None,
            flags: |_| &[],
            open: Arc::new(open::<W>),
        }
    }

    /// Whether a strategy can have so many of its children, with that payload in bytes.
    pub fn can_have(&self, strategy: Strategy, payload: usize, tasks: usize) -> bool {
        let kind = strategy.kind();
        let compiled = self.loops.have(strategy.name())
            && kind.arities.is_none_or(|arities| {
                arities.contains(&tasks)
                    && self.loops.have_joined(tasks)
                    && tasks <= self.most_joined(payload)
                    && (kind.inline_payloads || !self.inline || payload == 0)
            });
        compiled && (kind.stops_on_drop || !self.cancels)
    }

    /// The most children of a `join!` that is compiled for it with that payload, in bytes.
    pub fn most_joined(&self, payload: usize) -> usize {
        join::most_joined(self.most_joined, if self.inline { payload } else { 0 })
    }
}

/// Parameters of a workload: what stands behind `@` in its name.
#[derive(Clone, Copy)]
pub struct Variants {
    /// What they can be, for a reader.
    pub wanted: &'static str,
    /// The entry with these; `None` where they are others than it can have.
    pub make: fn(&str) -> Option<Entry>,
}

/// Reads a time as ids spell it: a whole number of `ns`, or of `us` where it is one.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().ok()?;
    let ns = match &text[digits.len()..] {
        "ns" if !number.is_multiple_of(1000) || number == 0 => number,
        "us" => number.checked_mul(1000)?,
        _ => return None,
    };
    (number.to_string() == digits).then(|| Duration::from_nanos(ns))
}

/// At site `worker` only.
pub const WORKER: &[Site] = &[Site::Worker];
/// At both sites.
pub const BOTH: &[Site] = &[Site::Worker, Site::BlockOn];

/// Two lines through the plane tasks × payload, which cross each other.
#[derive(Debug, Clone, Copy)]
pub struct Sweep {
    /// Numbers of children, at the payload [`tasks_at`](Sweep::tasks_at).
    pub tasks: &'static [usize],
    /// In bytes.
    pub tasks_at: usize,
    /// Payloads in bytes, at so many children as [`payloads_at`](Sweep::payloads_at) says.
    pub payloads: &'static [usize],
    /// Children.
    pub payloads_at: usize,
    /// Where the fan-out runs.
    pub sites: &'static [Site],
}

impl Sweep {
    /// Over numbers of children, without payload, in a spawned task.
    pub const fn over_tasks(tasks: &'static [usize]) -> Self {
        Self {
            tasks,
            tasks_at: 0,
            payloads: &[],
            payloads_at: 8,
            sites: WORKER,
        }
    }
}

/// The `full` matrix of a workload: the product of these, its payloads and the flavors.
#[derive(Debug, Clone, Copy)]
pub struct Full {
    /// Numbers of children.
    pub tasks: &'static [usize],
    /// Where the fan-out runs.
    pub sites: &'static [Site],
}

impl Full {
    /// Every number of children that a `join!` can have.
    pub const fn ladder(sites: &'static [Site]) -> Self {
        Self {
            tasks: join::ARITIES,
            sites,
        }
    }
}

/// What is measured of a workload in each matrix.
#[derive(Debug, Clone, Copy)]
pub struct Axes {
    /// A few points.
    pub quick: Sweep,
    /// Those of the documents' tables.
    pub default: Sweep,
    /// All.
    pub full: Full,
    /// Single points beside the sweeps of `default` and `full`: site, payload in bytes, tasks.
    pub also: &'static [(Site, usize, usize)],
    /// Whether it is measured only in `full`, and where `JVS_WORKLOADS` names it.
    pub on_request: bool,
}

impl Axes {
    /// Those of a reader's own workload.
    pub const OWN: Self = Self {
        quick: Sweep::over_tasks(&[2, 8]),
        default: Sweep::over_tasks(&[2, 4, 8, 16, 32]),
        full: Full::ladder(BOTH),
        also: &[],
        on_request: false,
    };
}
