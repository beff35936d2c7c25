//! Meaning first: what a fan-out must do rules strategies out before any number.

use serde::{Deserialize, Serialize};

use super::counts::{Family, Kind};
use super::question::Question;
use crate::strategy::join::{ARITIES, MAX_STATE_BYTES};

/// What the children and their parent need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Children borrow from their parent.
    pub borrows: bool,
    /// Children are not `Send`.
    pub not_send: bool,
    /// Children must run on when their parent ends or is dropped.
    pub detach: bool,
    /// Children must end when the fan-out is dropped.
    pub stop: bool,
    /// A panic of one child must leave the others, and the parent, alone.
    pub contain_panics: bool,
    /// Children compute, and should do so on several cores at the same time.
    pub parallel: bool,
    /// Their number is known at run time only.
    pub run_time_count: bool,
    /// The most children that may be under way at once.
    pub bound: Option<usize>,
}

/// Why a strategy is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// The strategy.
    pub strategy: String,
    /// The reason.
    pub reason: String,
    /// The statement behind it that `claims` puts to experiments; null where it follows from the types.
    pub statement: Option<String>,
}

/// The statements of `claims` that rulings refer to.
pub const STATEMENTS: [&str; 5] = [OWNED, INDEPENDENT, DETACHED, PANICS, CONCURRENT];

const OWNED: &str = "A spawned future must be Send and own what it uses";
const INDEPENDENT: &str = "When tasks should run independently";
const DETACHED: &str = "Returns a JoinHandle<T> that you must .await";
const PANICS: &str = "If one task panics, all are aborted";
const CONCURRENT: &str = "Executes multiple futures concurrently";

/// The strategies that are chosen between: those that hold all children at once, and with a bound the one that has it.
pub fn candidates(bound: Option<usize>) -> Vec<String> {
    let mut candidates: Vec<String> = ["join", "spawn", "join_all", "join_set", "futures_unordered"]
        .map(str::to_owned)
        .into();
    candidates.extend(bound.map(|bound| format!("buffer_unordered@{bound}")));
    candidates
}

/// Why a strategy cannot do what is needed: every reason.
pub fn rulings(strategy: &str, question: &Question, needs: &Needs) -> Vec<Ruling> {
    let Some(kind) = Kind::of(strategy, question.tasks) else {
        return Vec::new();
    };
    let spawned = kind.family == Family::Spawned;
    let local = question.scope.flavor.spawns_local();
    let is = |name: &str| kind.name == name;
    let state = question.tasks.saturating_mul(question.payload);
    let most = ARITIES.last().copied().unwrap_or(0);
    let rules: [(bool, String, Option<&str>); 9] = [
        (
            needs.borrows && spawned,
            "a spawned future is 'static: it cannot borrow from its parent".into(),
            Some(OWNED),
        ),
        (
            needs.not_send && spawned && !local,
            "a spawned future is Send; spawn_local takes others (--flavor local or local_set)".into(),
            Some(OWNED),
        ),
        (
            needs.detach && !is("spawn"),
            if spawned {
                "a JoinSet that is dropped aborts its children".into()
            } else {
                "its children live in their parent's task and end with it".into()
            },
            Some(INDEPENDENT),
        ),
        (
            needs.stop && is("spawn"),
            "a handle that is dropped leaves its task running: hold an AbortHandle, or take a JoinSet".into(),
            Some(DETACHED),
        ),
        (
            needs.contain_panics && !spawned,
            "a panic unwinds through the parent's task, and drops the other children where they wait".into(),
            Some(PANICS),
        ),
        (
            needs.parallel && !spawned,
            "its children share one task: they are concurrent, and never parallel".into(),
            Some(CONCURRENT),
        ),
        (
            needs.run_time_count && is("join"),
            "the children of join! are macro arguments: their number is fixed when it is compiled".into(),
            None,
        ),
        (
            is("join") && (question.tasks > most || state > MAX_STATE_BYTES),
            if question.tasks > most {
                format!("a join! of more than {most} children is nothing that one writes")
            } else {
                format!("a join! holds all its children, {state} bytes here: more than half of a worker's stack")
            },
            None,
        ),
        (
            needs.bound.is_some_and(|bound| bound < question.tasks) && !is("buffer_unordered"),
            "it holds all children at once; with a semaphore it is another program, which is to be measured".into(),
            None,
        ),
    ];
    let out = rules.into_iter().filter(|(out, ..)| *out);
    out.map(|(_, reason, statement)| Ruling {
        strategy: strategy.to_owned(),
        reason,
        statement: statement.map(str::to_owned),
    })
    .collect()
}

/// A poll that takes longer than this keeps others waiting: a usual rule of tokio's authors is 10 to 100 µs between awaits.
pub const LONG_POLL_NS: f64 = 100_000.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::question::{Scope, Wakes};

    fn question(tasks: usize, payload: usize, flavor: &str) -> Question {
        Question {
            scope: Scope {
                flavor: flavor.parse().expect("a flavor"),
                site: "worker".parse().expect("a site"),
            },
            tasks,
            wakes: Wakes::Together,
            times: 1.0,
            payload,
            work_ns: 0.0,
            idle_ns: 0.0,
            wait_ns: 0.0,
        }
    }

    fn left(question: &Question, needs: &Needs) -> Vec<String> {
        let mut left = candidates(needs.bound);
        left.retain(|strategy| rulings(strategy, question, needs).is_empty());
        left
    }

    #[test]
    fn what_is_needed_rules_strategies_out() {
        let none = Needs::default();
        let eight = question(8, 0, "current_thread");
        assert_eq!(
            left(&eight, &none),
            ["join", "spawn", "join_all", "join_set", "futures_unordered"]
        );
        let polled = ["join", "join_all", "futures_unordered"];
        assert_eq!(left(&eight, &Needs { borrows: true, ..none }), polled);
        assert_eq!(left(&eight, &Needs { not_send: true, ..none }), polled);
        assert_eq!(
            left(&question(8, 0, "local"), &Needs { not_send: true, ..none }).len(),
            5
        );
        assert_eq!(left(&eight, &Needs { detach: true, ..none }), ["spawn"]);
        assert_eq!(
            left(
                &eight,
                &Needs {
                    stop: true,
                    detach: true,
                    ..none
                }
            ),
            [""; 0]
        );
        assert_eq!(
            left(
                &eight,
                &Needs {
                    contain_panics: true,
                    stop: true,
                    ..none
                }
            ),
            ["join_set"]
        );
        assert_eq!(left(&eight, &Needs { bound: Some(4), ..none }), ["buffer_unordered@4"]);
        assert_eq!(left(&eight, &Needs { bound: Some(8), ..none }).len(), 6);
        for wide in [
            question(257, 0, "current_thread"),
            question(256, 16 << 10, "current_thread"),
        ] {
            assert!(!left(&wide, &none).contains(&"join".to_owned()));
        }
        assert!(
            !left(
                &eight,
                &Needs {
                    run_time_count: true,
                    ..none
                }
            )
            .contains(&"join".to_owned())
        );
    }
}
