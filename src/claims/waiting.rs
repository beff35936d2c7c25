//! Blocking behaviour: a child that does not get on, and what becomes of the others.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::Claim;
use super::experiment::{Experiment, ONE, TWO};
use super::results::NO_RESULT;
use super::scene::{END, How, Patience, Scene, Then};
use crate::case::Flavor;

use Patience::{CannotCome, MustCome};

/// How a child fails to get on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stuck {
    /// It waits at an await for what never comes.
    Awaits,
    /// It holds its thread.
    Blocks,
    /// It and another hold a thread each.
    BothBlock,
}

const AWAITS: &str = "it waits at an await";
const BLOCKS: &str = "it blocks its thread";

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let joined = |condition, flavor, stuck, patience| {
        // Spawned, and not stuck in its thread: the others do end.
        let two = [(How::Join, stuck, patience), (How::Spawn, Stuck::Awaits, MustCome)];
        Experiment::of_two(condition, flavor, WAIT, others_end, two)
    };
    let two = [(How::Join, CannotCome), (How::JoinSet, MustCome)];
    let results = Experiment::of_two_on_each("what is meant is their results", NO_RESULT, others_results, two);
    let blocked_or_not = || {
        vec![
            joined(BLOCKS, ONE, Stuck::Blocks, CannotCome),
            joined(BLOCKS, TWO, Stuck::Blocks, CannotCome),
            joined(AWAITS, ONE, Stuck::Awaits, MustCome),
            joined(AWAITS, TWO, Stuck::Awaits, MustCome),
        ]
    };
    vec![
        Claim {
            source: "Blocking Behavior, join!",
            statement: "If one task hangs, all are delayed",
            instead: "If one child never completes, the others still run to their end, but join! gives no result; if it \
                      blocks its thread, the others do not even run.",
            experiments: [blocked_or_not(), results].concat(),
        },
        Claim {
            source: "Blocking Behavior, spawn",
            statement: "If one task hangs, others continue",
            instead: "Tasks that wait do not hold others up; a task that blocks its thread takes a worker away, and with \
                      it the task that waits in that worker's LIFO slot; use spawn_blocking.",
            experiments: others_continue(),
        },
        Claim {
            source: "text, join!",
            statement: "If one task blocks, all other tasks wait",
            instead: "If one child blocks its thread, all others wait; if it awaits, they run.",
            experiments: blocked_or_not(),
        },
        Claim {
            source: "text, spawn",
            statement: "A task may take longer, but others shouldn't wait",
            instead: "Spawned tasks do not wait for each other; who awaits their handles in order does. Take results from \
                      a JoinSet as they come.",
            experiments: [ONE, TWO]
                .into_iter()
                .flat_map(|flavor| {
                    let early = |condition, how, patience| {
                        let two = [(how, patience), (How::Join, CannotCome)];
                        Experiment::of_two(condition, flavor, EARLY, others_results, two)
                    };
                    [
                        early("results are taken as they come (JoinSet)", How::JoinSet, MustCome),
                        early(
                            "handles are awaited in order, the slow one first",
                            How::Spawn,
                            CannotCome,
                        ),
                    ]
                })
                .collect(),
        },
    ]
}

/// Experiments on whether spawned children get on where one is stuck.
pub(super) fn others_continue() -> Vec<Experiment> {
    let never = (How::Join, Stuck::Blocks, CannotCome);
    let spawned = |condition, flavor, stuck, patience| {
        let two = [(How::Spawn, stuck, patience), never];
        Experiment::of_two(condition, flavor, END, others_end, two)
    };
    vec![
        spawned(AWAITS, ONE, Stuck::Awaits, MustCome),
        spawned(AWAITS, TWO, Stuck::Awaits, MustCome),
        spawned(
            "it blocks its thread and another worker is free for them",
            TWO,
            Stuck::Blocks,
            MustCome,
        ),
        spawned("it blocks the only thread", ONE, Stuck::Blocks, CannotCome),
        spawned("as many block as there are workers", TWO, Stuck::BothBlock, CannotCome),
        Experiment::new(
            "it blocks its thread right after it spawned or woke the other",
            TWO,
            END,
            || left_in_the_slot(true, CannotCome),
            move || others_end(TWO, never),
        ),
    ]
}

const WAIT: &str = "the others wait";

/// Child 0 is stuck, child 2 may end: does it?
fn others_end(flavor: Flavor, (how, stuck, patience): (How, Stuck, Patience)) -> &'static str {
    let then = match stuck {
        Stuck::Awaits => [Then::Ends; 3],
        Stuck::Blocks => [Then::Blocks, Then::Ends, Then::Ends],
        Stuck::BothBlock => [Then::Blocks, Then::Blocks, Then::Ends],
    };
    let mut scene = Scene::begin(flavor, how, then);
    if stuck != Stuck::Awaits {
        scene.open(0);
        scene.diary.must("blocks 0");
    }
    scene.open(1);
    if stuck == Stuck::BothBlock {
        scene.diary.must("blocks 1");
    }
    scene.open(2);
    if scene.diary.wait_for("ended 2", patience) {
        END
    } else {
        WAIT
    }
}

const EARLY: &str = "the others' results come before it ends";

/// Child 0 waits, the others end: has the parent their results?
fn others_results(flavor: Flavor, (how, patience): (How, Patience)) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    scene.end(1);
    scene.end(2);
    if scene.diary.wait_for("result 2", patience) {
        EARLY
    } else {
        NO_RESULT
    }
}

/// A task spawns another and blocks its thread: the spawned one lies in its worker's LIFO slot, from which no other worker
/// steals (tokio 1.54, `runtime/scheduler/multi_thread/worker.rs`). Without blocking it runs.
fn left_in_the_slot(blocks: bool, patience: Patience) -> &'static str {
    let (end, blocked) = mpsc::channel::<()>();
    let (_never, comes) = oneshot::channel::<()>();
    let scene = Scene::of(TWO, |diary| {
        let (child, parent) = (diary.clone(), diary.clone());
        async move {
            tokio::spawn(async move { child.write("ended") });
            parent.write("spawned");
            if blocks {
                let _ = blocked.recv();
            } else {
                let _ = comes.await;
            }
        }
    });
    scene.diary.must("spawned");
    let ended = scene.diary.wait_for("ended", patience);
    drop(end);
    if ended { END } else { WAIT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_in_the_slot_runs_where_its_worker_goes_on() {
        assert_eq!(left_in_the_slot(false, MustCome), END);
        assert_eq!(left_in_the_slot(true, CannotCome), WAIT);
    }
}
