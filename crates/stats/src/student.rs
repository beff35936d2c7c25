//! Student's t test, for few values of which a small chance must be told.

use super::{halved, mean};

/// How likely the mean of so many values lies so far beyond ±`margin` by luck, or farther, on either side: Student's t test. For
/// where ranks of few values cannot give a chance small enough to stand in a table of hundreds of rows. 1 for fewer than three.
pub fn student_p(values: &[f64], margin: f64) -> f64 {
    let n = values.len() as f64;
    if n < 3.0 {
        return 1.0;
    }
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let beyond = mean.abs() - margin;
    if beyond <= 0.0 {
        return 1.0;
    }
    student_two_sided(beyond / (variance / n).sqrt().max(f64::MIN_POSITIVE), values.len() - 1)
}

/// The probability that Student's t with so many degrees of freedom lies outside ±`t` (Abramowitz & Stegun, 26.7.3 and 26.7.4).
pub(super) fn student_two_sided(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = freedom % 2;
    // The sum of products of (k − 1)/k over every second k, times powers of the cosine.
    let mut term = if odd == 1 { cosine } else { 1.0 };
    let mut sum = if freedom == 1 { 0.0 } else { term };
    let mut k = 2 + odd;
    while k < freedom {
        term *= cosine * cosine * (k - 1) as f64 / k as f64;
        sum += term;
        k += 2;
    }
    let within = match odd {
        1 => std::f64::consts::FRAC_2_PI * (angle + sine * sum),
        _ => sine * sum,
    };
    (1.0 - within).clamp(0.0, 1.0)
}

/// The `t` beyond which, on both sides, Student's t lies with the chance 1 − `level`: by halving, to nine digits.
pub fn student_quantile(level: f64, freedom: usize) -> f64 {
    let is_beyond = |t| student_two_sided(t, freedom) <= 1.0 - level;
    let mut high = 1.0;
    while !is_beyond(high) && high < 1e9 {
        high *= 2.0;
    }
    halved(0.0, high, is_beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tails_of_student_are_those_of_the_tables() {
        // Two-sided 5%, 1% and 0.1% points.
        for (freedom, t, chance) in [
            (1, 12.706, 0.05),
            (2, 4.303, 0.05),
            (5, 2.571, 0.05),
            (5, 4.032, 0.01),
            (8, 5.041, 0.001),
            (19, 2.093, 0.05),
            (29, 3.659, 0.001),
        ] {
            let found = student_two_sided(t, freedom);
            assert!((found / chance - 1.0).abs() < 2e-3, "{freedom} {t}: {found}");
        }
        assert_eq!(student_two_sided(0.0, 7), 1.0);
        for (freedom, t) in [(1, 12.706), (4, 2.776), (29, 2.045)] {
            let found = student_quantile(0.95, freedom);
            assert!((found / t - 1.0).abs() < 1e-3, "{freedom} {t}: {found}");
        }
    }

    #[test]
    fn values_within_the_margin_are_luck_and_those_beyond_are_not() {
        assert_eq!(student_p(&[0.5, 0.4, 0.6, 0.5], 0.6), 1.0);
        assert_eq!(student_p(&[0.5, 0.6], 0.0), 1.0, "too few");
        let values = [0.50, 0.52, 0.48, 0.51, 0.49, 0.50];
        assert!(student_p(&values, 0.1) < 1e-6);
        let mirrored = values.map(|value: f64| -value);
        assert_eq!(student_p(&values, 0.1), student_p(&mirrored, 0.1));
    }
}
