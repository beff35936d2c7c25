//! What the process used so far beside time: read right before and right after a timed stretch, outside of it.

use std::time::Duration;

use tokio::runtime::Handle;

/// What the process used so far, or between two readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all threads: [`process_cpu_time`].
    pub cpu: Duration,
    /// How often workers of this runtime parked: had nothing to run, and waited for an event or a wake. Not among them are looks
    /// at the I/O driver that do not wait. (tokio's `RuntimeMetrics::worker_park_count`, of all workers.)
    pub parks: u64,
    /// How often a thread gave up its core because it waited; `None` where the platform does not count it. (getrusage(2):
    /// `ru_nvcsw`.)
    pub voluntary_switches: Option<u64>,
}

impl Usage {
    /// Until now, in the runtime that this is called in. Not inlined, so that it is not compiled into each timed loop; the
    /// clock is read last, nearest to what is timed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[inline(never)]
    pub fn now() -> Self {
        let (parks, voluntary_switches) = (parks(), voluntary_switches());
        Self {
            cpu: process_cpu_time(),
            parks,
            voluntary_switches,
        }
    }

    /// What was used since an earlier reading; here the clock is read first.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[inline(never)]
    pub fn since(before: &Usage) -> Self {
        let cpu = process_cpu_time().saturating_sub(before.cpu);
        let switches = voluntary_switches().zip(before.voluntary_switches);
        Self {
            cpu,
            parks: parks().saturating_sub(before.parks),
            voluntary_switches: switches.map(|(now, before)| now.saturating_sub(before)),
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

fn parks() -> u64 {
    let metrics = Handle::current().metrics();
    (0..metrics.num_workers())
        .map(|worker| metrics.worker_park_count(worker))
        .sum()
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

/// CPU time used by all threads of this process so far; zero where the platform has no such clock.
pub fn process_cpu_time() -> Duration {
    #[cfg(unix)]
    return clock(rustix::time::ClockId::ProcessCPUTime);
    #[cfg(not(unix))]
    Duration::ZERO
}

/// CPU time used by this thread so far; `None` where the platform has no such clock.
pub fn thread_cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    return Some(clock(rustix::time::ClockId::ThreadCPUTime));
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
fn clock(id: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(id);
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_waits_parks_and_one_that_works_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(async {
            let before = Usage::now();
            let began = process_cpu_time();
            while process_cpu_time() == began {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
            let worked = Usage::since(&before);
            assert_eq!(worked.parks, 0);
            assert!(!cfg!(unix) || worked.cpu > Duration::ZERO);
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let mut waited = Usage::since(&before);
            assert!(waited.parks >= 3, "{waited:?}");
            assert!(!cfg!(unix) || waited.voluntary_switches >= Some(3), "{waited:?}");
            let once = waited;
            waited.add(&once);
            assert_eq!(waited.parks, 2 * once.parks);
            assert_eq!(
                waited.voluntary_switches,
                once.voluntary_switches.map(|count| 2 * count)
            );
        });
    }
}
