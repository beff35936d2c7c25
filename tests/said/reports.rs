//! What a reader sees at the end of a run, made from measurements with known truth.

use join_vs_spawn::case::Case;
use join_vs_spawn::findings;
use join_vs_spawn::machine_state::State;
use join_vs_spawn::record::Measurement;
use join_vs_spawn::stats::{Estimate, Verdict, judge};
use join_vs_spawn::table;

use crate::common::{header, measured, steady};

fn case(id: &str, join_ns: f64, ratio: f64) -> [Measurement; 2] {
    steady(id, join_ns, ratio, 0.002)
}

#[test]
fn the_table_begins_with_what_tells_most() {
    let measurements = [
        case("yield/current_thread/worker/0B/1", 10.0, 1.005),
        case("yield/current_thread/worker/0B/2", 20.0, 1.5),
        case("yield/current_thread/worker/0B/4", 1000.0, 9.0),
        case("yield/multi_thread_2/worker/0B/8", 2e6, 0.2),
    ]
    .concat();
    let text = table::render(&header(), &measurements);
    let rows: Vec<Vec<&str>> = text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    let first = |row: usize| rows[row][0];
    assert_eq!(first(0), "case");
    assert_eq!(first(1), "yield/current_thread/worker/0B/4");
    assert_eq!(first(2), "yield/multi_thread_2/worker/0B/8");
    assert_eq!(first(3), "yield/current_thread/worker/0B/2");
    assert_eq!(first(4), "yield/current_thread/worker/0B/1");
    assert_eq!(rows.len(), 5, "one row a case, without the controls: {text}");
    let row = rows[1].join(" ");
    assert_eq!(
        row,
        "yield/current_thread/worker/0B/4 1.00 µs 250 ns 9.00 µs 2.25 µs +2.00 µs 9.00× [8.95, 9.05] ±0.200% slower"
    );
    assert!(rows[2].join(" ").contains("0.200×") && rows[2].contains(&"faster"));
    assert!(rows[4].contains(&"inconclusive"));
    assert!(!text.contains("no difference"));
    assert!(text.contains("an interval of 95.1% or more over 10 layouts"), "{text}");
    assert!(!text.lines().any(|line| line.ends_with(' ')));
}

#[test]
fn a_column_that_only_some_tables_have_stands_in_their_legend() {
    let mut measurements = case("wake/current_thread/worker/0B/8", 20.0, 1.5);
    let without = table::render(&header(), &measurements);
    for m in &mut measurements {
        m.machinery_ns = m.wall_ns;
    }
    let with = table::render(&header(), &measurements);
    for (text, has) in [(without, false), (with, true)] {
        let head = text.lines().next().unwrap_or_default();
        let legend = text.lines().any(|line| line.starts_with("Machinery: "));
        assert_eq!((head.contains("machinery"), legend), (has, has), "{text}");
    }
}

#[test]
fn failures_are_listed_with_their_reason_and_nothing_is_made_of_them() {
    let mut measurements = case("yield/current_thread/worker/0B/2", 20.0, 1.5).to_vec();
    let dead: Case = "yield/current_thread/worker/0B/4".parse().unwrap();
    measurements.push(Measurement::failed(
        &dead,
        "spawn",
        "join",
        "its process ended with signal: 9",
    ));
    let text = table::render(&header(), &measurements);
    assert!(
        text.contains("failed: yield/current_thread/worker/0B/spawn/4: its process ended with signal: 9"),
        "{text}"
    );
    assert!(findings::sentences(&header(), &measurements)[0].contains("in 1 cases: slower in 1"));
    let all_failed = &measurements[2..];
    assert!(table::render(&header(), all_failed).starts_with("failed: "));
    assert!(findings::sentences(&header(), all_failed).is_empty());
}

#[test]
fn several_strategies_have_a_column() {
    let [control, spawn] = case("yield/current_thread/worker/0B/2", 20.0, 1.5);
    let other = Measurement {
        strategy: "join_set".into(),
        ..spawn.clone()
    };
    let text = table::render(&header(), &[control.clone(), spawn, other]);
    assert!(text.lines().next().unwrap().contains("strategy"), "{text}");
    assert!(text.contains("join_set"));
    // Only the reference: its control is shown, and said to be one.
    let text = table::render(&header(), &[control]);
    assert!(text.contains("Only the reference was measured"), "{text}");
}

#[test]
fn the_crossover_of_wakes_is_named_with_its_interval() {
    // The ratio falls through 1 at 32 children, halving with each doubling.
    let curve = |flavor: &str, at: f64| {
        [8, 16, 64, 128].map(|tasks| {
            case(
                &format!("wake/{flavor}/worker/0B/{tasks}"),
                1000.0,
                at / f64::from(tasks),
            )
        })
    };
    let measurements: Vec<Measurement> = [
        curve("current_thread", 32.0).concat(),
        curve("multi_thread_1", 1000.0).concat(),
        curve("multi_thread_2", 4.0).concat(),
    ]
    .concat();
    let sentences = findings::sentences(&header(), &measurements);
    let sentence = sentences
        .iter()
        .find(|sentence| sentence.contains("Separate wakes"))
        .unwrap();
    assert!(sentence.contains("current_thread 32 [32, 32]"), "{sentence}");
    assert!(sentence.contains("multi_thread_1 beyond 128"), "{sentence}");
    assert!(sentence.contains("multi_thread_2 below 8"), "{sentence}");
}

#[test]
fn a_crossover_that_was_not_seen_is_no_recommendation() {
    let said = |at: f64| {
        let rows = [4, 8, 12].map(|tasks| {
            case(
                &format!("wake/current_thread/worker/0B/{tasks}"),
                1000.0,
                at / f64::from(tasks),
            )
        });
        let parts = [(header(), rows.concat())];
        let sentences = findings::answer::answer(&parts);
        let use_spawn = sentences.iter().find(|sentence| sentence.lead == "Use spawn when");
        let pictures = join_vs_spawn::report::html::pictures(&parts);
        let chart: Vec<String> = pictures.iter().map(|picture| picture.standalone()).collect();
        (use_spawn.expect("a sentence").rest.clone(), chart.concat())
    };
    let (sentence, chart) = said(100.0);
    let cheaper = "join! was cheaper up to 12, the most that was measured.";
    assert!(sentence.starts_with("a child may panic"), "{sentence}");
    assert!(
        sentence.ends_with(cheaper) && !sentence.contains("more than"),
        "{sentence}"
    );
    assert!(chart.contains(cheaper) && !chart.contains("beyond"), "{chart}");
    let (sentence, chart) = said(8.0);
    assert!(sentence.starts_with("more than 8 wait on one thread"), "{sentence}");
    assert!(chart.contains("spawn is the cheaper one from 8"), "{chart}");
    let (sentence, _) = said(1.0);
    assert!(sentence.starts_with("4 or more wait on one thread"), "{sentence}");
}

#[test]
fn workers_are_counted_in_digits_but_for_one() {
    for (workers, words) in [(1, "on one worker"), (2, "on 2 workers"), (11, "on 11 workers")] {
        let measured = case(&format!("compute/multi_thread_{workers}/worker/1MiB/8"), 6e5, 0.55);
        let sentences = findings::answer::answer(&[(header(), measured.to_vec())]);
        assert!(sentences[0].rest.contains(words), "{}", sentences[0].rest);
    }
}

#[test]
fn a_picture_without_a_row_is_not_drawn() {
    let pictures = |id: &str| join_vs_spawn::report::html::pictures(&[(header(), case(id, 20.0, 1.5).to_vec())]).len();
    assert_eq!(pictures("yield/current_thread/worker/0B/8"), 1);
    assert_eq!(pictures("yield/current_thread/worker/0B/9"), 0);
}

#[test]
fn where_spawn_begins_to_win_on_work_is_named() {
    let measurements: Vec<Measurement> = [
        case("compute/multi_thread_2/worker/16KiB/8", 1e4, 2.0),
        case("compute/multi_thread_2/worker/64KiB/8", 4e4, 0.9),
        case("compute/multi_thread_2/worker/1MiB/8", 6e5, 0.55),
        case("compute/current_thread/worker/1MiB/8", 6e5, 1.02),
    ]
    .concat();
    let sentences = findings::sentences(&header(), &measurements);
    let sentence = sentences
        .iter()
        .find(|sentence| sentence.contains("Independent work"))
        .unwrap();
    assert!(
        sentence.contains("multi_thread_2 from 8 children of 64KiB on, 40.0 µs of work"),
        "{sentence}"
    );
    assert!(sentence.contains("at best 0.550×"), "{sentence}");
    assert!(sentence.contains("current_thread nowhere for sure"), "{sentence}");
}

#[test]
fn what_the_site_costs_is_named() {
    let measurements: Vec<Measurement> = [
        case("yield/multi_thread_2/worker/0B/8", 1000.0, 5.0),
        case("yield/multi_thread_2/block_on/0B/8", 500.0, 200.0),
    ]
    .concat();
    let sentences = findings::sentences(&header(), &measurements);
    let sentence = sentences.iter().find(|sentence| sentence.contains("The site")).unwrap();
    assert!(
        sentence.contains("spawning 8 children (yield, 0B) on multi_thread_2 takes 100 µs"),
        "{sentence}"
    );
    assert!(
        sentence.contains("5.00 µs in a spawned task; in the rounds that have both, 20.0×"),
        "{sentence}"
    );
    let spread = sentences
        .iter()
        .find(|sentence| sentence.contains("yield once"))
        .unwrap();
    assert!(
        spread.contains("5.00× [4.97, 5.03] at 8 children on multi_thread_2 (500 ns more for each child)"),
        "{spread}"
    );
}

#[test]
fn what_the_site_costs_is_compared_in_the_rounds_of_both() {
    let [_, mut worker] = case("yield/multi_thread_1/worker/0B/8", 1000.0, 5.0);
    let [_, mut block_on] = case("yield/multi_thread_1/block_on/0B/8", 500.0, 200.0);
    // A machine that slows down, and a case that takes part in the later rounds only.
    let ns = |round: usize| 100.0 * 1.1f64.powi(round as i32);
    worker.block_ns = (0..10).map(|round| vec![ns(round)]).collect();
    block_on.in_rounds = (3..10).collect();
    block_on.block_ns = (3..10).map(|round| vec![30.0 * ns(round)]).collect();
    let sentences = findings::sentences(&header(), &[worker, block_on]);
    let sentence = sentences.iter().find(|sentence| sentence.contains("The site"));
    let sentence = sentence.expect("a sentence");
    assert!(sentence.contains("30.0× [30.0, 30.0]"), "{sentence}");
}

#[test]
fn rounds_of_one_layout_are_not_evidence_of_their_own() {
    let mut header = header();
    let state = header.states[0];
    header.rounds = 40;
    // Eight layouts, each of five rounds.
    header.states = (0..40)
        .map(|round| State {
            layout: round % 8,
            ..state
        })
        .collect();
    let standing = |slower: usize| {
        let spawn = |tasks: usize| {
            let case: Case = format!("yield/current_thread/worker/0B/{tasks}")
                .parse()
                .expect("a case");
            let log = |round: usize| if round % 8 < slower { 0.1 } else { -0.1 };
            let rounds = (0..40).map(|round| vec![log(round)]).collect();
            Measurement {
                verdict: Some(Verdict::Slower),
                ..measured(&case, "spawn", rounds, 100.0, 0.01)
            }
        };
        let measurements: Vec<Measurement> = (1..=20).map(spawn).collect();
        findings::sentences(&header, &measurements)
            .into_iter()
            .find(|sentence| sentence.contains("stand together"))
            .expect("a sentence")
    };
    assert!(standing(8).contains("20 of its 20"), "{}", standing(8));
    // Six of eight layouts may be luck; thirty of forty rounds would not be.
    assert!(standing(6).contains("0 of its 20"), "{}", standing(6));
}

#[test]
fn a_preview_claims_nothing() {
    let mut measurements = case("yield/current_thread/worker/0B/2", 20.0, 1.5).to_vec();
    for m in &mut measurements {
        m.rounds.truncate(1);
        m.ratio = Estimate::ratio(&m.rounds);
        m.verdict = m.ratio.map(|ratio| judge(&ratio, 0.0));
    }
    assert_eq!(measurements[1].verdict, Some(Verdict::Inconclusive));
    let text = table::render(&header(), &measurements);
    assert!(text.contains(" none ") && text.contains("a preview"), "{text}");
}
