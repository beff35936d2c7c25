//! What intervals are made of: one value for each round, or for each layout where rounds share one.

use std::collections::BTreeMap;

use super::{FEWEST_ROUNDS, interquartile_mean};

/// One value for each layout, the interquartile mean of its rounds', where rounds share layouts and there are enough of them;
/// else the values as they are. `layouts` are those of the rounds that `values` come from.
///
/// What the layout of the code does to a ratio is the same in each round that has it, so that such rounds are no
/// independent evidence.
pub fn units(values: &[f64], layouts: &[usize]) -> Vec<f64> {
    let mut by_layout: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (value, layout) in values.iter().zip(layouts) {
        by_layout.entry(*layout).or_default().push(*value);
    }
    if by_layout.len() < FEWEST_ROUNDS || values.len() != layouts.len() {
        return values.to_vec();
    }
    by_layout.values().map(|values| interquartile_mean(values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_of_one_layout_are_one_unit() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let layouts: Vec<usize> = (0..12).map(|round| round % 6).collect();
        assert_eq!(units(&values, &layouts), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(units(&values, &[0; 12]), values, "one layout is none");
        let each: Vec<usize> = (0..12).collect();
        assert_eq!(units(&values, &each), values);
    }
}
