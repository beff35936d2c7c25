//! One case × one strategy, as a record has it.

use serde::{Deserialize, Serialize};

use crate::case::{self, Case};
use crate::stats::{Estimate, Mode, Stretch, Verdict};

crate::stats::words! {
    /// Whether a measurement can be used.
    pub enum Status {
        /// Measured: its numbers can be used.
        Ok = "ok",
        /// The case's process died, hung, or returned an error.
        Failed = "failed",
        /// Measured, but under conditions that make the numbers worthless.
        Invalid = "invalid",
    }
}

/// Criterion takes no fewer samples of a measurement.
pub const FEWEST_SAMPLES: usize = 10;

/// One case × one strategy. Times are ns per iteration, one whole fan-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The case; in JSON its id, and each axis in a field of its own.
    #[serde(flatten, with = "case::fields")]
    pub case: Case,
    /// How the children are awaited.
    pub strategy: String,
    /// What the ratio is relative to.
    pub reference: String,
    /// Whether the numbers can be used; where they cannot, they are null.
    pub status: Status,
    /// Why they cannot.
    pub reason: Option<String>,
    /// `bimodal`: two modes, or a long tail; `oversubscribed`: more workers than cores; `driver_races`: signals may share a poll;
    /// `server_bound`: the mock server's CPU time is nearly all of the wall time; `state_changed`: two states that dwell
    /// ([`states`](Self::states)).
    pub flags: Vec<String>,
    /// Whether the strategies had a runtime of their own each, or shared one.
    pub own_runtime: bool,
    /// Wall time, in ns per iteration.
    pub wall_ns: Option<Estimate>,
    /// The reference's wall time, in ns per iteration, in the same blocks or in those beside them, to stand beside `wall_ns`.
    pub reference_ns: Option<Estimate>,
    /// Wall time beyond the reference's, in ns per child: negative where it is faster. Null for a control.
    pub difference_ns: Option<Estimate>,
    /// CPU time of all threads of the process, in ns per iteration; null where there is no such clock.
    pub cpu_ns: Option<Estimate>,
    /// Wall time over the reference's; on the reference's own line, the control: it in every other round against itself in
    /// those between, in other processes and layouts.
    pub ratio: Option<Estimate>,
    /// How far the case's control strayed from 1, a fraction.
    pub noise_floor: Option<f64>,
    /// The ratio in a shared runtime over the ratio of both alone; null where runtimes are not shared.
    pub carry_over: Option<Estimate>,
    /// Two modes of opposite sign, the faster first; empty where there are none.
    pub modes: Vec<Mode>,
    /// The ratio in each of two states that dwell, the lower first; empty where it has one.
    pub states: Vec<Stretch>,
    /// What the ratio says.
    pub verdict: Option<Verdict>,
    /// Wall time of the workload's own machinery, without any children, in ns per iteration; null where it has none.
    pub machinery_ns: Option<Estimate>,
    /// CPU time of the mock server, in ns per iteration; null where there is none.
    pub server_cpu_ns: Option<Estimate>,
    /// Time until the parent had the first result, in ns per iteration; null but for `http_straggler`.
    pub first_result_ns: Option<Estimate>,
    /// Time until it had all results but one, in ns per iteration; null but for `http_straggler`.
    pub all_but_one_ns: Option<Estimate>,
    /// Time until the siblings of a hot child had ended, in ns per iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub siblings_ns: Option<Estimate>,
    /// How often workers of the strategy's runtime parked, per iteration: had nothing to run, and waited. Null where it was not
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parks: Option<Estimate>,
    /// How often a thread of the process gave up its core because it waited, per iteration; null where the platform does not
    /// count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voluntary_switches: Option<Estimate>,
    /// Connections opened to the mock server by the end of each round's blocks; empty where there is none.
    pub connections_opened: Vec<Vec<u64>>,
    /// In how many rounds another program of the host shared the core, so that they do not count; 0 where all count.
    #[serde(default)]
    pub shared_core_rounds: usize,
    /// The rounds that count, from 0; of a control the first of each pair of rounds.
    pub in_rounds: Vec<usize>,
    /// Natural-log ratios of each of these rounds.
    pub rounds: Vec<Vec<f64>>,
    /// ns per iteration of the block of each round in which the case was measured, whether it counts or not; or, where there are
    /// fewer than ten, of its slices.
    pub block_ns: Vec<Vec<f64>>,
}

impl Measurement {
    /// One whose numbers are still to be filled in.
    pub fn without_numbers(case: &Case, strategy: &str, reference: &str) -> Self {
        Self {
            case: case.clone(),
            strategy: strategy.to_owned(),
            reference: reference.to_owned(),
            status: Status::Ok,
            reason: None,
            flags: Vec::new(),
            own_runtime: false,
            wall_ns: None,
            reference_ns: None,
            difference_ns: None,
            cpu_ns: None,
            ratio: None,
            noise_floor: None,
            carry_over: None,
            modes: Vec::new(),
            states: Vec::new(),
            verdict: None,
            machinery_ns: None,
            server_cpu_ns: None,
            first_result_ns: None,
            all_but_one_ns: None,
            siblings_ns: None,
            parks: None,
            voluntary_switches: None,
            connections_opened: Vec::new(),
            shared_core_rounds: 0,
            in_rounds: Vec::new(),
            rounds: Vec::new(),
            block_ns: Vec::new(),
        }
    }

    /// One that could not be measured.
    pub fn failed(case: &Case, strategy: &str, reference: &str, reason: &str) -> Self {
        Self {
            status: Status::Failed,
            reason: Some(reason.to_owned()),
            ..Self::without_numbers(case, strategy, reference)
        }
    }

    /// One under conditions that make its numbers worthless.
    pub fn invalid(case: &Case, strategy: &str, reference: &str, reason: &str) -> Self {
        Self {
            status: Status::Invalid,
            ..Self::failed(case, strategy, reference, reason)
        }
    }

    /// Whether this is the reference measured against itself.
    pub fn is_control(&self) -> bool {
        self.strategy == self.reference
    }
}
