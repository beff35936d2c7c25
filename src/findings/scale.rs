//! What the target `scale` says: how strategies grow, which one is the fastest at which number of children, and what join_all
//! does between 30 and 31.

use super::{by_round, estimated, flavors, in_same_rounds, with_interval};
use crate::case::{Case, Flavor, Site};
use crate::in_order::{grouped, unique};
use crate::record::{Header, Measurement};
use crate::stats::{Estimate, crossing, growth};
use crate::text::{count, joined, label, time};

/// What a sentence about growth has.
const GROWS: &str = " grows ";

/// Growth is told from here on: below, what is paid once for a fan-out weighs too much.
const FROM: usize = 100;

/// A workload whose fan-outs are dropped, and timed until the last destructor: no question of which one is awaited the soonest.
const DROPPED: &str = "cancel";

/// Those between which the number of children decides: they take any, and hold all at once.
pub const CANDIDATES: [&str; 3] = ["join_all", "futures_unordered", "join_set"];

/// A candidate as its documentation calls it; another strategy by its own name.
pub fn named(strategy: &str) -> &str {
    match strategy {
        "futures_unordered" => "FuturesUnordered",
        "join_set" => "JoinSet",
        other => label(other),
    }
}

/// What large numbers of children of one workload and flavor say.
pub struct Shape<'a> {
    /// The workload, with its parameters.
    pub workload: &'a str,
    /// The flavor.
    pub flavor: Flavor,
    /// Which candidate is the fastest at which numbers of children, with the crossovers: `join_all from 10 to 30, …`; none of
    /// fewer than two candidates.
    pub fastest: Option<String>,
    /// How each strategy grows, and what join_all does between 30 and 31.
    pub more: Vec<String>,
}

/// Each workload and flavor of which large numbers of children were measured.
pub fn shapes<'a>(header: &Header, measured: &[&'a Measurement]) -> Vec<Shape<'a>> {
    let mut shapes = Vec::new();
    let large = measured.iter().filter(|m| m.case.tasks > FROM);
    for workload in unique(large.map(|m| m.case.workload.as_str())) {
        for flavor in flavors(measured) {
            let curves = curves(measured, workload, flavor);
            let more = [grown(&curves, workload, flavor), jump(&curves, workload, flavor)];
            shapes.push(Shape {
                workload,
                flavor,
                fastest: fastest(header, &curves).filter(|_| workload != DROPPED),
                more: more.into_iter().flatten().collect(),
            });
        }
    }
    shapes
}

/// By what rule growth has its names, where sentences of [`Shape::more`] tell of it.
pub fn names_of_growth<'a>(said: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let told = said.into_iter().any(|sentence| sentence.contains(GROWS));
    told.then(|| format!(
        "Growth is called constant, linear or quadratic where the whole interval of its power lies within {} of 0, 1 or 2, and \
         else by the two that it lies between.",
        growth::NEAR
    ))
}

/// The sentences of all of them.
pub(super) fn sentences(header: &Header, measured: &[&Measurement]) -> Vec<String> {
    let said = |shape: Shape| {
        let (workload, flavor) = (shape.workload, shape.flavor);
        let fastest = shape.fastest.map(|fastest| {
            format!("{workload} on {flavor}, the fastest of join_all, FuturesUnordered and JoinSet: {fastest}.")
        });
        fastest.into_iter().chain(shape.more)
    };
    let mut sentences: Vec<String> = shapes(header, measured).into_iter().flat_map(said).collect();
    sentences.extend(names_of_growth(&sentences));
    sentences
}

/// A strategy's measurements over tasks.
struct Curve<'a> {
    strategy: &'a str,
    rows: Vec<&'a Measurement>,
}

impl<'a> Curve<'a> {
    fn at(&self, tasks: usize) -> Option<&'a Measurement> {
        self.rows.iter().copied().find(|m| m.case.tasks == tasks)
    }
}

fn curves<'a>(measured: &[&'a Measurement], workload: &str, flavor: Flavor) -> Vec<Curve<'a>> {
    let wanted = |case: &Case| {
        case.workload == workload && case.flavor == flavor && case.site == Site::Worker && case.payload.0 == 0
    };
    let rows = measured.iter().copied().filter(|m| wanted(&m.case));
    let curve = |(strategy, mut rows): (&'a str, Vec<&'a Measurement>)| {
        rows.sort_by_key(|m| m.case.tasks);
        Curve { strategy, rows }
    };
    grouped(rows.map(|m| (m.strategy.as_str(), m)))
        .into_iter()
        .map(curve)
        .collect()
}

/// Which candidate is the fastest at each number of children, with the crossover between neighbours that differ.
fn fastest(header: &Header, curves: &[Curve<'_>]) -> Option<String> {
    let candidates: Vec<&Curve<'_>> = curves
        .iter()
        .filter(|curve| CANDIDATES.contains(&curve.strategy))
        .collect();
    if candidates.len() < 2 {
        return None;
    }
    let mut numbers: Vec<usize> = candidates[0].rows.iter().map(|m| m.case.tasks).collect();
    numbers.dedup();
    let mut stretches: Vec<(Vec<&str>, usize, usize)> = Vec::new();
    for tasks in numbers {
        let best = Candidates::of(curves, tasks).fastest();
        match stretches.last_mut() {
            Some((names, _, last)) if *names == best => *last = tasks,
            _ => stretches.push((best, tasks, tasks)),
        }
    }
    let curve = |names: &[&str]| match names {
        [one] => candidates.iter().find(|curve| curve.strategy == *one),
        _ => None,
    };
    let part = |(place, (names, first, last)): (usize, &(Vec<&str>, usize, usize))| {
        let range = match first == last {
            true => format!("at {}", count(*first)),
            false => format!("from {} to {}", count(*first), count(*last)),
        };
        let crossed = place
            .checked_sub(1)
            .and_then(|before| {
                let (others, _, below) = &stretches[before];
                crossing_between(header, curve(others)?, curve(names)?, *below, *first)
            })
            .map_or(String::new(), |at| format!(" (they cross at {})", estimated(&at, "")));
        format!("{} {range}{crossed}", in_words(names))
    };
    joined(stretches.iter().enumerate().map(part), ", ")
}

/// Where `before` stops to be faster than `after`, between two numbers of children that were measured: from their ratios to the
/// reference that both were measured beside. `None` without an interval, or where the intervals do not tell which is faster at
/// one of both ends.
fn crossing_between(
    header: &Header,
    before: &Curve<'_>,
    after: &Curve<'_>,
    below: usize,
    above: usize,
) -> Option<Estimate> {
    let ends = [below, above].map(|tasks| {
        let units = |curve: &Curve<'_>| {
            let m = curve.at(tasks)?;
            // The reference against itself is no difference.
            Some((!m.is_control()).then(|| header.sample(m).units()))
        };
        let (before, after) = (units(before)?, units(after)?);
        let count = [&before, &after].into_iter().flatten().map(Vec::len).min()?;
        let of = |units: &Option<Vec<f64>>, place: usize| units.as_ref().map_or(0.0, |units| units[place]);
        // Falls through zero where `after` becomes the faster one.
        let differences = (0..count).map(|place| of(&after, place) - of(&before, place));
        Some(differences.collect::<Vec<f64>>())
    });
    let [Some(low), Some(high)] = ends else { return None };
    let crossings = low
        .iter()
        .zip(&high)
        .map(|(low, high)| crossing(&[(below as f64, *low), (above as f64, *high)]));
    let at = Estimate::by_order(&crossings.collect::<Vec<_>>())?;
    (at.level > 0.0 && at.low > 0.0 && at.high.is_finite()).then_some(at)
}

/// The candidates at a number of children, each with the ns of a whole fan-out, the fastest first.
pub struct Candidates<'a>(pub Vec<(&'a str, Estimate)>);

impl<'a> Candidates<'a> {
    /// Those of a workload and flavor; none where it was not measured.
    pub fn at(measured: &[&'a Measurement], workload: &str, flavor: Flavor, tasks: usize) -> Self {
        Self::of(&curves(measured, workload, flavor), tasks)
    }

    fn of(curves: &[Curve<'a>], tasks: usize) -> Self {
        let candidates = curves.iter().filter(|curve| CANDIDATES.contains(&curve.strategy));
        let mut times: Vec<(&str, Estimate)> = candidates
            .filter_map(|curve| Some((curve.strategy, curve.at(tasks)?.wall_ns?)))
            .collect();
        times.sort_by(|a, b| a.1.median.total_cmp(&b.1.median));
        Self(times)
    }

    /// How many are as fast as the fastest one: their intervals reach into its own.
    pub fn near(&self) -> usize {
        let most = self.0.first().map_or(0.0, |(_, ns)| ns.high);
        self.0.iter().take_while(|(_, ns)| ns.low <= most).count()
    }

    /// Their names, in the order of [`CANDIDATES`].
    pub fn fastest(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.0[..self.near()].iter().map(|(name, _)| *name).collect();
        names.sort_by_key(|name| CANDIDATES.iter().position(|known| known == name));
        names
    }
}

/// The fastest ones, as a sentence names them.
pub fn in_words(fastest: &[&str]) -> String {
    match fastest.len() == CANDIDATES.len() {
        true => "any of them".to_owned(),
        false => fastest.iter().map(|name| named(name)).collect::<Vec<_>>().join(" or "),
    }
}

fn grown(curves: &[Curve<'_>], workload: &str, flavor: Flavor) -> Option<String> {
    let part = |curve: &Curve<'_>| {
        let rows = curve.rows.iter().filter(|m| m.case.tasks >= FROM);
        let points: Vec<(f64, Vec<f64>)> = rows
            .map(|m| (m.case.tasks as f64, by_round(m).map(|(_, ns)| ns).collect()))
            .collect();
        if points.len() < 3 {
            return None;
        }
        let exponent = growth::exponent(&points)?;
        let interval = match exponent.level > 0.0 {
            true => format!(" [{:.2}, {:.2}]", exponent.low, exponent.high),
            false => String::new(),
        };
        Some(format!(
            "{} {:.2}{interval} ({})",
            label(curve.strategy),
            exponent.median,
            growth::word(&exponent)
        ))
    };
    let said = joined(curves.iter().filter_map(part), ", ")?;
    Some(format!(
        "{workload} on {flavor}{GROWS}from {FROM} children on as N to the power of: {said}."
    ))
}

/// Up to 30 children join_all polls all of them on every wake; from 31 on it is a FuturesOrdered (futures-util, `join_all.rs`).
fn jump(curves: &[Curve<'_>], workload: &str, flavor: Flavor) -> Option<String> {
    let curve = curves.iter().find(|curve| curve.strategy == "join_all")?;
    let [small, large] = [curve.at(30)?, curve.at(31)?];
    Some(format!(
        "{workload} on {flavor}, join_all from 30 to 31 children: {} to {}, {}.",
        time(small.wall_ns?.median),
        time(large.wall_ns?.median),
        with_interval(&in_same_rounds(large, small)?)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Header;
    use crate::strategy::Strategy;

    fn header() -> Header {
        let line = include_str!("../../results/tokio-1.54.1-7/wakeups.jsonl")
            .lines()
            .next();
        serde_json::from_str(line.expect("a header")).expect("a header")
    }

    /// A measurement of `wake` whose times are the strategy's counted child polls, at 10 ns each.
    fn by_polls(strategy: &str, polls: &str, tasks: usize, random: &mut fastrand::Rng) -> Measurement {
        let case: Case = format!("wake/current_thread/worker/0B/{tasks}")
            .parse()
            .expect("a case");
        let counted: Strategy = polls.parse().expect("a strategy");
        let counts = counted.kind().counts.expect("its counts are known");
        let ns = 10.0 * counts.woken.children.of(tasks, counted.bound()) as f64;
        let blocks: Vec<Vec<f64>> = (0..8).map(|_| vec![ns * (1.0 + 0.02 * (random.f64() - 0.5))]).collect();
        let wall_ns = Estimate::over_rounds(&blocks);
        Measurement {
            wall_ns,
            in_rounds: (0..blocks.len()).collect(),
            rounds: vec![vec![0.0]; blocks.len()],
            block_ns: blocks,
            ..Measurement::without_numbers(&case, strategy, "futures_unordered")
        }
    }

    #[test]
    fn a_strategy_that_polls_all_on_each_wake_is_called_quadratic_and_the_others_linear() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut measurements = Vec::new();
        for tasks in [10, 30, 31, 100, 1_000, 10_000, 100_000] {
            // As if nobody had told join_set to poll only what was woken: what join! does, at any number.
            for (strategy, polls) in [
                ("join_all", "join_all"),
                ("futures_unordered", "futures_unordered"),
                ("join_set", "join"),
            ] {
                measurements.push(by_polls(strategy, polls, tasks, &mut random));
            }
        }
        let measured: Vec<&Measurement> = measurements.iter().collect();
        let said = sentences(&header(), &measured);
        let grown = said
            .iter()
            .find(|sentence| sentence.contains(" grows "))
            .expect("a sentence");
        assert!(
            grown.contains("join_set 1.9") || grown.contains("join_set 2.0"),
            "{grown}"
        );
        assert_eq!(grown.matches("(quadratic)").count(), 1, "{grown}");
        assert_eq!(grown.matches("(linear)").count(), 2, "{grown}");
        let rule = said
            .iter()
            .filter(|sentence| sentence.contains("within 0.25 of 0, 1 or 2"));
        assert_eq!(rule.count(), 1);
        // 30·33/2 polls, and 2·31: fewer.
        let jump = said
            .iter()
            .find(|sentence| sentence.contains("30 to 31"))
            .expect("a sentence");
        assert!(jump.contains("0.125× [0.12"), "{jump}");
    }
}
