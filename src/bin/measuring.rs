//! The program that the rounds of `cargo bench` are: one for all bench targets, so that its layouts are made once for each
//! build.

fn main() -> std::process::ExitCode {
    measure::program::main()
}
