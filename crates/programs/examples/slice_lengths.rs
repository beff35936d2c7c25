//! How long slices must be for a strategy to be as fast beside another one as alone: `join!` of children that are woken one at a
//! time, alone and beside spawn in slices of several lengths, each in a fresh process.
//!
//!     cargo run --release -p jvs-programs --example slice_lengths -- 40      # processes of each
//!
//! A slice of few iterations ends before the processor has learned again what they do.

use std::error::Error;
use std::time::Duration;

use measure::block::Shape;
use measure::case::Case;
use measure::round::{Job, longer_look, measure_solo, run_if_child};
use measure::shared_core::longest_free_ns;
use measure::stats::median;
use measure::workload;

const CASE: &str = "wake/current_thread/worker/0B/32";

/// What runs beside join!, and how long slices last, in µs.
const WAYS: [(&[&str], u64); 5] = [
    (&["join"], 60),
    (&["join", "spawn"], 60),
    (&["join", "spawn"], 300),
    (&["join", "spawn"], 1000),
    (&["join", "spawn"], 3000),
];

fn main() -> Result<(), Box<dyn Error>> {
    run_if_child(&workload::all());
    let processes: u64 = std::env::args().nth(1).map_or(Ok(40), |text| text.parse())?;
    let case: Case = CASE.parse()?;
    let program = std::env::current_exe()?;
    // The looks at the core, and join!'s time.
    let mut seen: [Vec<(f64, f64)>; WAYS.len()] = Default::default();
    for seed in 0..processes {
        for (way, (strategies, slice)) in WAYS.iter().enumerate() {
            let job = Job {
                case: case.clone(),
                strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
            };
            let settle = Duration::from_millis(20);
            let shape = Shape {
                settle,
                settle_again: settle,
                slice: Duration::from_micros(*slice),
                ..Shape::ONE_THREAD
            };
            let measured = measure_solo(&program, job, shape, seed << 32, Duration::from_secs(30))?;
            seen[way].push((longer_look(measured.core_ns), measured.block.sides[0].wall_ns));
        }
    }
    let looks: Vec<f64> = seen.iter().flatten().map(|(look, _)| *look).collect();
    let limit = longest_free_ns(&looks).ok_or("no block was measured")?;
    println!("{CASE}, join!, ns per iteration, median of processes on a free core");
    for ((strategies, slice), seen) in WAYS.iter().zip(&seen) {
        let free = seen.iter().filter(|(look, _)| *look <= limit);
        let ns: Vec<f64> = free.map(|(_, ns)| *ns).collect();
        println!(
            "{:13} slices of {slice:4} µs: {:5.0} ({} processes)",
            strategies.join(" | "),
            median(&ns),
            ns.len()
        );
    }
    Ok(())
}
