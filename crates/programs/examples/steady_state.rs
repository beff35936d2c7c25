//! How long does a runtime take until it is in its steady state? Hand-written: one strategy, from the moment when the
//! runtime was made, and how long a fan-out of 8 children that yield once took in each stretch of time since.
//!
//! ```text
//! cargo run --release -p jvs-programs --example steady_state -- WORKERS join|spawn|join_boxed|spawn_boxed [RUNS]
//! ```
//!
//! `WORKERS` 0 is a current_thread runtime. `_boxed` boxes the parent before it is spawned, as the suite does with its loops
//! (crates/timed/src/timed_loop.rs): what that costs is the difference. A line for each run, which is a process of its own; ns per fan-out.

use std::hint::black_box;
use std::pin::Pin;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

/// The ends of the stretches, in ms after the beginning.
const ENDS_MS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

async fn child(number: u64) -> u64 {
    yield_now().await;
    number
}

async fn join() -> u64 {
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        child(0),
        child(1),
        child(2),
        child(3),
        child(4),
        child(5),
        child(6),
        child(7)
    );
    a + b + c + d + e + f + g + h
}

async fn spawn() -> u64 {
    let handles: Vec<_> = (0..8).map(|number| tokio::spawn(child(number))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("a child panicked");
    }
    sum
}

/// ns per fan-out in each stretch.
async fn stretches<F: Future<Output = u64>>(fan_out: fn() -> F) -> Vec<f64> {
    let began = Instant::now();
    let mut times = Vec::new();
    for end in ENDS_MS.map(Duration::from_millis) {
        let (from, mut count) = (Instant::now(), 0u32);
        while began.elapsed() < end {
            for _ in 0..4 {
                black_box(fan_out().await);
            }
            count += 4;
        }
        times.push(from.elapsed().as_nanos() as f64 / f64::from(count.max(1)));
    }
    times
}

fn boxed(parent: impl Future<Output = Vec<f64>> + Send + 'static) -> Pin<Box<dyn Future<Output = Vec<f64>> + Send>> {
    Box::pin(parent)
}

fn runtime(workers: usize) -> std::io::Result<Runtime> {
    let mut builder = match workers {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(workers.max(1)).enable_all().build()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let strategy = arguments.get(1).map(String::as_str);
    let workers = arguments.first().map(|text| text.parse::<usize>());
    let (Some(Ok(workers)), Some("join" | "spawn" | "join_boxed" | "spawn_boxed")) = (workers, strategy) else {
        eprintln!("usage: steady_state WORKERS join|spawn|join_boxed|spawn_boxed [RUNS]");
        return ExitCode::from(2);
    };
    let runs: usize = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(6);
    if std::env::var_os("STEADY_STATE_RUN").is_none() {
        println!("ns per fan-out until {ENDS_MS:?} ms after the runtime was made");
        for _ in 0..runs {
            let status = std::env::current_exe().and_then(|program| {
                Command::new(program)
                    .args(&arguments)
                    .env("STEADY_STATE_RUN", "1")
                    .status()
            });
            if !status.is_ok_and(|status| status.success()) {
                return ExitCode::from(1);
            }
        }
        return ExitCode::SUCCESS;
    }
    let runtime = match runtime(workers) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("steady_state: {error}");
            return ExitCode::from(1);
        }
    };
    let task = match strategy {
        Some("join") => runtime.spawn(stretches(join)),
        Some("join_boxed") => runtime.spawn(boxed(stretches(join))),
        Some("spawn_boxed") => runtime.spawn(boxed(stretches(spawn))),
        _ => runtime.spawn(stretches(spawn)),
    };
    match runtime.block_on(task) {
        Ok(times) => {
            let texts: Vec<String> = times.iter().map(|ns| format!("{ns:7.0}")).collect();
            println!("{}", texts.join(" "));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("steady_state: {error}");
            ExitCode::from(1)
        }
    }
}
