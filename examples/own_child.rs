//! A child of your own, measured by the suite's rounds: `cargo run --release --example own_child`.
//!
//! The child here looks a key up in a table shared by all of them, having yielded once as if the table had been
//! fetched. Put your own async fn in its place: what the suite needs to know is how to make a child, and what it
//! must return. Children that own large state, wait for something or compute are as welcome.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use join_vs_spawn::{Setup, Target, Workload, measure};

/// The async fn that you want to know about.
async fn look_up(table: Arc<HashMap<u64, String>>, key: u64) -> Option<String> {
    tokio::task::yield_now().await;
    table.get(&key).cloned()
}

/// What its children share.
struct LookUp {
    table: Arc<HashMap<u64, String>>,
}

impl Workload for LookUp {
    type Output = Option<String>;

    // Runs in the runtime of each block, before anything is timed: connect, allocate, fill here.
    async fn set_up(setup: Setup) -> Result<Self, String> {
        let keys = 0..setup.tasks as u64;
        Ok(Self {
            table: Arc::new(keys.map(|key| (key, format!("value {key}"))).collect()),
        })
    }

    // Timed: makes child `index` of one fan-out.
    fn child(&self, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        look_up(self.table.clone(), index as u64)
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

fn main() -> ExitCode {
    measure(&Target::of::<LookUp>("own_child"))
}
