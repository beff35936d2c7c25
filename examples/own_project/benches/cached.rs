//! The same with a table that is made anew for each block, and with outputs that are checked: `cargo bench --bench cached`.

use measure::{Setup, Target, Workload};
use own_project::{Table, look_up_in, table};

struct Cached {
    table: Table,
}

impl Workload for Cached {
    type Output = Option<String>;

    // Runs in the runtime of each block, before anything is timed: connect, allocate, fill here.
    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self {
            table: table(setup.tasks),
        })
    }

    // Timed: makes child `index` of one fan-out.
    fn child(&self, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        look_up_in(self.table.clone(), index)
    }

    // Timed: a number that stands for the output, and costs next to nothing.
    fn digest(output: Self::Output) -> u64 {
        output.map_or(0, |text| text.len() as u64)
    }

    // Not timed: what the digest must be. A strategy that loses an output fails the case.
    fn expected(&self, index: usize) -> u64 {
        format!("value {index}").len() as u64
    }
}

fn main() -> std::process::ExitCode {
    measure::measure(&Target::of::<Cached>("cached"))
}
