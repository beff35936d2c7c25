//! Axes: from values to places, and the values that are worth a label.

/// A range of values laid over a range of places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    log: bool,
}

impl Scale {
    pub fn new((from, to): (f64, f64), (start, end): (f64, f64), log: bool) -> Self {
        let through = |value: f64| if log { value.ln() } else { value };
        Self {
            from: through(from),
            to: through(to),
            start,
            end,
            log,
        }
    }

    /// The place of a value; of one outside the range, the nearer end.
    pub fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.ln() } else { value };
        let share = (value - self.from) / (self.to - self.from);
        let share = if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) };
        self.start + share * (self.end - self.start)
    }
}

/// A range that holds all values, with some air; logarithmic.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = values
        .filter(|value| value.is_finite() && *value > 0.0)
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
    // At least ±2%, or noise would fill the chart.
    let air = ((high / low).ln() * 0.07).max(0.02).exp();
    (low <= high).then(|| (low / air, high * air))
}

/// Three to seven round values of a logarithmic range.
pub(super) fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let decades = (high / low).log10();
    if decades > 0.7 {
        let steps: &[f64] = if decades > 2.4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let every = (decades / 7.0).ceil().max(1.0) as i32;
        let first = low.log10().floor() as i32;
        let last = high.log10().ceil() as i32;
        return (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)))
            .filter(|tick| (low..=high).contains(tick))
            .collect();
    }
    let raw = (high - low) / 4.0;
    let magnitude = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * magnitude)
        .into_iter()
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A ratio as an axis spells it.
pub(super) fn ratio_tick(value: f64) -> String {
    format!("{}×", short(value))
}

/// The ticks of an axis of ratios that runs across, each with whether its label stays: 1× before all others. A character is
/// so wide.
pub(super) fn ratio_ticks(over: (f64, f64), axis: &Scale, character: f64) -> Vec<(f64, bool)> {
    let values = ticks(over);
    let label = |tick: &f64| {
        let width = ratio_tick(*tick).chars().count() as f64 * character + 6.0;
        (axis.at(*tick), width, u8::from(*tick != 1.0))
    };
    let kept = without_overlap(&values.iter().map(label).collect::<Vec<_>>());
    values.into_iter().zip(kept).collect()
}

/// A time in ns as an axis spells it.
pub(super) fn time_tick(ns: f64) -> String {
    let (unit, name) = match ns {
        ns if ns < 0.9995e3 => (1.0, "ns"),
        ns if ns < 0.9995e6 => (1e3, "µs"),
        ns if ns < 0.9995e9 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{} {name}", short(ns / unit))
}

/// Which labels stay, so that none touches the next: those of the best rank first, each with its place and width.
pub(super) fn without_overlap(labels: &[(f64, f64, u8)]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&index| labels[index].2);
    let mut kept = vec![false; labels.len()];
    // By tenths of a unit, so that a neighbour is found without looking at all the others.
    let mut taken: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
    for index in order {
        let (place, width, _) = labels[index];
        let from = ((place - width / 2.0) * 10.0) as i64;
        let to = ((place + width / 2.0) * 10.0) as i64;
        let before = taken.range(..=to).next_back();
        if before.is_none_or(|(_, &end)| end < from) {
            taken.insert(from, to);
            kept[index] = true;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_and_inside() {
        for range in [(0.97, 1.03), (0.2, 5.0), (9.0, 1100.0), (1e-3, 1e9), (1.0, 1.0001)] {
            let ticks = ticks(range);
            assert!((2..=8).contains(&ticks.len()), "{range:?}: {ticks:?}");
            assert!(ticks.iter().all(|t| *t >= range.0 && *t <= range.1));
        }
    }

    #[test]
    fn a_scale_stays_inside() {
        let scale = Scale::new((1.0, 100.0), (0.0, 10.0), true);
        assert_eq!(scale.at(10.0), 5.0);
        assert_eq!(scale.at(1e9), 10.0);
        assert_eq!(scale.at(f64::NAN), 5.0);
        assert_eq!(Scale::new((3.0, 3.0), (0.0, 10.0), true).at(3.0), 5.0);
        assert_eq!(range([f64::NAN, 0.0].into_iter()), None);
    }

    #[test]
    fn labels_keep_their_distance() {
        let labels = [(0.0, 10.0, 1), (5.0, 10.0, 0), (20.0, 10.0, 1)];
        assert_eq!(without_overlap(&labels), [false, true, true]);
    }
}
