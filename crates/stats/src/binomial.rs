//! Shares, and how far they may be from the truth.

/// The 95% band of a share of which `count` of `of` were seen (Clopper & Pearson, 1934): the shares for which so many, or
/// more extreme ones, have a probability of at least 2.5%.
///
/// # Panics
///
/// Where `count` is more than `of`.
pub fn clopper_pearson(count: usize, of: usize) -> (f64, f64) {
    assert!(count <= of, "{count} of {of}");
    let tail = |share: f64, from: usize, to: usize| -> f64 { (from..=to).map(|k| binomial(of, k, share)).sum() };
    // Halving: 50 times is more than a double can tell apart.
    let solve = |above: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = (low + high) / 2.0;
            if above(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        (low + high) / 2.0
    };
    let low = if count == 0 {
        0.0
    } else {
        solve(&|share| tail(share, count, of) >= 0.025)
    };
    let high = if count == of {
        1.0
    } else {
        solve(&|share| tail(share, 0, count) < 0.025)
    };
    (low, high)
}

/// The probability of `k` of `n` where each has probability `p`, between 0 and 1.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    let choose: f64 = (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum();
    (choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_bands_are_those_of_the_tables() {
        for (count, of, low, high) in [
            (5, 100, 0.0164, 0.1128),
            (0, 10, 0.0, 0.3085),
            (10, 10, 0.6915, 1.0),
            (1, 300, 0.000_08, 0.018_43),
            (500, 1000, 0.4685, 0.5315),
        ] {
            let band = clopper_pearson(count, of);
            assert!((band.0 - low).abs() < 2e-4, "{count} of {of}: {band:?}");
            assert!((band.1 - high).abs() < 2e-4, "{count} of {of}: {band:?}");
        }
    }
}
