//! Whether another program shares the core with what is measured, as on a host that gives both threads of one core to two
//! virtual machines. No file of the guest tells, and a chain of steps that wait for each other hardly feels it; what tasks are made
//! of does, by up to the half. So such work is timed right before and right after each block of one thread.

pub use timed::task_like::task_ns;

/// A core is another program's too where the work takes this much longer than when it was nobody else's. On the host that this was
/// tried on it took a quarter to a half longer, and one percent more or less else.
pub(crate) const SHARED: f64 = 1.2;

/// The share of all times that are at most as long as when the core is nobody else's: few enough that a core that is seldom free is
/// seen free, and enough that no lucky one decides.
const FREE: f64 = 0.05;

/// The longest time that a core which is nobody else's takes, of all that a run saw; `None` where it saw none.
pub fn longest_free_ns(seen: &[f64]) -> Option<f64> {
    let mut seen = seen.to_vec();
    let place = (seen.len() as f64 * FREE) as usize;
    if seen.is_empty() {
        return None;
    }
    let (_, free, _) = seen.select_nth_unstable_by(place, f64::total_cmp);
    Some(*free * SHARED)
}

/// Of fewer blocks or processes on a core that was nobody else's, or a smaller share of all, all count.
const FEWEST_FREE: usize = 10;
const LEAST_FREE: f64 = 1.0 / 3.0;

/// Whether so many on a core that was nobody else's are enough to do without the others.
pub fn enough(free: usize, all: usize) -> bool {
    free >= FEWEST_FREE && free as f64 >= LEAST_FREE * all as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_free_one_time_in_ten_is_seen_free() {
        let seen: Vec<f64> = (0..100).map(|i| if i % 10 == 3 { 50.0 } else { 95.0 }).collect();
        let limit = longest_free_ns(&seen).expect("there are some");
        assert!((50.0..95.0).contains(&limit), "{limit}");
        assert_eq!(longest_free_ns(&[]), None);
    }
}
