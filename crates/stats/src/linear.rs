//! Linear least squares with few unknowns, some of which may not be negative and may have a penalty: small, dense, exact.

/// The normal equations of a fit: gram · x = right, row by row.
#[derive(Debug, Clone)]
pub struct NormalEquations {
    /// The matrix, row by row.
    pub gram: Vec<Vec<f64>>,
    /// The right side.
    pub right: Vec<f64>,
}

impl NormalEquations {
    /// Those of no rows, for this many unknowns.
    pub fn of(unknowns: usize) -> Self {
        Self {
            gram: vec![vec![0.0; unknowns]; unknowns],
            right: vec![0.0; unknowns],
        }
    }

    /// Adds rows that share an unknown error of their own, of which a weight of `shared` is believed: each row has its entries,
    /// its right side and its weight, and the error stands in each of them as 1. `sign` is 1 to
    /// add them, -1 to take them away.
    pub fn add(&mut self, rows: &[Row], shared: f64, sign: f64) {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        let mut mean = vec![0.0; self.right.len()];
        let mut mean_right = 0.0;
        for row in rows {
            for &(i, a) in &row.entries {
                for &(j, b) in &row.entries {
                    self.gram[i][j] += sign * row.weight * a * b;
                }
                self.right[i] += sign * row.weight * a * row.right;
                mean[i] += row.weight * a;
            }
            mean_right += row.weight * row.right;
        }
        let share = sign / (total + shared);
        let touched: Vec<usize> = (0..mean.len()).filter(|&i| mean[i] != 0.0).collect();
        for &i in &touched {
            for &j in &touched {
                self.gram[i][j] -= share * mean[i] * mean[j];
            }
            self.right[i] -= share * mean[i] * mean_right;
        }
    }

    /// Adds penalties, one for each unknown.
    pub fn penalize(&mut self, penalties: impl IntoIterator<Item = f64>) {
        for (i, penalty) in penalties.into_iter().enumerate() {
            self.gram[i][i] += penalty;
        }
    }

    /// The solution: unknowns of which `free` is false are not negative. The method of Lawson and Hanson ("Solving Least Squares
    /// Problems", 1974, chapter 23), begun with all unknowns.
    pub fn solve(&self, free: &[bool]) -> Vec<f64> {
        let unknowns = self.right.len();
        let mut held = vec![false; unknowns];
        let mut x = vec![0.0; unknowns];
        for _ in 0..8 * unknowns.max(1) {
            // Without those that would be negative, again and again.
            loop {
                x = self.solve_without(&held);
                let negative = (0..unknowns).filter(|&i| !free[i] && !held[i] && x[i] < 0.0);
                match negative.min_by(|&a, &b| x[a].total_cmp(&x[b])) {
                    Some(worst) => held[worst] = true,
                    None => break,
                }
            }
            // One that was left out and would help comes back.
            let gain =
                |i: usize| -> f64 { self.right[i] - self.gram[i].iter().zip(&x).map(|(a, b)| a * b).sum::<f64>() };
            let best = (0..unknowns)
                .filter(|&i| held[i])
                .map(|i| (i, gain(i)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match best {
                Some((i, gain)) if gain > 1e-9 => held[i] = false,
                _ => break,
            }
        }
        for (value, free) in x.iter_mut().zip(free) {
            if !free {
                *value = value.max(0.0);
            }
        }
        x
    }

    /// Cholesky's triangle over these unknowns. Where the rows do not tell one from the others, its diagonal is next to nothing.
    fn triangle(&self, places: &[usize]) -> Vec<Vec<f64>> {
        let n = places.len();
        let mut lower = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..=i {
                let products: f64 = lower[i][..j].iter().zip(&lower[j][..j]).map(|(a, b)| a * b).sum();
                let rest = self.gram[places[i]][places[j]] - products;
                lower[i][j] = if i == j {
                    rest.max(1e-12).sqrt()
                } else {
                    rest / lower[j][j]
                };
            }
        }
        lower
    }

    /// The solution over the unknowns that are not held at zero.
    fn solve_without(&self, held: &[bool]) -> Vec<f64> {
        let places: Vec<usize> = (0..self.right.len()).filter(|&i| !held[i]).collect();
        let n = places.len();
        let lower = self.triangle(&places);
        let mut y = vec![0.0; n];
        for i in 0..n {
            let products: f64 = lower[i][..i].iter().zip(&y).map(|(a, b)| a * b).sum();
            y[i] = (self.right[places[i]] - products) / lower[i][i];
        }
        for i in (0..n).rev() {
            let products: f64 = (i + 1..n).map(|k| lower[k][i] * y[k]).sum();
            y[i] = (y[i] - products) / lower[i][i];
        }
        let mut x = vec![0.0; self.right.len()];
        for (value, &place) in y.iter().zip(&places) {
            x[place] = *value;
        }
        x
    }
}

/// The coefficients `x` for which the rows' sums of products with `x` come nearest to `values`. `None` where the rows do not
/// determine them. To weigh rows, scale them and their values.
pub fn least_squares<const K: usize>(rows: &[[f64; K]], values: &[f64]) -> Option<[f64; K]> {
    // Columns of length 1, so that what is next to nothing is so in each.
    let lengths: [f64; K] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt());
    if lengths.contains(&0.0) || rows.len() < K {
        return None;
    }
    let rows = rows.iter().zip(values).map(|(row, value)| Row {
        entries: row
            .iter()
            .zip(lengths)
            .map(|(entry, length)| entry / length)
            .enumerate()
            .collect(),
        right: *value,
        weight: 1.0,
    });
    let mut normal = NormalEquations::of(K);
    // No error is shared.
    normal.add(&rows.collect::<Vec<_>>(), f64::INFINITY, 1.0);
    let places: Vec<usize> = (0..K).collect();
    let lower = normal.triangle(&places);
    if (0..K).any(|place| lower[place][place] < 1e-5) {
        return None;
    }
    let solution = normal.solve(&[true; K]);
    Some(std::array::from_fn(|column| solution[column] / lengths[column]))
}

/// A row of a fit.
#[derive(Debug, Clone)]
pub struct Row {
    /// Each unknown that it has, and what it is multiplied by.
    pub entries: Vec<(usize, f64)>,
    /// The right side.
    pub right: f64,
    /// How much it counts: one over its variance.
    pub weight: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(entries: &[f64], right: f64) -> Row {
        Row {
            entries: entries.iter().copied().enumerate().collect(),
            right,
            weight: 1.0,
        }
    }

    #[test]
    fn what_would_be_negative_is_nothing_and_the_others_are_the_best_without_it() {
        let mut normal = NormalEquations::of(2);
        for (x, y) in [(1.0, 1.0), (2.0, 2.5), (3.0, 4.5), (4.0, 6.0)] {
            normal.add(&[row(&[1.0, x], y)], 1e12, 1.0);
        }
        // The line's axis section is negative: y = x · Σxy / Σx² through the origin.
        let x = normal.solve(&[false, false]);
        assert_eq!(x[0], 0.0);
        assert!((x[1] - (1.0 + 5.0 + 13.5 + 24.0) / 30.0).abs() < 1e-9, "{x:?}");
        let free = normal.solve(&[true, true]);
        assert!(
            (free[0] + 0.75).abs() < 1e-9 && (free[1] - 1.7).abs() < 1e-9,
            "{free:?}"
        );
    }

    #[test]
    fn rows_that_share_an_error_tell_of_their_differences() {
        // Two unknowns, each in one row; the rows' shared error is believed in fully.
        let rows = [row(&[1.0, 0.0], 10.0), row(&[0.0, 1.0], 12.0)];
        let mut normal = NormalEquations::of(2);
        normal.add(&rows, 0.0, 1.0);
        normal.penalize([1e-9, 1e-9]);
        let x = normal.solve(&[true, true]);
        assert!((x[1] - x[0] - 2.0).abs() < 1e-6, "{x:?}");
        // And taking them away again leaves nothing.
        normal.add(&rows, 0.0, -1.0);
        assert!(
            normal
                .right
                .iter()
                .chain(normal.gram.iter().flatten())
                .all(|value| value.abs() < 1e-6)
        );
    }

    #[test]
    fn a_plane_is_found_and_what_is_not_determined_is_not() {
        let rows: Vec<[f64; 3]> = (1..9u32).map(f64::from).map(|n| [1.0, n, n * n]).collect();
        let values: Vec<f64> = rows.iter().map(|row| 7.0 - 3.0 * row[1] + 0.5 * row[2]).collect();
        let found = least_squares(&rows, &values).expect("it is determined");
        for (found, truth) in found.iter().zip([7.0, -3.0, 0.5]) {
            assert!((found - truth).abs() < 1e-6, "{found} {truth}");
        }
        assert_eq!(least_squares(&rows[..2], &values[..2]), None);
        assert_eq!(
            least_squares(&[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], &[1.0, 2.0, 3.0]),
            None
        );
        assert_eq!(least_squares::<2>(&[], &[]), None);
    }
}
