//! How long fetches take from when a client begins on: each strategy in fresh processes, with servers of their own, in stretches of time.
//!
//!     cargo run --release -p jvs-programs --example http_settling -- 20               # processes of each
//!     cargo run --release -p jvs-programs --example http_settling -- 20 CASE [CASE …]  # of these cases
//!
//! Client and server are two processes, and the kernel decides which cores they run on from what they did in the last tens of
//! milliseconds: on one core a request wakes nobody else's, on two it does.

use std::error::Error;
use std::time::Duration;

use measure::block::Shape;
use measure::case::Case;
use measure::round::{self, Job, run_if_child};
use measure::stats::median;
use measure::workload;

const CASES: [&str; 5] = [
    "http/current_thread/worker/64B/1",
    "http/current_thread/worker/64B/3",
    "http/current_thread/worker/64B/8",
    "http/multi_thread_1/worker/64B/3",
    "http/multi_thread_2/worker/64B/3",
];

const STRATEGIES: [&str; 2] = ["join", "spawn"];

/// Of a slice, in ms.
const SLICE: u64 = 4;

/// Where each stretch ends, in slices.
const ENDS: [usize; 8] = [2, 5, 10, 15, 25, 40, 60, 100];

fn main() -> Result<(), Box<dyn Error>> {
    run_if_child(&workload::all());
    let processes: usize = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let mut ids: Vec<String> = std::env::args().skip(2).collect();
    if ids.is_empty() {
        ids = CASES.map(str::to_owned).to_vec();
    }
    let cases: Vec<Case> = ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    let settle = Duration::from_millis(1);
    let shape = Shape {
        settle,
        settle_again: settle,
        slice: Duration::from_millis(SLICE),
        quads: ENDS[ENDS.len() - 1] / 2,
    };
    let program = std::env::current_exe()?;
    let mut orders: Vec<(usize, usize)> = Vec::new();
    for case in 0..cases.len() {
        orders.extend((0..STRATEGIES.len()).map(|strategy| (case, strategy)));
    }
    // The logarithms of each process's slices.
    let mut seen: Vec<Vec<Vec<f64>>> = vec![Vec::new(); cases.len() * STRATEGIES.len()];
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..processes {
        random.shuffle(&mut orders);
        for &(case, strategy) in &orders {
            let job = Job {
                case: cases[case].clone(),
                strategies: vec![STRATEGIES[strategy].to_owned()],
            };
            let measured = round::measure_solo(&program, job, shape, random.u64(..), Duration::from_secs(30))?;
            let slices = &measured.block.sides[0].slices_ns;
            seen[case * STRATEGIES.len() + strategy].push(slices.iter().map(|ns| ns.ln()).collect());
        }
    }
    let ends: Vec<String> = ENDS.iter().map(|end| format!("{:7}", *end as u64 * SLICE)).collect();
    println!(
        "µs per fan-out, up to … ms after the client began:\n{:48}{}",
        "",
        ends.concat()
    );
    for (place, case) in cases.iter().enumerate() {
        for (strategy, processes) in STRATEGIES.iter().zip(&seen[place * STRATEGIES.len()..]) {
            let mut begin = 0;
            let mut line = format!("{:48}", format!("{case}/{strategy}"));
            for end in ENDS {
                let of_process = |slices: &Vec<f64>| median(&slices[begin..end]);
                let medians: Vec<f64> = processes.iter().map(of_process).collect();
                line += &format!("{:7.1}", median(&medians).exp() / 1e3);
                begin = end;
            }
            println!("{line}");
        }
    }
    Ok(())
}
