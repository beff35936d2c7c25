//! What a reader sees at the end of a run: tables of points, ways and faults, and sentences.

use comfy_table::{Cell, CellAlignment, Table, presets};
use measure::record::Status;
use measure::stats::{Estimate, Verdict};

use measure::text::{floor, label, lines, more, significant, time, times, times_within};

use crate::plan::Disturbed;
use crate::record::{Compared, FaultSeen, Neighbours, Point, Record};
use crate::serving::Way;

/// A table as rows of text, for whatever draws it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The heads of its columns.
    pub head: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// Columns from this one on hold numbers.
    pub numbers_from: usize,
}

impl Rows {
    /// For a terminal.
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(self.head.clone());
        for row in &self.rows {
            let cells = row.iter().enumerate().map(|(column, text)| {
                let numbers = column >= self.numbers_from;
                Cell::new(text).set_alignment(if numbers {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                })
            });
            table.add_row(cells);
        }
        lines(&table)
    }
}

/// A point's verdict; the reference has none on itself.
fn verdict(point: &Point, compared: &Compared) -> String {
    match point.strategy == point.reference {
        true => "control".to_owned(),
        false => compared.verdict.as_str().to_owned(),
    }
}

/// Throughput and latency of each point.
pub fn latencies(record: &Record) -> Rows {
    let head = vec![
        "point",
        "strategy",
        "requests/s",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "greatest",
        "p99 ratio",
        "noise floor",
        "verdict",
    ];
    let row = |point: &Point| {
        let seen = point.seen.as_ref().filter(|_| point.status == Status::Ok)?;
        let quantile = |share| time(seen.latencies.quantile(share));
        Some(vec![
            point.case.clone(),
            label(&point.strategy).to_owned(),
            significant(seen.per_second),
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            quantile(0.999),
            time(seen.latencies.greatest()),
            times_within(&seen.p99.ratio),
            floor(seen.p99.noise_floor),
            verdict(point, &seen.p99),
        ])
    };
    Rows {
        head,
        rows: record.points.iter().filter_map(row).collect(),
        numbers_from: 2,
    }
}

/// What each point costs.
pub fn costs(record: &Record) -> Rows {
    let head = vec![
        "point",
        "strategy",
        "CPU/request",
        "ratio",
        "noise floor",
        "verdict",
        "switches",
        "taken away",
        "open request",
        "client",
        "server",
        "backend",
        "cores",
    ];
    let row = |point: &Point| {
        let seen = point.seen.as_ref().filter(|_| point.status == Status::Ok)?;
        let share = |share: f64| format!("{:.0}%", share * 100.0);
        Some(vec![
            point.case.clone(),
            label(&point.strategy).to_owned(),
            time(seen.cpu.ns.median),
            times_within(&seen.cpu.ratio),
            floor(seen.cpu.noise_floor),
            verdict(point, &seen.cpu),
            significant(seen.switches_per_request.0),
            significant(seen.switches_per_request.1),
            seen.resident_per_request.map_or_else(
                || "unknown".to_owned(),
                |bytes| format!("{} KiB", significant(bytes / 1024.0)),
            ),
            share(seen.shares.client),
            share(seen.shares.server),
            share(seen.shares.backend),
            significant(seen.cores_in_use),
        ])
    };
    Rows {
        head,
        rows: record.points.iter().filter_map(row).collect(),
        numbers_from: 2,
    }
}

/// What neighbours of a slow handler feel.
pub fn neighbours(record: &Record) -> Rows {
    let row = |one: &Neighbours| {
        let latencies = one.latencies.as_ref().filter(|_| one.status == Status::Ok)?;
        let way: Result<Way, ()> = one.way.parse();
        let lift = one.lift_p99_ns.map_or_else(String::new, |lift| {
            let ends = match lift.level {
                0.0 => String::new(),
                _ => format!(" [{}, {}]", more(lift.low), more(lift.high)),
            };
            format!("{}{ends}", more(lift.median))
        });
        Some(vec![
            way.map_or(one.way.clone(), |way| way.words().to_owned()),
            one.flavor.clone(),
            Disturbed::ALL
                .iter()
                .find(|disturbed| disturbed.name() == one.disturbed)
                .map_or(one.disturbed.clone(), |disturbed| disturbed.words().to_owned()),
            significant(one.due_per_second),
            time(latencies.quantile(0.5)),
            time(latencies.quantile(0.99)),
            lift,
        ])
    };
    Rows {
        head: vec![
            "served by",
            "runtime",
            "meanwhile",
            "requests/s",
            "p50",
            "p99",
            "lift of p99",
        ],
        rows: record.neighbours.iter().filter_map(row).collect(),
        numbers_from: 3,
    }
}

/// What faults did, counted.
pub fn faults(record: &Record) -> Rows {
    let row = |seen: &FaultSeen| {
        let number = |count: u64| {
            if count == 0 {
                "–".to_owned()
            } else {
                count.to_string()
            }
        };
        vec![
            seen.fault
                .map_or("the client disconnects", |fault| fault.words())
                .to_owned(),
            label(&seen.strategy).to_owned(),
            seen.requests.to_string(),
            seen.met.to_string(),
            number(seen.answered),
            number(seen.answered_502),
            number(seen.answered_500),
            number(seen.closed),
            number(seen.unanswered),
            number(seen.stopped),
            number(seen.ran_on),
        ]
    };
    Rows {
        head: vec![
            "what goes wrong",
            "strategy",
            "requests",
            "met by it",
            "200",
            "502",
            "500",
            "closed",
            "no answer",
            "calls stopped",
            "calls run on",
        ],
        rows: record.faults.iter().map(row).collect(),
        numbers_from: 2,
    }
}

/// Points that have no numbers, each with the reason.
pub fn without_numbers(record: &Record) -> Vec<String> {
    let points = record
        .points
        .iter()
        .map(|point| (point.status, &point.id, &point.reason));
    let ways = record.neighbours.iter().map(|one| (one.status, &one.id, &one.reason));
    points
        .chain(ways)
        .filter(|(of, ..)| *of != Status::Ok)
        .map(|(of, id, reason)| {
            format!(
                "{}: {id}: {}",
                of.as_str(),
                reason.as_deref().unwrap_or("no reason given")
            )
        })
        .collect()
}

/// The answer for servers in one sentence, without its beginning, "In a server"; `None` where no strategy was compared with the
/// reference.
pub fn sentence(record: &Record) -> Option<String> {
    let compared: Vec<(&Point, &Compared, &Compared)> = record
        .points
        .iter()
        .filter(|point| point.status == Status::Ok && point.strategy == "spawn" && point.reference == "join")
        .filter_map(|point| point.seen.as_ref().map(|seen| (point, &seen.p99, &seen.cpu)))
        .collect();
    let (first, ..) = compared.first()?;
    let p99 = verdicts("p99 latency", compared.iter().map(|(_, p99, _)| *p99));
    let cpu = verdicts("CPU time per request", compared.iter().map(|(_, _, cpu)| *cpu));
    let disconnect = |strategy: &str| {
        record
            .faults
            .iter()
            .find(|seen| seen.fault.is_none() && seen.strategy == strategy)
    };
    let stays = match (disconnect("join"), disconnect("spawn")) {
        (Some(join), Some(spawn)) => format!(
            " When clients disconnected, {} of {} joined calls ran on, and {} of {} spawned ones.",
            join.ran_on, join.calls, spawn.ran_on, spawn.calls
        ),
        _ => String::new(),
    };
    let points = match compared.len() {
        1 => "one point".to_owned(),
        points => format!("{points} points"),
    };
    Some(format!(
        "that fans each request out, on {}, at {points} of load, children and size: with spawn against join!, {p99}, and \
         {cpu}.{stays}",
        first.flavor
    ))
}

/// `p99 latency was worse at 2 (1.12× to 1.20×), not surely different at 3 (0.93× to 1.09×)`.
fn verdicts<'a>(what: &str, compared: impl Iterator<Item = &'a Compared> + Clone) -> String {
    let of = |(verdict, word): (Verdict, &str)| {
        let ratios: Vec<f64> = compared
            .clone()
            .filter(|one| one.verdict == verdict)
            .map(|one| one.ratio.median)
            .collect();
        let least = ratios.iter().copied().reduce(f64::min)?;
        let most = ratios.iter().copied().reduce(f64::max)?;
        let range = if ratios.len() == 1 {
            times(least)
        } else {
            format!("{} to {}", times(least), times(most))
        };
        Some(format!("{word} at {} ({range})", ratios.len()))
    };
    let words = [
        (Verdict::Slower, "worse"),
        (Verdict::Faster, "better"),
        (Verdict::Same, "the same"),
        (Verdict::Inconclusive, "not surely different"),
    ];
    let said: Vec<String> = words.into_iter().filter_map(of).collect();
    format!("{what} was {}", said.join(", "))
}

/// How many controls contain 1: of how many, in p99 and in CPU time.
pub fn controls(record: &Record) -> [(usize, usize); 2] {
    let own = || {
        let points = record.points.iter();
        points
            .filter(|point| point.status == Status::Ok && point.strategy == point.reference)
            .filter_map(|point| point.seen.as_ref())
    };
    let count = |controls: Vec<Estimate>| {
        let with = controls.iter().filter(|control| control.contains(1.0)).count();
        (with, controls.len())
    };
    [
        count(own().map(|seen| seen.p99.control).collect()),
        count(own().map(|seen| seen.cpu.control).collect()),
    ]
}

/// What is said of a run below its tables.
pub fn sentences(record: &Record) -> Vec<String> {
    let header = &record.header;
    let answer = sentence(record).map(|answer| format!("In a server {answer}"));
    let mut said: Vec<String> = answer.into_iter().collect();
    let [p99, cpu] = controls(record);
    if p99.1 > 0 {
        said.push(format!(
            "{} against itself in another process: the interval contains 1 at {} of {} points in p99, and {} of {} in CPU time.",
            record.points.first().map_or("join!", |point| label(&point.reference)),
            p99.0,
            p99.1,
            cpu.0,
            cpu.1
        ));
    }
    said.push(format!(
        "{:.0} s{} {} rounds; each round has a server process of each strategy and two of the reference. Client, server and backend \
         share the {} cores of this machine. Seed {}.",
        header.seconds,
        if header.complete { " in" } else { ", cut short of" },
        header.rounds,
        header.environment.cores,
        header.seed
    ));
    if header.rounds < measure::stats::FEWEST_ROUNDS {
        said.push("Fewer than 6 rounds are a preview: no interval, and every verdict is inconclusive.".to_owned());
    }
    said.extend(header.cut.iter().map(|cut| format!("Cut: {cut}")));
    said.extend(header.traps.iter().map(|trap| format!("Trap: {trap}")));
    said
}

/// All tables, each with what it is about.
pub fn tables(record: &Record) -> [(&'static str, Rows); 4] {
    [
        (
            "Requests under load: latency counts from when a request was due",
            latencies(record),
        ),
        (
            "What they cost: CPU time, context switches and resident memory of the server alone; then whose CPU time it was",
            costs(record),
        ),
        (
            "Neighbours of a slow handler, and how connections are served; the lift is the median of what each round adds to p99, \
             and not the difference of the two p99, which are of all rounds' requests",
            neighbours(record),
        ),
        ("Faults, counted", faults(record)),
    ]
}

/// Everything, for a terminal.
pub fn render(record: &Record) -> String {
    let mut text = String::new();
    for (title, rows) in tables(record) {
        if !rows.rows.is_empty() {
            text += &format!("{title}:\n{}\n", rows.text());
        }
    }
    for line in without_numbers(record) {
        text += &format!("{line}\n");
    }
    text
}
