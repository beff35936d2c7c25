//! A slice, a timed run of iterations: what it measured.

use std::time::Duration;

use crate::usage::Usage;

/// What a slice measured; by default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slice {
    /// Wall time of the timed iterations.
    pub wall: Duration,
    /// ns that an iteration took, where each was timed on its own: the mean of the middle half, so that an iteration
    /// during which the machine did something else for milliseconds does not stand for the others.
    pub typical_ns: Option<f64>,
    /// What the whole process used over the same stretch.
    pub usage: Usage,
    /// The wrapping sum of the digests of all outputs of the timed iterations.
    pub digest: u64,
    /// The workload's own totals right before the timed iterations.
    pub before: Totals,
    /// And right after them.
    pub after: Totals,
}

/// What a workload counts beside the clock, since it was set up; `None` what it does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// CPU time of the server that it talks to.
    pub server_cpu: Option<Duration>,
    /// Connections that it opened.
    pub connections: Option<u64>,
    /// Time from each iteration's start until the parent had the first result, summed up.
    pub first_result: Option<Duration>,
    /// Time from each iteration's start until the parent had all results but one, summed up.
    pub all_but_one: Option<Duration>,
    /// Time from each iteration's start until the siblings of its hot child had ended, summed up.
    pub siblings: Option<Duration>,
}

impl Totals {
    /// Adds what grew between two readings.
    pub fn add(&mut self, before: &Totals, after: &Totals) {
        let add = |total: &mut Option<Duration>, before: Option<Duration>, after| {
            if let (Some(before), Some(after)) = (before, after) {
                *total = Some(total.unwrap_or_default() + Duration::saturating_sub(after, before));
            }
        };
        add(&mut self.server_cpu, before.server_cpu, after.server_cpu);
        add(&mut self.first_result, before.first_result, after.first_result);
        add(&mut self.all_but_one, before.all_but_one, after.all_but_one);
        add(&mut self.siblings, before.siblings, after.siblings);
        if let (Some(before), Some(after)) = (before.connections, after.connections) {
            self.connections = Some(self.connections.unwrap_or(0) + after.saturating_sub(before));
        }
    }
}
