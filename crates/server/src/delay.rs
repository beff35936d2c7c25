//! How long the backend takes: drawn from the seed, the request and the child, so that every strategy meets the same delays.

use std::time::Duration;

use crate::named::named;

/// The usual delay of a backend that is not at once.
const USUAL: Duration = Duration::from_millis(5);
/// That of a straggler.
const STRAGGLER: Duration = Duration::from_millis(100);
/// One in so many is a straggler.
const STRAGGLERS: u64 = 100;

named! {
    /// When the backend answers; the names are those of workloads.
    Delay {
        /// At once.
        None: "server_now", "at once";
        /// After 5 ms.
        Fixed: "server", "after 5 ms";
        /// After a time of exponential distribution with a mean of 5 ms.
        Exponential: "server_exponential", "after 5 ms on average, exponentially distributed";
        /// After 5 ms, one of a hundred after 100 ms.
        Straggler: "server_straggler", "after 5 ms, one answer of a hundred after 100 ms";
    }
}

impl Delay {
    /// That of one call.
    pub fn of(self, seed: u64, request: u64, child: u64) -> Duration {
        match self {
            Delay::None => Duration::ZERO,
            Delay::Fixed => USUAL,
            Delay::Exponential => USUAL.mul_f64(exponential(&mut draw(seed, request, child))),
            Delay::Straggler if one_of(STRAGGLERS, seed, request, child) => STRAGGLER,
            Delay::Straggler => USUAL,
        }
    }
}

/// A value of the exponential distribution with mean 1, by inversion.
pub fn exponential(random: &mut fastrand::Rng) -> f64 {
    -(1.0 - random.f64()).ln()
}

/// Random numbers of one call, the same wherever they are asked for.
pub fn draw(seed: u64, request: u64, child: u64) -> fastrand::Rng {
    let mut words = [0; 24];
    for (place, word) in [seed, request, child].into_iter().enumerate() {
        words[place * 8..][..8].copy_from_slice(&word.to_le_bytes());
    }
    fastrand::Rng::with_seed(twox_hash::XxHash3_64::oneshot(&words))
}

/// Whether this call is drawn, as one of so many.
pub fn one_of(many: u64, seed: u64, request: u64, child: u64) -> bool {
    draw(seed, request, child).u64(0..many) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_their_distribution_and_are_the_same_for_a_call() {
        let calls = || (0..100_000u64).map(|call| (call / 8, call % 8));
        let of = |delay: Delay| -> Vec<Duration> { calls().map(|(id, child)| delay.of(7, id, child)).collect() };
        assert_eq!(of(Delay::Exponential), of(Delay::Exponential));
        let exponential = of(Delay::Exponential);
        let mean = exponential.iter().sum::<Duration>().as_secs_f64() / exponential.len() as f64;
        assert!((mean / 0.005 - 1.0).abs() < 0.02, "{mean}");
        let beyond = exponential.iter().filter(|delay| **delay > USUAL).count() as f64 / exponential.len() as f64;
        assert!((beyond - (-1f64).exp()).abs() < 0.01, "{beyond}");
        let late = of(Delay::Straggler).iter().filter(|delay| **delay == STRAGGLER).count();
        assert!((900..1_100).contains(&late), "{late}");
    }
}
