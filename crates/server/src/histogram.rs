//! Latencies: an HDR histogram in ns, three significant digits, as JSON between processes and in records.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest latency that is told apart: 100 s.
const LONGEST_NS: u64 = 100_000_000_000;

/// Latencies of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("these bounds are allowed"))
    }
}

impl Latencies {
    /// One more, in ns.
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns.max(1));
    }

    /// All of another's.
    pub fn add(&mut self, other: &Latencies) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency in ns that this share of the requests does not exceed; 0 for no requests.
    pub fn quantile(&self, share: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.value_at_quantile(share) as f64
    }

    /// The greatest, in ns.
    pub fn greatest(&self) -> f64 {
        self.0.max() as f64
    }
}

impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.iter_recorded();
        serializer.collect_seq(pairs.map(|value| (value.value_iterated_to(), value.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut latencies = Latencies::default();
        for (ns, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            latencies.0.saturating_record_n(ns.max(1), count);
        }
        Ok(latencies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_survive_the_way_through_json() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut latencies = Latencies::default();
        let mut exact: Vec<u64> = (0..10_000).map(|_| 50_000 + random.u64(0..20_000_000)).collect();
        exact.iter().for_each(|ns| latencies.record(*ns));
        exact.sort_unstable();
        let read: Latencies = serde_json::from_str(&serde_json::to_string(&latencies).unwrap()).unwrap();
        assert_eq!(read.count(), 10_000);
        for share in [0.5, 0.9, 0.99, 0.999] {
            let truth = exact[(share * 10_000.0) as usize - 1] as f64;
            assert!((read.quantile(share) / truth - 1.0).abs() < 2e-3, "{share}");
        }
        assert!((read.greatest() / exact[9_999] as f64 - 1.0).abs() < 2e-3);
        assert_eq!(Latencies::default().quantile(0.5), 0.0);
    }
}
