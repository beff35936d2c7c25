//! x
fn main() -> std::process::ExitCode {
    join_vs_spawn::bench::main("wakeups")
}
