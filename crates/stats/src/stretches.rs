//! Whether a series has states that dwell: rounds that lie in stretches, as where the host wakes threads otherwise for a
//! minute, are no independent evidence.

use serde::{Deserialize, Serialize};

use super::binomial::ln_choose;
use super::modes::split;
use super::{MARGIN, median};

/// One state of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Share of the rounds that are in this state.
    pub share: f64,
    /// e to the median of their logs: a ratio where these are logs of ratios, ns where they are logs of times.
    pub value: f64,
}

/// Fewer values show no stretches.
const FEWEST: usize = 12;

/// How likely so few stretches may be by luck: with hundreds of cases a run, seldom.
const CHANCE: f64 = 0.000_1;

/// The two states of a series in the order of time, the lower one first, if it has them: split by their values into two
/// groups that lie farther apart than the margin (in the log), they come in far fewer stretches than in a random order
/// (Wald & Wolfowitz, "On a test whether two samples are from the same population", 1940).
pub fn stretches(logs: &[f64]) -> Option<[Stretch; 2]> {
    if logs.len() < FEWEST {
        return None;
    }
    let (at, _) = split(logs)?;
    let low: Vec<bool> = logs.iter().map(|log| *log <= at).collect();
    let lows = low.iter().filter(|low| **low).count();
    let highs = low.len() - lows;
    let runs = 1 + low.windows(2).filter(|two| two[0] != two[1]).count();
    let of = |wanted: bool| -> Stretch {
        let values: Vec<f64> = logs
            .iter()
            .zip(&low)
            .filter(|(_, low)| **low == wanted)
            .map(|(log, _)| *log)
            .collect();
        Stretch {
            share: values.len() as f64 / logs.len() as f64,
            value: median(&values).exp(),
        }
    };
    let states = [of(true), of(false)];
    let apart = (states[1].value / states[0].value).ln() > MARGIN;
    // A state of one or two rounds is no state.
    let both = lows.min(highs) >= 3;
    (both && apart && at_most(runs, lows, highs) < CHANCE).then_some(states)
}

/// The probability of at most so many runs of `m` things of one kind and `n` of another in random order.
fn at_most(runs: usize, m: usize, n: usize) -> f64 {
    let ways = |m: usize, k: usize| match (1..=m).contains(&k) {
        true => ln_choose(m - 1, k - 1),
        false => f64::NEG_INFINITY,
    };
    let all = ln_choose(m + n, m);
    (2..=runs)
        .map(|runs| {
            let half = runs / 2;
            if runs % 2 == 0 {
                2.0 * (ways(m, half) + ways(n, half) - all).exp()
            } else {
                (ways(m, half) + ways(n, half + 1) - all).exp() + (ways(m, half + 1) + ways(n, half) - all).exp()
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;

    #[test]
    fn the_distribution_of_runs_is_exact() {
        // Five and five: 2 of 252 orders have two runs, 8 three, 32 four.
        assert!((at_most(2, 5, 5) - 2.0 / 252.0).abs() < 1e-12);
        assert!((at_most(3, 5, 5) - 10.0 / 252.0).abs() < 1e-12);
        assert!((at_most(4, 5, 5) - 42.0 / 252.0).abs() < 1e-12);
        assert!((at_most(10, 5, 5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_state_that_dwells_is_found_and_noise_is_not() {
        let mut random = fastrand::Rng::with_seed(3);
        let (mut found, mut falsely) = (0, 0);
        for _ in 0..500 {
            let noise: Vec<f64> = (0..40).map(|_| 0.02 * normal(&mut random)).collect();
            falsely += usize::from(stretches(&noise).is_some());
            let shifted: Vec<f64> = (0..40)
                .map(|round| noise[round] + if (20..32).contains(&round) { 0.2 } else { 0.0 })
                .collect();
            if let Some([low, high]) = stretches(&shifted) {
                found += 1;
                assert!((high.share - 0.3).abs() < 0.1, "{high:?}");
                assert!((high.value / low.value - 1.22).abs() < 0.05);
            }
        }
        assert!(found > 490, "{found}");
        assert!(falsely <= 2, "{falsely}");
    }

    #[test]
    fn modes_in_random_order_are_no_states() {
        let mut random = fastrand::Rng::with_seed(4);
        let falsely = (0..500).filter(|_| {
            let logs: Vec<f64> = (0..40)
                .map(|_| 0.02 * normal(&mut random) + if random.bool() { 0.5 } else { 0.0 })
                .collect();
            stretches(&logs).is_some()
        });
        assert!(falsely.count() <= 2);
    }
}
