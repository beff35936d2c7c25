//! The loops of `ready` and `yield` as one would write them by hand, in a program that has no others, against a run's cells.
//!
//!     cargo run --release -p jvs-programs --example by_hand -- 10                            # processes of each loop
//!     cargo run --release -p jvs-programs --example by_hand -- 10 results/tokio-1.54.1-21    # and what that run has
//!
//! A process makes a runtime as `#[tokio::main(flavor = "current_thread")]` does, spawns one task, and runs one loop in it, in a layout of
//! the program that is drawn at random. Those count whose core was nobody else's. Unlike the loops of `selfcheck`, these share neither a
//! child nor a compiler's unit with the suite: what is inlined where may differ, as it may in a reader's program.

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use measure::case::{Flavor, Site};
use measure::layouts::Layouts;
use measure::record;
use measure::shared_core::{longest_free_ns, task_ns};
use measure::stats::median;
use seq_macro::seq;

/// As many as a run has.
const LAYOUTS: usize = 50;

/// Holds the cell that a process is to measure.
const CELL: &str = "BY_HAND_CELL";

/// How long a loop runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(20);

/// What a slice should last, in ns, and how many there are.
const SLICE_NS: f64 = 60_000.0;
const SLICES: usize = 40;

// The payload is carried into the child, as a request's data would be; made inside, what is not needed after an await would not be in
// the future at all.
fn ready<const P: usize>(number: u64) -> impl Future<Output = u64> + Send {
    let payload = [number as u8; P];
    async move {
        black_box(&payload);
        black_box(number)
    }
}

fn yielding<const P: usize>(number: u64) -> impl Future<Output = u64> + Send {
    let payload = [number as u8; P];
    async move {
        black_box(&payload);
        tokio::task::yield_now().await;
        black_box(&payload);
        black_box(number)
    }
}

/// A loop over `tokio::join!` of so many children.
macro_rules! joined {
    ($name:ident, $child:ident, $n:literal) => {
        seq!(I in 0..$n {
            #[allow(clippy::identity_op, reason = "the first of the numbers is 0")]
            async fn $name<const P: usize>(seed: u64, iterations: u64) -> u64 {
                let mut sum = 0u64;
                for _ in 0..iterations {
                    let seed = black_box(seed);
                    let (#(output~I,)*) = tokio::join!(#($child::<P>(seed + I),)*);
                    sum = sum.wrapping_add(black_box(0 #(+ output~I)*));
                }
                sum
            }
        });
    };
}

/// A loop over so many children that are spawned, and awaited in order.
macro_rules! spawned {
    ($name:ident, $child:ident) => {
        async fn $name<const P: usize>(children: u64, seed: u64, iterations: u64) -> u64 {
            let mut sum = 0u64;
            for _ in 0..iterations {
                let seed = black_box(seed);
                let handles: Vec<_> = (0..children)
                    .map(|index| tokio::spawn($child::<P>(seed + index)))
                    .collect();
                let mut outputs = 0;
                for handle in handles {
                    outputs += handle.await.expect("a child panicked");
                }
                sum = sum.wrapping_add(black_box(outputs));
            }
            sum
        }
    };
}

joined!(ready_1, ready, 1);
joined!(ready_8, ready, 8);
joined!(ready_64, ready, 64);
joined!(yield_1, yielding, 1);
joined!(yield_8, yielding, 8);
joined!(yield_64, yielding, 64);
spawned!(ready_spawned, ready);
spawned!(yield_spawned, yielding);

/// ns per iteration of a loop: the median of its slices.
async fn measured<F: Future<Output = u64>>(fan_outs: impl Fn(u64) -> F) -> f64 {
    let began = Instant::now();
    let (mut iterations, mut each_ns) = (1u64, SLICE_NS);
    while began.elapsed() < WARM_UP {
        let start = Instant::now();
        black_box(fan_outs(iterations).await);
        let took = start.elapsed().as_nanos() as f64;
        each_ns = took / iterations as f64;
        if took < SLICE_NS {
            iterations *= 2;
        }
    }
    let iterations = (SLICE_NS / each_ns).ceil().max(1.0) as u64;
    let mut slices = Vec::with_capacity(SLICES);
    for _ in 0..SLICES {
        let start = Instant::now();
        black_box(fan_outs(iterations).await);
        slices.push(start.elapsed().as_nanos() as f64 / iterations as f64);
    }
    median(&slices)
}

async fn cell(id: String, seed: u64) -> Option<f64> {
    let [workload, payload, strategy, tasks] = id.split('/').collect::<Vec<_>>().try_into().ok()?;
    macro_rules! of_payload {
        ($p:literal) => {
            match (workload, strategy, tasks) {
                ("ready", "join", "1") => measured(|n| ready_1::<$p>(seed, n)).await,
                ("ready", "join", "8") => measured(|n| ready_8::<$p>(seed, n)).await,
                ("ready", "join", "64") => measured(|n| ready_64::<$p>(seed, n)).await,
                ("yield", "join", "1") => measured(|n| yield_1::<$p>(seed, n)).await,
                ("yield", "join", "8") => measured(|n| yield_8::<$p>(seed, n)).await,
                ("yield", "join", "64") => measured(|n| yield_64::<$p>(seed, n)).await,
                ("ready", "spawn", children) => {
                    let children = children.parse().ok()?;
                    measured(|n| ready_spawned::<$p>(children, seed, n)).await
                }
                ("yield", "spawn", children) => {
                    let children = children.parse().ok()?;
                    measured(|n| yield_spawned::<$p>(children, seed, n)).await
                }
                _ => return None,
            }
        };
    }
    match payload {
        "0B" => Some(of_payload!(0)),
        "4KiB" => Some(of_payload!(4096)),
        _ => None,
    }
}

/// Measures one cell in this process: its ns per iteration, and the longer look at its core, before and after.
fn measure_cell(id: String) -> Result<(), Box<dyn Error>> {
    let before = task_ns();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seed = u64::from(std::process::id());
    let ns = runtime
        .block_on(async { tokio::spawn(cell(id, seed)).await })?
        .ok_or("no such cell")?;
    println!("{ns} {}", before.max(task_ns()));
    Ok(())
}

/// Median wall times of a run's cells, by their ids here.
fn recorded(run: &str) -> Result<HashMap<String, f64>, Box<dyn Error>> {
    let (_, measurements) = record::read(&Path::new(run).join("overhead.jsonl"))?;
    let mut cells = HashMap::new();
    for m in measurements {
        let case = &m.case;
        if case.flavor == Flavor::CurrentThread
            && case.site == Site::Worker
            && let Some(wall) = m.wall_ns
        {
            let id = format!("{}/{}/{}/{}", case.workload, case.payload, m.strategy, case.tasks);
            cells.insert(id, wall.median);
        }
    }
    Ok(cells)
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(id) = std::env::var(CELL) {
        return measure_cell(id);
    }
    let processes: usize = std::env::args().nth(1).map_or(Ok(10), |text| text.parse())?;
    let run = std::env::args().nth(2);
    let recorded = run.as_deref().map(recorded).transpose()?.unwrap_or_default();
    let mut ids = Vec::new();
    for workload in ["ready", "yield"] {
        for payload in ["0B", "4KiB"] {
            for strategy in ["join", "spawn"] {
                ids.extend([1, 8, 64].map(|tasks| format!("{workload}/{payload}/{strategy}/{tasks}")));
            }
        }
    }
    let layouts = Layouts::of(&std::env::current_exe()?, LAYOUTS, |_, _| {});
    if let Some(why) = &layouts.only_one {
        eprintln!("one layout: {why}");
    }
    let mut seen: Vec<(usize, f64, f64)> = Vec::new();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..processes {
        random.shuffle(&mut order);
        for &place in &order {
            let program = layouts.program(random.usize(..LAYOUTS));
            let output = Command::new(program).env(CELL, &ids[place]).output()?;
            let text = String::from_utf8(output.stdout)?;
            let (ns, core_ns) = text.trim().split_once(' ').ok_or("a process ended without a time")?;
            seen.push((place, ns.parse()?, core_ns.parse()?));
        }
    }
    let looks: Vec<f64> = seen.iter().map(|(_, _, core_ns)| *core_ns).collect();
    let limit = longest_free_ns(&looks).ok_or("no process was measured")?;
    println!(
        "{:24}{:>12}{:>12}{:>12}   of processes",
        "ns per fan-out", "by hand", "recorded", "difference"
    );
    for (place, id) in ids.iter().enumerate() {
        let free = seen.iter().filter(|(of, _, core_ns)| *of == place && *core_ns <= limit);
        let times: Vec<f64> = free.map(|(_, ns, _)| *ns).collect();
        if times.is_empty() {
            println!("{id:24}{:>12}", "-");
            continue;
        }
        let ns = median(&times);
        let beside = recorded.get(id).map_or(String::new(), |recorded| {
            format!("{recorded:12.1}{:+11.1}%", 100.0 * (recorded / ns - 1.0))
        });
        println!("{id:24}{ns:12.2}{beside:24}   {}", times.len());
    }
    Ok(())
}
