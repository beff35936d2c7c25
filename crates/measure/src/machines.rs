//! Many machines: each measurement's verdict on each of them, and what they say together. Pure: no clock, no file.
//!
//! A run is taken as one machine. `multi_thread_cores` stands for as many workers as a machine has cores, which is what
//! `#[tokio::main]` makes, where the machines have different numbers of cores.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::case::{Case, Flavor};
use crate::in_order::unique;
use crate::record::{Header, Measurement, Part, Status};
use crate::stats::random_effects::{LogRatio, RandomEffects, random_effects};
use crate::stats::{Estimate, Verdict, judge};
use crate::text::known;

/// One measurement on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OnMachine {
    /// What the machine's own record says; `None` where it failed there.
    pub verdict: Option<Verdict>,
    /// The ratio.
    pub ratio: Option<Estimate>,
    /// The standard error of its natural log ([`LogRatio::of`]).
    pub error: Option<f64>,
}

/// A measurement's case, strategy and reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The case.
    pub case: Case,
    /// The strategy, which is not the reference.
    pub strategy: String,
    /// What it is relative to.
    pub reference: String,
}

/// One machine, as its run tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The run's name.
    pub name: String,
    /// Cores that the run might use.
    pub cores: usize,
    /// What it is, where it does not exist.
    pub simulated: Option<String>,
    /// What machine and what build it was: a value for each of [`FIELDS`].
    pub fields: Vec<String>,
    /// What it measured, without controls.
    pub measured: Vec<(Key, OnMachine)>,
}

/// A field of a header: its name, and its value.
pub type Field = (&'static str, fn(&Header) -> String);

/// What machines may differ in.
pub const FIELDS: [Field; 13] = [
    ("processor", |header| known(&header.environment.cpu)),
    ("cores", |header| header.environment.cores.to_string()),
    ("CPU quota", |header| header.environment.quota_in_words()),
    ("kernel", |header| known(&header.environment.kernel)),
    ("clock governor", |header| known(&header.environment.governor)),
    ("rustc", |header| header.environment.built.rustc.clone()),
    ("tokio", |header| header.environment.built.tokio.clone()),
    ("profile", |header| header.environment.built.profile.clone()),
    ("frame pointers", |header| {
        if header.environment.built.frame_pointers {
            "yes"
        } else {
            "no"
        }
        .to_owned()
    }),
    ("revision", |header| known(&header.environment.git)),
    ("matrix", |header| header.matrix.clone()),
    ("rounds", |header| header.rounds.to_string()),
    ("layouts", |header| header.layouts.to_string()),
];

/// A header's values of [`FIELDS`].
pub fn fields(header: &Header) -> [String; FIELDS.len()] {
    FIELDS.map(|(_, of)| of(header))
}

/// What a record knows of a measurement for many machines; `None` for a control.
pub fn on_machine(header: &Header, m: &Measurement) -> Option<OnMachine> {
    if m.is_control() {
        return None;
    }
    let ok = m.status == Status::Ok;
    let ratio = m.ratio.filter(|_| ok);
    let known = ratio.and_then(|ratio| LogRatio::of(&ratio, header.sample(m).independent()));
    Some(OnMachine {
        verdict: m.verdict.filter(|_| ok),
        ratio,
        error: known.map(|known| known.error),
    })
}

impl Machine {
    /// That of a run.
    pub fn of(name: &str, parts: &[Part]) -> Self {
        let values = |(_, of): Field| unique(parts.iter().map(|(header, _)| of(header))).join(" / ");
        let all = parts
            .iter()
            .flat_map(|(header, rows)| rows.iter().map(move |m| (header, m)));
        let measured = all.filter_map(|(header, m)| {
            let key = Key {
                case: m.case.clone(),
                strategy: m.strategy.clone(),
                reference: m.reference.clone(),
            };
            Some((key, on_machine(header, m)?))
        });
        Self {
            name: name.to_owned(),
            cores: parts.first().map_or(0, |(header, _)| header.environment.cores),
            simulated: parts.iter().find_map(|(header, _)| header.simulated.clone()),
            fields: FIELDS.map(values).into(),
            measured: measured.collect(),
        }
    }
}

crate::stats::words! {
    /// What machines say together.
    pub enum Together {
        /// The interval of their centre lies above 1 and the margin, and no machine says the opposite.
        Slower = "slower",
        /// It lies below.
        Faster = "faster",
        /// It lies within the margin.
        Same = "same",
        /// It does not tell.
        Inconclusive = "inconclusive",
        /// Some machines are surely slower, and others surely faster.
        Differs = "differs",
    }
}

/// One measurement on all machines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The case; its flavor may be `multi_thread_cores`.
    pub case: String,
    /// Its workload.
    pub workload: String,
    /// The strategy.
    pub strategy: String,
    /// What it is relative to.
    pub reference: String,
    /// Machines, by number, and what they found, in their order.
    pub on: Vec<(usize, OnMachine)>,
    /// The estimate over all machines that have an interval; `None` where they are fewer than two.
    pub effects: Option<RandomEffects>,
    /// What that says.
    pub judged: Together,
    /// The verdict that most machines have among `slower`, `faster` and `same`; `None` where none has one of these.
    pub leading: Option<Verdict>,
    /// On how many machines it holds.
    pub holds: usize,
    /// How many machines measured it.
    pub of: usize,
    /// The machines that surely say the opposite of the others, by number.
    pub opposite: Vec<usize>,
}

/// A field that is not the same on all machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name.
    pub field: &'static str,
    /// Its value on each machine.
    pub values: Vec<String>,
}

/// Several machines' answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machines {
    /// The machines' names.
    pub names: Vec<String>,
    /// Those that do not exist, by number: what they were simulated from.
    pub simulated: Vec<(usize, String)>,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// What they measured, in the order of cases.
    pub rows: Vec<Row>,
}

/// Machines put beside each other, one after the other. Of each only what is shown is kept, so that there may be thousands.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Without what they measured, which is in `by_key`.
    machines: BTreeMap<usize, Machine>,
    by_key: HashMap<Key, Vec<(usize, OnMachine)>>,
}

impl Gathered {
    /// Takes a machine; those of lower numbers stand before it.
    pub fn take(&mut self, number: usize, mut machine: Machine) {
        for (key, on) in std::mem::take(&mut machine.measured) {
            self.by_key.entry(key).or_default().push((number, on));
        }
        self.machines.insert(number, machine);
    }

    /// What they say together.
    pub fn together(self) -> Machines {
        let places: HashMap<usize, usize> = self.machines.keys().copied().zip(0..).collect();
        let of_cores: Vec<usize> = self.machines.values().map(|machine| machine.cores).collect();
        let alike = of_cores.windows(2).all(|pair| pair[0] == pair[1]);
        let mut by_key: BTreeMap<(Key, bool), Vec<(usize, OnMachine)>> = BTreeMap::new();
        for (key, found) in self.by_key {
            let of_all = |place: usize| {
                let cores = of_cores[place];
                !alike && cores > 1 && key.case.flavor == Flavor::MultiThread(cores)
            };
            let mut all = (Vec::new(), Vec::new());
            for (number, on) in found {
                let place = places[&number];
                if of_all(place) { &mut all.1 } else { &mut all.0 }.push((place, on));
            }
            // One place among flavors, whatever the number.
            let mut cores = key.clone();
            cores.case.flavor = Flavor::MultiThread(2);
            for (key, found) in [((key, false), all.0), ((cores, true), all.1)] {
                if !found.is_empty() {
                    by_key.entry(key).or_default().extend(found);
                }
            }
        }
        let rows = by_key.into_iter().map(|((key, cores), mut on)| {
            on.sort_by_key(|(place, _)| *place);
            row(key, cores, on)
        });
        let rows = rows.collect();
        let differences = FIELDS.iter().enumerate().filter_map(|(place, (field, _))| {
            let values: Vec<String> = self
                .machines
                .values()
                .map(|machine| machine.fields[place].clone())
                .collect();
            let differ = values.iter().any(|value| *value != values[0]);
            differ.then_some(Difference { field, values })
        });
        let differences = differences.collect();
        let (mut names, mut simulated) = (Vec::new(), Vec::new());
        for (place, machine) in self.machines.into_values().enumerate() {
            names.push(machine.name);
            simulated.extend(machine.simulated.map(|what| (place, what)));
        }
        Machines {
            names,
            simulated,
            differences,
            rows,
        }
    }
}

/// Puts machines beside each other, in this order.
pub fn together(machines: impl IntoIterator<Item = Machine>) -> Machines {
    let mut gathered = Gathered::default();
    for (number, machine) in machines.into_iter().enumerate() {
        gathered.take(number, machine);
    }
    gathered.together()
}

fn row(key: Key, cores: bool, on: Vec<(usize, OnMachine)>) -> Row {
    let case = match cores {
        false => key.case.to_string(),
        true => key.case.to_string().replacen("multi_thread_2", "multi_thread_cores", 1),
    };
    let log_ratio = |on: &OnMachine| {
        Some(LogRatio {
            log: on.ratio?.median.ln(),
            error: on.error?,
        })
    };
    let known: Vec<LogRatio> = on.iter().filter_map(|(_, on)| log_ratio(on)).collect();
    let effects = random_effects(&known);
    let say = |verdict: Verdict| -> Vec<usize> {
        let say = on.iter().filter(|(_, on)| on.verdict == Some(verdict));
        say.map(|(number, _)| *number).collect()
    };
    let [slower, faster, same] = [Verdict::Slower, Verdict::Faster, Verdict::Same].map(say);
    let counts = [
        (slower.len(), Verdict::Slower),
        (faster.len(), Verdict::Faster),
        (same.len(), Verdict::Same),
    ];
    let (holds, leading) = counts
        .into_iter()
        .rev()
        .max_by_key(|(count, _)| *count)
        .unwrap_or((0, Verdict::Same));
    let differ = !slower.is_empty() && !faster.is_empty();
    let judged = match effects.map(|effects| judge(&effects.ratio, 0.0)) {
        _ if differ => Together::Differs,
        Some(Verdict::Slower) => Together::Slower,
        Some(Verdict::Faster) => Together::Faster,
        Some(Verdict::Same) => Together::Same,
        _ => Together::Inconclusive,
    };
    let opposite = match slower.len().cmp(&faster.len()) {
        std::cmp::Ordering::Greater => faster,
        std::cmp::Ordering::Less => slower,
        // Half of them against the other half: all are named.
        std::cmp::Ordering::Equal => {
            let mut both = [slower, faster].concat();
            both.sort_unstable();
            both
        }
    };
    Row {
        case,
        workload: key.case.workload,
        strategy: key.strategy,
        reference: key.reference,
        of: on.iter().filter(|(_, on)| on.ratio.is_some()).count(),
        on,
        effects,
        judged,
        leading: (holds > 0).then_some(leading),
        holds,
        opposite,
    }
}
