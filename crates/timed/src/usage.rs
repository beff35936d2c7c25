//! What the process used so far beside time: read right before and right after a timed stretch, outside of it.

use std::time::Duration;

use tokio::runtime::Handle;

/// What the process used so far, or between two readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all threads; zero where the platform has no such clock.
    pub cpu: Duration,
    /// How often workers of this runtime parked: had nothing to run, and waited for an event or a wake. Not among them are looks
    /// at the I/O driver that do not wait. (tokio's `RuntimeMetrics::worker_park_count`, of all workers.)
    pub parks: u64,
    /// How often a thread gave up its core because it waited; `None` where the platform does not count it. (getrusage(2):
    /// `ru_nvcsw`.)
    pub voluntary_switches: Option<u64>,
}

impl Usage {
    /// Until now, in the runtime that this is called in.
    #[inline(never)]
    pub fn now() -> Self {
        let metrics = Handle::current().metrics();
        Self {
            parks: (0..metrics.num_workers())
                .map(|worker| metrics.worker_park_count(worker))
                .sum(),
            voluntary_switches: voluntary_switches(),
            // Last, nearest to what is timed.
            cpu: process_cpu_time(),
        }
    }

    /// What was used since an earlier reading.
    #[inline(never)]
    pub fn since(before: &Usage) -> Self {
        let cpu = process_cpu_time();
        let now = Self::now();
        Self {
            cpu: cpu.saturating_sub(before.cpu),
            parks: now.parks.saturating_sub(before.parks),
            voluntary_switches: now
                .voluntary_switches
                .zip(before.voluntary_switches)
                .map(|(now, before)| now.saturating_sub(before)),
        }
    }

    /// Adds what another stretch used.
    pub fn add(&mut self, other: &Usage) {
        self.cpu += other.cpu;
        self.parks += other.parks;
        if let Some(more) = other.voluntary_switches {
            *self.voluntary_switches.get_or_insert(0) += more;
        }
    }
}

/// CPU time used by all threads of this process so far.
pub fn process_cpu_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(
            time.tv_sec.try_into().unwrap_or(0),
            time.tv_nsec.try_into().unwrap_or(0),
        )
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

fn voluntary_switches() -> Option<u64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
        u64::try_from(usage.voluntary_context_switches()).ok()
    }
    #[cfg(not(unix))]
    None
}
