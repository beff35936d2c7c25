//! What a heap's history is worth: a fan-out of 8 spawned children that yield once, written by hand for current_thread, in a program
//! that has allocated nothing yet, and in one that has allocated chunks of all sizes and freed half of them.
//!
//!     cargo run --release -p jvs-programs --example heap_history -- 50    # processes of each
//!
//! Each process begins with an allocation of another size, so that its tasks lie at another place.

use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

const TASKS: u64 = 8;

/// Chunks that a heap with a history had, and those of one without.
const CHUNKS: [usize; 2] = [0, 512];

async fn child(number: u64) -> u64 {
    tokio::task::yield_now().await;
    black_box(number)
}

async fn fan_out() -> u64 {
    let handles: Vec<_> = (0..TASKS).map(|number| tokio::spawn(child(number))).collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.expect("a child panicked");
    }
    sum
}

/// ns per fan-out: the median of 20 times 500, after 20,000.
async fn time() -> f64 {
    for _ in 0..20_000 {
        black_box(fan_out().await);
    }
    let mut times = [0.0; 20];
    for time in &mut times {
        let began = Instant::now();
        for _ in 0..500 {
            black_box(fan_out().await);
        }
        *time = began.elapsed().as_nanos() as f64 / 500.0;
    }
    times.sort_by(f64::total_cmp);
    times[10]
}

fn allocated(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

/// Chunks of 16 bytes to 8 KiB, small ones as often as large ones, half of them freed.
fn with_history(chunks: usize, random: &mut fastrand::Rng) -> Vec<Vec<u8>> {
    let mut kept = Vec::with_capacity(chunks);
    for _ in 0..chunks {
        let least = 16 << random.u32(..9);
        kept.push(allocated(least + random.usize(..least)));
    }
    for _ in 0..chunks / 2 {
        kept.swap_remove(random.usize(..kept.len()));
    }
    kept
}

/// What one process does; it prints the time.
fn measure(chunks: usize, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let _kept = with_history(chunks, &mut random);
    let _elsewhere = allocated(16 * random.usize(..256));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ns = runtime.block_on(async { tokio::spawn(time()).await })?;
    println!("{ns}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [chunks, seed] = arguments.as_slice() {
        return measure(chunks.parse()?, seed.parse()?);
    }
    let processes: u64 = arguments.first().map_or(Ok(50), |text| text.parse())?;
    let mut times = CHUNKS.map(|_| Vec::new());
    for seed in 0..processes {
        for (chunks, times) in CHUNKS.iter().zip(&mut times) {
            let mut process = Command::new(std::env::current_exe()?);
            let output = process.args([chunks.to_string(), seed.to_string()]).output()?;
            times.push(String::from_utf8(output.stdout)?.trim().parse::<f64>()?);
        }
    }
    for (chunks, mut times) in CHUNKS.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
        let [low, median, high] = [0.1, 0.5, 0.9].map(at);
        println!(
            "{chunks:>4} chunks before: {median:.0} ns per iteration, a tenth below {low:.0}, a tenth above {high:.0}"
        );
    }
    Ok(())
}
