//! Wake-ups: N children that each wait for a signal of their own, the signals coming one at a time.
//!
//! Contract: a driver task fires one child's signal at a time, in a seeded shuffled order made beforehand, and
//! lets the runtime run what it woke before the next. Exact on `current_thread`; on several workers the driver
//! races with the woken task (flag `driver_races`). Its own cost, with the wakes and without children, is the
//! table's column `driver` and `machinery_ns` in the record.
//!
//! Why: join! polls all its unfinished children on every wake, N(N+3)/2 child polls against spawn's 2N, so there
//! is a number of children from which spawn wins. The end of the run names it.
//!
//! What it cannot tell: how wakes arrive in your program. Wakes that come together cost join! one sweep of polls.
//!
//! The axes stand in the files of its workloads (`crates/timed/src/workload`).

fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("wakeups", env!("CARGO_BIN_EXE_measuring"))
}
