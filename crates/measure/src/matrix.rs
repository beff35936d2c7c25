//! Bench targets, and the matrices that a run chooses from. The axes of a workload stand in its own file.

use crate::Workload;
use crate::case::{Flavor, is_name};
use crate::variables::VariableError;
use crate::workload::{self, Entry};

crate::stats::words! {
    /// What `JVS_MATRIX` chooses from.
    pub enum Matrix {
        /// Every workload at few points, on `current_thread`, one worker and one worker a core: under a minute for all targets.
        Quick = "quick",
        /// The sweeps of the documents' tables.
        Default = "default",
        /// Every number of children, payload, site and strategy of each workload, on `current_thread`, `multi_thread_K` and `local`.
        Full = "full",
    }
}

impl Matrix {
    /// What `JVS_MATRIX` says, read through `variable`; the default matrix where it is not set.
    ///
    /// # Errors
    ///
    /// [`VariableError`]: there is no such matrix.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let Some(text) = variable("JVS_MATRIX") else {
            return Ok(Matrix::Default);
        };
        let wrong = |_| VariableError::new("JVS_MATRIX", &text, "no such matrix", "quick default full");
        text.parse().map_err(wrong)
    }
}

/// A bench target: workloads that are measured together, into one record.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name: the bench's, and the record's.
    pub name: &'static str,
    /// Its workloads.
    pub workloads: Vec<Entry>,
    /// How long a run of it may take.
    pub minutes: Minutes,
    /// The strategies that are measured where none are asked for.
    pub strategies: &'static [&'static str],
    /// What they are compared to where nothing else is asked for. Only the reference must be possible in each case; other
    /// strategies are left out where they are not.
    pub reference: &'static str,
    /// The flavors that are measured where none are asked for; `None`: those of the matrix.
    pub flavors: Option<&'static [Flavor]>,
}

/// The strategies that a target has unless it has reasons for others.
pub const JOIN_AND_SPAWN: &[&str] = &["join", "spawn"];

/// How long a run of a target may take, in minutes: what does not fit into them is cut. `full` takes what it takes.
#[derive(Debug, Clone, Copy)]
pub struct Minutes {
    /// In the `quick` matrix.
    pub quick: f64,
    /// In the `default` matrix.
    pub default: f64,
}

impl Minutes {
    /// What a run of a reader's own children may take.
    const OWN: Self = Self {
        quick: 1.0,
        default: 5.0,
    };

    pub(crate) fn in_matrix(self, matrix: Matrix) -> Option<f64> {
        match matrix {
            Matrix::Quick => Some(self.quick),
            Matrix::Default => Some(self.default),
            Matrix::Full => None,
        }
    }
}

impl Target {
    /// A target for one workload of your own, over 2 to 32 children in spawned tasks; the `JVS_*` variables
    /// work on it as on the suite's own targets. `name` names both the target and the workload: lower-case
    /// letters, digits and `_`, beginning with a letter.
    ///
    /// # Panics
    ///
    /// Where the name is of another form, or `server`, whose record would be read as that of the suite's target.
    pub fn of<W: Workload>(name: &'static str) -> Self {
        Self::own(name, Entry::of::<W>(checked(name), &[0]))
    }

    /// The same for a child that is made by a function; see [`children`](crate::children).
    ///
    /// # Panics
    ///
    /// Where the name is of another form, or `server`, whose record would be read as that of the suite's target.
    pub fn of_children<F, C>(name: &'static str, child: F) -> Self
    where
        F: Fn(usize) -> C + Send + Sync + 'static,
        C: Future<Output: Send> + Send + 'static,
    {
        Self::own(name, Entry::of_children(checked(name), child))
    }

    fn own(name: &'static str, entry: Entry) -> Self {
        Target {
            name,
            workloads: vec![entry],
            minutes: Minutes::OWN,
            strategies: JOIN_AND_SPAWN,
            reference: "join",
            flavors: None,
        }
    }

    /// The workload of that name, or variant of one.
    pub fn entry(&self, workload: &str) -> Option<Entry> {
        workload::find(&self.workloads, workload)
    }
}

/// The suite's target whose record has lines of another kind ([`run_store::SERVER`](crate::run_store::SERVER)).
pub const SERVER_TARGET: &str = "server";

fn checked(name: &'static str) -> &'static str {
    assert!(
        is_name(name) && name != SERVER_TARGET,
        "`{name}`: a target's name is lower-case letters, digits and _, beginning with a letter, and not `{SERVER_TARGET}`"
    );
    name
}

/// The flavors of a matrix on a machine with `cores` cores.
pub(crate) fn flavors(matrix: Matrix, cores: usize) -> Vec<Flavor> {
    let mut flavors = vec![Flavor::CurrentThread, Flavor::MultiThread(1)];
    if matrix == Matrix::Full {
        let powers = std::iter::successors(Some(2), |workers| Some(workers * 2));
        flavors.extend(powers.take_while(|&workers| workers < cores).map(Flavor::MultiThread));
    }
    if cores > 1 {
        flavors.push(Flavor::MultiThread(cores));
    }
    if matrix == Matrix::Full {
        flavors.push(Flavor::Local);
    }
    flavors
}
