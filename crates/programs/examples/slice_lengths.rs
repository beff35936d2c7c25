//! How long slices must be for a strategy to be as fast beside another one as alone, and how long it takes to be so alone: `join!` of
//! children that are woken one at a time, each way in a fresh process.
//!
//!     cargo run --release -p jvs-programs --example slice_lengths -- 40      # processes of each
//!     … -- 40 wake/current_thread/worker/0B/16              # of another case
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

const USUAL_CASE: &str = "wake/current_thread/worker/0B/32";

/// What runs beside join!, how long each settles, in ms, and how long slices last, in µs.
const WAYS: [(&[&str], u64, u64); 9] = [
    (&["join"], 1, 60),
    (&["join"], 2, 60),
    (&["join"], 5, 60),
    (&["join"], 10, 60),
    (&["join"], 20, 60),
    (&["join", "spawn"], 20, 60),
    (&["join", "spawn"], 20, 300),
    (&["join", "spawn"], 20, 1000),
    (&["join", "spawn"], 20, 3000),
];

fn main() -> Result<(), Box<dyn Error>> {
    run_if_child(&workload::all());
    let processes: u64 = std::env::args().nth(1).map_or(Ok(40), |text| text.parse())?;
    let id = std::env::args().nth(2).unwrap_or_else(|| USUAL_CASE.to_owned());
    let case: Case = id.parse()?;
    let program = std::env::current_exe()?;
    // The looks at the core, and join!'s time.
    let mut seen: [Vec<(f64, f64)>; WAYS.len()] = Default::default();
    for seed in 0..processes {
        for (way, (strategies, settle, slice)) in WAYS.iter().enumerate() {
            let job = Job {
                case: case.clone(),
                strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
            };
            let settle = Duration::from_millis(*settle);
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
    println!("{id}, join!, ns per iteration, median of processes on a free core");
    for ((strategies, settle, slice), seen) in WAYS.iter().zip(&seen) {
        let free = seen.iter().filter(|(look, _)| *look <= limit);
        let ns: Vec<f64> = free.map(|(_, ns)| *ns).collect();
        println!(
            "{:13} settled for {settle:2} ms, slices of {slice:4} µs: {:5.0} ({} processes)",
            strategies.join(" | "),
            median(&ns),
            ns.len()
        );
    }
    Ok(())
}
