//! A bar, the figure that was found, and whether it held.

use serde::{Deserialize, Serialize};

use crate::stats::clopper_pearson;
use crate::text::percent;

/// What a figure must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// A figure, and the bar that it must clear if there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The check that it belongs to.
    pub check: String,
    /// What the figure is of.
    pub what: String,
    /// The figure: a fraction. NaN is null, and holds nothing.
    pub figure: Option<f64>,
    /// Where it is a share: so many of so many.
    pub counted: Option<(usize, usize)>,
    /// And its binomial 95% band.
    pub band: Option<(f64, f64)>,
    /// The bar; null where the figure is for scale.
    pub limit: Option<Limit>,
    /// Whether it held; null where there is no bar.
    pub held: Option<bool>,
}

impl Bar {
    /// A share: `count` of `of`. Of nothing no bar holds.
    pub(crate) fn share(
        check: &str,
        what: impl Into<String>,
        (count, of): (usize, usize),
        limit: Option<Limit>,
    ) -> Self {
        let figure = (of > 0).then(|| count as f64 / of as f64);
        Self {
            counted: Some((count, of)),
            band: (of > 0).then(|| clopper_pearson(count, of)),
            ..Self::value(check, what, figure, limit)
        }
    }

    /// A fraction that is no share. None holds no bar.
    pub(crate) fn value(check: &str, what: impl Into<String>, figure: Option<f64>, limit: Option<Limit>) -> Self {
        let figure = figure.filter(|figure| !figure.is_nan());
        let held = limit.map(|limit| match (limit, figure) {
            (_, None) => false,
            (Limit::AtMost(most), Some(figure)) => figure <= most,
            (Limit::AtLeast(least), Some(figure)) => figure >= least,
        });
        Self {
            check: check.to_owned(),
            what: what.into(),
            figure,
            counted: None,
            band: None,
            limit,
            held,
        }
    }

    /// What is said of it: what the figure is of, the figure, its share and band, the bar, whether it held.
    pub fn cells(&self) -> [String; 5] {
        let figure = match (self.figure, self.counted) {
            (_, Some((count, of))) => format!("{count} of {of}"),
            (Some(figure), None) => percent(figure),
            (None, None) => "-".into(),
        };
        let band = match (self.figure, self.band) {
            (Some(figure), Some((low, high))) => {
                format!("{} [{}, {}]", percent(figure), percent(low), percent(high))
            }
            _ => String::new(),
        };
        let limit = match self.limit {
            Some(Limit::AtMost(most)) => format!("≤ {}", percent(most)),
            Some(Limit::AtLeast(least)) => format!("≥ {}", percent(least)),
            None => "for scale".into(),
        };
        let held = match self.held {
            Some(true) => "held",
            Some(false) => "NOT HELD",
            None => "",
        };
        [self.what.clone(), figure, band, limit, held.to_owned()]
    }
}

/// The bars of a check, one after the other.
pub(crate) struct Bars {
    check: &'static str,
    pub(crate) all: Vec<Bar>,
}

impl Bars {
    /// None yet.
    pub(crate) fn of(check: &'static str) -> Self {
        Self { check, all: Vec::new() }
    }

    /// One more of those of which it is `so`: a share.
    pub(crate) fn share<T>(
        &mut self,
        what: impl Into<String>,
        of: &[T],
        so: impl Fn(&T) -> bool,
        limit: impl Into<Option<Limit>>,
    ) {
        let counted = (of.iter().filter(|one| so(one)).count(), of.len());
        self.all.push(Bar::share(self.check, what, counted, limit.into()));
    }

    /// One more of a fraction that is no share.
    pub(crate) fn value(&mut self, what: impl Into<String>, figure: Option<f64>, limit: impl Into<Option<Limit>>) {
        self.all.push(Bar::value(self.check, what, figure, limit.into()));
    }
}

/// The columns of [`Bar::cells`].
pub const HEAD: [&str; 5] = ["figure of", "found", "share [95% band]", "bar", ""];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_holds_up_to_its_limit_and_never_of_nothing() {
        let share = |count, of, limit| Bar::share("c", "w", (count, of), Some(limit)).held;
        assert_eq!(share(4, 100, Limit::AtMost(0.04)), Some(true));
        assert_eq!(share(5, 100, Limit::AtMost(0.04)), Some(false));
        assert_eq!(share(95, 100, Limit::AtLeast(0.95)), Some(true));
        assert_eq!(share(94, 100, Limit::AtLeast(0.95)), Some(false));
        assert_eq!(share(0, 0, Limit::AtMost(0.04)), Some(false));
        let value = |value| Bar::value("c", "w", value, Some(Limit::AtMost(0.1))).held;
        assert_eq!(value(Some(f64::NAN)), Some(false));
        assert_eq!(value(None), Some(false));
        assert_eq!(value(Some(0.1)), Some(true));
        assert_eq!(Bar::value("c", "w", Some(1.0), None).held, None);
    }
}
