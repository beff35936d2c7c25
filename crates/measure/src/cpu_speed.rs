//! The speed of the processor, seen from inside: how long a fixed piece of work takes. It sees what no file tells, on a
//! virtual machine too.

use std::hint::black_box;
use std::time::Instant;

/// Any odd one.
const MULTIPLIER: u64 = 0x2545_f491_4f6c_dd1d;

/// `length` steps, each of a shift, a difference and a product, which no compiler makes into fewer; in registers, since
/// the time that a value takes through memory depends on what lies around it. Returns a number that depends on all of them.
pub fn chain(start: u64, length: u64) -> u64 {
    (0..length).fold(start, |value, _| (value ^ (value >> 29)).wrapping_mul(MULTIPLIER))
}

/// What is timed: some microseconds, shorter than anything that interrupts.
const STEPS: u64 = 2_000;
/// The fastest of these was hardly interrupted.
const TRIES: usize = 20;

/// How long a step takes now, in ns.
pub(crate) fn step_ns() -> f64 {
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
    fn a_chain_is_as_many_steps() {
        assert_eq!(chain(6, 0), 6);
        let step = |value: u64| (value ^ (value >> 29)).wrapping_mul(MULTIPLIER);
        assert_eq!(chain(6, 2), step(step(6)));
    }

    #[test]
    fn a_step_takes_time() {
        let ns = step_ns();
        assert!(ns > 0.0 && ns.is_finite(), "{ns}");
    }
}
