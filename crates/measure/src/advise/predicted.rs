//! A predicted time as a sum of terms, or why there is none.

use serde::Serialize;

/// A term of a sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// What is paid for.
    pub what: String,
    /// How often.
    pub count: f64,
    /// ns each.
    pub ns_each: f64,
}

impl Term {
    /// Of what is paid for, how often, and how much.
    pub(crate) fn new(what: impl ToString, count: f64, ns_each: f64) -> Self {
        Self {
            what: what.to_string(),
            count,
            ns_each,
        }
    }

    /// ns in all.
    pub fn ns(&self) -> f64 {
        self.count * self.ns_each
    }
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Fan-outs there wake threads.
    #[error("fan-outs there wake threads: no sum describes their modes")]
    SeveralThreads,
    /// Children that neither wait nor work.
    #[error("not predictable: children that are ready at once fold away in some strategies as the compiler finds them")]
    Folds,
    /// The run has no measurement of that scope, way of being woken, or strategy: in words.
    #[error("not calibrated: {0}")]
    NotMeasured(String),
    /// Outside of what the run's cases reach: in words, with what they reach.
    #[error("outside the calibrated range: {0}")]
    OutOfRange(String),
}
