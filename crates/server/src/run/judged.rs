//! What was collected, as points: figures, ratios, verdicts, and why a point is none.

use std::time::Duration;

use measure::record::Status;
use measure::stats::{Estimate, judge, noise_floor};

use super::collected::{Collected, CollectedWay};
use crate::plan::Disturbed;
use crate::point::Level;
use crate::record::{Compared, Neighbours, Point, Seen, Shares};
use crate::stand::{Window, rate};

/// Each strategy under each load.
pub(crate) fn points(collected: &Collected<'_>) -> Vec<Point> {
    let Collected { group, greatest, .. } = collected;
    let mut points = Vec::new();
    for (place, level) in group.levels.iter().enumerate() {
        let windows = |subject: usize| collected.windows[subject][place].as_slice();
        let pair = [windows(0), windows(group.strategies.len())];
        for (strategy, name) in group.strategies.iter().enumerate() {
            let due = rate(*level, *greatest);
            let resident = Estimate::of(&collected.resident[strategy]);
            let own = (strategy > 0).then(|| windows(strategy));
            let (seen, all) = match seen(own, pair, *level, resident.map(|bytes| bytes.median)) {
                Some((seen, all)) => (Some(seen), all),
                None => (None, Window::default()),
            };
            let (status, reason) = match (&collected.failed, &seen) {
                (Some(reason), _) => (Status::Failed, Some(reason.clone())),
                (None, None) => (Status::Failed, Some("no round was made".to_owned())),
                (None, Some(seen)) => match invalid(&all, seen, due) {
                    Some(reason) => (Status::Invalid, Some(reason)),
                    None => (Status::Ok, None),
                },
            };
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

/// Why a point is no measurement of the server.
fn invalid(all: &Window, seen: &Seen, due: Option<f64>) -> Option<String> {
    let sent = &all.sent;
    if seen.shares.client > seen.shares.server {
        return Some(format!(
            "the client is the bottleneck: it used {:.0}% of the CPU time, the server {:.0}%",
            seen.shares.client * 100.0,
            seen.shares.server * 100.0
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
    own: Option<&[Window]>,
    pair: [&[Window]; 2],
    level: Level,
    resident_per_request: Option<f64>,
) -> Option<(Seen, Window)> {
    let mut all = Window::default();
    own.map_or(pair.to_vec(), |own| vec![own])
        .concat()
        .iter()
        .for_each(|window| all.add(window));
    let requests = all.requests();
    let cpu = |part: Duration| part.as_secs_f64();
    let whole = cpu(all.sent.usage.cpu) + cpu(all.server.cpu) + cpu(all.backend.cpu);
    let quantile = |share: f64| move |window: &Window| window.sent.latencies.quantile(share);
    let compared = |figure: &dyn Fn(&Window) -> f64| {
        let of = |windows: &[Window]| -> Vec<f64> { windows.iter().map(figure).collect() };
        Compared::of(own.map(of).as_deref(), pair.map(of).each_ref().map(Vec::as_slice))
    };
    let seen = Seen {
        requests,
        per_second: all.throughput(),
        lateness_p99_ns: all.sent.lateness.quantile(0.99),
        p50: compared(&quantile(0.5))?,
        p99: compared(&quantile(0.99))?,
        cpu: compared(&Window::cpu_ns)?,
        per_request: match level {
            Level::Max => Some(compared(&|window: &Window| 1e9 / window.throughput())?),
            Level::Percent(_) => None,
        },
        switches_per_request: (
            all.server.voluntary as f64 / requests as f64,
            all.server.involuntary as f64 / requests as f64,
        ),
        resident_per_request,
        shares: Shares {
            client: cpu(all.sent.usage.cpu) / whole,
            server: cpu(all.server.cpu) / whole,
            backend: cpu(all.backend.cpu) / whole,
        },
        cores_in_use: whole / all.sent.seconds,
        latencies: all.sent.latencies.clone(),
    };
    Some((seen, all))
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
    let p99 = |window: &Window| window.sent.latencies.quantile(0.99);
    let quiet = served
        .disturbed
        .iter()
        .position(|disturbed| *disturbed == Disturbed::Not);
    let one = |(place, disturbed): (usize, &Disturbed)| {
        let windows = &collected.windows[place];
        let mut all = Window::default();
        windows.iter().for_each(|window| all.add(window));
        let quiet = quiet
            .filter(|quiet| *quiet != place)
            .map(|quiet| &collected.windows[quiet]);
        let lifts: Vec<f64> = quiet
            .map(|quiet| {
                windows
                    .iter()
                    .zip(quiet)
                    .map(|(window, quiet)| p99(window) - p99(quiet))
                    .collect()
            })
            .unwrap_or_default();
        let reason = collected
            .failed
            .clone()
            .or_else(|| (all.requests() == 0).then(|| "no round was made".to_owned()));
        let measured = reason.is_none();
        Neighbours {
            id: served.id(*disturbed),
            flavor: served.flavor.to_string(),
            way: served.way.name().to_owned(),
            disturbed: disturbed.name().to_owned(),
            status: if measured { Status::Ok } else { Status::Failed },
            reason,
            due_per_second: collected.rate,
            lift_p99_ns: Estimate::of(&lifts),
            cpu_ns: measured.then(|| all.cpu_ns()),
            latencies: measured.then_some(all.sent.latencies),
        }
    };
    served.disturbed.iter().enumerate().map(one).collect()
}
