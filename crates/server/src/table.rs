//! What a reader sees at the end of a run: tables of points, ways and faults, and sentences.

use comfy_table::{Table, presets};
use measure::in_order::unique;
use measure::record::Status;
use measure::stats::{Estimate, Verdict};

use measure::text::{floor, label, lines, listed, more, numbers_right, significant, span, time, times, times_within};

use crate::histogram::Latencies;
use crate::record::{Compared, FaultSeen, Neighbours, Point, Record, Seen};

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

/// A column: its head, and what stands below it.
type Column<T> = (&'static str, fn(&T) -> String);

impl Rows {
    fn of<T>(all: impl IntoIterator<Item = T>, numbers_from: usize, columns: &[Column<T>]) -> Self {
        let row = |one: T| columns.iter().map(|(_, cell)| cell(&one)).collect();
        Self {
            head: columns.iter().map(|(head, _)| *head).collect(),
            rows: all.into_iter().map(row).collect(),
            numbers_from,
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(self.head.clone());
        table.add_rows(&self.rows);
        numbers_right(&mut table, self.numbers_from..self.head.len());
        lines(&table)
    }
}

/// Points that have numbers which hold.
fn measured(record: &Record) -> impl Iterator<Item = (&Point, &Seen)> + Clone {
    let ok = record.points.iter().filter(|point| point.status == Status::Ok);
    ok.filter_map(|point| Some((point, point.seen.as_ref()?)))
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
    let columns: [Column<(&Point, &Seen)>; 11] = [
        ("point", |(point, _)| point.case.clone()),
        ("strategy", |(point, _)| label(&point.strategy).to_owned()),
        ("requests/s", |(_, seen)| significant(seen.per_second)),
        ("p50", |(_, seen)| time(seen.latencies.quantile(0.5))),
        ("p90", |(_, seen)| time(seen.latencies.quantile(0.9))),
        ("p99", |(_, seen)| time(seen.latencies.quantile(0.99))),
        ("p99.9", |(_, seen)| time(seen.latencies.quantile(0.999))),
        ("greatest", |(_, seen)| time(seen.latencies.greatest())),
        ("p99 ratio", |(_, seen)| times_within(&seen.p99.ratio)),
        ("noise floor", |(_, seen)| floor(seen.p99.noise_floor)),
        ("verdict", |(point, seen)| verdict(point, &seen.p99)),
    ];
    Rows::of(measured(record), 2, &columns)
}

/// A share of CPU time.
fn share(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// What each point costs.
pub fn costs(record: &Record) -> Rows {
    let columns: [Column<(&Point, &Seen)>; 13] = [
        ("point", |(point, _)| point.case.clone()),
        ("strategy", |(point, _)| label(&point.strategy).to_owned()),
        ("CPU/request", |(_, seen)| time(seen.cpu.ns.median)),
        ("ratio", |(_, seen)| times_within(&seen.cpu.ratio)),
        ("noise floor", |(_, seen)| floor(seen.cpu.noise_floor)),
        ("verdict", |(point, seen)| verdict(point, &seen.cpu)),
        ("switches", |(_, seen)| significant(seen.switches_per_request.0)),
        ("taken away", |(_, seen)| significant(seen.switches_per_request.1)),
        ("open request", |(_, seen)| {
            let kib = |bytes| format!("{} KiB", significant(bytes / 1024.0));
            seen.resident_per_request.map_or_else(|| "unknown".to_owned(), kib)
        }),
        ("client", |(_, seen)| share(seen.shares.client)),
        ("server", |(_, seen)| share(seen.shares.server)),
        ("backend", |(_, seen)| share(seen.shares.backend)),
        ("cores", |(_, seen)| significant(seen.cores_in_use)),
    ];
    Rows::of(measured(record), 2, &columns)
}

/// What neighbours of a slow handler feel.
pub fn neighbours(record: &Record) -> Rows {
    let ok = record.neighbours.iter().filter(|one| one.status == Status::Ok);
    let measured = ok.filter_map(|one| Some((one, one.latencies.as_ref()?)));
    let columns: [Column<(&Neighbours, &Latencies)>; 7] = [
        ("served by", |(one, _)| one.way.words().to_owned()),
        ("runtime", |(one, _)| one.flavor.clone()),
        ("meanwhile", |(one, _)| one.disturbed.words().to_owned()),
        ("requests/s", |(one, _)| significant(one.due_per_second)),
        ("p50", |(_, latencies)| time(latencies.quantile(0.5))),
        ("p99", |(_, latencies)| time(latencies.quantile(0.99))),
        ("lift of p99", |(one, _)| match one.lift_p99_ns {
            None => String::new(),
            Some(lift) if lift.level == 0.0 => more(lift.median),
            Some(lift) => format!("{} [{}, {}]", more(lift.median), more(lift.low), more(lift.high)),
        }),
    ];
    Rows::of(measured, 3, &columns)
}

/// A count; no word about what did not happen.
fn number(count: u64) -> String {
    match count {
        0 => "–".to_owned(),
        count => count.to_string(),
    }
}

/// What faults did, counted.
pub fn faults(record: &Record) -> Rows {
    let columns: [Column<&FaultSeen>; 11] = [
        ("what goes wrong", |seen| {
            let words = seen.fault.map_or("the client disconnects", |fault| fault.words());
            words.to_owned()
        }),
        ("strategy", |seen| label(&seen.strategy).to_owned()),
        ("requests", |seen| seen.requests.to_string()),
        ("met by it", |seen| seen.met.to_string()),
        ("200", |seen| number(seen.answered)),
        ("502", |seen| number(seen.answered_502)),
        ("500", |seen| number(seen.answered_500)),
        ("closed", |seen| number(seen.closed)),
        ("no answer", |seen| number(seen.unanswered)),
        ("calls stopped", |seen| number(seen.stopped)),
        ("calls run on", |seen| number(seen.ran_on)),
    ];
    Rows::of(&record.faults, 2, &columns)
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
    let of_two = |(point, _): &(&Point, &Seen)| point.strategy == "spawn" && point.reference == "join";
    let compared: Vec<(&Point, &Seen)> = measured(record).filter(of_two).collect();
    let flavors = unique(compared.iter().map(|(point, _)| point.flavor.as_str()));
    if flavors.is_empty() {
        return None;
    }
    let flavors = listed(&flavors, "and");
    let p99 = verdicts("p99 latency", compared.iter().map(|(_, seen)| &seen.p99));
    let cpu = verdicts("CPU time per request", compared.iter().map(|(_, seen)| &seen.cpu));
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
        "that fans each request out, on {flavors}, at {points} of load, children and size: with spawn against join!, {p99}, and \
         {cpu}.{stays}"
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
        let range = span(times(least), times(most));
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
    let own = || measured(record).filter(|(point, _)| point.strategy == point.reference);
    let count = |control: fn(&Seen) -> &Estimate| {
        let with = own().filter(|(_, seen)| control(seen).contains(1.0)).count();
        (with, own().count())
    };
    [count(|seen| &seen.p99.control), count(|seen| &seen.cpu.control)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::point::Level;
    use crate::record::Shares;
    use crate::run::{Request, run};
    use measure::selection::Selection;
    use std::path::Path;

    fn point(flavor: &str) -> Point {
        let compared = || Compared::of(Some(&[2.0; 6]), [&[1.0; 6]; 2]).expect("six rounds");
        let seen = Seen {
            requests: 1,
            per_second: 1.0,
            latencies: Latencies::default(),
            lateness_p99_ns: 0.0,
            p50: compared(),
            p99: compared(),
            cpu: compared(),
            per_request: None,
            switches_per_request: (0.0, 0.0),
            resident_per_request: None,
            shares: Shares {
                client: 0.2,
                server: 0.5,
                backend: 0.3,
            },
            cores_in_use: 1.0,
        };
        Point {
            id: String::new(),
            case: String::new(),
            level: Level::Max,
            flavor: flavor.to_owned(),
            payload_bytes: 1024,
            tasks: 3,
            strategy: "spawn".to_owned(),
            reference: "join".to_owned(),
            status: Status::Ok,
            reason: None,
            due_per_second: None,
            seen: Some(seen),
        }
    }

    #[test]
    fn the_sentence_names_every_runtime_that_its_points_are_of() {
        let nothing = Plan::of(&Selection::read(|_| None, &[]).expect("variables"), 2).filtered(|_| false);
        let outcome = run(&Request {
            plan: &nothing,
            filter: None,
            folder: None,
            command: String::new(),
            program: Path::new(""),
        });
        let mut record = outcome.expect("a run of nothing").record;
        let mut said = |flavors: &[&str]| {
            record.points = flavors.iter().map(|flavor| point(flavor)).collect();
            sentence(&record).unwrap_or_default()
        };
        assert!(said(&["local", "local"]).contains(", on local, at 2 points of load"));
        assert!(said(&["a", "b", "c", "a"]).contains(", on a, b and c, at 4 points of load"));
        assert_eq!(said(&[]), "");
    }
}
