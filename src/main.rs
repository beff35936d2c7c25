//! x
fn main() {
    join_vs_spawn::round::run_if_child(&join_vs_spawn::workload::all());
}
