//! What it does to a ratio that another program of the host shares the core: blocks of some cases, sorted by how long what is like a
//! task took right before and right after each.
//!
//!     cargo run --release -p jvs-programs --example shared_core -- 60      # seconds
//!
//! On a machine whose cores are nobody else's all blocks are of one kind.

use std::error::Error;
use std::time::{Duration, Instant};

use measure::block::{self, Shape};
use measure::case::Case;
use measure::round::longer_look;
use measure::shared_core::{longest_free_ns, task_ns};
use measure::stats::median;
use measure::workload;

const CASES: [&str; 4] = [
    "ready/current_thread/worker/0B/1",
    "yield/current_thread/worker/0B/1",
    "yield/current_thread/worker/0B/8",
    "yield/current_thread/worker/16KiB/8",
];

/// A block: its case, the looks at the core before and after it, the log ratio of spawn to join!, and the times of both.
struct Seen {
    case: usize,
    core_ns: [f64; 2],
    log_ratio: f64,
    ns: [f64; 2],
}

impl Seen {
    fn longer_ns(&self) -> f64 {
        longer_look(Some(self.core_ns))
    }
}

/// What a look right before a block says of the one right after it.
fn say_how_long_it_lasts(seen: &[Seen], limit: f64) {
    for (name, began_free) in [("free", true), ("shared", false)] {
        let began = seen.iter().filter(|seen| (seen.core_ns[0] <= limit) == began_free);
        let [all, ended_free] = began.fold([0, 0], |[all, free], seen| {
            [all + 1, free + usize::from(seen.core_ns[1] <= limit)]
        });
        println!("of {all} blocks that began on a {name} core {ended_free} ended on a free one");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let entries = workload::all();
    let began = Instant::now();
    let mut seen = Vec::new();
    let mut seed = 0u64;
    while began.elapsed() < Duration::from_secs(seconds) {
        for (place, id) in CASES.iter().enumerate() {
            let case: Case = id.parse()?;
            let entry = workload::find(&entries, &case.workload).ok_or("no such workload")?;
            seed += 1;
            let before = task_ns();
            let block = block::run(&entry, &case, &["spawn", "join"], Shape::ONE_THREAD, seed << 32)?;
            seen.push(Seen {
                case: place,
                core_ns: [before, task_ns()],
                log_ratio: block.log_ratio.ok_or("a block of two strategies has a ratio")?,
                ns: [block.sides[0].wall_ns, block.sides[1].wall_ns],
            });
        }
    }
    let looks: Vec<f64> = seen.iter().map(Seen::longer_ns).collect();
    let limit = longest_free_ns(&looks).ok_or("no block was measured")?;
    for (place, id) in CASES.iter().enumerate() {
        for (name, shared) in [("free", false), ("shared", true)] {
            let of = |value: &dyn Fn(&Seen) -> f64| -> Vec<f64> {
                let kind = seen
                    .iter()
                    .filter(|seen| seen.case == place && (seen.longer_ns() > limit) == shared);
                kind.map(value).collect()
            };
            let blocks = of(&Seen::longer_ns);
            if blocks.len() < 5 {
                println!("{id:38} core {name:6} {:5} blocks", blocks.len());
                continue;
            }
            println!(
                "{id:38} core {name:6} {:5} blocks, like a task {:4.1} ns; spawn {:6.0} ns, join! {:6.1} ns, ratio {:.3}",
                blocks.len(),
                median(&blocks),
                median(&of(&|seen| seen.ns[0])),
                median(&of(&|seen| seen.ns[1])),
                median(&of(&|seen| seen.log_ratio)).exp(),
            );
        }
    }
    say_how_long_it_lasts(&seen, limit);
    Ok(())
}
