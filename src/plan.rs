//! The plan of a run: which pairs are measured for each case, and how many blocks of each.

use std::time::Duration;

use crate::block::Shape;
use crate::case::Case;
use crate::matrix::{Matrix, Target};
use crate::selection::{Selection, VariableError};
use crate::workload;

/// What is measured of one case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Item {
    /// The case.
    pub case: Case,
    /// Strategy and its reference, one block each in turn; the first pair is the control.
    pub pairs: Vec<(String, String)>,
}

impl Selection {
    /// The measurements of `target`: each case with those of its strategies whose id `wanted` lets through.
    pub fn measurements(
        &self,
        target: &Target,
        cores: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Case, Vec<String>)>, VariableError> {
        let mut measurements = Vec::new();
        for case in self.cases(target, cores)? {
            let strategies: Vec<String> = self
                .strategies
                .iter()
                .filter(|strategy| wanted(&case.measurement_id(strategy)))
                .cloned()
                .collect();
            if !strategies.is_empty() {
                measurements.push((case, strategies));
            }
        }
        Ok(measurements)
    }

    /// What is to be measured for that: every strategy against the reference, the reference against itself,
    /// and the workload's own machinery where it has some.
    pub fn items(&self, target: &Target, measurements: &[(Case, Vec<String>)]) -> Vec<Item> {
        let pair = |strategy: &str| (strategy.to_owned(), self.reference.clone());
        measurements
            .iter()
            .map(|(case, strategies)| {
                let mut pairs = vec![pair(&self.reference)];
                pairs.extend(
                    strategies
                        .iter()
                        .filter(|strategy| **strategy != self.reference)
                        .map(|strategy| pair(strategy)),
                );
                if target
                    .entry(&case.workload)
                    .is_some_and(|entry| entry.machinery)
                {
                    pairs.push(pair(workload::MACHINERY));
                }
                Item {
                    case: case.clone(),
                    pairs,
                }
            })
            .collect()
    }

    /// Blocks of each pair in each round: enough for Criterion, which wants 10 samples, and for the span.
    pub fn blocks(&self, items: &[Item], shape: Shape) -> usize {
        let least = match self.matrix {
            Matrix::Quick => 1,
            Matrix::Default | Matrix::Full => 4,
        };
        let pairs: usize = items.iter().map(|item| item.pairs.len()).sum();
        let one_block_each = block_time(shape) * (pairs * self.rounds) as u32;
        let spread = self.span.as_secs_f64() / one_block_each.as_secs_f64().max(f64::MIN_POSITIVE);
        least
            .max(10usize.div_ceil(self.rounds))
            .max(spread.ceil() as usize)
    }
}

/// About how long one block takes: its slices, and as much as 12 of them again for the runtime, the warm-up and
/// the iterations that are not timed (the end of a run prints the share inside slices).
pub fn block_time(shape: Shape) -> Duration {
    shape.slice * (4 * shape.quads as u32 + 12)
}

/// About how long Criterion takes to analyse and draw one measurement.
const CRITERION_TIME: Duration = Duration::from_millis(60);

/// About how long a run takes.
pub fn expected_time(items: &[Item], rounds: usize, blocks: usize, shape: Shape) -> Duration {
    let pairs: usize = items.iter().map(|item| item.pairs.len()).sum();
    block_time(shape) * (pairs * rounds * blocks) as u32 + CRITERION_TIME * pairs as u32
}
