//! What changed from the first build to each of the others. Pure: no clock, no file.
//!
//! The unit is the round: in each every build measured the same blocks, in processes of their own and layouts that none
//! shares. A change of a time is the pseudo-median over rounds of the log of the one build's time over the first's, with the
//! exact interval of signed ranks. The first build is measured a second time, in other layouts: what that *null pair* shows
//! where nothing changed is the least that can count as a change.

use std::collections::{BTreeMap, HashMap};

use measure::case::Case;
use measure::compare::{Change, judge};
use measure::record::{Measurement, Part, Status};
use measure::stats::{Estimate, benjamini_hochberg, median, student_p};
use serde::Serialize;

use crate::census;

/// What was measured and counted of one build.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// As it was given, or that it is the first one again.
    pub name: String,
    /// Header and measurements of each target.
    pub parts: Vec<Part>,
    /// What an iteration does.
    pub counts: Vec<census::Row>,
}

/// The builds, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The first build, which the others are compared with.
    pub base: String,
    /// The others.
    pub builds: Vec<String>,
    /// Less than this fraction is never a change.
    pub threshold: f64,
    /// Every measurement of the first build, in the order of its record.
    pub rows: Vec<Row>,
}

/// One measurement in all builds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// The strategy.
    pub strategy: String,
    /// Its time in the first build, in ns per iteration.
    pub base_ns: f64,
    /// The first build again over the first: what no change looks like. `None` where it was not measured.
    pub null: Option<Estimate>,
    /// Whether that was called a change.
    pub null_judged: Change,
    /// The fraction beyond which a change counts: the threshold, or the null pair's farther end.
    pub margin: f64,
    /// The other builds, in their order.
    pub cells: Vec<Cell>,
}

/// One measurement in one of the other builds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Its time, in ns per iteration.
    pub wall_ns: Option<f64>,
    /// Its time over the first build's; `None` where one of them has none.
    pub change: Option<Estimate>,
    /// Its ratio to the reference over the first build's ratio.
    pub ratio_change: Option<Estimate>,
    /// What became of the time.
    pub judged: Change,
    /// What became of the ratio; `None` for the reference itself.
    pub ratio_judged: Option<Change>,
    /// Counts of one iteration that are not the first build's; `None` where nothing exact can be counted.
    pub counts: Option<Vec<CountChange>>,
    /// Why there is no time.
    pub missing: Option<String>,
}

/// A count that is another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountChange {
    /// What is counted.
    pub what: &'static str,
    /// In the first build.
    pub from: f64,
    /// In the other one.
    pub to: f64,
}

/// Of each round, the natural log of a time in ns, or of a ratio.
type Rounds = BTreeMap<usize, f64>;

fn by_round(m: &Measurement, values: &[Vec<f64>], through: fn(f64) -> f64) -> Rounds {
    let rounds = m.in_rounds.iter().zip(values);
    rounds
        .filter(|(_, values)| !values.is_empty())
        .map(|(round, values)| {
            let logs: Vec<f64> = values.iter().map(|value| through(*value)).collect();
            (*round, median(&logs))
        })
        .collect()
}

/// The times of a measurement. The reference's own line has those of its control alone, which is in every other round; beside a
/// strategy it was measured in all.
fn times(m: &Measurement, of_build: &ById<'_>) -> Rounds {
    let own = |m: &Measurement| by_round(m, &m.block_ns, f64::ln);
    let beside = of_build
        .values()
        .find(|other| m.is_control() && other.case == m.case && !other.is_control() && other.status == Status::Ok);
    match beside {
        None => own(m),
        Some(other) => {
            let ratios = ratios(other);
            own(other)
                .into_iter()
                .filter_map(|(round, time)| Some((round, time - ratios.get(&round)?)))
                .collect()
        }
    }
}

fn ratios(m: &Measurement) -> Rounds {
    by_round(m, &m.rounds, |log| log)
}

/// The differences of `b` from `a` in the rounds that both have.
fn differences(a: &Rounds, b: &Rounds) -> Vec<f64> {
    b.iter()
        .filter_map(|(round, value)| Some(value - a.get(round)?))
        .collect()
}

/// A change and how likely it lies beyond a margin by luck.
struct Found {
    change: Estimate,
    chance: f64,
}

impl Found {
    fn of(differences: &[f64], margin: f64) -> Option<Self> {
        Some(Self {
            change: Estimate::of(differences)?.map(f64::exp),
            chance: student_p(differences, margin.ln_1p()),
        })
    }
}

type ById<'a> = HashMap<String, &'a Measurement>;

fn by_id(build: &Measured) -> ById<'_> {
    let all = build.parts.iter().flat_map(|(_, measurements)| measurements);
    all.map(|m| (m.case.measurement_id(&m.strategy), m)).collect()
}

fn counts_by_id(build: &Measured) -> HashMap<String, &census::Row> {
    let all = build.counts.iter().filter(|row| row.exact);
    all.map(|row| (row.case.measurement_id(&row.strategy), row)).collect()
}

/// Judges `builds` against `base`, of which `null` is the same build in other layouts.
pub fn judged(base: &Measured, builds: &[Measured], null: &Measured, threshold: f64) -> Judged {
    let (base_ids, null_ids, base_counts) = (by_id(base), by_id(null), counts_by_id(base));
    let others: Vec<(ById<'_>, HashMap<String, &census::Row>)> =
        builds.iter().map(|build| (by_id(build), counts_by_id(build))).collect();
    let mut rows = Vec::new();
    // Of each row and build: the chance of its time's change, and of its ratio's.
    let mut chances: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut null_chances = Vec::new();
    let measured = base.parts.iter().flat_map(|(_, measurements)| measurements);
    for m in measured.filter(|m| m.status == Status::Ok) {
        let id = m.case.measurement_id(&m.strategy);
        let again = null_ids.get(&id).filter(|again| again.status == Status::Ok);
        let base_times = times(m, &base_ids);
        let found = again.and_then(|again| Found::of(&differences(&base_times, &times(again, &null_ids)), threshold));
        let floor = found.as_ref().map_or(f64::INFINITY, |found| farther_end(&found.change));
        let ratio_floor = again
            .and_then(|again| Found::of(&differences(&ratios(m), &ratios(again)), threshold))
            .map_or(f64::INFINITY, |found| farther_end(&found.change));
        let (margin, ratio_margin) = (threshold.max(floor), threshold.max(ratio_floor));
        let mut of_row = Vec::new();
        let cells = others
            .iter()
            .map(|(ids, counts)| {
                let other = ids.get(&id).copied().map(|other| (other, times(other, ids)));
                let (cell, chances) = cell((m, &base_times), other, [margin, ratio_margin]);
                of_row.push(chances);
                let counted = base_counts.get(&id).zip(counts.get(&id));
                Cell {
                    counts: counted.map(|(from, to)| count_changes(from, to)),
                    ..cell
                }
            })
            .collect();
        chances.push(of_row);
        null_chances.push(found.as_ref().map_or(1.0, |found| found.chance));
        rows.push(Row {
            case: m.case.clone(),
            strategy: m.strategy.clone(),
            base_ns: m.wall_ns.map_or(f64::NAN, |wall| wall.median),
            null_judged: found
                .as_ref()
                .map_or(Change::Inconclusive, |found| judge(&found.change, threshold)),
            null: found.map(|found| found.change),
            margin,
            cells,
        });
    }
    hold_together(&mut rows, &chances, &null_chances);
    Judged {
        base: base.name.clone(),
        builds: builds.iter().map(|build| build.name.clone()).collect(),
        threshold,
        rows,
    }
}

/// How far the farther end of an interval is from 1, a fraction.
fn farther_end(change: &Estimate) -> f64 {
    change.high.ln().abs().max(change.low.ln().abs()).exp_m1()
}

fn cell(
    (base, base_times): (&Measurement, &Rounds),
    other: Option<(&Measurement, Rounds)>,
    margins: [f64; 2],
) -> (Cell, (f64, f64)) {
    let nothing = |missing: Option<String>| Cell {
        wall_ns: None,
        change: None,
        ratio_change: None,
        judged: Change::Inconclusive,
        ratio_judged: None,
        counts: None,
        missing,
    };
    let (other, other_times) = match other {
        Some((other, times)) if other.status == Status::Ok => (other, times),
        Some((other, _)) => return (nothing(other.reason.clone()), (1.0, 1.0)),
        None => return (nothing(Some("this build does not have it".to_owned())), (1.0, 1.0)),
    };
    let [margin, ratio_margin] = margins;
    let time = Found::of(&differences(base_times, &other_times), margin);
    let ratio = match base.is_control() {
        true => None,
        false => Found::of(&differences(&ratios(base), &ratios(other)), ratio_margin),
    };
    let judge = |found: &Option<Found>, margin: f64| {
        let found = found
            .as_ref()
            .filter(|found| found.change.level > 0.0 && margin.is_finite());
        found.map_or(Change::Inconclusive, |found| judge(&found.change, margin))
    };
    let chance = |found: &Option<Found>| found.as_ref().map_or(1.0, |found| found.chance);
    let chances = (chance(&time), chance(&ratio));
    let cell = Cell {
        wall_ns: other.wall_ns.map(|wall| wall.median),
        judged: judge(&time, margin),
        ratio_judged: ratio.is_some().then(|| judge(&ratio, ratio_margin)),
        change: time.map(|found| found.change),
        ratio_change: ratio.map(|found| found.change),
        ..nothing(None)
    };
    (cell, chances)
}

/// Of hundreds of rows some move by luck: a change is one if it stands in the whole table (Benjamini and Hochberg), the null
/// pair's among themselves.
fn hold_together(rows: &mut [Row], chances: &[Vec<(f64, f64)>], null_chances: &[f64]) {
    let stand = |all: Vec<f64>| benjamini_hochberg(&all).into_iter();
    let flat = |of: fn(&(f64, f64)) -> f64| chances.iter().flatten().map(of).collect::<Vec<f64>>();
    let (mut times, mut ratios) = (stand(flat(|both| both.0)), stand(flat(|both| both.1)));
    let held = |judged: Change, stands: bool| match judged {
        Change::Slower | Change::Faster if !stands => Change::Inconclusive,
        judged => judged,
    };
    for (row, stands) in rows.iter_mut().zip(stand(null_chances.to_vec())) {
        row.null_judged = held(row.null_judged, stands);
        for cell in &mut row.cells {
            let (time, ratio) = (times.next().unwrap_or(false), ratios.next().unwrap_or(false));
            cell.judged = held(cell.judged, time);
            cell.ratio_judged = cell.ratio_judged.map(|judged| held(judged, ratio));
        }
    }
}

fn count_changes(from: &census::Row, to: &census::Row) -> Vec<CountChange> {
    let counts = |row: &census::Row| {
        [
            ("child polls", Some(row.child_polls)),
            ("its polls", Some(row.parent_polls)),
            ("wakes", Some(row.wakes)),
            ("tasks", Some(row.tasks_spawned)),
            ("allocations", Some(row.allocations)),
            ("bytes allocated", Some(row.bytes_allocated)),
            ("peak bytes", Some(row.peak_bytes as f64)),
            ("parks", row.parks),
            ("wakes of the driver", row.driver_wakes),
            ("bytes of its future", Some(row.future_bytes as f64)),
        ]
    };
    let pairs = counts(from).into_iter().zip(counts(to));
    // What was not counted in both is not known to have changed.
    let counted = pairs.filter_map(|((what, from), (_, to))| Some((what, from?, to?)));
    counted
        .filter(|(_, from, to)| from != to)
        .map(|(what, from, to)| CountChange { what, from, to })
        .collect()
}

impl Judged {
    /// Cells of a build, by its place among [`builds`](Self::builds).
    pub fn cells(&self, build: usize) -> impl Iterator<Item = (&Row, &Cell)> {
        self.rows.iter().map(move |row| (row, &row.cells[build]))
    }

    /// How many cells of a build are judged so.
    pub fn count(&self, build: usize, judged: Change) -> usize {
        self.cells(build).filter(|(_, cell)| cell.judged == judged).count()
    }

    /// How many rows of the null pair were called changed, of how many.
    pub fn null_changed(&self) -> (usize, usize) {
        let changed = |row: &&Row| matches!(row.null_judged, Change::Slower | Change::Faster);
        let measured = self.rows.iter().filter(|row| row.null.is_some()).count();
        (self.rows.iter().filter(changed).count(), measured)
    }

    /// The margins of the rows: the median one, and the widest.
    pub fn margins(&self) -> Option<(f64, f64)> {
        let margins: Vec<f64> = self
            .rows
            .iter()
            .map(|row| row.margin)
            .filter(|m| m.is_finite())
            .collect();
        let widest = margins.iter().copied().fold(f64::NAN, f64::max);
        (!margins.is_empty()).then(|| (median(&margins), widest))
    }

    /// Whether any time of any build rose by more than a fraction, for sure.
    pub fn any_slower(&self, beyond: f64) -> bool {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells
            .filter(|cell| cell.judged == Change::Slower)
            .filter_map(|cell| cell.change)
            .any(|change| change.low - 1.0 > beyond)
    }
}

#[cfg(test)]
mod tests {
    use measure::record::Header;

    use super::*;

    fn normal(random: &mut fastrand::Rng) -> f64 {
        (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
    }

    /// A build of 60 cases, whose `spawn` takes `factor` as long where `moved` says so.
    fn build(name: &str, random: &mut fastrand::Rng, factor: f64, moved: impl Fn(usize) -> bool) -> Measured {
        let measurements = (1..=60).map(|tasks| {
            let case: Case = format!("yield/current_thread/worker/0B/{tasks}")
                .parse()
                .expect("an id");
            let mut m = Measurement::without_numbers(&case, "spawn", "join");
            m.in_rounds = (0..20).collect();
            let own = if moved(tasks) { factor } else { 1.0 };
            m.block_ns = m
                .in_rounds
                .iter()
                .map(|_| vec![1000.0 * own * (0.03 * normal(random)).exp()])
                .collect();
            m.rounds = m.block_ns.iter().map(|ns| vec![(ns[0] / 500.0).ln()]).collect();
            let wall = Estimate::over_rounds(&m.block_ns);
            m.wall_ns = wall;
            m
        });
        Measured {
            name: name.to_owned(),
            parts: vec![(header(), measurements.collect())],
            counts: Vec::new(),
        }
    }

    fn header() -> Header {
        let line = include_str!("../../results/tokio-1.54.1-7/wakeups.jsonl")
            .lines()
            .next();
        serde_json::from_str(line.expect("a header")).expect("a header")
    }

    #[test]
    fn the_same_build_changes_in_no_more_rows_than_luck_has_it() {
        let mut random = fastrand::Rng::with_seed(11);
        let mut called = 0;
        for _ in 0..20 {
            let [base, same, null] = ["a", "b", "a again"].map(|name| build(name, &mut random, 1.0, |_| false));
            let found = judged(&base, &[same], &null, 0.02);
            called += found.count(0, Change::Slower) + found.count(0, Change::Faster);
        }
        assert!(called <= 12, "{called} of 1200, where 1% is allowed");
    }

    #[test]
    fn a_change_is_found_where_it_is_and_only_there() {
        let mut random = fastrand::Rng::with_seed(12);
        let moved = |tasks: usize| tasks.is_multiple_of(6);
        let [base, null] = ["a", "a again"].map(|name| build(name, &mut random, 1.0, |_| false));
        let slower = build("b", &mut random, 1.15, moved);
        let found = judged(&base, &[slower], &null, 0.02);
        for (row, cell) in found.cells(0) {
            if moved(row.case.tasks) {
                assert_eq!(cell.judged, Change::Slower, "{}: {:?}", row.case, cell.change);
                assert_eq!(cell.ratio_judged, Some(Change::Slower));
            } else {
                assert_ne!(cell.judged, Change::Slower, "{}: {:?}", row.case, cell.change);
            }
        }
        assert!(found.any_slower(0.05) && !found.any_slower(0.2));
        assert_eq!(found.null_changed().1, 60);
    }

    #[test]
    fn what_a_build_lacks_is_said() {
        let mut random = fastrand::Rng::with_seed(13);
        let [base, null] = ["a", "a again"].map(|name| build(name, &mut random, 1.0, |_| false));
        let mut lacking = build("b", &mut random, 1.0, |_| false);
        lacking.parts[0].1.truncate(59);
        lacking.parts[0].1[0].status = Status::Failed;
        lacking.parts[0].1[0].reason = Some("it hung".into());
        let found = judged(&base, &[lacking], &null, 0.02);
        let missing: Vec<Option<&str>> = found.cells(0).map(|(_, cell)| cell.missing.as_deref()).collect();
        assert_eq!(missing[0], Some("it hung"));
        assert_eq!(missing[59], Some("this build does not have it"));
        assert_eq!(missing[1], None);
    }
}
