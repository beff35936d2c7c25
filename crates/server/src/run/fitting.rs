//! How many requests fit into a run's time.

use super::Measured;
use super::collected::GREATEST;
use crate::plan::Plan;
use crate::record::Header;
use crate::stand::rate;

/// What a server process takes beside its windows, in seconds: about.
const START: f64 = 0.25;

/// What a window takes beside its requests: the warm-up, in seconds.
const WARM: f64 = 0.06;

/// Requests of a point and strategy, so many that the run fits into its time.
pub(super) fn fitting(plan: &Plan, measured: &Measured<'_>, gone: f64, header: &mut Header) -> usize {
    let rounds = plan.rounds as f64;
    // Seconds of what does not depend on the number of requests, and seconds for each of them.
    let (mut fixed, mut each) = (0.0, 0.0);
    for collected in &measured.groups {
        // The reference has a copy; each process has two windows.
        let processes = rounds * (collected.group.strategies.len() + 1) as f64;
        for level in &collected.group.levels {
            fixed += 2.0 * processes * WARM;
            match rate(*level, collected.greatest) {
                Some(rate) => each += processes / rounds / rate,
                None => fixed += 2.0 * processes * GREATEST.as_secs_f64(),
            }
        }
        fixed += processes * START;
    }
    for way in &measured.ways {
        let windows = way.served.disturbed.len() as f64;
        fixed += rounds * (START + windows * WARM);
        each += windows / way.rate;
    }
    let Some(minutes) = plan.minutes else {
        return plan.requests;
    };
    let left = (minutes * 60.0 - gone - fixed).max(1.0);
    let most = (left / each.max(f64::MIN_POSITIVE)) as usize;
    if most >= plan.requests {
        return plan.requests;
    }
    header.cut.push(format!(
        "{most} requests of each point and strategy instead of {}, so that it fits into {minutes} minutes (JVS_MINUTES)",
        plan.requests
    ));
    header.requests = most;
    most
}
