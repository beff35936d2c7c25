//! A predicted time as a sum of terms, or why there is none.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A term of a sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What is paid for.
    pub what: String,
    /// How often.
    pub count: f64,
    /// ns each.
    pub ns_each: f64,
}

impl Term {
    /// ns in all.
    pub fn ns(&self) -> f64 {
        self.count * self.ns_each
    }
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// Its terms.
    pub terms: Vec<Term>,
    /// ns of the terms that were told and are not predicted: the children's own work, their wait, and what a poll that
    /// finds one waiting costs more.
    pub told_ns: f64,
    /// How much farther off it may be than one inside of what was measured: 1, or more.
    pub reach: f64,
    /// Whether this very point was measured.
    pub measured: bool,
}

impl Predicted {
    /// ns of a fan-out.
    pub fn ns(&self) -> f64 {
        self.terms.iter().map(Term::ns).sum()
    }

    /// The interval of that, in ns, where half of its width is `half_width` of the natural logarithm: what was told is
    /// as long as it was told, so that only the rest is unsure.
    pub fn interval(&self, half_width: f64) -> (f64, f64) {
        let rest = self.ns() - self.told_ns;
        let at = |log: f64| self.ns() + rest * log.exp_m1();
        (at(-half_width), at(half_width))
    }
}

/// Why there is no sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Fan-outs there wake threads.
    SeveralThreads,
    /// Children that neither wait nor work.
    Folds,
    /// The run has no measurement of that scope, way of being woken, or strategy.
    NotMeasured {
        /// In words.
        what: String,
    },
    /// Outside of what the run's cases reach.
    OutOfRange {
        /// In words, with what they reach.
        what: String,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::SeveralThreads => f.write_str("fan-outs there wake threads: no sum describes their modes"),
            Refused::Folds => f.write_str(
                "not predictable: children that are ready at once fold away in some strategies as the compiler finds them",
            ),
            Refused::NotMeasured { what } => write!(f, "not calibrated: {what}"),
            Refused::OutOfRange { what } => write!(f, "outside the calibrated range: {what}"),
        }
    }
}
