//! Error handling: a child that panics, and what becomes of the others and of the caller.

use super::Claim;
use super::experiment::Experiment;
use super::scene::{How, Patience, Scene, Then};
use crate::case::Flavor;

const THREADS: [Flavor; 2] = [Flavor::CurrentThread, Flavor::MultiThread(2)];

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let others = |how, other: How, predicted| {
        THREADS.map(|flavor| {
            Experiment::new(
                "a child panics",
                flavor,
                predicted,
                move || others_after_a_panic(flavor, how),
                move || others_after_a_panic(flavor, other),
            )
        })
    };
    let keep_running = || {
        let mut experiments: Vec<Experiment> = others(How::Spawn, How::Join, END).into();
        experiments.extend(THREADS.map(|flavor| {
            Experiment::new(
                "the parent is cancelled while they run",
                flavor,
                END,
                move || others_after_the_parent(flavor, How::Spawn),
                move || others_after_the_parent(flavor, How::Join),
            )
        }));
        experiments
    };
    let caller = |how, other: How, predicted| {
        THREADS.map(|flavor| {
            Experiment::new(
                "its caller",
                flavor,
                predicted,
                move || caller_after_a_panic(flavor, how),
                move || caller_after_a_panic(flavor, other),
            )
        })
    };
    let mut aborted: Vec<Experiment> = others(How::Join, How::Spawn, DROPPED).into();
    aborted.extend(caller(How::Join, How::Spawn, PANICS));
    vec![
        Claim {
            source: "Error Handling, join!",
            statement: "If one task panics, all are aborted",
            instead: "A panic in a child of join! unwinds through its caller: the other children are dropped where they \
                      wait, destructors and all, and finished results are lost. An Err is no panic: all others run on; \
                      use try_join! to stop at the first.",
            experiments: aborted,
        },
        Claim {
            source: "Error Handling, spawn",
            statement: "If one task panics, others keep running",
            instead: "A panic ends its own task; whoever awaits its handle gets a JoinError, and nobody else is told.",
            experiments: {
                let mut experiments = keep_running();
                experiments.extend(caller(How::Spawn, How::Join, IS_TOLD));
                experiments
            },
        },
        Claim {
            source: "text, spawn",
            statement: "If one task hangs or panics, others continue running",
            instead: "A task that panics or waits leaves the others alone; one that blocks its thread takes a worker from them.",
            experiments: {
                let mut experiments = super::waiting::others_continue();
                experiments.extend(keep_running());
                experiments
            },
        },
        Claim {
            source: "not in the article",
            statement: "If one child returns an Err, the others are stopped",
            instead: "An Err is a result like any other to join! and to spawn; try_join! returns at the first and drops \
                      the others.",
            experiments: [
                ("try_join! is meant", How::TryJoin),
                ("join! is meant", How::Join),
                ("spawn is meant", How::Spawn),
            ]
            .into_iter()
            .flat_map(|(condition, how)| {
                THREADS.map(|flavor| {
                    Experiment::new(
                        condition,
                        flavor,
                        DROPPED,
                        move || others_after_an_error(flavor, how),
                        // An error that nobody looks at.
                        move || others_after_an_error(flavor, How::SpawnAndDrop),
                    )
                })
            })
            .collect(),
        },
    ]
}

const DROPPED: &str = "the others are dropped unfinished";
const END: &str = "the others end";

/// All have begun, child 0 panics, then the others may end.
fn others_after_a_panic(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Panics, Then::Ends, Then::Ends]);
    scene.all_began();
    scene.open(0);
    scene.diary.must("panics 0");
    fates(&mut scene)
}

/// All have begun, child 0 ends, which is an error to `try_join!`, then the others may end.
fn others_after_an_error(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    scene.all_began();
    scene.open(0);
    scene.diary.must("ended 0");
    if how == How::TryJoin {
        scene.diary.must("returned");
    }
    fates(&mut scene)
}

/// All have begun, the parent is cancelled, then the children may end.
fn others_after_the_parent(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    scene.all_began();
    scene.abort_parent();
    fates(&mut scene)
}

/// Opens the gates of children 1 and 2, and sees what becomes of them.
pub(super) fn fates(scene: &mut Scene) -> &'static str {
    scene.open(1);
    scene.open(2);
    let fate = |events: [&'static str; 2]| scene.diary.wait_for_any(&events, Patience::MustCome);
    match [fate(["ended 1", "dropped 1"]), fate(["ended 2", "dropped 2"])] {
        [Some("dropped 1"), Some("dropped 2")] => DROPPED,
        [Some("ended 1"), Some("ended 2")] => END,
        _ => "neither",
    }
}

const PANICS: &str = "it panics too";
const IS_TOLD: &str = "it gets a JoinError, and the others' results";

fn caller_after_a_panic(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Panics, Then::Ends, Then::Ends]);
    scene.all_began();
    for child in 0..3 {
        scene.open(child);
    }
    match scene.parent_ended() {
        "panic" => PANICS,
        "returned" if scene.diary.order(&["lost 0", "result 1", "result 2"]).len() == 3 => IS_TOLD,
        _ => "neither",
    }
}
