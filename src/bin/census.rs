//! The census, in a program of its own: its allocator counts, which nothing that is timed should do. See `--help`.

use std::process::ExitCode;

use join_vs_spawn::census::CountingAllocator;

#[global_allocator]
static HEAP: CountingAllocator = CountingAllocator::new();

fn main() -> ExitCode {
    join_vs_spawn::cli::census(&HEAP)
}
