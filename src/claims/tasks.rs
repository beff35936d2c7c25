//! Task execution: where children run, and whether at the same time.

use super::experiment::{Experiment, ONE, TWO};
use super::scene::{How, Patience, Scene, Then};
use super::{ALWAYS, Claim};
use crate::case::Flavor;

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let tasks = |of, predicted| Experiment::of_two_on_each(ALWAYS, predicted, whose_task, of);
    let two = [(How::Join, Patience::MustCome), (How::Sequential, Patience::CannotCome)];
    let concurrently = Experiment::of_two_on_each("they wait at awaits", TURNS, begun, two);
    let in_parallel = |condition, flavor, patience| {
        // Children of join! never do.
        let two = [(How::Spawn, patience), (How::Join, Patience::CannotCome)];
        Experiment::of_two(condition, flavor, PARALLEL, parallel, two)
    };
    vec![
        Claim {
            source: "Task Execution, join!",
            statement: "Runs in the same parent task",
            instead: "The children of join! are polled by the task that awaits it; they take turns at their awaits.",
            experiments: tasks([How::Join, How::Spawn], PARENT),
        },
        Claim {
            source: "Task Execution, spawn",
            statement: "Runs in separate Tokio tasks",
            instead: "Each spawned future is a task of its own, which the scheduler polls.",
            experiments: tasks([How::Spawn, How::Join], OWN),
        },
        Claim {
            source: "text, join!",
            statement: "Executes multiple futures concurrently",
            instead: "join! polls its children in turn: they are concurrent at their awaits, and never parallel.",
            experiments: concurrently,
        },
        Claim {
            source: "text, spawn",
            statement: "Tasks run truly in parallel on Tokio's scheduler",
            instead: "Spawned tasks may run in parallel on a multi-threaded runtime that has a worker free; on \
                      current_thread they take turns as the children of join! do.",
            experiments: vec![
                in_parallel("a second worker is free", TWO, Patience::MustCome),
                in_parallel(
                    "the runtime has one worker",
                    Flavor::MultiThread(1),
                    Patience::CannotCome,
                ),
                in_parallel(
                    "the runtime is #[tokio::main(flavor = \"current_thread\")]",
                    ONE,
                    Patience::CannotCome,
                ),
            ],
        },
    ]
}

const PARENT: &str = "in the parent's task";
const OWN: &str = "in tasks of their own";

fn whose_task(flavor: Flavor, how: How) -> &'static str {
    let scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    match scene.diary.order(&["own task 0", "own task 1", "own task 2"])[..] {
        [] => PARENT,
        [_, _, _] => OWN,
        _ => "some here, some there",
    }
}

const TURNS: &str = "all begin before one ends";

fn begun(flavor: Flavor, (how, patience): (How, Patience)) -> &'static str {
    let scene = Scene::begin_one(flavor, how, [Then::Ends; 3]);
    if scene.diary.wait_for("began 2", patience) {
        TURNS
    } else {
        "one begins when the other ended"
    }
}

const PARALLEL: &str = "two children hold a thread each at the same time";

fn parallel(flavor: Flavor, (how, patience): (How, Patience)) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Blocks; 3]);
    scene.open(0);
    scene.open(1);
    let one = ["blocks 0", "blocks 1"];
    match scene.diary.wait_for_any(&one, Patience::MustCome) {
        Some("blocks 0") if scene.diary.wait_for("blocks 1", patience) => PARALLEL,
        Some("blocks 1") if scene.diary.wait_for("blocks 0", patience) => PARALLEL,
        _ => "one at a time",
    }
}
