//! When requests are due: a Poisson process, drawn from a seed before anything is sent.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delay::exponential;

/// Arrivals at a rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Of what is drawn.
    pub seed: u64,
    /// Requests a second, on average.
    pub rate: f64,
    /// Requests.
    pub requests: usize,
}

impl Schedule {
    /// When each request is due, from the beginning on.
    pub fn arrivals(&self) -> Vec<Duration> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut at = 0.0;
        (0..self.requests)
            .map(|_| {
                at += exponential(&mut random) / self.rate;
                Duration::from_secs_f64(at)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_poisson() {
        let schedule = Schedule {
            seed: 11,
            rate: 2_000.0,
            requests: 100_000,
        };
        let arrivals = schedule.arrivals();
        assert_eq!(arrivals, schedule.arrivals());
        assert!(arrivals.is_sorted());
        let last = arrivals.last().unwrap().as_secs_f64();
        assert!((last / 50.0 - 1.0).abs() < 0.02, "{last}");
        // Of a Poisson process, counts in equal stretches have a variance that is their mean.
        let mut counts = vec![0.0; 4_000];
        for at in &arrivals {
            if let Some(count) = counts.get_mut((at.as_secs_f64() * 100.0) as usize) {
                *count += 1.0;
            }
        }
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / counts.len() as f64;
        assert!((variance / mean - 1.0).abs() < 0.1, "{variance} {mean}");
    }
}
