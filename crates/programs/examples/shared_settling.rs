//! Where threads are woken a runtime settles for a tenth of a second. Does another number of children find it settled? Processes
//! that measure several numbers one after the other in one runtime, in random order: the first after 150 ms, each other one 5 ms
//! after the one before it.
//!
//!     cargo run --release -p jvs-programs --example shared_settling -- 120      # seconds
//!
//! For each strategy and number: ns per fan-out of children that yield once on two workers, medians over processes, how far these
//! scatter, and how far the later ones lie from the first ones.

use std::error::Error;
use std::process::Command;
use std::time::{Duration, Instant};

use measure::block::{Shape, run_in};
use measure::case::Case;
use measure::runtime::BlockRuntime;
use measure::stats::{median, sorted};
use measure::workload;

const NUMBERS: [usize; 5] = [1, 4, 8, 16, 64];
const STRATEGIES: [&str; 2] = ["join", "spawn"];

/// The variable that makes the program one of its own processes.
const STRATEGY: &str = "SHARED_SETTLING_STRATEGY";

fn case(children: usize) -> Case {
    let id = format!("yield/multi_thread_2/worker/0B/{children}");
    id.parse().expect("an id")
}

/// Measures the numbers in one runtime, and prints their places, numbers and ns per fan-out.
fn measure_in_one_runtime(strategy: &str) -> Result<(), Box<dyn Error>> {
    let entries = workload::all();
    let entry = workload::find(&entries, "yield").ok_or("no workload yield")?;
    let mut numbers = NUMBERS;
    fastrand::shuffle(&mut numbers);
    let runtime = BlockRuntime::of(&case(numbers[0]), fastrand::u64(..))?;
    let shape = Shape {
        settle: Duration::from_millis(150),
        settle_again: Duration::from_millis(5),
        slice: Duration::from_millis(2),
        quads: 3,
    };
    for (place, children) in numbers.into_iter().enumerate() {
        let shape = if place == 0 { shape } else { shape.again() };
        let block = run_in(&runtime, &entry, &case(children), &[strategy], shape, fastrand::u64(..))?;
        println!("{place} {children} {}", block.sides[0].wall_ns);
    }
    Ok(())
}

/// The place of a measurement in its process, the number of children, and ns per fan-out.
type Measured = (usize, usize, f64);

/// What one process measured.
fn process(strategy: &str) -> Result<Vec<Measured>, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).env(STRATEGY, strategy).output()?;
    let line = |line: &str| {
        let mut words = line.split(' ');
        Some((
            words.next()?.parse().ok()?,
            words.next()?.parse().ok()?,
            words.next()?.parse().ok()?,
        ))
    };
    let lines = String::from_utf8(output.stdout)?;
    let measured: Option<Vec<Measured>> = lines.lines().map(line).collect();
    measured
        .filter(|measured| measured.len() == NUMBERS.len())
        .ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// Half of what lies between a sixth of the values at each end, in percent of their median.
fn scatter(values: &[f64]) -> f64 {
    let values = sorted(values);
    let sixth = values.len() / 6;
    (values[values.len() - 1 - sixth] - values[sixth]) / 2.0 / median(&values) * 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(strategy) = std::env::var(STRATEGY) {
        return measure_in_one_runtime(&strategy);
    }
    let seconds = std::env::args().nth(1).map_or(Ok(120), |text| text.parse())?;
    let began = Instant::now();
    let mut seen: Vec<(&str, usize, usize, f64)> = Vec::new();
    while began.elapsed() < Duration::from_secs(seconds) {
        for strategy in STRATEGIES {
            let measured = process(strategy)?;
            seen.extend(
                measured
                    .into_iter()
                    .map(|(place, children, ns)| (strategy, place, children, ns)),
            );
        }
    }
    for strategy in STRATEGIES {
        for children in NUMBERS {
            let [first, later] = [true, false].map(|first| -> Vec<f64> {
                let these = seen
                    .iter()
                    .filter(|one| (one.0, one.1 == 0, one.2) == (strategy, first, children));
                these.map(|one| one.3).collect()
            });
            if first.len() < 6 {
                return Err("too few processes: give it more seconds".into());
            }
            println!(
                "{strategy:5} {children:2}: {:6.0} ns first, scatter {:4.1}%; {:6.0} ns later, scatter {:4.1}%; {:+.1}% ({} and {} blocks)",
                median(&first),
                scatter(&first),
                median(&later),
                scatter(&later),
                (median(&later) / median(&first) - 1.0) * 100.0,
                first.len(),
                later.len(),
            );
        }
    }
    Ok(())
}
