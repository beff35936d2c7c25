//! Shares, and how far they may be from the truth.

use super::halved;

/// The 95% band of a share of which `count` of `of` were seen (Clopper & Pearson, 1934): the shares for which so many, or
/// more extreme ones, have a probability of at least 2.5%.
///
/// # Panics
///
/// Where `count` is more than `of`.
pub fn clopper_pearson(count: usize, of: usize) -> (f64, f64) {
    assert!(count <= of, "{count} of {of}");
    let tail = |share: f64, from: usize, to: usize| -> f64 { (from..=to).map(|k| binomial(of, k, share)).sum() };
    let low = match count {
        0 => 0.0,
        _ => halved(0.0, 1.0, |share| tail(share, count, of) >= 0.025),
    };
    let high = match of - count {
        0 => 1.0,
        _ => halved(0.0, 1.0, |share| tail(share, 0, count) < 0.025),
    };
    (low, high)
}

/// The natural log of the number of ways to choose `k` of `n`.
pub(super) fn ln_choose(n: usize, k: usize) -> f64 {
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

/// The probability of `k` of `n` where each has probability `p`, between 0 and 1.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    (ln_choose(n, k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

/// The probabilities of 0, 1, 2 … `n` heads among `n` fair coins.
pub(super) fn heads(n: usize) -> impl Iterator<Item = f64> {
    // A power of a half is less than any double from 0.5^1075 on, so that `n` of them are taken as the number of ways grows.
    let (mut ways, mut halvings) = (1.0, n);
    (0..=n).map(move |heads| {
        let probability = ways * 0.5f64.powi(halvings.try_into().unwrap_or(i32::MAX));
        ways *= (n - heads) as f64 / (heads + 1) as f64;
        while ways > 1.0 && halvings > 0 {
            ways /= 2.0;
            halvings -= 1;
        }
        probability
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_any_number_of_coins_are_all_there() {
        assert_eq!(
            heads(4).collect::<Vec<_>>(),
            [1.0, 4.0, 6.0, 4.0, 1.0].map(|ways| ways / 16.0)
        );
        for n in [0, 1, 1_074, 1_075, 5_000] {
            assert!((heads(n).sum::<f64>() - 1.0).abs() < 1e-9, "{n}");
        }
    }

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
