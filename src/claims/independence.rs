//! Structured or independent: who outlives whom, and what children may borrow.

use std::rc::Rc;
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use super::Claim;
use super::experiment::{Experiment, TWO};
use super::scene::{DROPPED, Diary, END, How, Note, Patience, Scene, Then, fates, runtime};
use crate::case::Flavor;

/// Whether `tokio::spawn` takes a child, as far as it must be `Send`: asked of the compiler without an error, by the two
/// methods of the same name of which it takes the one that fits with fewer references.
macro_rules! spawns {
    ($child:expr) => {
        if (&Asked(&$child)).is_send() { "taken" } else { REFUSED }
    };
}

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let fate = |condition, predicted, of| Experiment::of_two_on_each(condition, predicted, after_the_parent, of);
    let borrow = Experiment::on_each("children borrow a local, and share an Rc", MAY, borrows, |_| {
        spawns!(holding(Rc::new(1)))
    });
    let abort = |condition, patience, then| {
        Experiment::on_each(
            condition,
            STOPS,
            move |flavor| aborted(flavor, then, patience),
            // A handle that is dropped.
            |flavor| after_the_parent(flavor, How::SpawnAndDrop),
        )
    };
    let independent = fate(
        "the parent is cancelled, and the handles with it",
        END,
        [How::Spawn, How::Join],
    );
    let holds_an_rc = Experiment::new(
        "it holds an Rc at an await",
        TWO,
        REFUSED,
        || spawns!(holding(Rc::new(1))),
        || spawns!(holding(Arc::new(1))),
    );
    vec![
        Claim {
            source: "text, join!",
            statement: "tokio::join! is used when you need structured concurrency",
            instead: "The children of join! live in their parent: drop its future and they are dropped, and they may \
                      borrow from it and share what is not Send.",
            experiments: [fate("the future is dropped", DROPPED, [How::Join, How::Spawn]), borrow].concat(),
        },
        Claim {
            source: "Use Case, spawn",
            statement: "When tasks should run independently",
            instead: "A spawned task outlives its handle and its parent, but not its runtime; it must own what it uses \
                      ('static) and, on #[tokio::main], be Send.",
            experiments: independent,
        },
        Claim {
            source: "text, spawn",
            statement: "When tasks should run independently and in the background",
            instead: "A spawned task runs on in the background for as long as its runtime does; when main returns, it is \
                      dropped at its next await.",
            experiments: [
                fate("the parent has ended", END, [How::SpawnAndDrop, How::Join]),
                Experiment::on_each("the runtime has ended", END, after_the_runtime, |flavor| {
                    after_the_parent(flavor, How::Join)
                }),
            ]
            .concat(),
        },
        Claim {
            source: "not in the article",
            statement: "A spawned future must be Send and own what it uses",
            instead: "tokio::spawn takes what is Send and 'static, and the compiler refuses the rest; a LocalRuntime's \
                      spawn_local takes what is not Send. Children of join! need neither.",
            experiments: vec![holds_an_rc],
        },
        Claim {
            source: "not in the article",
            statement: "A spawned task can be stopped by aborting its handle",
            instead: "abort() drops a task at an await; a task that blocks its thread goes on until it awaits or ends. \
                      Dropping the handle stops nothing; dropping a JoinSet aborts all of its tasks.",
            experiments: [
                abort("it waits at an await", Patience::MustCome, Then::Ends),
                abort("it blocks its thread", Patience::CannotCome, Then::Blocks),
            ]
            .concat(),
        },
    ]
}

/// All children have begun and their parent is dropped; where it dropped their handles, it has returned.
pub(super) fn after_the_parent(flavor: Flavor, how: How) -> &'static str {
    let mut scene = Scene::begin(flavor, how, [Then::Ends; 3]);
    if how == How::SpawnAndDrop {
        scene.diary.must("returned");
    } else {
        scene.abort_parent();
    }
    fates(&mut scene)
}

/// The parent has dropped the handles and returned, and then its runtime ends, as when `main` returns.
fn after_the_runtime(flavor: Flavor) -> &'static str {
    let mut scene = Scene::begin(flavor, How::SpawnAndDrop, [Then::Ends; 3]);
    scene.diary.must("returned");
    scene.end_runtime();
    fates(&mut scene)
}

const MAY: &str = "they may";
const REFUSED: &str = "refused by the compiler";

/// Compiles, and runs: on both kinds of runtime in the future of `block_on`, since a future that holds an `Rc` cannot be
/// spawned on several threads itself.
///
/// Spawned, the same does not compile. Not `'static`:
///
/// ```compile_fail
/// # async fn parent() {
/// let text = String::from("local");
/// let borrowed = &text;
/// tokio::spawn(async move { borrowed.len() }).await;
/// # }
/// ```
///
/// Not `Send`:
///
/// ```compile_fail
/// # async fn parent() {
/// let shared = std::rc::Rc::new(1);
/// tokio::spawn(async move {
///     tokio::task::yield_now().await;
///     *shared
/// })
/// .await;
/// # }
/// ```
fn borrows(flavor: Flavor) -> &'static str {
    let runtime = runtime(flavor);
    let sum = runtime.block_on(async {
        let text = String::from("local");
        let shared = Rc::new(1);
        let child = async |more: usize| {
            tokio::task::yield_now().await;
            text.len() + *Rc::clone(&shared) + more
        };
        let (a, b) = tokio::join!(child(0), child(1));
        a + b
    });
    if sum == 13 { MAY } else { "they see something else" }
}

/// A child that holds something at an await.
async fn holding<T>(value: T) -> T {
    tokio::task::yield_now().await;
    value
}

struct Asked<'a, T>(#[allow(dead_code, reason = "its type is what is asked")] &'a T);

trait Send_ {
    fn is_send(&self) -> bool;
}

impl<T: Send> Send_ for Asked<'_, T> {
    fn is_send(&self) -> bool {
        true
    }
}

trait NotSend {
    fn is_send(&self) -> bool;
}

impl<T> NotSend for &Asked<'_, T> {
    fn is_send(&self) -> bool {
        false
    }
}

const STOPS: &str = "it is dropped there";

/// A child's handle is aborted, by another thread than the child's.
fn aborted(flavor: Flavor, then: Then, patience: Patience) -> &'static str {
    let (tell, told) = mpsc::channel();
    let (release, blocked) = mpsc::channel::<()>();
    let (_never, comes) = oneshot::channel::<()>();
    let scene = Scene::of(flavor, |diary: &Arc<Diary>| {
        let diary = diary.clone();
        async move {
            let child = tokio::spawn(async move {
                let _note = Note::new(&diary, "dropped");
                diary.write("began");
                if then == Then::Blocks {
                    let _ = blocked.recv();
                } else {
                    let _ = comes.await;
                }
                diary.write("ended");
            });
            let _ = tell.send(child.abort_handle());
            let _ = child.await;
        }
    });
    scene.diary.must("began");
    if let Ok(handle) = told.recv() {
        handle.abort();
    }
    let dropped = scene.diary.wait_for("dropped", patience);
    drop(release);
    if dropped && scene.diary.place("ended").is_none() {
        STOPS
    } else {
        "it goes on"
    }
}
