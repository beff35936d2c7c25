//! The headline: the cases that say the most, a line each.

use std::fmt::Write;

use super::{floor, measured, per_child, ratio, verdict};
use crate::attachments::RecordedRun;
use crate::case::{Case, Flavor, Payload, Site};
use crate::record::Measurement;
use crate::text::more;

/// The flavors that a headline speaks of: one thread, one worker, and one worker for each core.
#[derive(Clone, Copy, PartialEq)]
enum On {
    OneThread,
    OneWorker,
    AllCores,
}

/// A row of the headline: what it says, and the case that it takes.
struct Line {
    says: &'static str,
    workload: &'static str,
    on: On,
    site: Site,
    payload: usize,
    tasks: usize,
}

const fn line(says: &'static str, workload: &'static str, on: On, payload: usize, tasks: usize) -> Line {
    Line {
        says,
        workload,
        on,
        site: Site::Worker,
        payload,
        tasks,
    }
}

const HEADLINE: &[Line] = &[
    line("8 children that yield once, in a task", "yield", On::OneThread, 0, 8),
    line("64 of them", "yield", On::OneThread, 0, 64),
    line("8 of them", "yield", On::AllCores, 0, 8),
    line("8 that carry 4 KiB each", "yield", On::OneThread, 4096, 8),
    Line {
        site: Site::BlockOn,
        ..line("8 that carry nothing, directly in `main`", "yield", On::AllCores, 0, 8)
    },
    line("8 woken one at a time", "wake", On::OneThread, 0, 8),
    line("64 woken one at a time", "wake", On::OneThread, 0, 64),
    line("256 woken one at a time", "wake", On::OneThread, 0, 256),
    line("8 that hash 16 KiB each", "compute", On::AllCores, 16384, 8),
    line("8 that hash 1 MiB each", "compute", On::AllCores, 1 << 20, 8),
    line(
        "3 fetches of 64 B from a server on the same machine",
        "http",
        On::OneThread,
        64,
        3,
    ),
    line("8 of them", "http", On::OneWorker, 64, 8),
    line(
        "3 fetches that are answered after 20 ms",
        "http_delay",
        On::AllCores,
        64,
        3,
    ),
    line(
        "3 fetches of 64 KiB of JSON, decoded",
        "http_parse",
        On::AllCores,
        65536,
        3,
    ),
];

/// The cases that say the most.
pub(super) fn headline(run: &RecordedRun) -> String {
    let all: Vec<&Measurement> = measured(run).collect();
    let most = all.iter().map(|m| m.case.flavor.workers()).max().unwrap_or(1);
    let mut text = String::new();
    for line in HEADLINE {
        let flavor = match line.on {
            On::OneThread => Flavor::CurrentThread,
            On::OneWorker => Flavor::MultiThread(1),
            On::AllCores => Flavor::MultiThread(most),
        };
        let case = Case {
            workload: line.workload.to_owned(),
            flavor,
            site: line.site,
            payload: Payload(line.payload),
            tasks: line.tasks,
        };
        let find = |strategy: &str| {
            let mut found = all.iter();
            found.find(|m| m.case == case && m.strategy == strategy && m.reference == "join")
        };
        let (Some(join), Some(spawn)) = (find("join"), find("spawn")) else {
            continue;
        };
        if text.is_empty() {
            text += "| children | runtime | join!, per child | spawn, per child | spawn − join! | spawn over join! | noise floor | verdict on spawn |\n";
            text += "|---|---|--:|--:|--:|--:|--:|---|\n";
        }
        let _ = writeln!(
            text,
            "| {} | {flavor} | {} | {} | {} | {} | {} | {} |",
            line.says,
            per_child(spawn.reference_ns.or(join.wall_ns), spawn),
            per_child(spawn.wall_ns, spawn),
            spawn.difference_ns.map_or("-".into(), |ns| more(ns.median)),
            ratio(spawn),
            floor(spawn),
            verdict(spawn)
        );
    }
    text
}
