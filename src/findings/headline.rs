//! The cases that say the most: a dozen, each in a reader's words.

use crate::case::{Case, Flavor, Payload, Site};
use crate::record::{Measurement, Status};

/// The flavors that a headline speaks of: one thread, one worker, and one worker for each core.
#[derive(Clone, Copy, PartialEq)]
enum On {
    OneThread,
    OneWorker,
    AllCores,
}

/// Where the fan-out runs.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Task,
    Main,
    /// In a task, beside others that are always ready.
    Busy,
}

/// A row of the headline: what it says, and the case that it takes.
struct Line {
    says: &'static str,
    short: &'static str,
    workload: &'static str,
    on: On,
    at: At,
    payload: usize,
    tasks: usize,
}

const fn line(
    says: &'static str,
    short: &'static str,
    workload: &'static str,
    on: On,
    payload: usize,
    tasks: usize,
) -> Line {
    Line {
        says,
        short,
        workload,
        on,
        at: At::Task,
        payload,
        tasks,
    }
}

use On::{AllCores, OneThread, OneWorker};

const HEADLINE: &[Line] = &[
    line("8 that yield once, in a task", "8, in a task", "yield", OneThread, 0, 8),
    line("64 that yield once", "64, in a task", "yield", OneThread, 0, 64),
    line("8 that yield once, in a task", "8, in a task", "yield", AllCores, 0, 8),
    Line {
        at: At::Busy,
        ..line("8 in a busy runtime", "8, busy runtime", "yield", AllCores, 0, 8)
    },
    Line {
        at: At::Main,
        ..line("8 that yield once, in main", "8, in main", "yield", AllCores, 0, 8)
    },
    line(
        "8 that carry 4 KiB each",
        "8 that carry 4 KiB",
        "yield",
        OneThread,
        4096,
        8,
    ),
    line("8 woken one at a time", "8", "wake", OneThread, 0, 8),
    line("64 woken one at a time", "64", "wake", OneThread, 0, 64),
    line("256 woken one at a time", "256", "wake", OneThread, 0, 256),
    line("8 that hash 16 KiB each", "8 × 16 KiB", "compute", AllCores, 16384, 8),
    line("8 that hash 1 MiB each", "8 × 1 MiB", "compute", AllCores, 1 << 20, 8),
    line(
        "3 fetches, answered after 20 ms",
        "3, after 20 ms",
        "http_delay",
        AllCores,
        64,
        3,
    ),
    line(
        "3 fetches of 64 KiB of JSON",
        "3 × 64 KiB of JSON",
        "http_parse",
        AllCores,
        65536,
        3,
    ),
    line("3 fetches, answered at once", "3, at once", "http", OneThread, 64, 3),
    line("8 fetches, answered at once", "8, at once", "http", OneWorker, 64, 8),
];

/// A case that says much, measured.
#[derive(Debug, Clone, Copy)]
pub struct Headline<'a> {
    /// What the children are.
    pub says: &'static str,
    /// The same in fewer words, where it stands below the name of its workload.
    pub short: &'static str,
    /// The spawn of it, against join!.
    pub spawn: &'a Measurement,
    /// Its join!.
    pub join: &'a Measurement,
}

/// The headline's rows that were measured, in its order.
pub fn headline<'a>(measurements: impl Iterator<Item = &'a Measurement>) -> Vec<Headline<'a>> {
    let of = |m: &&Measurement| m.status == Status::Ok && m.reference == "join";
    let all: Vec<&Measurement> = measurements.filter(of).collect();
    let most = all.iter().map(|m| m.case.flavor.workers()).max().unwrap_or(1);
    let row = |line: &Line| {
        let flavor = match line.on {
            On::OneThread => Flavor::CurrentThread,
            On::OneWorker => Flavor::MultiThread(1),
            On::AllCores => Flavor::MultiThread(most),
        };
        let of = |case: &Case| {
            let at = match case.site {
                Site::Worker => Some(At::Task),
                Site::BlockOn => Some(At::Main),
                Site::WorkerBeside(_) => Some(At::Busy),
                Site::BlockOnBeside(_) => None,
            };
            (&*case.workload, case.flavor, at, case.payload, case.tasks)
                == (line.workload, flavor, Some(line.at), Payload(line.payload), line.tasks)
        };
        let spawn = all.iter().find(|m| m.strategy == "spawn" && of(&m.case))?;
        let join = all.iter().find(|m| m.strategy == "join" && m.case == spawn.case)?;
        Some(Headline {
            says: line.says,
            short: line.short,
            spawn,
            join,
        })
    };
    HEADLINE.iter().filter_map(row).collect()
}
