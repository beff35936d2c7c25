//! Linear least squares with few unknowns.

/// The coefficients `x` for which the rows' sums of products with `x` come nearest to `values`, by the normal equations and
/// Gauss' elimination with pivots. `None` where the rows do not determine them. To weigh rows, scale them and their values.
pub fn least_squares<const K: usize>(rows: &[[f64; K]], values: &[f64]) -> Option<[f64; K]> {
    let mut matrix = [[0.0; K]; K];
    let mut right = [0.0; K];
    for (row, value) in rows.iter().zip(values) {
        for i in 0..K {
            right[i] += row[i] * value;
            for j in 0..K {
                matrix[i][j] += row[i] * row[j];
            }
        }
    }
    for column in 0..K {
        let pivot = (column..K).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        let largest = matrix[pivot][column].abs();
        if largest <= f64::EPSILON * rows.len() as f64 * rows.iter().map(|row| row[column].powi(2)).sum::<f64>() {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        for below in column + 1..K {
            let factor = matrix[below][column] / matrix[column][column];
            let above = matrix[column];
            for (value, above) in matrix[below].iter_mut().zip(above).skip(column) {
                *value -= factor * above;
            }
            right[below] -= factor * right[column];
        }
    }
    let mut solution = [0.0; K];
    for i in (0..K).rev() {
        let known: f64 = (i + 1..K).map(|j| matrix[i][j] * solution[j]).sum();
        solution[i] = (right[i] - known) / matrix[i][i];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

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
