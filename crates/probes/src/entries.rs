//! The suite's workloads with more strategies beside its own: hand-written loops, copies, and loops with a known delay.
//! Names are those of pairs: `join_copy`, `spawn_copy`; `join+K`, which is `join!` and then a chain of K operations, and
//! `chain+K`, the chain alone; `hand_join`, `hand_spawn`.

use std::any::Any;
use std::sync::Arc;

use crate::delayed::{AndDelay, DelayAlone, Delayed};
use crate::fan_out::{Count, FanOut};
use crate::handwritten;
use crate::strategy::join::Join;
use crate::strategy::spawn::Spawn;
use crate::strategy::{Local, Shared, Spawning};
use crate::timed_loop::{TimedLoop, fan_out_loop};
use crate::workload::compute::Compute;
use crate::workload::ready::Ready;
use crate::workload::wake::Wake;
use crate::workload::r#yield::Yield;
use crate::workload::{Children, Entry, Inline, InlineChild, Opened, Opening};
use crate::{Setup, Workload};

/// Hand-written loops, and the suite's strategies that they are compared with.
pub const HAND_WRITTEN: [(&str, &str); 2] = [("hand_join", "join"), ("hand_spawn", "spawn")];
/// Numbers of children of the hand-written loops.
pub const HAND_WRITTEN_TASKS: [usize; 3] = [1, 8, 64];
/// Their payloads, in bytes.
pub const HAND_WRITTEN_PAYLOADS: [usize; 2] = [0, 4096];

/// Numbers of children at which there are copies and delays.
pub const COPIED_TASKS: [usize; 3] = [3, 8, 32];

/// The workloads whose loops are copied; the others are measured as they are.
pub const COPIED: [&str; 4] = ["ready", "yield", "wake", "compute"];

/// All workloads, with whatever strategies there are beside the suite's.
pub fn entries() -> Vec<Entry> {
    let with_more = |entry: Entry| match &*entry.name {
        "ready" => with(entry, inline::<Ready>),
        "yield" => with(entry, inline::<Yield>),
        "wake" => with(entry, on_heap::<Wake>),
        "compute" => with(entry, on_heap::<Compute>),
        _ => entry,
    };
    suite_loops::all().into_iter().map(with_more).collect()
}

/// A timed loop by name, of a workload whose type is known to whoever asks.
type More = fn(&WithMore, &str, Spawning) -> Option<TimedLoop>;

/// The suite's own loops of an entry, as they are compiled for its bench targets, and more beside them.
fn with(entry: Entry, more: More) -> Entry {
    let suite = entry.open;
    let open = move |setup: Setup| -> Opening {
        let suite = suite(setup);
        Box::pin(async move {
            let suite = suite.await?;
            let opened: Arc<dyn Opened> = Arc::new(WithMore { suite, more, setup });
            Ok(opened)
        })
    };
    Entry {
        open: Arc::new(open),
        ..entry
    }
}

struct WithMore {
    suite: Arc<dyn Opened>,
    more: More,
    setup: Setup,
}

impl Opened for WithMore {
    fn timed_loop(&self, strategy: &str, spawning: Spawning) -> Option<TimedLoop> {
        (self.more)(self, strategy, spawning).or_else(|| self.suite.timed_loop(strategy, spawning))
    }

    fn expected_digest(&self) -> u64 {
        self.suite.expected_digest()
    }

    fn failure_reason(&self) -> Option<String> {
        self.suite.failure_reason()
    }

    fn children(&self) -> &dyn Children {
        self.suite.children()
    }

    fn workload(&self) -> Arc<dyn Any + Send + Sync> {
        self.suite.workload()
    }
}

/// More loops of a workload whose payload lies on the heap.
fn on_heap<W: Workload>(opened: &WithMore, name: &str, spawning: Spawning) -> Option<TimedLoop> {
    let (tasks, workload) = (opened.setup.tasks, opened.workload());
    let workload = workload.downcast().expect("it is the entry's own type");
    copy::<W>(&workload, tasks, name, spawning).or_else(|| delayed(&workload, tasks, name))
}

/// The same of one whose payload lies inside the child, where the hand-written loops are too.
fn inline<K: InlineChild>(opened: &WithMore, name: &str, spawning: Spawning) -> Option<TimedLoop> {
    let beside = match opened.setup.payload_bytes {
        0 => on_heap::<Inline<K, 0>>,
        4096 => on_heap::<Inline<K, 4096>>,
        _ => return None,
    };
    handwritten::timed_loop_of::<K>(name, opened.setup).or_else(|| beside(opened, name, spawning))
}

/// A loop of the copy: what the loops' package has compiled is compiled here once more, where it is asked for, since optimized
/// builds share no generic function between packages.
fn copy<W: Workload>(workload: &Arc<W>, tasks: usize, name: &str, spawning: Spawning) -> Option<TimedLoop> {
    let (workload, count) = (workload.clone(), Count::of(tasks));
    match (name, tasks, spawning) {
        ("join_copy", 3, _) => fan_out_loop::<_, Join<3>>(workload, count),
        ("join_copy", 8, _) => fan_out_loop::<_, Join<8>>(workload, count),
        ("join_copy", 32, _) => fan_out_loop::<_, Join<32>>(workload, count),
        ("spawn_copy", _, Spawning::Shared) => fan_out_loop::<_, Spawn<Shared>>(workload, count),
        ("spawn_copy", _, Spawning::Local) => fan_out_loop::<_, Spawn<Local>>(workload, count),
        _ => None,
    }
}

/// A `join!` with a delay behind it, or the delay alone.
fn delayed<W: Workload>(workload: &Arc<W>, tasks: usize, name: &str) -> Option<TimedLoop> {
    fn behind<W: Workload, F: FanOut<Delayed<W>>>(workload: Delayed<W>, tasks: usize) -> Option<TimedLoop> {
        fan_out_loop::<_, AndDelay<F>>(Arc::new(workload), Count::of(tasks))
    }
    let (kind, length) = name.split_once('+')?;
    let workload = Delayed::new(workload.clone(), tasks, length.parse().ok()?);
    match (kind, tasks) {
        ("join", 64) => behind::<W, Join<64>>(workload, tasks),
        ("join", 32) => behind::<W, Join<32>>(workload, tasks),
        ("chain", _) => fan_out_loop::<_, DelayAlone>(Arc::new(workload), Count::of(tasks)),
        _ => None,
    }
}
