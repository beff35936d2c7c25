//! Counts what an iteration does in this build: reads ids of measurements, a line each, and writes a census row as JSON for each
//! that can be counted.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use census::{CountingAllocator, count};
use measure::case::parse_measurement_id;
use measure::workload;

#[global_allocator]
static HEAP: CountingAllocator = CountingAllocator::new();

fn main() -> ExitCode {
    measure::round::run_if_child(&[]);
    let entries = workload::all();
    for line in io::stdin().lock().lines() {
        let Ok(id) = line else {
            return ExitCode::from(2);
        };
        let Ok((case, strategy)) = parse_measurement_id(&id) else {
            eprintln!("counting-of-build: {id}: no id of a measurement");
            return ExitCode::from(2);
        };
        let Some(entry) = workload::find(&entries, &case.workload) else {
            continue;
        };
        match count(&entry, &case, &strategy, &HEAP) {
            Ok(row) => {
                let text = serde_json::to_string(&row).expect("a row is plain data");
                if writeln!(io::stdout(), "{text}").is_err() {
                    return ExitCode::from(1);
                }
            }
            Err(reason) => eprintln!("counting-of-build: {id}: {reason}"),
        }
    }
    ExitCode::SUCCESS
}
