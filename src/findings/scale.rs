//! What the target `scale` says: how strategies grow, which one is the fastest at which number of children, and what join_all
//! does between 30 and 31.

use super::{by_round, flavors};
use crate::case::{Flavor, Site};
use crate::record::Measurement;
use crate::stats::growth;
use crate::text::{label, significant, time};

/// Growth is told from here on: below, what is paid once for a fan-out weighs too much.
const FROM: usize = 100;

/// Those between which the number of children decides: they take any, and hold all at once.
const CANDIDATES: [&str; 3] = ["join_all", "futures_unordered", "join_set"];

/// The sentences, for each workload and flavor of which large numbers of children were measured.
pub(super) fn sentences(measured: &[&Measurement]) -> Vec<String> {
    let mut workloads: Vec<&str> = Vec::new();
    for m in measured.iter().filter(|m| m.case.tasks > FROM) {
        if !workloads.contains(&m.case.workload.as_str()) {
            workloads.push(&m.case.workload);
        }
    }
    let mut sentences = Vec::new();
    for workload in workloads {
        for flavor in flavors(measured) {
            let curves = curves(measured, workload, flavor);
            sentences.extend(fastest(&curves, workload, flavor));
            sentences.extend(grown(&curves, workload, flavor));
            sentences.extend(jump(&curves, workload, flavor));
        }
    }
    sentences
}

/// A strategy's measurements over tasks.
struct Curve<'a> {
    strategy: &'a str,
    rows: Vec<&'a Measurement>,
}

fn curves<'a>(measured: &[&'a Measurement], workload: &str, flavor: Flavor) -> Vec<Curve<'a>> {
    let mut curves: Vec<Curve<'a>> = Vec::new();
    for &m in measured {
        let case = &m.case;
        if case.workload != workload || case.flavor != flavor || case.site != Site::Worker || case.payload.0 != 0 {
            continue;
        }
        match curves.iter_mut().find(|curve| curve.strategy == m.strategy) {
            Some(curve) => curve.rows.push(m),
            None => curves.push(Curve {
                strategy: &m.strategy,
                rows: vec![m],
            }),
        }
    }
    for curve in &mut curves {
        curve.rows.sort_by_key(|m| m.case.tasks);
    }
    curves
}

/// Which candidate is the fastest at each number of children: neighbours that agree stand together.
fn fastest(curves: &[Curve<'_>], workload: &str, flavor: Flavor) -> Option<String> {
    let candidates: Vec<&Curve<'_>> = curves
        .iter()
        .filter(|curve| CANDIDATES.contains(&curve.strategy))
        .collect();
    if candidates.len() < 2 {
        return None;
    }
    let mut numbers: Vec<usize> = candidates[0].rows.iter().map(|m| m.case.tasks).collect();
    numbers.dedup();
    let mut stretches: Vec<(&str, usize, usize)> = Vec::new();
    for tasks in numbers {
        let at = |curve: &&Curve<'_>| {
            let m = curve.rows.iter().find(|m| m.case.tasks == tasks)?;
            Some(m.wall_ns?.median)
        };
        let times = candidates.iter().filter_map(|curve| Some((curve.strategy, at(curve)?)));
        let Some((best, _)) = times.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            continue;
        };
        match stretches.last_mut() {
            Some((strategy, _, last)) if *strategy == best => *last = tasks,
            _ => stretches.push((best, tasks, tasks)),
        }
    }
    let parts: Vec<String> = stretches
        .iter()
        .map(|(best, first, last)| match first == last {
            true => format!("{} at {first}", label(best)),
            false => format!("{} from {first} to {last}", label(best)),
        })
        .collect();
    (!parts.is_empty()).then(|| {
        format!(
            "{workload} on {flavor}, the shortest median of join_all, futures_unordered and join_set: {}.",
            parts.join(", ")
        )
    })
}

fn grown(curves: &[Curve<'_>], workload: &str, flavor: Flavor) -> Option<String> {
    let part = |curve: &Curve<'_>| {
        let rows: Vec<&&Measurement> = curve.rows.iter().filter(|m| m.case.tasks >= FROM).collect();
        if rows.len() < 3 {
            return None;
        }
        // Rounds in which both ends of a curve were measured are few, so that a unit is the first round of each, the second…
        let times: Vec<Vec<f64>> = rows.iter().map(|m| by_round(m).map(|(_, ns)| ns).collect()).collect();
        let units = times.iter().map(Vec::len).min()?;
        let points = |unit: usize| {
            let points = rows.iter().zip(&times);
            points.map(|(m, times)| (m.case.tasks as f64, times[unit])).collect()
        };
        let exponent = growth::exponent(&(0..units).map(points).collect::<Vec<_>>())?;
        let interval = match exponent.level > 0.0 {
            true => format!(" [{:.2}, {:.2}]", exponent.low, exponent.high),
            false => String::new(),
        };
        Some(format!(
            "{} {:.2}{interval} ({})",
            label(curve.strategy),
            exponent.median,
            growth::word(&exponent)
        ))
    };
    let parts: Vec<String> = curves.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "{workload} on {flavor} grows from {FROM} children on as N to the power of: {}.",
            parts.join(", ")
        )
    })
}

/// Up to 30 children join_all polls all of them on every wake; from 31 on it is a FuturesOrdered (futures-util, `join_all.rs`).
fn jump(curves: &[Curve<'_>], workload: &str, flavor: Flavor) -> Option<String> {
    let curve = curves.iter().find(|curve| curve.strategy == "join_all")?;
    let [small, large] = [30, 31].map(|tasks| curve.rows.iter().find(|m| m.case.tasks == tasks));
    let [small, large] = [small?.wall_ns?, large?.wall_ns?];
    Some(format!(
        "{workload} on {flavor}, join_all from 30 to 31 children: {} [{}, {}] to {} [{}, {}], {}×.",
        time(small.median),
        time(small.low),
        time(small.high),
        time(large.median),
        time(large.low),
        time(large.high),
        significant(large.median / small.median)
    ))
}
