//! The program that the rounds of `cargo bench` are: one for all bench targets, so that its layouts are made once for each
//! build. A bench target starts it; it does nothing by itself.

fn main() -> std::process::ExitCode {
    join_vs_spawn::round::run_if_child(&join_vs_spawn::workload::all());
    eprintln!("measuring: this program is started by the bench targets; `cargo bench` measures");
    std::process::ExitCode::from(2)
}
