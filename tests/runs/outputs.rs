//! Every strategy returns the workload's outputs, on every workload, flavor and site; and what it takes to do
//! so is what the documents say. The mock server is this program started again, so its `main` is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use join_vs_spawn::case::{Case, Flavor, Payload, Site};
use join_vs_spawn::strategy::{Strategy, join};
use join_vs_spawn::timed_loop::executed;
use join_vs_spawn::workload::{self, Entry, MACHINERY, wake::Wake};
use join_vs_spawn::{Target, Workload, block};
use libtest_mimic::Trial;
use measure::Setup;

pub fn trials() -> Vec<Trial> {
    let rest = trials![
        every_strategy_on_workloads_with_parameters,
        every_strategy_beside_tasks_that_are_always_ready,
        dropped_fan_outs_end_their_children,
        many_children,
        every_arity_and_payload_of_join,
        the_largest_join_fits_a_workers_stack,
        strategies_take_any_number,
        machinery_runs_where_there_is_some,
        no_wake_is_lost_between_workers,
        wrong_outputs_are_noticed,
        a_strategy_without_that_many_children_is_an_error,
        polls_of_separate_wakes_are_exact_on_current_thread_in_a_task,
    ];
    every(|entry| !of_the_server(entry)).chain(rest).collect()
}

/// Those that fetch, from one server that serves one at a time.
pub fn that_fetch() -> Vec<Trial> {
    every(of_the_server).collect()
}

fn of_the_server(entry: &Entry) -> bool {
    entry.name.starts_with("http")
}

/// One for each workload and flavor.
fn every(wanted: fn(&Entry) -> bool) -> impl Iterator<Item = Trial> {
    workload::all().into_iter().filter(wanted).flat_map(|entry| {
        flavors().map(move |flavor| {
            let name = format!("every_strategy_on_every_site::{}::{flavor}", entry.name);
            let entry = entry.clone();
            Trial::test(name, move || {
                every_strategy_on_every_site(&entry, flavor);
                Ok(())
            })
        })
    })
}

fn flavors() -> impl Iterator<Item = Flavor> {
    let of_one_thread = Flavor::OF_ONE_THREAD.iter().copied();
    of_one_thread.chain([Flavor::MultiThread(1), Flavor::MultiThread(2)])
}

const SITES: [Site; 2] = [Site::Worker, Site::BlockOn];

fn run(entry: &Entry, flavor: Flavor, site: Site, payload: usize, tasks: usize, strategy: &str) {
    run_times(3, entry, flavor, site, payload, tasks, strategy);
}

fn run_times(iterations: u64, entry: &Entry, flavor: Flavor, site: Site, payload: usize, tasks: usize, strategy: &str) {
    let case = Case {
        workload: entry.name.to_string(),
        flavor,
        site,
        payload: Payload(payload),
        tasks,
    };
    if let Err(reason) = block::run_alone(entry, &case, strategy, iterations, 0xdead_beef_dead_beef) {
        panic!("{}: {reason}", case.measurement_id(strategy));
    }
}

/// A debug build moves a join! of large children through many frames.
fn with_a_large_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    if let Err(panic) = thread.spawn(test).expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

fn every_strategy_on_every_site(entry: &Entry, flavor: Flavor) {
    for site in SITES {
        for strategy in strategies() {
            // One after the other, 48 children that wait 20 ms each take a second.
            let numbers: &[usize] = if entry.lasts.is_zero() {
                &[1, 3, 4, 48]
            } else {
                &[1, 3, 4]
            };
            let payload = entry.payloads[0];
            for &tasks in numbers
                .iter()
                .filter(|&&tasks| entry.can_have(strategy, payload, tasks))
            {
                run(entry, flavor, site, payload, tasks, &strategy.to_string());
            }
        }
    }
}

/// All strategies, and those with a bound at bounds that few and many children reach.
fn strategies() -> Vec<Strategy> {
    let bounded = [
        "buffer_unordered@1",
        "buffer_unordered@3",
        "join_set@1",
        "join_set@3",
        "join_set@64",
    ];
    let bounded = bounded.map(|id| id.parse().expect("a strategy"));
    Strategy::all().chain(bounded).collect()
}

/// Workloads with other parameters than their usual ones.
const VARIANTS: [&str; 7] = [
    "wake@2",
    "wake@all",
    "wake@1_oneshot",
    "wake@all_oneshot",
    "wake@1_100ns",
    "wake@3_1us",
    "hot@10us",
];

fn every_strategy_on_workloads_with_parameters() {
    let entries = workload::all();
    for name in VARIANTS {
        let entry = workload::find(&entries, name).expect(name);
        for flavor in flavors() {
            for strategy in strategies() {
                for tasks in [1, 4, 64, 256]
                    .into_iter()
                    .filter(|&tasks| entry.can_have(strategy, 0, tasks))
                {
                    run(&entry, flavor, Site::Worker, 0, tasks, &strategy.to_string());
                }
            }
        }
    }
}

fn every_strategy_beside_tasks_that_are_always_ready() {
    let entries = workload::all();
    for entry in ["yield", "wake"].map(|name| workload::find(&entries, name).expect(name)) {
        for flavor in flavors() {
            for site in [Site::WorkerBeside(1), Site::WorkerBeside(5), Site::BlockOnBeside(2)] {
                for strategy in strategies() {
                    for tasks in [1, 8].into_iter().filter(|&tasks| entry.can_have(strategy, 0, tasks)) {
                        run(&entry, flavor, site, 0, tasks, &strategy.to_string());
                    }
                }
            }
        }
    }
}

/// A strategy whose children outlive their handles is refused where the fan-out is dropped; every other one ends them.
fn dropped_fan_outs_end_their_children() {
    let entry = workload::find(&workload::all(), "cancel").expect("a workload");
    for strategy in strategies() {
        let case = "cancel/multi_thread_2/worker/0B/8".parse().expect("a case");
        let ran = block::run_alone(&entry, &case, &strategy.to_string(), 5, 1);
        assert_eq!(ran.is_ok(), entry.can_have(strategy, 0, 8), "{strategy}: {ran:?}");
    }
}

/// Numbers of children of which the largest are measured, on a thread's usual stack. A debug build takes ten times as long.
fn many_children() {
    for entry in workload::all().iter().filter(|entry| entry.scale.is_some()) {
        // One turn of a bounded stream of sleeps lasts as long as one sleep.
        let bounded = if entry.name == "timers" {
            "buffer_unordered@10000"
        } else {
            "buffer_unordered@64"
        };
        for strategy in ["spawn_aborting", "join_all", "join_set", "futures_unordered", bounded] {
            run_times(1, entry, Flavor::CurrentThread, Site::Worker, 0, 5_000, strategy);
            if entry.name == "yield" {
                run_times(1, entry, Flavor::CurrentThread, Site::Worker, 0, 100_000, strategy);
            }
        }
    }
}

fn every_arity_and_payload_of_join() {
    with_a_large_stack(|| {
        for entry in workload::all() {
            for &payload in entry.payloads {
                let most = entry.most_joined(payload);
                for &tasks in join::ARITIES
                    .iter()
                    .filter(|tasks| **tasks <= most && **tasks * payload <= 4 << 20)
                {
                    run(&entry, Flavor::CurrentThread, Site::BlockOn, payload, tasks, "join");
                }
            }
        }
    });
}

fn the_largest_join_fits_a_workers_stack() {
    with_a_large_stack(|| {
        for entry in workload::all().iter().filter(|entry| entry.inline) {
            run(entry, Flavor::MultiThread(1), Site::Worker, 16384, 64, "join");
            run(entry, Flavor::MultiThread(1), Site::Worker, 65536, 16, "join");
        }
    });
}

fn strategies_take_any_number() {
    for entry in workload::all() {
        let any_number = |strategy: &Strategy| entry.can_have(*strategy, entry.payloads[0], 7);
        for strategy in strategies().into_iter().filter(any_number) {
            run(
                &entry,
                Flavor::CurrentThread,
                Site::Worker,
                entry.payloads[0],
                7,
                &strategy.to_string(),
            );
        }
    }
}

fn machinery_runs_where_there_is_some() {
    for entry in workload::all().iter().filter(|entry| entry.machinery) {
        for flavor in flavors() {
            run(entry, flavor, Site::Worker, 0, 48, MACHINERY);
        }
    }
}

fn no_wake_is_lost_between_workers() {
    // A driver that is still at its last wake while the next iteration registers its waker: seen to hang within
    // a second where that registration was made once and not in every poll.
    let (sender, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let entry = workload::all().into_iter().find(|entry| entry.name == "wake").unwrap();
        for (round, tasks) in [1, 2, 4, 16].repeat(20).into_iter().enumerate() {
            let case = format!("wake/multi_thread_2/worker/0B/{tasks}").parse().unwrap();
            for strategy in [MACHINERY, "join", "spawn", "sequential"] {
                let shape = block::Shape::ONE_THREAD;
                let sides = [strategy, "join"];
                block::run(&entry, &case, &sides, shape, round as u64).unwrap();
            }
        }
        sender.send(()).unwrap();
    });
    finished
        .recv_timeout(std::time::Duration::from_secs(120))
        .expect("a wake was lost");
}

/// Returns other outputs than it expects, from the third child on.
struct Wrong;

impl Workload for Wrong {
    type Output = u64;

    const MOST_JOINED: usize = 4;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Ok(Self)
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        std::future::ready(index as u64)
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index.min(2) as u64
    }
}

fn wrong_outputs_are_noticed() {
    let target = Target::of::<Wrong>("wrong");
    let run = |tasks: usize| {
        let case = format!("wrong/current_thread/worker/0B/{tasks}").parse().unwrap();
        block::run(
            &target.workloads[0],
            &case,
            &["join", "spawn"],
            block::Shape::ONE_THREAD,
            1,
        )
    };
    assert!(run(3).is_ok());
    let error = run(4).unwrap_err();
    assert!(error.contains("outputs"), "{error}");
}

fn a_strategy_without_that_many_children_is_an_error() {
    let entry = &workload::all()[0];
    let case = "ready/current_thread/worker/0B/7".parse().unwrap();
    let error = block::run_alone(entry, &case, "join", 1, 1).unwrap_err();
    assert!(error.contains("cannot have 7 children"), "{error}");
    let case = "ready/current_thread/worker/64KiB/32".parse().unwrap();
    assert!(block::run_alone(entry, &case, "join", 1, 1).is_err());
}

/// `wake`, every poll of a child counted in `POLLS[tasks]`.
struct CountedWake {
    wake: Arc<Wake>,
    tasks: usize,
}

static POLLS: [AtomicUsize; 257] = [const { AtomicUsize::new(0) }; 257];

impl Workload for CountedWake {
    type Output = u64;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self {
            wake: Arc::new(Wake::set_up(setup).await?),
            tasks: setup.tasks,
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let mut child = Box::pin(self.wake.child(index));
        let polls = &POLLS[self.tasks];
        std::future::poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            child.as_mut().poll(cx)
        })
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        self.wake.expected(index)
    }

    fn before_slice(&self, children_at_once: usize) {
        self.wake.before_slice(children_at_once);
    }
}

fn polls_of_separate_wakes_are_exact_on_current_thread_in_a_task() {
    let target = Target::of::<CountedWake>("counted");
    const ITERATIONS: usize = 10;
    let polls_per_iteration = |strategy: &str, tasks: usize| {
        let case = Case {
            workload: "counted".into(),
            flavor: Flavor::CurrentThread,
            site: Site::Worker,
            payload: Payload(0),
            tasks,
        };
        POLLS[tasks].store(0, Ordering::Relaxed);
        block::run_alone(&target.workloads[0], &case, strategy, ITERATIONS as u64, 9).unwrap();
        let polls = POLLS[tasks].load(Ordering::Relaxed);
        let executed = executed(ITERATIONS as u64) as usize;
        assert_eq!(polls % executed, 0);
        polls / executed
    };
    for &tasks in join::ARITIES {
        let join = tasks * (tasks + 3) / 2;
        assert_eq!(polls_per_iteration("join", tasks), join, "{tasks}");
        assert_eq!(polls_per_iteration("spawn", tasks), 2 * tasks, "{tasks}");
        assert_eq!(polls_per_iteration("sequential", tasks), 2 * tasks);
        assert_eq!(polls_per_iteration("futures_unordered", tasks), 2 * tasks);
        // join_all becomes a FuturesOrdered beyond 30 children.
        let join_all = if tasks <= 30 { join } else { 2 * tasks };
        assert_eq!(polls_per_iteration("join_all", tasks), join_all, "{tasks}");
    }
}
