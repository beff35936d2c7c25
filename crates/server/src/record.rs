//! The record: `server.jsonl`, one JSON line for the run, then one for each point, each way to serve connections and each fault.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use measure::conditions::Conditions;
use measure::environment::Environment;
use measure::files;
use measure::record::{NO_CHECKSUM, RecordError, Status, checksum, not_a_line, verify_checksum};
use measure::stats::{Estimate, Verdict};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::histogram::Latencies;
use crate::plan::Disturbed;
use crate::point::Level;
use crate::serving::Way;

/// The name of the file in a run's folder.
pub const FILE: &str = measure::run_store::SERVER;

/// The version of everything in this file.
pub const SCHEMA: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// `server`.
    pub target: String,
    /// `quick`, `default` or `full`.
    pub matrix: String,
    /// The filter given on the command line.
    pub filter: Option<String>,
    /// Whether every round ran to its end.
    pub complete: bool,
    /// When the run began, RFC 3339, UTC.
    pub started: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// A command that measures the same.
    pub command: String,
    /// What machine and what build this was.
    #[serde(flatten)]
    pub environment: Environment,
    /// Rounds of the run.
    pub rounds: usize,
    /// Requests of each point and strategy, over all rounds.
    pub requests: usize,
    /// Minutes that it might take; null for no limit.
    pub minutes: Option<f64>,
    /// What was left out so that it fitted into them, in words.
    pub cut: Vec<String>,
    /// Seed of all arrivals, delays and faults.
    pub seed: u64,
    /// What happened around it.
    pub conditions: Conditions,
    /// What makes its numbers less than they look, in words.
    pub traps: Vec<String>,
    /// XXH3 of the whole file with this field empty, in 16 hexadecimal digits.
    pub checksum: String,
}

/// A strategy under a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its id.
    pub id: String,
    /// The same without the strategy.
    pub case: String,
    /// How much load there is.
    pub level: Level,
    /// The server's runtime.
    pub flavor: String,
    /// Bytes of a child's document.
    pub payload_bytes: usize,
    /// Children of a request.
    pub tasks: usize,
    /// The strategy.
    pub strategy: String,
    /// The strategy that it is compared to.
    pub reference: String,
    /// Whether the numbers hold.
    pub status: Status,
    /// Why not.
    pub reason: Option<String>,
    /// Requests a second that were due; null in a closed loop.
    pub due_per_second: Option<f64>,
    /// What was seen; null where the point failed.
    pub seen: Option<Seen>,
}

/// What was seen of a point, over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Requests that were answered as they should be.
    pub requests: u64,
    /// Requests answered a second.
    pub per_second: f64,
    /// Latencies of all rounds, in ns from when requests were due: pairs of latency and number.
    pub latencies: Latencies,
    /// ns that 99% of requests were sent later than due, at most.
    pub lateness_p99_ns: f64,
    /// Time until half of the requests were answered, against the reference.
    pub p50: Compared,
    /// Time until 99% of the requests were answered.
    pub p99: Compared,
    /// CPU time of the server for each request.
    pub cpu: Compared,
    /// Time for each request where as many as possible are served: 1 over requests a second. In a closed loop only.
    pub per_request: Option<Compared>,
    /// Context switches of the server for each request: those by which a thread waited, and those that took its core away.
    pub switches_per_request: (f64, f64),
    /// Resident bytes that an open request adds to the server, with its connections; null where the system does not tell.
    pub resident_per_request: Option<f64>,
    /// Of all CPU time of the three: what the client had, the server, the backend.
    pub shares: Shares,
    /// Cores in use by the three together, on average.
    pub cores_in_use: f64,
}

/// Shares of the CPU time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Of the load generator.
    pub client: f64,
    /// Of the server.
    pub server: f64,
    /// Of the backend.
    pub backend: f64,
}

/// A figure, compared with the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// In ns, over rounds.
    pub ns: Estimate,
    /// The strategy's over the reference's.
    pub ratio: Estimate,
    /// The reference against itself: one of its two processes of a round over the other.
    pub control: Estimate,
    /// How far that lies from 1: a fraction.
    pub noise_floor: f64,
    /// What the ratio says.
    pub verdict: Verdict,
    /// Of each round, in ns.
    pub rounds: Vec<f64>,
    /// The same of the reference's second process, where this is the reference.
    pub copy: Option<Vec<f64>>,
}

/// A way to serve connections, disturbed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Its id.
    pub id: String,
    /// The server's runtime.
    pub flavor: String,
    /// The way.
    pub way: Way,
    /// What disturbs it.
    pub disturbed: Disturbed,
    /// Whether the numbers hold.
    pub status: Status,
    /// Why not.
    pub reason: Option<String>,
    /// Requests a second that were due.
    pub due_per_second: f64,
    /// Latencies of those that were not disturbances; null where it failed.
    pub latencies: Option<Latencies>,
    /// How much more ns it takes until 99% of them are answered, than where nothing disturbs.
    pub lift_p99_ns: Option<Estimate>,
    /// CPU time of the server for each request, in ns.
    pub cpu_ns: Option<f64>,
}

/// What a fault did, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultSeen {
    /// Its id.
    pub id: String,
    /// What went wrong; null: the client disconnects.
    pub fault: Option<Fault>,
    /// The strategy.
    pub strategy: String,
    /// Requests.
    pub requests: u64,
    /// Requests that the fault was to meet.
    pub met: u64,
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// Requests that were answered with status 502: the handler's own word for a call that failed.
    pub answered_502: u64,
    /// Requests that were answered with status 500: for a child that panicked.
    pub answered_500: u64,
    /// Requests whose connection was closed without an answer.
    pub closed: u64,
    /// Requests that had no answer when all others had theirs.
    pub unanswered: u64,
    /// Calls to the backend that were under way when the client disconnected.
    pub calls: u64,
    /// Those that ran on to their end.
    pub ran_on: u64,
    /// Those that were stopped.
    pub stopped: u64,
}

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    ServerRun(Box<Header>),
    Point(Box<Point>),
    Neighbours(Box<Neighbours>),
    Fault(FaultSeen),
}

/// A whole record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its first line.
    pub header: Header,
    /// Strategies under load.
    pub points: Vec<Point>,
    /// Ways to serve connections.
    pub neighbours: Vec<Neighbours>,
    /// Faults.
    pub faults: Vec<FaultSeen>,
}

impl Record {
    /// As text, its checksum in its header.
    pub fn to_text(&self) -> String {
        let header = Header {
            checksum: String::new(),
            ..self.header.clone()
        };
        let mut lines = vec![Line::ServerRun(Box::new(header))];
        lines.extend(self.points.iter().cloned().map(Box::new).map(Line::Point));
        lines.extend(self.neighbours.iter().cloned().map(Box::new).map(Line::Neighbours));
        lines.extend(self.faults.iter().cloned().map(Line::Fault));
        let line = |line| serde_json::to_string(line).expect("records hold finite numbers and strings only") + "\n";
        let text: String = lines.iter().map(line).collect();
        text.replacen(NO_CHECKSUM, &format!("\"checksum\":\"{}\"", checksum(&text)), 1)
    }

    /// Whether anything of it failed; what is invalid is a result.
    pub fn failed(&self) -> bool {
        let points = self.points.iter().map(|point| point.status);
        let ways = self.neighbours.iter().map(|one| one.status);
        points.chain(ways).any(|status| status == Status::Failed)
    }

    /// Puts it in the place of the file.
    pub fn write(&self, path: &Path) -> Result<(), RecordError> {
        files::replace(path, self.to_text().as_bytes()).map_err(|error| RecordError::of(path, error))
    }

    /// Reads the record in a run's folder; `None` where there is none.
    pub fn load(folder: &Path) -> Result<Option<Self>, RecordError> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RecordError::of(&path, error)),
        }
    }

    /// Reads it whole, or not at all.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RecordError> {
        let wrong = |line: usize, problem: String| {
            RecordError::at(path, line, format!("{problem}; `cargo bench --bench server` makes it"))
        };
        let mut record: Option<Record> = None;
        let mut seen = HashSet::new();
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let mut add = || -> Result<(), String> {
                let line = raw.strip_suffix('\n').ok_or("the line is cut off")?;
                if record.is_none() {
                    check_schema(line)?;
                }
                let parsed = serde_json::from_str(line).map_err(|error| not_a_line(&error))?;
                let id = match (&mut record, parsed) {
                    (None, Line::ServerRun(header)) => {
                        record = Some(Record {
                            header: *header,
                            points: Vec::new(),
                            neighbours: Vec::new(),
                            faults: Vec::new(),
                        });
                        return Ok(());
                    }
                    (None, _) => return Err("the header is missing".to_owned()),
                    (Some(_), Line::ServerRun(_)) => return Err("a second header".to_owned()),
                    (Some(record), Line::Point(point)) => {
                        let id = point.id.clone();
                        let ok = point.status == Status::Ok;
                        if ok != point.reason.is_none() || (ok && point.seen.is_none()) {
                            return Err(format!("{id}: status and numbers contradict each other"));
                        }
                        record.points.push(*point);
                        id
                    }
                    (Some(record), Line::Neighbours(neighbours)) => {
                        let id = neighbours.id.clone();
                        record.neighbours.push(*neighbours);
                        id
                    }
                    (Some(record), Line::Fault(fault)) => {
                        let id = fault.id.clone();
                        record.faults.push(fault);
                        id
                    }
                };
                match seen.insert(id.clone()) {
                    true => Ok(()),
                    false => Err(format!("{id} is there twice")),
                }
            };
            add().map_err(|problem| wrong(index + 1, problem))?;
        }
        let record = record.ok_or_else(|| wrong(1, "the file is empty".to_owned()))?;
        verify_checksum(&record.header.checksum, text).map_err(|problem| wrong(1, problem))?;
        Ok(record)
    }
}

/// Comes before all else: what another schema has in its header, this one does not know.
fn check_schema(line: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    match serde_json::from_str(line) {
        Ok(Schema { schema }) if schema != SCHEMA => {
            Err(format!("written with schema {schema}; this build reads {SCHEMA}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_schema_is_told_so_and_a_line_has_one_number() {
        let said = |text: &str| {
            let read = Record::parse(text, Path::new("server.jsonl"));
            read.expect_err("it is no record").to_string()
        };
        let other = said("{\"kind\":\"server_run\",\"schema\":2}\n");
        assert!(other.starts_with("server.jsonl:1: written with schema 2"), "{other}");
        let lacking = said("{\"kind\":\"server_run\",\"schema\":1}\n");
        assert!(
            lacking.contains("missing field") && !lacking.contains("line 1"),
            "{lacking}"
        );
    }
}
