//! The axes of every bench target, as data.

use std::fmt;

use crate::case::{Flavor, Site, is_name};
use crate::workload::{self, Entry, Workload};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const WORKER: &[Site] = &[Site::Worker];
const BOTH: &[Site] = &[Site::Worker, Site::BlockOn];

/// The axes of the bench targets. This is the place to change them for good; for one run there are the
/// `JVS_*` variables.
pub fn targets() -> Vec<Target> {
    let entry = |name: &str| {
        workload::all()
            .into_iter()
            .find(|entry| entry.name == name)
            .expect("a target names only workloads that exist")
    };
    vec![
        Target {
            name: "overhead",
            workloads: vec![entry("ready"), entry("yield")],
            // 1 and 64 are the ends; 8 is where payloads are compared.
            quick: Sweep::new(&[1, 8, 64], 0, &[], 8, BOTH),
            default: Sweep::new(
                &[1, 2, 4, 8, 16, 32, 64],
                0,
                &[64, KIB, 4 * KIB, 16 * KIB],
                8,
                BOTH,
            ),
            full_sites: BOTH,
        },
        Target {
            name: "wakeups",
            workloads: vec![entry("wake")],
            quick: Sweep::new(&[8, 32, 48, 128], 0, &[], 8, WORKER),
            default: Sweep::new(&[1, 4, 8, 16, 24, 32, 48, 64, 128, 256], 0, &[], 8, WORKER),
            full_sites: WORKER,
        },
        Target {
            name: "compute",
            workloads: vec![entry("compute")],
            quick: Sweep::new(&[2, 8], 16 * KIB, &[64 * KIB, MIB], 8, WORKER),
            default: Sweep::new(&[2, 4, 8, 16], 16 * KIB, &[KIB, 64 * KIB, MIB], 8, WORKER),
            full_sites: WORKER,
        },
    ]
}

/// What `JVS_MATRIX` chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// Every workload and every flavor but `local`, in under a minute for all targets.
    Quick,
    /// The sweeps of the documents' tables.
    Default,
    /// The product of all ladders with all strategies.
    Full,
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Matrix::Quick => "quick",
            Matrix::Default => "default",
            Matrix::Full => "full",
        })
    }
}

/// Two lines through the space tasks × payload that cross each other.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(crate) tasks: Vec<usize>,
    pub(crate) tasks_at: usize,
    pub(crate) payloads: Vec<usize>,
    pub(crate) payloads_at: usize,
    pub(crate) sites: Vec<Site>,
}

impl Sweep {
    /// All of `tasks` at the payload `tasks_at` (bytes), and all of `payloads` (bytes) at `payloads_at` tasks.
    pub fn new(
        tasks: &[usize],
        tasks_at: usize,
        payloads: &[usize],
        payloads_at: usize,
        sites: &[Site],
    ) -> Self {
        Self {
            tasks: tasks.to_vec(),
            tasks_at,
            payloads: payloads.to_vec(),
            payloads_at,
            sites: sites.to_vec(),
        }
    }
}

/// A bench target: its workloads and its axes.
#[derive(Clone)]
pub struct Target {
    /// Its name: the bench's, and the record's.
    pub name: &'static str,
    /// Its workloads.
    pub workloads: Vec<Entry>,
    pub(crate) quick: Sweep,
    pub(crate) default: Sweep,
    pub(crate) full_sites: &'static [Site],
}

impl Target {
    /// A target for one workload of your own, over 2 to 32 children in spawned tasks; the `JVS_*` variables
    /// work on it as on the suite's own targets. `name` names both the target and the workload: lower-case
    /// letters, digits and `_`.
    ///
    /// # Panics
    ///
    /// Where the name is of another form.
    pub fn of<W: Workload>(name: &'static str) -> Self {
        assert!(
            is_name(name),
            "`{name}`: a target's name is lower-case letters, digits and _"
        );
        let sweep = |tasks: &[usize]| Sweep::new(tasks, 0, &[], 8, WORKER);
        Target {
            name,
            workloads: vec![Entry {
                name,
                payloads: &[0],
                inline: false,
                machinery: false,
                open: workload::open::<W>,
            }],
            quick: sweep(&[2, 8]),
            default: sweep(&[2, 4, 8, 16, 32]),
            full_sites: BOTH,
        }
    }

    /// A target whose measurements are listed elsewhere.
    pub(crate) fn bare(name: &'static str, workloads: Vec<Entry>) -> Self {
        let none = Sweep::new(&[], 0, &[], 0, &[]);
        Target {
            name,
            workloads,
            quick: none.clone(),
            default: none,
            full_sites: &[],
        }
    }

    /// The workload of that name.
    pub fn entry(&self, workload: &str) -> Option<&Entry> {
        self.workloads.iter().find(|entry| entry.name == workload)
    }
}

/// The flavors of a matrix on a machine with `cores` cores.
pub(crate) fn flavors(matrix: Matrix, cores: usize) -> Vec<Flavor> {
    let mut flavors = vec![Flavor::CurrentThread, Flavor::MultiThread(1)];
    if matrix == Matrix::Full {
        let powers = std::iter::successors(Some(2), |workers| Some(workers * 2));
        flavors.extend(
            powers
                .take_while(|&workers| workers < cores)
                .map(Flavor::MultiThread),
        );
    }
    if cores > 1 {
        flavors.push(Flavor::MultiThread(cores));
    }
    if matrix == Matrix::Full {
        flavors.push(Flavor::Local);
    }
    flavors
}
