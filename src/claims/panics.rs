//! Error handling: a child that panics, and what becomes of the others and of the caller.

use super::Claim;
use super::experiment::Experiment;
use super::independence::after_the_parent;
use super::scene::{DROPPED, END, How, Scene, Then, fates};
use crate::case::Flavor;

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let others = |predicted, of| Experiment::of_two_on_each("a child panics", predicted, others_after_a_panic, of);
    let caller = |predicted, of| Experiment::of_two_on_each("its caller", predicted, caller_after_a_panic, of);
    let keep_running = || {
        let of = [How::Spawn, How::Join];
        let cancelled = Experiment::of_two_on_each("the parent is cancelled while they run", END, after_the_parent, of);
        [others(END, of), cancelled].concat()
    };
    vec![
        Claim {
            source: "Error Handling, join!",
            statement: "If one task panics, all are aborted",
            instead: "A panic in a child of join! unwinds through its caller: the other children are dropped where they \
                      wait, destructors and all, and finished results are lost. An Err is no panic: all others run on; \
                      use try_join! to stop at the first.",
            experiments: [
                others(DROPPED, [How::Join, How::Spawn]),
                caller(PANICS, [How::Join, How::Spawn]),
            ]
            .concat(),
        },
        Claim {
            source: "Error Handling, spawn",
            statement: "If one task panics, others keep running",
            instead: "A panic ends its own task; whoever awaits its handle gets a JoinError, and nobody else is told.",
            experiments: [keep_running(), caller(IS_TOLD, [How::Spawn, How::Join])].concat(),
        },
        Claim {
            source: "text, spawn",
            statement: "If one task hangs or panics, others continue running",
            instead: "A task that panics or waits leaves the others alone; one that blocks its thread takes a worker from them.",
            experiments: [super::waiting::others_continue(), keep_running()].concat(),
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
                // The counterpart: an error that nobody looks at.
                Experiment::of_two_on_each(condition, DROPPED, others_after_an_error, [how, How::SpawnAndDrop])
            })
            .collect(),
        },
    ]
}

/// All have begun, child 0 panics, then the others may end.
fn others_after_a_panic(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Panics, Then::Ends, Then::Ends]);
    scene.open(0);
    scene.diary.must("panics 0");
    fates(&mut scene)
}

/// All have begun, child 0 ends, which is an error to `try_join!`, then the others may end.
fn others_after_an_error(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    scene.end(0);
    if how == How::TryJoin {
        scene.diary.must("returned");
    }
    fates(&mut scene)
}

const PANICS: &str = "it panics too";
const IS_TOLD: &str = "it gets a JoinError, and the others' results";

fn caller_after_a_panic(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Panics, Then::Ends, Then::Ends]);
    scene.open_all();
    match scene.parent_ended() {
        "panic" => PANICS,
        "returned" if scene.diary.order(&["lost 0", "result 1", "result 2"]).len() == 3 => IS_TOLD,
        _ => "neither",
    }
}
