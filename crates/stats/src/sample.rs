//! Values of rounds that share layouts: their centre, its interval, and how far two such samples lie apart.
//!
//! What the layout of the code does to a ratio is the same in each round that has it, so that rounds of one layout are no
//! independent evidence. Each round is a value of its own all the same: of a layout's two or three rounds one that was disturbed
//! would pull their mean along, and does not pull a pseudo-median of all rounds. So centres are those of all values, and only
//! the width of an interval counts by layout. The statistic of signed ranks is a sum over layouts, and whatever the rounds of a
//! layout have in common, the sign of its part is as likely the one as the other: its variance is the sum of the parts' squares
//! (Rosner, Glynn & Lee, "The Wilcoxon signed rank test for paired comparisons of clustered data", Biometrics 62, 2006). That of
//! two samples is the sum of both samples' parts (Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics
//! 53, 1997).

use std::collections::BTreeMap;

use super::estimate::mann_whitney_p;
use super::student::{student_quantile, student_two_sided};
use super::{Estimate, FEWEST_ROUNDS, LEVEL, interquartile_mean, mean};

/// One value for each round, and which rounds share a layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    /// The number of each value's layout, from 0 on.
    layouts: Vec<usize>,
    /// How many layouts there are.
    count: usize,
}

impl Sample {
    /// Of values of rounds that have these layouts. Each value counts for itself where there are fewer layouts than an interval
    /// needs, or where not every round has one.
    pub fn new(values: Vec<f64>, layouts: &[usize]) -> Self {
        let mut known: BTreeMap<usize, usize> = BTreeMap::new();
        let numbered = layouts.iter().map(|layout| {
            let next = known.len();
            *known.entry(*layout).or_insert(next)
        });
        let numbered: Vec<usize> = numbered.collect();
        if known.len() < FEWEST_ROUNDS || values.len() != layouts.len() {
            return Self::each(values);
        }
        Self {
            values,
            layouts: numbered,
            count: known.len(),
        }
    }

    /// Of values of which each counts for itself.
    pub fn each(values: Vec<f64>) -> Self {
        let count = values.len();
        Self {
            values,
            layouts: (0..count).collect(),
            count,
        }
    }

    /// The values, in the order of their rounds.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many of its values are independent evidence: one for each layout.
    pub fn independent(&self) -> usize {
        self.count
    }

    /// One value for each layout, the interquartile mean of its rounds': for what is asked of each layout by itself.
    pub fn units(&self) -> Vec<f64> {
        let mut of_layouts = vec![Vec::new(); self.count];
        for (value, layout) in self.values.iter().zip(&self.layouts) {
            of_layouts[*layout].push(*value);
        }
        of_layouts.iter().map(|values| interquartile_mean(values)).collect()
    }

    /// The pseudo-median and its interval of 95% or more; `None` for no values.
    pub fn estimate(&self) -> Option<Estimate> {
        self.at_level(LEVEL)
    }

    /// The same at a level of one's own. Where no layout has two rounds, the level is exact.
    pub fn at_level(&self, level: f64) -> Option<Estimate> {
        if !self.shares_layouts() {
            return Estimate::at_level(&self.values, level);
        }
        let mut means = Estimate::means_of_two(&self.values);
        let centre = Estimate::middle(&mut means)?;
        // Signed ranks, each half of its sign: so that their sum is that of the positive ranks, less its mean.
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        let distance = |place: usize| (self.values[place] - centre).abs();
        order.sort_unstable_by(|one, other| distance(*one).total_cmp(&distance(*other)));
        let mut ranks = vec![0.0; self.values.len()];
        for (rank, place) in order.into_iter().enumerate() {
            ranks[place] = (self.values[place] - centre).signum() * (rank + 1) as f64 / 2.0;
        }
        let likely = student_quantile(level, self.count - 1) * self.sum_of_squares(&ranks).sqrt();
        Estimate::within(&mut means, likely, level)
    }

    /// How far the values of `other` lie above these: the median of all differences, and its interval. `None` for no
    /// values.
    pub fn shift(&self, other: &Self) -> Option<Estimate> {
        if !self.shares_layouts() && !other.shares_layouts() {
            return Estimate::shift(&self.values, &other.values);
        }
        let mut differences = Estimate::differences(&self.values, &other.values);
        let centre = Estimate::middle(&mut differences)?;
        let likely = student_quantile(LEVEL, self.freedom(other)) * self.deviation(other, centre);
        Estimate::within(&mut differences, likely, LEVEL)
    }

    /// How likely the values of `other` lie so far above these by luck, or farther, if they are to lie `margin` above; one-sided. 1
    /// for no values.
    pub fn chance_of(&self, other: &Self, margin: f64) -> f64 {
        let moved: Vec<f64> = other.values.iter().map(|value| value - margin).collect();
        if !self.shares_layouts() && !other.shares_layouts() {
            return mann_whitney_p(&self.values, &moved);
        }
        let mut differences = Estimate::differences(&self.values, &other.values);
        let Some(centre) = Estimate::middle(&mut differences) else {
            return 1.0;
        };
        let above = differences.iter().filter(|difference| **difference > margin).count();
        let half = differences.len() as f64 / 2.0;
        let z = (above as f64 - half - 0.5) / self.deviation(other, centre).max(f64::MIN_POSITIVE);
        let beyond = student_two_sided(z.abs(), self.freedom(other)) / 2.0;
        if z > 0.0 { beyond } else { 1.0 - beyond }
    }

    /// Degrees of freedom of the deviation: of the sample that knows less. Deviations are told from as many parts as there are
    /// layouts, so that with few of them intervals of the normal distribution would cover too rarely (tested below).
    fn freedom(&self, other: &Self) -> usize {
        self.count.min(other.count).saturating_sub(1).max(1)
    }

    fn shares_layouts(&self) -> bool {
        self.count < self.values.len()
    }

    /// The standard deviation of the number of pairs in which a value of `other`, moved down by `shift`, lies above one of these.
    fn deviation(&self, other: &Self, shift: f64) -> f64 {
        let moved: Vec<f64> = other.values.iter().map(|value| value - shift).collect();
        let own = placements(&self.values, &moved);
        let others = placements(&moved, &self.values);
        (self.sum_of_squares(&own) + other.sum_of_squares(&others)).sqrt()
    }

    /// The sum over layouts of the squared sum of their rounds' parts.
    fn sum_of_squares(&self, parts: &[f64]) -> f64 {
        let mut sums = vec![0.0; self.count];
        for (part, layout) in parts.iter().zip(&self.layouts) {
            sums[*layout] += part;
        }
        sums.iter().map(|sum| sum * sum).sum()
    }
}

/// For each of `values`, how many of `others` lie below it, less the mean of all of them.
fn placements(values: &[f64], others: &[f64]) -> Vec<f64> {
    let mut sorted = others.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let below = |value: &f64| sorted.partition_point(|other| other < value) as f64;
    let counts: Vec<f64> = values.iter().map(below).collect();
    let mean = mean(&counts);
    counts.into_iter().map(|count| count - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;

    /// Rounds of so many layouts, which scatter by `between`, and their rounds by `within`; one of twenty rounds was disturbed.
    struct World {
        layouts: usize,
        rounds: usize,
        between: f64,
        within: f64,
    }

    impl World {
        fn draw(&self, random: &mut fastrand::Rng, truth: f64) -> Sample {
            let of_layouts: Vec<f64> = (0..self.layouts)
                .map(|_| truth + self.between * normal(random))
                .collect();
            let layouts: Vec<usize> = (0..self.rounds).map(|round| round % self.layouts).collect();
            let values = layouts.iter().map(|layout| {
                let disturbed = if random.u8(..20) == 0 { 6.0 } else { 1.0 };
                of_layouts[*layout] + disturbed * self.within * normal(random)
            });
            Sample::new(values.collect(), &layouts)
        }
    }

    #[test]
    fn what_never_varied_has_an_interval_without_a_width() {
        let layouts: Vec<usize> = (0..7).map(|round| round % 4).collect();
        let [one, other] = [1.0, 3.0].map(|value| Sample::new(vec![value; 7], &layouts));
        for estimate in [one.shift(&other), one.estimate().map(|e| e.map(|x| x + 1.0))] {
            let Estimate { median, low, high, .. } = estimate.expect("there are values");
            assert_eq!([median, low, high], [2.0; 3]);
        }
    }

    #[test]
    fn intervals_cover_whatever_rounds_of_a_layout_share() {
        const RUNS: usize = 1_000;
        // Three standard deviations below 95%.
        let least = RUNS * 929 / 1_000;
        for (layouts, rounds) in [(6, 13), (8, 40), (50, 110)] {
            for (between, within) in [(0.0, 0.03), (0.02, 0.02), (0.05, 0.005)] {
                let world = World {
                    layouts,
                    rounds,
                    between,
                    within,
                };
                let mut random = fastrand::Rng::with_seed(11);
                let (mut covered, mut shifts, mut beyond) = (0, 0, 0);
                for _ in 0..RUNS {
                    let [one, other] = [0.1, 0.15].map(|truth| world.draw(&mut random, truth));
                    covered += usize::from(one.estimate().unwrap().contains(0.1));
                    let shift = one.shift(&other).unwrap();
                    shifts += usize::from(shift.contains(0.05));
                    let far = one.chance_of(&other, 0.05) <= 0.025;
                    assert!(
                        far == (shift.low > 0.05) || (shift.low - 0.05).abs() < 0.002,
                        "{shift:?}"
                    );
                    beyond += usize::from(far);
                }
                let what = format!("{layouts} layouts that scatter by {between}, {rounds} rounds by {within}");
                assert!(covered >= least && shifts >= least, "{covered}, {shifts}: {what}");
                assert!(beyond <= RUNS * 4 / 100, "{beyond}: {what}");
            }
        }
    }

    #[test]
    fn rounds_that_share_nothing_but_a_layout_cost_no_width() {
        let world = World {
            layouts: 50,
            rounds: 150,
            between: 0.0,
            within: 0.03,
        };
        let mut random = fastrand::Rng::with_seed(3);
        let (mut shared, mut alone, mut means) = (0.0, 0.0, 0.0);
        for _ in 0..40 {
            let sample = world.draw(&mut random, 0.1);
            let width = |estimate: Option<Estimate>| estimate.map_or(f64::NAN, |e| e.high - e.low);
            shared += width(sample.estimate());
            alone += width(Estimate::of(sample.values()));
            means += width(Estimate::of(&sample.units()));
        }
        assert!((0.97..1.08).contains(&(shared / alone)), "{shared} {alone}");
        assert!(means > 1.08 * shared, "the means of layouts' rounds: {means}, {shared}");
    }

    #[test]
    fn rounds_of_layouts_of_their_own_are_told_exactly() {
        let values: Vec<f64> = (0..12).map(|place| f64::from(place * place % 7)).collect();
        let each: Vec<usize> = (0..12).collect();
        let sample = Sample::new(values.clone(), &each);
        assert_eq!(sample.estimate(), Estimate::of(&values));
        assert_eq!(sample.shift(&sample), Estimate::shift(&values, &values));
        assert_eq!(sample.units(), values);
        // One layout is none, and so are those that not every round has.
        for layouts in [&[0; 12][..], &each[..11]] {
            assert_eq!(Sample::new(values.clone(), layouts), sample);
        }
        assert_eq!(Sample::each(Vec::new()).estimate(), None);
        assert_eq!(Sample::each(Vec::new()).shift(&sample), None);
    }

    #[test]
    fn each_layout_has_one_unit() {
        let layouts: Vec<usize> = (0..12).map(|round| round % 6).collect();
        let sample = Sample::new((0..12).map(f64::from).collect(), &layouts);
        assert_eq!(sample.units(), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(sample.independent(), 6);
        let estimate = sample.estimate().unwrap();
        assert_eq!((estimate.median, estimate.level), (5.5, 0.95));
    }
}
