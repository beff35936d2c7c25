//! Return values: when the parent has them, in which order, and what a handle is for.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::experiment::Experiment;
use super::scene::{Child, How, Patience, Scene, Then, fan_out};
use super::{ALWAYS, Claim};
use crate::case::Flavor;

use Patience::{CannotCome, MustCome};

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let together = || {
        let two = [(How::Join, CannotCome), (How::JoinSet, MustCome)];
        Experiment::of_two_on_each(ALWAYS, NO_RESULT, first_before_last, two)
    };
    let of_two = Experiment::of_two_on_each::<How, &'static str>;
    let ordered = of_two("the last child ends first", ORDERED, order, [How::Join, How::JoinSet]);
    let awaited = |condition, predicted, look| of_two(condition, predicted, look, [How::SpawnAndDrop, How::Spawn]);
    let must_await = [
        awaited("you want its result", ONLY_AWAITED, has_result),
        awaited("the runtime may end before it does", UNFINISHED, when_the_runtime_ends),
        awaited(
            "you only want it done while the runtime lives on",
            UNFINISHED,
            left_alone,
        ),
    ];
    let complete = of_two(ALWAYS, LAST, returned, [How::Join, How::SpawnAndDrop]);
    let never = (How::Sequential, false, CannotCome);
    let depends = |condition, blocking, patience| {
        Experiment::of_two_on_each(condition, FINISH, talk, [(How::Join, blocking, patience), never])
    };
    let depends = [
        depends("they wait for each other at awaits", false, MustCome),
        depends("they block their thread for each other", true, CannotCome),
    ];
    vec![
        Claim {
            source: "Return Values, join!",
            statement: "Returns all task results",
            instead: "join! returns a tuple in the order of its arguments, when the last child has ended; children may \
                      differ in type.",
            experiments: [together(), ordered].concat(),
        },
        Claim {
            source: "Return Values, spawn",
            statement: "Returns a JoinHandle<T> that you must .await",
            instead: "Await the handle if you want the result, an error, or the task to end before the runtime does; \
                      dropping it detaches the task, which runs on.",
            experiments: must_await.concat(),
        },
        Claim {
            source: "text, join!",
            statement: "Returns all results at once",
            instead: "No result is to be had before the last child has ended.",
            experiments: together(),
        },
        Claim {
            source: "Use Case, join!",
            statement: "When all tasks must complete together",
            instead: "join! returns when the last child has ended. So does awaiting every handle, or a JoinSet: that \
                      alone is no reason for either.",
            experiments: complete,
        },
        Claim {
            source: "text, join!",
            statement: "Your tasks depend on each other",
            instead: "Children of join! may wait for each other at awaits, and so may spawned tasks. What only join! gives \
                      is a common scope to borrow from.",
            experiments: depends.concat(),
        },
    ]
}

pub(super) const NO_RESULT: &str = "no result before the last child ends";

fn first_before_last(flavor: Flavor, (how, patience): (How, Patience)) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    scene.end(0);
    let early = scene.diary.wait_for("result 0", patience);
    scene.open(1);
    scene.open(2);
    scene.diary.must("returned");
    if early { "results as they come" } else { NO_RESULT }
}

const ORDERED: &str = "results in the order of the arguments";

fn order(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    [2, 1, 0].into_iter().for_each(|child| scene.end(child));
    scene.diary.must("returned");
    let results = scene.diary.order(&["result 0", "result 1", "result 2"]);
    match results.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["result 0", "result 1", "result 2"] => ORDERED,
        ["result 2", "result 1", "result 0"] => "results in the order of their ends",
        _ => "results in some order",
    }
}

const ONLY_AWAITED: &str = "no result without the handle";

fn has_result(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    (0..3).for_each(|child| scene.end(child));
    scene.diary.must("returned");
    match scene.diary.place("result 0") {
        None => ONLY_AWAITED,
        Some(_) => "the handle gave the result",
    }
}

const UNFINISHED: &str = "it does not end";

fn when_the_runtime_ends(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    if how == How::Spawn {
        scene.open_all();
    }
    // What `main` does: it returns when its own future has, and then the runtime goes.
    scene.diary.must("returned");
    scene.end_runtime();
    match scene.ends(0) {
        Some(false) => UNFINISHED,
        _ => "it ends",
    }
}

/// What becomes of child 0 when its gate opens, whatever the parent did with its handle.
fn left_alone(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    if how == How::SpawnAndDrop {
        scene.diary.must("returned");
    }
    scene.open(0);
    match scene.ends(0) {
        Some(true) => "it ends",
        _ => UNFINISHED,
    }
}

const LAST: &str = "it returns after the last child ended";

fn returned(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    if how == How::SpawnAndDrop {
        scene.diary.must("returned");
    }
    (0..3).for_each(|child| scene.end(child));
    scene.diary.must("returned");
    let place = |event: &str| scene.diary.place(event);
    if (0..3).all(|child| place(&format!("ended {child}")) < place("returned")) {
        LAST
    } else {
        "it returns before"
    }
}

const FINISH: &str = "both end";

/// Child 0 asks child 1, which answers. Blocking, it waits for the answer without giving its thread away.
fn talk(flavor: Flavor, (how, blocking, patience): (How, bool, Patience)) -> &'static str {
    let (reply, replied) = mpsc::channel();
    let release = reply.clone();
    let scene = Scene::of(flavor, |diary| {
        let (ask, asked) = oneshot::channel();
        let (answer, answered) = oneshot::channel::<()>();
        let asks: Child = Box::pin(async move {
            let _ = ask.send(());
            if blocking {
                let _ = replied.recv();
            } else {
                let _ = answered.await;
            }
            0
        });
        let answers: Child = Box::pin(async move {
            let _ = asked.await;
            let _ = answer.send(());
            let _ = reply.send(());
            1
        });
        fan_out(how, [asks, answers, Box::pin(async { 2 })], diary.clone())
    });
    let both = scene.diary.wait_for("returned", patience);
    let _ = release.send(());
    if both { FINISH } else { "neither ends" }
}
