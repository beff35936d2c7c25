//! One value for each round, and the estimate over their layouts.

use crate::stats::{Estimate, Sample};

/// One value for each round that has one.
pub(super) struct Series {
    pub(super) rounds: Vec<usize>,
    pub(super) layouts: Vec<usize>,
    pub(super) values: Vec<f64>,
}

impl Series {
    pub(super) fn sample(&self) -> Sample {
        Sample::new(self.values.clone(), &self.layouts)
    }

    pub(super) fn estimate(&self) -> Option<Estimate> {
        self.sample().estimate()
    }

    /// As one list for each round.
    pub(super) fn each(&self) -> Vec<Vec<f64>> {
        self.values.iter().map(|value| vec![*value]).collect()
    }
}
