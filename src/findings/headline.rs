//! The cases that say the most: a dozen, each in a reader's words.

use std::mem::{Discriminant, discriminant};

use crate::case::{Case, Flavor, Payload, Site};
use crate::record::{Measurement, Status};

/// What a line says, the same in fewer words, and its case. `CORES` is as many workers as the run had at the most, which is one
/// for each core; tasks that are always ready may be as many as there are.
const HEADLINE: &str = "\
    8 that yield once, in a task    | 8, in a task       | yield/current_thread/worker/0B/8
    64 that yield once              | 64, in a task      | yield/current_thread/worker/0B/64
    8 that yield once, in a task    | 8, in a task       | yield/multi_thread_CORES/worker/0B/8
    8 in a busy runtime             | 8, busy runtime    | yield/multi_thread_CORES/worker_beside_1/0B/8
    8 that yield once, in main      | 8, in main         | yield/multi_thread_CORES/block_on/0B/8
    8 that carry 4 KiB each         | 8 that carry 4 KiB | yield/current_thread/worker/4KiB/8
    8 woken one at a time           | 8                  | wake/current_thread/worker/0B/8
    64 woken one at a time          | 64                 | wake/current_thread/worker/0B/64
    256 woken one at a time         | 256                | wake/current_thread/worker/0B/256
    8 that hash 16 KiB each         | 8 × 16 KiB         | compute/multi_thread_CORES/worker/16KiB/8
    8 that hash 1 MiB each          | 8 × 1 MiB          | compute/multi_thread_CORES/worker/1MiB/8
    3 fetches, answered after 20 ms | 3, after 20 ms     | http_delay/multi_thread_CORES/worker/64B/3
    3 fetches of 64 KiB of JSON     | 3 × 64 KiB of JSON | http_parse/multi_thread_CORES/worker/64KiB/3
    3 fetches, answered at once     | 3, at once         | http/current_thread/worker/64B/3
    8 fetches, answered at once     | 8, at once         | http/multi_thread_1/worker/64B/8";

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

/// What a line's case has in common with the one that it takes: all but how many tasks are beside it.
fn axes(case: &Case) -> (&str, Flavor, Discriminant<Site>, Payload, usize) {
    (
        &case.workload,
        case.flavor,
        discriminant(&case.site),
        case.payload,
        case.tasks,
    )
}

/// The headline's rows that were measured, in its order.
pub fn headline<'a>(measurements: impl Iterator<Item = &'a Measurement>) -> Vec<Headline<'a>> {
    let of = |m: &&Measurement| m.status == Status::Ok && m.reference == "join";
    let all: Vec<&Measurement> = measurements.filter(of).collect();
    let most = all.iter().map(|m| m.case.flavor.workers()).max().unwrap_or(1);
    let row = |line: &'static str| {
        let mut parts = line.split('|').map(str::trim);
        let (says, short, id) = (parts.next()?, parts.next()?, parts.next()?);
        let wanted: Case = id.replace("CORES", &most.to_string()).parse().expect("a case");
        let is_wanted = |m: &&&Measurement| m.strategy == "spawn" && axes(&m.case) == axes(&wanted);
        let spawn = all.iter().find(is_wanted)?;
        let join = all.iter().find(|m| m.strategy == "join" && m.case == spawn.case)?;
        Some(Headline {
            says,
            short,
            spawn,
            join,
        })
    };
    HEADLINE.lines().filter_map(row).collect()
}
