//! A fan-out under observation: three children, each behind a gate that the observer opens, on a runtime of its own.
//!
//! What happened is told by a diary, and what may happen next is decided by gates, so that an observation depends on
//! causes and not on delays. Time comes in once: that something does *not* happen is believed after a while. Where it
//! cannot happen, no while is too short; where it must, the observer waits long ([`Patience`]).

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc as blocking;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use timed::locked::lock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{self, JoinHandle, JoinSet};

use crate::case::Flavor;

/// How long an observer waits for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// It must come, as far as tokio's source tells; on a busy machine it may take its time.
    MustCome,
    /// Nothing is there that could make it come.
    CannotCome,
    /// It comes at once or not at all, as workers happen to sleep.
    Depends,
}

impl Patience {
    pub fn limit(self) -> Duration {
        match self {
            Patience::MustCome => Duration::from_secs(8),
            Patience::CannotCome => Duration::from_millis(60),
            Patience::Depends => Duration::from_millis(500),
        }
    }
}

/// What happened, in order.
#[derive(Default)]
pub(super) struct Diary {
    events: Mutex<Vec<String>>,
    written: Condvar,
}

impl Diary {
    fn events(&self) -> MutexGuard<'_, Vec<String>> {
        lock(&self.events)
    }

    pub fn write(&self, event: impl Into<String>) {
        self.events().push(event.into());
        self.written.notify_all();
    }

    /// The place of an event, if it happened.
    pub fn place(&self, event: &str) -> Option<usize> {
        self.events().iter().position(|known| known == event)
    }

    /// Waits until one of these happened; the first that did.
    pub fn wait_for_any<'a>(&self, wanted: &[&'a str], patience: Patience) -> Option<&'a str> {
        let deadline = Instant::now() + patience.limit();
        let mut events = self.events();
        loop {
            let happened = events
                .iter()
                .find_map(|event| wanted.iter().find(|wanted| **wanted == event));
            if let Some(event) = happened {
                return Some(event);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            events = match self.written.wait_timeout(events, left) {
                Ok((events, _)) => events,
                Err(poison) => poison.into_inner().0,
            };
        }
    }

    /// Waits until this happened; whether it did.
    pub fn wait_for(&self, event: &str, patience: Patience) -> bool {
        self.wait_for_any(&[event], patience).is_some()
    }

    /// Waits for what the experiment itself depends on.
    pub fn must(&self, event: &str) {
        if !self.wait_for(event, Patience::MustCome) {
            panic!(
                "the experiment did not get under way: no `{event}` after {:?}",
                self.events()
            );
        }
    }

    /// Those of `events` that happened, in the order in which they did.
    pub fn order(&self, wanted: &[&str]) -> Vec<String> {
        let events = self.events();
        let wanted = events.iter().filter(|event| wanted.contains(&event.as_str()));
        wanted.cloned().collect()
    }
}

/// Writes into the diary when it is dropped.
pub(super) struct Note {
    diary: Arc<Diary>,
    event: Option<String>,
}

impl Note {
    pub fn new(diary: &Arc<Diary>, event: impl Into<String>) -> Self {
        Self {
            diary: diary.clone(),
            event: Some(event.into()),
        }
    }

    /// Writes nothing any more.
    fn keep_silent(mut self) {
        self.event = None;
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            self.diary.write(event);
        }
    }
}

/// How the parent awaits its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `tokio::join!`.
    Join,
    /// `tokio::try_join!`, the first child's result being an error.
    TryJoin,
    /// `tokio::spawn`, and every handle awaited in order.
    Spawn,
    /// `tokio::spawn`, and the handles dropped.
    SpawnAndDrop,
    /// `JoinSet`: spawned, and results taken as they come.
    JoinSet,
    /// One after the other.
    Sequential,
}

/// What a child does when its gate is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It ends.
    Ends,
    /// It blocks its thread until the observer has seen enough, and ends.
    Blocks,
    /// It panics.
    Panics,
}

pub(super) type Child = Pin<Box<dyn Future<Output = usize> + Send>>;

/// Awaits three children. Writes `result N` when the parent has the result of child N, `lost N` when it learns that
/// there will be none, `returned` at the end.
pub(super) async fn fan_out(how: How, children: [Child; 3], diary: Arc<Diary>) {
    // The last to be dropped.
    let note = Note::new(&diary, "parent dropped");
    let [a, b, c] = children;
    let result = |child: usize| diary.write(format!("result {child}"));
    match how {
        How::Join => {
            let (a, b, c) = tokio::join!(a, b, c);
            [a, b, c].into_iter().for_each(result);
        }
        How::TryJoin => {
            let fails = async { Err::<usize, usize>(a.await) };
            let succeeds = async |child: Child| Ok(child.await);
            if tokio::try_join!(fails, succeeds(b), succeeds(c)).is_err() {
                diary.write("lost one");
            }
        }
        How::Spawn => {
            let handles = [a, b, c].map(tokio::spawn);
            for (index, handle) in handles.into_iter().enumerate() {
                match handle.await {
                    Ok(child) => result(child),
                    Err(error) if error.is_panic() => diary.write(format!("lost {index}")),
                    Err(_) => diary.write(format!("cancelled {index}")),
                }
            }
        }
        How::SpawnAndDrop => drop([a, b, c].map(tokio::spawn)),
        How::JoinSet => {
            let mut set = JoinSet::new();
            for child in [a, b, c] {
                set.spawn(child);
            }
            while let Some(joined) = set.join_next().await {
                match joined {
                    Ok(child) => result(child),
                    Err(_) => diary.write("lost one"),
                }
            }
        }
        How::Sequential => {
            result(a.await);
            result(b.await);
            result(c.await);
        }
    }
    diary.write("returned");
    note.keep_silent();
}

/// A runtime, built as `#[tokio::main]` builds it.
pub(super) fn runtime(flavor: Flavor) -> Runtime {
    let mut builder = match flavor {
        Flavor::MultiThread(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let runtime = builder.worker_threads(flavor.workers()).enable_all().build();
    runtime.expect("a runtime can be built")
}

/// A thread that drives a runtime, `current_thread` too, for as long as the scene lasts.
struct Driven {
    handle: tokio::runtime::Handle,
    end: Option<oneshot::Sender<()>>,
    diary: Arc<Diary>,
}

impl Driven {
    fn start(flavor: Flavor, diary: &Arc<Diary>) -> Self {
        let runtime = runtime(flavor);
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let last = Note::new(diary, "runtime ended");
        std::thread::spawn(move || {
            let _last = last;
            // Ends with the scene, whose sender is dropped.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        });
        Self {
            handle,
            end: Some(end),
            diary: diary.clone(),
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        drop(self.end.take());
        // No thread of an experiment runs into the next one; one that hangs is not waited for.
        let _ = self.diary.wait_for("runtime ended", Patience::MustCome);
    }
}

/// A child behind its gate.
async fn child(
    number: usize,
    then: Then,
    gate: oneshot::Receiver<()>,
    blocked: blocking::Receiver<()>,
    parent: Arc<OnceLock<task::Id>>,
    diary: Arc<Diary>,
) -> usize {
    let note = Note::new(&diary, format!("dropped {number}"));
    if task::try_id().as_ref() != parent.get() {
        diary.write(format!("own task {number}"));
    }
    diary.write(format!("began {number}"));
    // It opens, or the scene is over.
    let _ = gate.await;
    match then {
        Then::Ends => {}
        Then::Blocks => {
            diary.write(format!("blocks {number}"));
            let _ = blocked.recv();
        }
        Then::Panics => {
            note.keep_silent();
            diary.write(format!("panics {number}"));
            // As a panic, but without a message on standard error.
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
    diary.write(format!("ended {number}"));
    note.keep_silent();
    number
}

/// Three children and their parent, under way. Child N writes `began N`, `ended N`, or `dropped N` where it is dropped
/// unfinished; `own task N` where it is in another task than its parent; `blocks N`, `panics N`.
pub(super) struct Scene {
    pub diary: Arc<Diary>,
    gates: [Option<oneshot::Sender<()>>; 3],
    // Dropped before the runtime, so that no thread stays blocked.
    unblock: Vec<blocking::Sender<()>>,
    parent: JoinHandle<()>,
    driven: Option<Driven>,
}

impl Scene {
    /// Begins, in a task of a runtime of that flavor, and waits until all children have begun.
    pub fn begin(flavor: Flavor, how: How, then: [Then; 3]) -> Self {
        let scene = Self::begin_one(flavor, how, then);
        for child in [1, 2] {
            scene.diary.must(&format!("began {child}"));
        }
        scene
    }

    /// Begins, and waits until the first child has.
    pub fn begin_one(flavor: Flavor, how: How, then: [Then; 3]) -> Self {
        let mut gates = [None, None, None];
        let mut unblock = Vec::new();
        let parent = Arc::new(OnceLock::new());
        let is_parent = parent.clone();
        let mut scene = Self::of(flavor, |diary| {
            let mut number = 0;
            let children = then.map(|then| {
                let (open, gate) = oneshot::channel();
                let (end, blocked) = blocking::channel();
                gates[number] = Some(open);
                unblock.push(end);
                let child = child(number, then, gate, blocked, parent.clone(), diary.clone());
                number += 1;
                Box::pin(child) as Child
            });
            let fan_out = fan_out(how, children, diary.clone());
            async move {
                let _ = is_parent.set(task::id());
                fan_out.await;
            }
        });
        scene.gates = gates;
        scene.unblock = unblock;
        scene.diary.must("began 0");
        scene
    }

    /// A scene whose parent the caller makes.
    pub fn of<F>(flavor: Flavor, parent: impl FnOnce(&Arc<Diary>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let diary: Arc<Diary> = Arc::default();
        let driven = Driven::start(flavor, &diary);
        Self {
            parent: driven.handle.spawn(parent(&diary)),
            diary,
            gates: [None, None, None],
            unblock: Vec::new(),
            driven: Some(driven),
        }
    }

    /// Lets a child go on.
    pub fn open(&mut self, child: usize) {
        if let Some(gate) = self.gates[child].take() {
            let _ = gate.send(());
        }
    }

    /// Lets all go on.
    pub fn open_all(&mut self) {
        (0..3).for_each(|child| self.open(child));
    }

    /// Lets a child go on, and waits until it has ended.
    pub fn end(&mut self, child: usize) {
        self.open(child);
        self.diary.must(&format!("ended {child}"));
    }

    /// What becomes of a child: whether it ends, or is dropped unfinished; `None` where it does neither.
    pub fn ends(&self, child: usize) -> Option<bool> {
        let [ended, dropped] = ["ended", "dropped"].map(|fate| format!("{fate} {child}"));
        let fate = self.diary.wait_for_any(&[&ended, &dropped], Patience::MustCome)?;
        Some(fate == ended)
    }

    /// Cancels the parent; waits until it is gone.
    pub fn abort_parent(&self) {
        self.parent.abort();
        self.diary.must("parent dropped");
    }

    /// How the parent's task ended: `panic`, `cancelled`, or `returned`.
    pub fn parent_ended(&mut self) -> &'static str {
        let driven = self.driven.as_ref().expect("the scene is not over");
        let parent = &mut self.parent;
        let limit = Patience::MustCome.limit();
        let ended = async { tokio::time::timeout(limit, parent).await };
        match driven.handle.block_on(ended) {
            Ok(Ok(())) => "returned",
            Ok(Err(error)) if error.is_panic() => "panic",
            Ok(Err(_)) => "cancelled",
            Err(_) => "neither",
        }
    }

    /// Ends the runtime while the children's gates are closed still.
    pub fn end_runtime(&mut self) {
        self.driven = None;
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.unblock.clear();
    }
}

/// What [`fates`] sees.
pub(super) const DROPPED: &str = "the others are dropped unfinished";
/// What [`fates`] sees, and what stuck children leave others to do.
pub(super) const END: &str = "the others end";

/// Opens the gates of children 1 and 2, and sees what becomes of them.
pub(super) fn fates(scene: &mut Scene) -> &'static str {
    scene.open(1);
    scene.open(2);
    match [1, 2].map(|child| scene.ends(child)) {
        [Some(false), Some(false)] => DROPPED,
        [Some(true), Some(true)] => END,
        _ => "neither",
    }
}
