//! What two runs say about the method: how narrow intervals are, how far the runs agree, what `compare` calls changed
//! between them and between the halves of one, and whether it would find an effect of known size.
//!
//! ```text
//! JVS_RESULTS=/tmp/a cargo bench && JVS_RESULTS=/tmp/b cargo bench
//! cargo run --release --example two_runs -- /tmp/a/latest /tmp/b/latest
//! ```

use std::path::Path;
use std::process::ExitCode;

use join_vs_spawn::case::{Flavor, Site};
use join_vs_spawn::compare::{Change, Comparison, DEFAULT_THRESHOLD, compare};
use join_vs_spawn::record::{Header, Measurement, Status};
use join_vs_spawn::run_store::Run;
use join_vs_spawn::stats::{Estimate, median};

fn main() -> ExitCode {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let [a, b] = &folders[..] else {
        eprintln!("usage: two_runs FOLDER_A FOLDER_B (folders of records)");
        return ExitCode::from(2);
    };
    let (a, b) = match [a, b].map(|folder| Run::read(Path::new(folder))) {
        [Ok(a), Ok(b)] => (a, b),
        [Err(error), _] | [_, Err(error)] => {
            eprintln!("two_runs: {error}");
            return ExitCode::from(2);
        }
    };
    for run in [&a, &b] {
        half_widths(run);
    }
    agreement(&a, &b);
    println!("\ncompare, threshold {DEFAULT_THRESHOLD}:");
    changed("the one run with the other", &compared(&a.parts, &b.parts));
    for (name, run) in [("the first", &a), ("the second", &b)] {
        let halves = [0, 1].map(|half| in_half(&run.parts, half));
        let what = format!("the earlier rounds of {name} with the later ones");
        changed(&what, &compared(&halves[0], &halves[1]));
    }
    println!("\ncompare, where strategies are slower in the second run (its ratios multiplied):");
    for (what, scale) in [("scale", true), ("other targets", false)] {
        let [a, b] = [&a, &b].map(|run| -> Vec<Part> {
            let parts = run.parts.iter();
            parts
                .filter(|(header, _)| (header.target == "scale") == scale)
                .cloned()
                .collect()
        });
        // A run of the four default targets has no scale.
        if a.is_empty() || b.is_empty() {
            continue;
        }
        for factor in [1.05, 1.2] {
            found(what, factor, &compared(&a, &multiplied(&b, factor)));
        }
    }
    ExitCode::SUCCESS
}

type Part = (Header, Vec<Measurement>);

fn compared(a: &[Part], b: &[Part]) -> Comparison {
    compare(["a", "b"], a, b, DEFAULT_THRESHOLD)
}

fn ratios(run: &Run) -> impl Iterator<Item = &Measurement> {
    let wanted = |m: &&Measurement| m.status == Status::Ok && !m.is_control();
    run.measurements().filter(wanted)
}

fn fetches(m: &Measurement) -> bool {
    m.case.workload.starts_with("http")
}

fn log_half_width(ratio: &Estimate) -> f64 {
    (ratio.high / ratio.low).ln() / 2.0
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (n - 1.0).max(1.0)).sqrt()
}

/// Median half-widths by flavor and site, beside those of intervals of the means of layouts' rounds, and noise floors; and how many
/// of http's are at most 5%.
fn half_widths(run: &Run) {
    println!("{}: half of the intervals' widths, relative", run.name);
    let mut places: Vec<(Flavor, Site)> = ratios(run).map(|m| (m.case.flavor, m.case.site)).collect();
    places.sort();
    places.dedup();
    for (flavor, site) in places {
        let (mut widths, mut of_means, mut floors) = (Vec::new(), Vec::new(), Vec::new());
        for (header, rows) in &run.parts {
            let here = |m: &&Measurement| (m.case.flavor, m.case.site) == (flavor, site) && !fetches(m);
            let compared = rows.iter().filter(|m| m.status == Status::Ok && !m.is_control());
            for m in compared.filter(here) {
                widths.extend(m.ratio.map(|ratio| log_half_width(&ratio)));
                let means = Estimate::of(&header.sample(m).units());
                of_means.extend(means.map(|means| log_half_width(&means.map(f64::exp))));
                floors.extend(m.noise_floor);
            }
        }
        let [width, of_means, floor] = [&widths, &of_means, &floors].map(|values| median(values) * 100.0);
        println!(
            "  {:34} median {width:.2}% of {} cases (of layouts' means {of_means:.2}%), noise floor {floor:.2}%",
            format!("{flavor}, {site}"),
            widths.len()
        );
    }
    let from_round_to_round: Vec<f64> = ratios(run)
        .filter(|m| m.case.flavor.workers() == 1 && m.case.site.in_task())
        .map(|m| deviation(&m.rounds.concat()))
        .collect();
    println!(
        "  from round to round, one thread or worker, in a task: standard deviation {:.2}%, median of {} cases",
        median(&from_round_to_round) * 100.0,
        from_round_to_round.len()
    );
    let http: Vec<f64> = ratios(run)
        .filter(|m| fetches(m))
        .filter_map(|m| Some(log_half_width(&m.ratio?)))
        .collect();
    let narrow = http.iter().filter(|width| **width <= 0.05).count();
    println!("  http: {narrow} of {} at most 5%", http.len());
}

/// How many intervals of the one run meet those of the other.
fn agreement(a: &Run, b: &Run) {
    let (mut both, mut overlap, mut opposite) = (0, 0, 0);
    for one in ratios(a) {
        let mut others = ratios(b);
        let Some(other) = others.find(|m| m.case == one.case && m.strategy == one.strategy) else {
            continue;
        };
        let (Some(x), Some(y)) = (one.ratio, other.ratio) else {
            continue;
        };
        both += 1;
        overlap += usize::from(x.low <= y.high && y.low <= x.high);
        let words = [one.verdict, other.verdict].map(|v| v.map_or("", |v| v.as_str()));
        opposite += usize::from(words == ["slower", "faster"] || words == ["faster", "slower"]);
    }
    println!("\nintervals of both runs overlap in {overlap} of {both} cases; opposite verdicts: {opposite}");
}

fn changed(what: &str, comparison: &Comparison) {
    let count = |change| {
        let rows = comparison.rows.iter();
        rows.filter(|row| row.judged == change).count()
    };
    println!(
        "  {what}: {} of {} called changed, {} by the host",
        count(Change::Slower) + count(Change::Faster),
        comparison.rows.len(),
        count(Change::Host)
    );
    let sure = |change| matches!(change, Change::Slower | Change::Faster);
    for row in comparison.rows.iter().filter(|row| sure(row.judged)) {
        println!(
            "    {} {:.3} [{:.3}, {:.3}]",
            row.case, row.change.median, row.change.low, row.change.high
        );
    }
}

/// The rounds of the first half of the run, or of the second.
fn in_half(parts: &[Part], half: usize) -> Vec<Part> {
    let mut parts = parts.to_vec();
    for (header, measurements) in &mut parts {
        let middle = header.states.len() / 2;
        for m in measurements.iter_mut().filter(|m| m.status == Status::Ok) {
            let wanted: Vec<bool> = m
                .in_rounds
                .iter()
                .map(|round| usize::from(*round >= middle) == half)
                .collect();
            let mut keep = wanted.iter();
            m.rounds.retain(|_| *keep.next().unwrap_or(&false));
            let mut keep = wanted.iter();
            m.in_rounds.retain(|_| *keep.next().unwrap_or(&false));
        }
    }
    parts
}

/// The same with a strategy that takes `factor` times as long.
fn multiplied(parts: &[Part], factor: f64) -> Vec<Part> {
    let mut parts = parts.to_vec();
    for (_, measurements) in &mut parts {
        for m in measurements.iter_mut().filter(|m| !m.is_control()) {
            m.rounds.iter_mut().flatten().for_each(|log| *log += factor.ln());
        }
    }
    parts
}

/// How many of the rows at site worker are called slower.
fn found(target: &str, factor: f64, comparison: &Comparison) {
    let share = |what: &str, wanted: &dyn Fn(Flavor) -> bool| {
        let rows = comparison
            .rows
            .iter()
            .filter(|row| row.case.site == Site::Worker && wanted(row.case.flavor))
            .filter(|row| !row.case.workload.starts_with("http"));
        let judged: Vec<Change> = rows.map(|row| row.judged).collect();
        let slower = judged.iter().filter(|j| **j == Change::Slower).count();
        println!(
            "  × {factor}, {target}, {what}, worker: {slower} of {} called slower",
            judged.len()
        );
    };
    share("current_thread and multi_thread_1", &|flavor| flavor.workers() == 1);
    share("all", &|_| true);
}
