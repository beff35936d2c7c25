//! Pure numbers: centres, intervals, ratios, verdicts. No clock, no file.
//!
//! The unit of every interval is the **round**: fresh processes of one layout that sweep over the cases. Its blocks share the
//! layout and the moment, so they are no independent evidence of anything beyond it. Where rounds share a layout, intervals count by layout ([`Sample`]).

mod binomial;
mod estimate;
pub mod growth;
pub mod linear;
pub mod modes;
mod normal;
pub mod random_effects;
mod sample;
pub mod sequential;
#[cfg(test)]
mod simulated;
mod stretches;
mod student;
mod verdict;
mod words;

pub use binomial::clopper_pearson;
pub use estimate::{Estimate, FEWEST_ROUNDS, LEVEL, round_medians};
pub use linear::least_squares;
pub use modes::{Mode, bimodal, opposite_modes};
pub use normal::normal;
pub use sample::Sample;
pub use sequential::{LOOK_LEVEL, LOOKS, needs_no_more_rounds};
pub use stretches::{Stretch, stretches};
pub use student::student_p;
pub use timed::numbers::{interquartile_mean, median, sorted};
pub use verdict::{
    Circumstances, FALSE_DISCOVERIES, MARGIN, Verdict, benjamini_hochberg, judge, noise_floor, sign_test_p,
};

/// Where, between two values, what holds of the higher ones begins to hold, by halving, so often that a double tells the last two apart no more, or hardly.
fn halved(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        match holds(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    (low + high) / 2.0
}

/// NaN of no values.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Where a falling curve of log ratios, its points in ascending `x`, crosses zero for good: linear in the logarithm of x between the
/// last point above zero and the next. 0 where no point lies above, infinity where the last one does.
pub fn crossing(curve: &[(f64, f64)]) -> f64 {
    match curve.iter().rposition(|&(_, y)| y > 0.0) {
        None => 0.0,
        Some(last) if last + 1 == curve.len() => f64::INFINITY,
        Some(above) => {
            let (x0, y0) = curve[above];
            let (x1, y1) = curve[above + 1];
            (x0.ln() + (x1 / x0).ln() * y0 / (y0 - y1)).exp()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings() {
        let curve = [(8.0, 1.0), (16.0, 0.5), (64.0, -0.5), (128.0, -1.0)];
        assert!((crossing(&curve) - 32.0).abs() < 1e-9);
        assert_eq!(crossing(&curve[..2]), f64::INFINITY);
        assert_eq!(crossing(&curve[2..]), 0.0);
        let noisy = [(8.0, 1.0), (16.0, -0.1), (32.0, 0.1), (64.0, -0.1)];
        assert!((crossing(&noisy) - 45.254_8).abs() < 1e-3);
    }
}
