//! A thread kept on one core. On other systems than Linux it stays where the kernel puts it.

#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of a set.
#[cfg(target_os = "linux")]
fn cores_of(set: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core))
}

/// How many cores this thread may use.
#[cfg(target_os = "linux")]
pub(crate) fn allowed() -> usize {
    sched_getaffinity(None).map_or(1, |cores| cores_of(&cores).count())
}

/// Keeps this thread, and the threads and copies that it makes, on one of the cores that it may use; dropped, it may use all of
/// them again.
#[must_use]
pub(crate) struct OnOneCore {
    #[cfg(target_os = "linux")]
    before: Option<CpuSet>,
}

impl OnOneCore {
    /// On the core of that number among those that it may use, counted in circles.
    #[cfg(target_os = "linux")]
    pub(crate) fn stay(number: usize) -> Self {
        let stay = || {
            let before = sched_getaffinity(None).ok()?;
            let core = cores_of(&before).nth(number % cores_of(&before).count().max(1))?;
            let mut one = CpuSet::new();
            one.set(core);
            sched_setaffinity(None, &one).ok().map(|()| before)
        };
        Self { before: stay() }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn stay(_: usize) -> Self {
        Self {}
    }
}

#[cfg(target_os = "linux")]
impl Drop for OnOneCore {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = sched_setaffinity(None, before);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_stays_on_its_core_until_it_may_leave() {
        let cores = || sched_getaffinity(None).map(|set| cores_of(&set).collect::<Vec<_>>());
        let all = cores().expect("cores");
        for number in [0, 1, all.len() + 1] {
            let stays = OnOneCore::stay(number);
            assert_eq!(cores().expect("a core"), [all[number % all.len()]]);
            assert_eq!(allowed(), 1);
            drop(stays);
            assert_eq!(cores().expect("cores"), all);
        }
    }
}
