//! What was collected, as points: figures, ratios, verdicts, and why a point is none.

use std::time::Duration;

use measure::record::Status;
use measure::stats::{Estimate, judge, noise_floor};

use super::collected::{Collected, CollectedWay};
use crate::plan::Disturbed;
use crate::point::Level;
use crate::record::{Compared, Neighbours, Point, Seen, Shares};
use crate::stand::{Figures, Rounds, Window, rate};

/// Each strategy under each load.
pub(crate) fn points(collected: &Collected<'_>) -> Vec<Point> {
    let Collected { group, greatest, .. } = collected;
    let mut points = Vec::new();
    for (place, level) in group.levels.iter().enumerate() {
        let rounds = |subject: usize| &collected.windows[subject][place];
        let pair = [rounds(0), rounds(group.strategies.len())];
        let due = rate(*level, *greatest);
        for (strategy, name) in group.strategies.iter().enumerate() {
            let resident = Estimate::of(&collected.resident[strategy]);
            let own = (strategy > 0).then(|| rounds(strategy));
            let all = match own {
                Some(own) => own.all.clone(),
                None => {
                    let mut both = pair[0].all.clone();
                    both.add(&pair[1].all);
                    both
                }
            };
            let seen = seen(own, pair, &all, *level, resident.map(|bytes| bytes.median));
            let (status, reason) = status(&collected.failed, &all, due);
            points.push(Point {
                id: group.shape.id(*level, name),
                case: group.shape.case(*level),
                level: *level,
                flavor: group.shape.flavor.to_string(),
                payload_bytes: group.shape.bytes,
                tasks: group.shape.tasks,
                strategy: name.clone(),
                reference: group.strategies[0].clone(),
                due_per_second: due,
                seen: seen.filter(|_| status != Status::Failed),
                status,
                reason,
            });
        }
    }
    points
}

/// Whether windows together are a measurement of the server, and why not.
fn status(failed: &Option<String>, all: &Window, due: Option<f64>) -> (Status, Option<String>) {
    match (failed, all.requests()) {
        (Some(reason), _) => (Status::Failed, Some(reason.clone())),
        (None, 0) => (Status::Failed, Some("no round was made".to_owned())),
        (None, _) => match invalid(all, due) {
            Some(reason) => (Status::Invalid, Some(reason)),
            None => (Status::Ok, None),
        },
    }
}

/// Whose CPU time it was.
fn shares(all: &Window) -> Shares {
    let parts = [all.sent.usage.cpu, all.server.cpu, all.backend.cpu];
    let whole: Duration = parts.iter().sum();
    let [client, server, backend] = parts.map(|part| part.as_secs_f64() / whole.as_secs_f64());
    Shares {
        client,
        server,
        backend,
    }
}

/// Why a point is no measurement of the server.
fn invalid(all: &Window, due: Option<f64>) -> Option<String> {
    let sent = &all.sent;
    let shares = shares(all);
    if shares.client > shares.server {
        return Some(format!(
            "the client is the bottleneck: it used {:.0}% of the CPU time, the server {:.0}%",
            shares.client * 100.0,
            shares.server * 100.0
        ));
    }
    due?;
    if sent.waited * 100 > all.requests() {
        return Some(format!(
            "the server did not keep up: {} of {} requests took the last connection that was free",
            sent.waited,
            all.requests()
        ));
    }
    [0.5, 0.99].into_iter().find_map(|share| {
        let (late, latency) = (sent.lateness.quantile(share), sent.latencies.quantile(share));
        (late > latency / 2.0).then(|| {
            format!(
                "the client is the bottleneck: {:.0}% of requests were sent up to {:.2} ms late, of {:.2} ms until they were \
                 answered",
                share * 100.0,
                late / 1e6,
                latency / 1e6
            )
        })
    })
}

/// What was seen of a strategy, or of the reference where there is none, beside the reference's two processes.
fn seen(
    own: Option<&Rounds>,
    pair: [&Rounds; 2],
    all: &Window,
    level: Level,
    resident_per_request: Option<f64>,
) -> Option<Seen> {
    let requests = all.requests();
    let compared = |figure: fn(&Figures) -> f64| {
        let of = |rounds: &Rounds| -> Vec<f64> { rounds.figures.iter().map(figure).collect() };
        Compared::of(own.map(of).as_deref(), pair.map(of).each_ref().map(Vec::as_slice))
    };
    let cpu: Duration = [all.sent.usage.cpu, all.server.cpu, all.backend.cpu].iter().sum();
    Some(Seen {
        requests,
        per_second: all.throughput(),
        lateness_p99_ns: all.sent.lateness.quantile(0.99),
        p50: compared(|figures| figures.p50_ns)?,
        p99: compared(|figures| figures.p99_ns)?,
        cpu: compared(|figures| figures.cpu_ns)?,
        per_request: match level {
            Level::Max => Some(compared(|figures| figures.per_request_ns)?),
            Level::Percent(_) => None,
        },
        switches_per_request: (
            all.server.voluntary as f64 / requests as f64,
            all.server.involuntary as f64 / requests as f64,
        ),
        resident_per_request,
        shares: shares(all),
        cores_in_use: cpu.as_secs_f64() / all.sent.seconds,
        latencies: all.sent.latencies.clone(),
    })
}

impl Compared {
    /// A figure of each round, of a strategy and of the reference's two processes; of the reference itself where there is no
    /// strategy.
    pub fn of(own: Option<&[f64]>, [one, other]: [&[f64]; 2]) -> Option<Self> {
        let logs: Vec<f64> = one.iter().zip(other).map(|(one, other)| (other / one).ln()).collect();
        let control = Estimate::of(&logs)?.map(f64::exp);
        let noise_floor = noise_floor(&control);
        let reference = one.iter().zip(other).map(|(one, other)| (one * other).sqrt());
        let ratio = match own {
            None => control,
            Some(own) => {
                let logs: Vec<f64> = own
                    .iter()
                    .zip(reference.clone())
                    .map(|(own, of)| (own / of).ln())
                    .collect();
                Estimate::of(&logs)?.map(f64::exp)
            }
        };
        Some(Self {
            ns: Estimate::of(&own.map_or_else(|| reference.collect(), <[f64]>::to_vec))?,
            // A control is judged by the margin alone, as everywhere.
            verdict: judge(&ratio, if own.is_some() { noise_floor } else { 0.0 }),
            ratio,
            control,
            noise_floor,
            rounds: own.unwrap_or(one).to_vec(),
            copy: own.is_none().then(|| other.to_vec()),
        })
    }
}

/// A way to serve connections under each disturbance.
pub(super) fn neighbours(collected: &CollectedWay<'_>) -> Vec<Neighbours> {
    let served = collected.served;
    let quiet = served
        .disturbed
        .iter()
        .position(|disturbed| *disturbed == Disturbed::Not);
    let one = |(place, disturbed): (usize, &Disturbed)| {
        let Rounds { figures, all } = &collected.windows[place];
        let quiet = quiet.filter(|quiet| *quiet != place);
        let quiet = quiet.map_or(&[][..], |quiet| &collected.windows[quiet].figures);
        let lifts = figures.iter().zip(quiet).map(|(own, quiet)| own.p99_ns - quiet.p99_ns);
        let (status, reason) = status(&collected.failed, all, Some(collected.rate));
        let measured = status == Status::Ok;
        Neighbours {
            id: served.id(*disturbed),
            flavor: served.flavor.to_string(),
            way: served.way,
            disturbed: *disturbed,
            status,
            reason,
            due_per_second: collected.rate,
            lift_p99_ns: Estimate::of(&lifts.collect::<Vec<_>>()),
            cpu_ns: measured.then(|| all.cpu_ns()),
            latencies: measured.then(|| all.sent.latencies.clone()),
        }
    };
    served.disturbed.iter().enumerate().map(one).collect()
}
