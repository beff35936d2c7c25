//! The answer for the reader's own workload: which run calibrates it, and the dialogue. What is
//! predicted, and how, is in [`measure::advise`].

pub mod dialogue;

use std::path::Path;

use measure::advise::{Model, ModelError};
use measure::calibration::CALIBRATION;

use crate::record::{Header, Measurement};
use crate::run_store::{LATEST, Run, StoreError, names};

/// A run, and the model made of it.
pub struct Calibrated {
    /// The run.
    pub run: Run,
    /// Its model.
    pub model: Model,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum AdviseError {
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has too few cases.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// There is no run at all.
    #[error("no run in {0}; make one by `advise --calibrate`, or name a kept one by --run")]
    NoRun(String),
}

impl Calibrated {
    /// Of the run of that name; without one, of the calibration, else of the last run, else of the last of the kept ones.
    pub fn load(results: &Path, name: Option<&str>) -> Result<Self, AdviseError> {
        if let Some(name) = name {
            return Self::of(Run::load(results, name)?);
        }
        for name in [CALIBRATION, LATEST] {
            if let Ok(run) = Run::load(results, name)
                && let Ok(calibrated) = Self::of(run)
            {
                return Ok(calibrated);
            }
        }
        let kept = names(results)
            .into_iter()
            .filter_map(|name| Run::load(results, &name).ok());
        let last = kept.max_by_key(|run| started(run).map(str::to_owned));
        match last {
            Some(run) => Self::of(run),
            None => Err(AdviseError::NoRun(results.display().to_string())),
        }
    }

    fn of(run: Run) -> Result<Self, AdviseError> {
        let model = Model::of(&run.name, run.measurements())?;
        Ok(Self { run, model })
    }

    /// Its measurements.
    pub fn measurements(&self) -> Vec<&Measurement> {
        self.run.measurements().collect()
    }

    /// The first of its headers.
    pub fn header(&self) -> Option<&Header> {
        self.run.parts.first().map(|(header, _)| header)
    }
}

fn started(run: &Run) -> Option<&str> {
    run.parts.iter().map(|(header, _)| header.started.as_str()).max()
}

#[cfg(test)]
mod tests {
    use measure::advise::meaning::STATEMENTS;

    #[test]
    fn rulings_refer_to_statements_that_are_tested() {
        let tested = include_str!("../claims/expected.txt");
        for statement in STATEMENTS {
            assert!(tested.contains(&format!("{statement} | ")), "{statement}");
        }
    }
}
