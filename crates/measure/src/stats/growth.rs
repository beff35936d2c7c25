//! How a time grows with the number of children.

use super::Estimate;

/// The exponent b of the power law t = a·Nᵇ, by least squares in logarithms: one for each unit (a layout, or a round), and over
/// them median and interval. Each curve holds the points (N, t) of one unit. `None` for fewer than two points or no units.
///
/// With N over some decades a linear cost has an exponent near 1 and a quadratic one near 2; constant parts pull it down, and
/// memory that no longer fits into a cache pulls it up.
pub fn exponent(curves: &[Vec<(f64, f64)>]) -> Option<Estimate> {
    let slopes: Option<Vec<f64>> = curves.iter().map(|curve| slope(curve)).collect();
    Estimate::of(&slopes?)
}

fn slope(curve: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = curve.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
    let squares: f64 = logs.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let products: f64 = logs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    (squares > 0.0).then(|| products / squares)
}

/// What an exponent is called: by the whole number that it is near to.
pub fn word(exponent: &Estimate) -> &'static str {
    const NEAR: f64 = 0.25;
    let near = |whole: f64| (exponent.low - whole).abs() < NEAR && (exponent.high - whole).abs() < NEAR;
    match exponent {
        _ if near(0.0) => "constant",
        _ if near(1.0) => "linear",
        _ if near(2.0) => "quadratic",
        _ => "neither linear nor quadratic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [f64; 4] = [100.0, 1_000.0, 10_000.0, 100_000.0];

    fn curves(cost: impl Fn(f64) -> f64, noise: f64) -> Vec<Vec<(f64, f64)>> {
        let mut random = fastrand::Rng::with_seed(7);
        let unit = |_| {
            let point = |&n: &f64| (n, cost(n) * (1.0 + noise * (random.f64() - 0.5)));
            NUMBERS.iter().map(point).collect()
        };
        (0..12).map(unit).collect()
    }

    #[test]
    fn growth_is_found_and_named() {
        for (cost, expected, name) in [
            ((|n| 300.0 * n) as fn(f64) -> f64, 1.0, "linear"),
            (|n| 7.0 * n * n, 2.0, "quadratic"),
            (|_| 2e6, 0.0, "constant"),
            (|n| 40.0 * n * n.sqrt(), 1.5, "neither linear nor quadratic"),
            // What join! polls where wakes are separate.
            (|n| 14.0 * n * (n + 3.0) / 2.0, 2.0, "quadratic"),
        ] {
            let exponent = exponent(&curves(cost, 0.2)).expect("an exponent");
            assert!((exponent.median - expected).abs() < 0.03, "{exponent:?} {expected}");
            assert!(exponent.low <= exponent.median && exponent.median <= exponent.high);
            assert_eq!(word(&exponent), name);
        }
    }

    #[test]
    fn one_number_of_children_has_no_growth() {
        assert_eq!(exponent(&[vec![(100.0, 1.0)]]), None);
        assert_eq!(exponent(&[]), None);
    }
}
