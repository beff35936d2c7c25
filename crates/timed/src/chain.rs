//! A piece of work of known length: what the speed of the processor is seen by, and what an injected delay is made of.

/// Any odd one.
const MULTIPLIER: u64 = 0x2545_f491_4f6c_dd1d;

/// `length` steps, each of a shift, a difference and a product, which no compiler makes into fewer; in registers, since
/// the time that a value takes through memory depends on what lies around it. Returns a number that depends on all of them.
pub fn chain(start: u64, length: u64) -> u64 {
    (0..length).fold(start, |value, _| (value ^ (value >> 29)).wrapping_mul(MULTIPLIER))
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
}
