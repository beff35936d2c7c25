//! How many requests fit into a run's time.

use super::Measured;
use super::collected::{GREATEST, LEAST};
use crate::plan::Plan;
use crate::record::Header;
use crate::stand::rate;

/// What a server process takes beside its windows, in seconds: about.
const START: f64 = 0.25;

/// What a window takes beside its requests: the warm-up, in seconds.
const WARM: f64 = 0.06;

/// The seconds of a run with so many requests of each point and strategy.
fn seconds(plan: &Plan, measured: &Measured<'_>, requests: usize) -> f64 {
    let rounds = plan.settings.rounds as f64;
    let open = |requests: f64, rate: f64| (requests / rate).max(LEAST);
    let mut seconds = 0.0;
    // What has failed takes no time.
    for collected in measured.groups.iter().filter(|group| group.failed.is_none()) {
        // The reference has a copy; each process has two windows.
        let processes = rounds * (collected.group.strategies.len() + 1) as f64;
        let levels = collected.group.levels.iter();
        let windows = levels.map(|level| match rate(*level, collected.greatest) {
            Some(rate) => WARM + open(requests as f64 / rounds / 2.0, rate),
            None => WARM + GREATEST.as_secs_f64(),
        });
        seconds += processes * (START + 2.0 * windows.sum::<f64>());
    }
    for way in measured.ways.iter().filter(|way| way.failed.is_none()) {
        let windows = way.served.disturbed.len() as f64;
        seconds += rounds * (START + windows * (WARM + open(requests as f64 / rounds, way.rate)));
    }
    seconds
}

/// Requests of a point and strategy, so many that the run fits into its time. Each window lasts [`LEAST`] at least, so that
/// points of a high rate have more.
pub(super) fn fitting(plan: &Plan, measured: &Measured<'_>, gone: f64, header: &mut Header) -> usize {
    let Some(minutes) = plan.settings.minutes else {
        return plan.requests;
    };
    let fits = |requests: usize| gone + seconds(plan, measured, requests) <= minutes * 60.0;
    if fits(plan.requests) {
        return plan.requests;
    }
    let (mut most, mut too_many) = (0, plan.requests);
    while too_many - most > 1 {
        let middle = most.midpoint(too_many);
        if fits(middle) {
            most = middle;
        } else {
            too_many = middle;
        }
    }
    header.cut.push(format!(
        "{most} requests of each point and strategy instead of {}, and {LEAST} s of each window at least, so that it fits into \
         {minutes} minutes (JVS_MINUTES)",
        plan.requests
    ));
    header.requests = most;
    most
}
