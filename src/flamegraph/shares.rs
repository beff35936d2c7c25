//! What differs between two profiles, in words: by function, and by what functions are for.

use std::collections::BTreeMap;

use super::stacks;

/// Shares of a function in two profiles: of the samples in which it was the one that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The function.
    pub function: String,
    /// Its share in the first, 0 to 1.
    pub before: f64,
    /// And in the second.
    pub after: f64,
}

impl Difference {
    /// The second's share less the first's.
    pub fn grown(&self) -> f64 {
        self.after - self.before
    }
}

/// Shares of the samples by what `name` calls their stacks.
fn shares<'a>(folded: &'a str, name: impl Fn(&[&'a str]) -> &'a str) -> BTreeMap<&'a str, f64> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    let mut all = 0.0;
    for (frames, count) in stacks::read(folded) {
        all += count as f64;
        *counts.entry(name(&frames)).or_default() += count as f64;
    }
    counts.values_mut().for_each(|count| *count /= all);
    counts
}

/// The functions whose shares differ most, `most` of them.
pub fn differences(before: &str, after: &str, most: usize) -> Vec<Difference> {
    let [before, after] =
        [before, after].map(|folded| shares(folded, |frames| frames.last().copied().unwrap_or_default()));
    let functions = before.keys().chain(after.keys());
    let mut all: Vec<Difference> = functions
        .map(|&function| Difference {
            function: function.to_owned(),
            before: before.get(function).copied().unwrap_or(0.0),
            after: after.get(function).copied().unwrap_or(0.0),
        })
        .collect();
    all.sort_by(|a, b| {
        let by_size = b.grown().abs().total_cmp(&a.grown().abs());
        by_size.then_with(|| a.function.cmp(&b.function))
    });
    all.dedup_by(|a, b| a.function == b.function);
    all.truncate(most);
    all
}

/// What functions are for, each by parts of their names; the first that fits, from the innermost frame outwards, is what a
/// sample was for.
const PURPOSES: &[(&str, &[&str])] = &[
    (
        "joining: handles and results",
        &[
            "JoinHandle",
            "try_read_output",
            "can_read_output",
            "wake_join",
            "set_join_waker",
            "join_handle",
            "JoinSet",
            "Trailer::",
            "Harness<T,S>::complete",
            "set_stage",
        ],
    ),
    (
        "allocating tasks, and freeing them",
        &[
            "malloc",
            "calloc",
            "realloc",
            "free",
            "__rust_alloc",
            "__rust_dealloc",
            "alloc::alloc",
            "Cell<",
            "raw::dealloc",
            "RawTask::dealloc",
            "raw_vec",
        ],
    ),
    (
        "registering wakers: children that are polled and go on waiting",
        &["AtomicWaker::register", "clone_waker", "drop_waker", "will_wake"],
    ),
    (
        "waking: notifying tasks",
        &[
            "waker",
            "Waker",
            "::wake",
            "Defer",
            "defer",
            "yield_now",
            "transition_to_notified",
            "raw::schedule",
            "Schedule>::schedule",
            "Driver as core::future",
            "Driver as ",
        ],
    ),
    (
        "scheduling: queues, workers, parking, the I/O driver",
        &[
            "scheduler::",
            "OwnedTasks",
            "sharded_list",
            "inject",
            "park",
            "Park",
            "epoll",
            "mio::",
            "runtime::driver",
            "io::driver",
            "time::Driver",
            "runtime::io",
            "runtime::time",
            "futex",
            "Condvar",
            "condvar",
            "syscall",
        ],
    ),
    (
        "running tasks: their states and polls",
        &["runtime::task::", "runtime::coop", "task::coop"],
    ),
    ("fetching: client and sockets", &["hyper", "reqwest", "http::", "tower"]),
    ("the parent and its children", &[timed::FUNCTIONS]),
];

/// What no purpose fits.
const OTHER: &str = "other";

/// What a stack was sampled for.
fn purpose(frames: &[&str]) -> &'static str {
    let of = |frame: &str| {
        let fits = |(_, parts): &&(&str, &[&str])| parts.iter().any(|part| frame.contains(part));
        PURPOSES.iter().find(fits).map(|(purpose, _)| *purpose)
    };
    // The first frame is the thread.
    let within = frames.get(1..).unwrap_or_default();
    within.iter().rev().find_map(|frame| of(frame)).unwrap_or(OTHER)
}

/// The share of each purpose in each of the profiles, in the order of the list above; those that are in none are left out.
pub fn purposes<const N: usize>(folded: [&str; N]) -> Vec<(&'static str, [f64; N])> {
    let shares = folded.map(|folded| shares(folded, |frames| purpose(frames)));
    let names = PURPOSES.iter().map(|(name, _)| *name).chain([OTHER]);
    names
        .map(|name| {
            let of = |shares: &BTreeMap<&str, f64>| shares.get(name).copied().unwrap_or(0.0);
            (name, std::array::from_fn(|n| of(&shares[n])))
        })
        .filter(|(_, shares)| shares.iter().any(|share| *share > 0.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOIN: &str = "t;tokio::runtime::task::raw::poll;timed::run 90\nt;scheduler::run 10\n";
    const SPAWN: &str = "t;tokio::runtime::task::raw::poll;timed::run 10\nt;scheduler::run 20\n\
                         t;timed::run;tokio::runtime::task::core::Cell<T,S>::new;malloc 70\n";

    #[test]
    fn the_largest_differences_come_first() {
        let found = differences(JOIN, SPAWN, 2);
        assert_eq!(
            found,
            [
                Difference {
                    function: "timed::run".into(),
                    before: 0.9,
                    after: 0.1
                },
                Difference {
                    function: "malloc".into(),
                    before: 0.0,
                    after: 0.7
                },
            ]
        );
    }

    #[test]
    fn a_sample_is_for_what_its_innermost_known_function_is_for() {
        let found = purposes([JOIN, SPAWN]);
        assert_eq!(
            found,
            [
                ("allocating tasks, and freeing them", [0.0, 0.7]),
                ("scheduling: queues, workers, parking, the I/O driver", [0.1, 0.2]),
                ("the parent and its children", [0.9, 0.1]),
            ]
        );
    }
}
