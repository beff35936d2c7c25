//! Runs of several programs that take turns, as `builds` measures them: here twice the same program.

use std::process::ExitCode;

use join_vs_spawn::environment::{Built, Environment};
use join_vs_spawn::program::this_program;
use join_vs_spawn::record::{self, Part, Status};
use join_vs_spawn::run::{Request, run_interleaved};
use join_vs_spawn::session::selection;
use join_vs_spawn::targets::targets;
use join_vs_spawn::{round, workload};
use libtest_mimic::Trial;

use crate::common::place::{Place, kill, small};

/// The programs' folders below that of the records.
const FOLDERS: [&str; 3] = ["a", "b", "c"];

pub fn trials() -> Vec<Trial> {
    trials![
        programs_that_take_turns_have_the_same_rounds,
        what_was_cut_short_goes_on_with_what_each_program_has,
    ]
}

/// What this program is where it is started as `interleaves`: a parent of three programs that take turns.
pub fn act() -> ExitCode {
    round::run_if_child(&workload::all());
    let targets = targets();
    let selection = selection(&targets).expect("variables");
    let overhead = targets
        .iter()
        .find(|target| target.name == "overhead")
        .expect("a target");
    let measurements = selection.measurements(overhead, 2, |_| true).expect("cases");
    let plan = selection.plan(overhead, &measurements);
    let settings = selection.settings_for(overhead);
    let results = std::env::var_os("JVS_RESULTS").expect("a folder");
    let requests = FOLDERS.map(|folder| Request {
        folder: Some(std::path::Path::new(&results).join(folder)),
        environment: Environment::of(Built {
            tokio: folder.to_owned(),
            ..Built::here()
        }),
        ..Request::here(&plan, &settings, "a test".to_owned(), this_program())
    });
    match run_interleaved(&requests) {
        Ok(outcomes) => {
            assert!(outcomes.iter().all(|outcome| outcome.trouble.is_none()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

const SEVEN: [(&str, &str); 2] = [("JVS_ROUNDS", "7"), ("JVS_SEED", "3")];

fn records(place: &Place) -> [Part; 3] {
    FOLDERS.map(|folder| record::read(&place.path(&format!("results/{folder}/overhead.jsonl"))).expect("a record"))
}

/// Each case has every round, in each program, and rounds know their own times only.
fn have_the_same_rounds(records: &[Part; 3]) {
    let [(first, expected), ..] = records;
    for ((header, measurements), folder) in records.iter().zip(FOLDERS) {
        assert!(header.complete);
        assert_eq!(
            (header.environment.built.tokio.as_str(), header.seed, header.rounds),
            (folder, first.seed, 7)
        );
        assert_eq!(header.plan, first.plan);
        assert_eq!(measurements.len(), expected.len());
        for (m, other) in measurements.iter().zip(expected) {
            assert_eq!(
                (&m.case, &m.strategy, m.status),
                (&other.case, &other.strategy, Status::Ok)
            );
            assert_eq!(m.in_rounds, other.in_rounds, "{} in {folder}", m.case);
            let wanted = if m.is_control() { 3 } else { 7 };
            assert_eq!(m.in_rounds.len(), wanted, "{} in {folder}", m.case);
            assert!(
                folder == "a" || m.block_ns != other.block_ns,
                "{} in {folder} is a copy",
                m.case
            );
        }
    }
}

fn programs_that_take_turns_have_the_same_rounds() {
    let place = Place::new();
    place.run("interleaves", &small(&SEVEN), &[]).exits(0);
    have_the_same_rounds(&records(&place));
}

fn what_was_cut_short_goes_on_with_what_each_program_has() {
    let place = Place::new();
    let slowly = [SEVEN[0], SEVEN[1], ("JVS_SPAN", "5")];
    let mut child = place.start("interleaves", &small(&slowly), &[]);
    place.wait_for_lines("results/b/overhead.jsonl.partial", 20);
    kill(child.id());
    child.wait().expect("it was killed");
    assert!(!place.path("results/a/overhead.jsonl").exists());
    let resumed = [SEVEN[0], SEVEN[1], ("JVS_RESUME", "1")];
    place.run("interleaves", &small(&resumed), &[]).exits(0);
    have_the_same_rounds(&records(&place));
}
