//! Pure numbers: medians, intervals from order statistics, ratios, verdicts. No clock, no file.
//!
//! The unit of every interval is the **round**, one process that sweeps over all cases: blocks of one process
//! share its memory layout and its moment, so they are no independent evidence of anything beyond it.

mod binomial;
mod estimate;
mod modes;
mod verdict;

pub use binomial::binomial_band;
pub use estimate::{Estimate, FEWEST_ROUNDS, order_interval, round_medians, shift_interval};
pub use modes::bimodal;
pub use verdict::{FALSE_DISCOVERIES, MARGIN, Verdict, chance, judge, noise_floor, stand_together};

/// The median; the mean of the two middle values where their number is even. NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The mean of the middle half: without the quarter of the smallest and the quarter of the largest values.
pub fn middle_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let quarter = sorted.len() / 4;
    let middle = &sorted[quarter..sorted.len() - quarter];
    middle.iter().sum::<f64>() / middle.len() as f64
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Where a falling curve of log ratios crosses zero for good, in `x`: linear in the logarithm of x between the
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
    fn a_middle_mean_forgets_the_ends() {
        assert_eq!(middle_mean(&[5.0]), 5.0);
        assert_eq!(middle_mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(middle_mean(&[900.0, 2.0, 4.0, 0.0]), 3.0);
        assert_eq!(middle_mean(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1e9]), 4.5);
    }

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    }

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
