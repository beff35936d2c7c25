//! The speed of the processor, seen from inside: how long a fixed piece of work takes. It sees what no file tells, on a
//! virtual machine too.

use std::hint::black_box;
use std::time::Instant;

use crate::chain::chain;

/// What is timed: some microseconds, shorter than anything that interrupts.
const STEPS: u64 = 2_000;
/// The fastest of these was hardly interrupted.
const TRIES: usize = 20;

/// How long a step takes now, in ns.
// Not to be compiled again by a caller that is optimized less.
#[inline(never)]
pub fn step_ns() -> f64 {
    let time = |_| {
        let start = Instant::now();
        black_box(chain(black_box(1), STEPS));
        start.elapsed().as_nanos() as f64 / STEPS as f64
    };
    (0..TRIES).map(time).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_time() {
        let ns = step_ns();
        assert!(ns > 0.0 && ns.is_finite(), "{ns}");
    }
}
