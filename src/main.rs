//! The binary `join-vs-spawn`; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    join_vs_spawn::cli::main()
}
