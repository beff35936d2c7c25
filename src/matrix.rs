//! The axes of every bench target, as data.

use std::fmt;

use crate::case::{Flavor, Site, is_name};
use crate::strategy::join;
use crate::workload::{self, Entry, Workload};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const WORKER: &[Site] = &[Site::Worker];
const BOTH: &[Site] = &[Site::Worker, Site::BlockOn];

/// The axes of the bench targets. This is the place to change them for good; for one run there are the
/// `JVS_*` variables.
pub fn targets() -> Vec<Target> {
    vec![
        Target {
            name: "overhead",
            workloads: ["ready", "yield"]
                .map(|name| Axes {
                    entry: entry(name),
                    // 1 and 64 are the ends; 8 is where payloads are compared.
                    quick: Sweep::new(&[1, 8, 64], 0, &[], 8, BOTH),
                    default: Sweep::new(
                        &[1, 2, 4, 8, 16, 32, 64],
                        0,
                        &[64, KIB, 4 * KIB, 16 * KIB],
                        8,
                        BOTH,
                    ),
                    full: Full::ladder(BOTH),
                    also: &[],
                    on_request: false,
                })
                .into(),
            minutes: Minutes::of(2.5),
        },
        Target {
            name: "wakeups",
            workloads: vec![Axes {
                entry: entry("wake"),
                quick: Sweep::new(&[8, 32, 48, 128], 0, &[], 8, WORKER),
                default: Sweep::new(&[1, 4, 8, 16, 24, 32, 48, 64, 128, 256], 0, &[], 8, WORKER),
                full: Full::ladder(WORKER),
                also: &[],
                on_request: false,
            }],
            minutes: Minutes::of(0.9),
        },
        Target {
            name: "compute",
            workloads: vec![Axes {
                entry: entry("compute"),
                quick: Sweep::new(&[2, 8], 16 * KIB, &[64 * KIB, MIB], 8, WORKER),
                default: Sweep::new(&[2, 4, 8, 16], 16 * KIB, &[KIB, 64 * KIB, MIB], 8, WORKER),
                full: Full::ladder(WORKER),
                also: &[],
                on_request: false,
            }],
            minutes: Minutes::of(0.7),
        },
        Target {
            name: "http",
            workloads: vec![
                Axes {
                    entry: entry("http"),
                    quick: Sweep::new(&[3], 64, &[], 8, WORKER),
                    default: Sweep::new(&[1, 3, 8, 32], 64, &[64 * KIB], 8, WORKER),
                    full: Full {
                        tasks: &[1, 3, 8, 32],
                        sites: WORKER,
                    },
                    // The article's own: three fetches, directly in main.
                    also: &[(Site::BlockOn, 64, 3)],
                    on_request: false,
                },
                three("http_delay", 64, false),
                three("http_parse", 64 * KIB, false),
                three("http_straggler", 64, true),
            ],
            minutes: Minutes::of(1.4),
        },
    ]
}

fn entry(name: &str) -> Entry {
    workload::all()
        .into_iter()
        .find(|entry| entry.name == name)
        .expect("a target names only workloads that exist")
}

/// A kin of `http`: three children, as in the article.
fn three(name: &str, payload: usize, on_request: bool) -> Axes {
    let sweep = Sweep::new(&[3], payload, &[], 3, WORKER);
    Axes {
        entry: entry(name),
        quick: sweep.clone(),
        default: sweep,
        full: Full {
            tasks: &[3],
            sites: WORKER,
        },
        also: &[],
        on_request,
    }
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

/// The `full` matrix of a workload: the product of these, its payloads and the flavors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Full {
    pub(crate) tasks: &'static [usize],
    pub(crate) sites: &'static [Site],
}

impl Full {
    /// Every number of children that a join! can have.
    fn ladder(sites: &'static [Site]) -> Self {
        Self {
            tasks: join::ARITIES,
            sites,
        }
    }
}

/// A workload and its axes.
#[derive(Clone)]
pub struct Axes {
    /// The workload.
    pub entry: Entry,
    pub(crate) quick: Sweep,
    pub(crate) default: Sweep,
    pub(crate) full: Full,
    /// Single points beside the sweeps of `default` and `full`: site, payload in bytes, tasks.
    pub(crate) also: &'static [(Site, usize, usize)],
    /// Whether it is measured only in `full`, and where `JVS_WORKLOADS` names it.
    pub(crate) on_request: bool,
}

/// A bench target: its workloads and their axes.
#[derive(Clone)]
pub struct Target {
    /// Its name: the bench's, and the record's.
    pub name: &'static str,
    /// Its workloads.
    pub workloads: Vec<Axes>,
    pub(crate) minutes: Minutes,
}

/// How long a run of a target may take: what it does not fit into is cut. `full` takes what it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minutes {
    quick: f64,
    default: f64,
}

impl Minutes {
    /// So many in `default`; a quarter of a minute in `quick`, of which four targets make one.
    fn of(default: f64) -> Self {
        Self {
            quick: 0.25,
            default,
        }
    }

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
            workloads: vec![Axes {
                entry: Entry::of::<W>(name, &[0]),
                quick: sweep(&[2, 8]),
                default: sweep(&[2, 4, 8, 16, 32]),
                full: Full::ladder(BOTH),
                also: &[],
                on_request: false,
            }],
            minutes: Minutes {
                quick: 1.0,
                default: 5.0,
            },
        }
    }

    /// A target whose measurements are listed elsewhere.
    pub(crate) fn bare(name: &'static str, entries: Vec<Entry>) -> Self {
        let none = Sweep::new(&[], 0, &[], 0, &[]);
        let axes = |entry| Axes {
            entry,
            quick: none.clone(),
            default: none.clone(),
            full: Full {
                tasks: &[],
                sites: &[],
            },
            also: &[],
            on_request: false,
        };
        Target {
            name,
            workloads: entries.into_iter().map(axes).collect(),
            minutes: Minutes {
                quick: 60.0,
                default: 60.0,
            },
        }
    }

    /// Its workloads, without their axes.
    pub fn entries(&self) -> Vec<Entry> {
        self.workloads.iter().map(|axes| axes.entry).collect()
    }

    /// The workload of that name.
    pub fn entry(&self, workload: &str) -> Option<&Entry> {
        let axes = self.workloads.iter();
        axes.map(|axes| &axes.entry)
            .find(|entry| entry.name == workload)
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
