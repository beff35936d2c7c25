//! Faults under each strategy.

use crate::fault::Fault;

/// A fault under a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// What goes wrong; `None`: the client disconnects.
    pub fault: Option<Fault>,
    /// The strategy.
    pub strategy: String,
}

/// Children of a request that meets a fault.
pub const FAULTY_TASKS: usize = 3;

impl Faulty {
    /// Its id.
    pub fn id(&self) -> String {
        let fault = self.fault.map_or("disconnects", Fault::name);
        format!(
            "fault@{fault}/multi_thread_2/worker/1KiB/{}/{FAULTY_TASKS}",
            self.strategy
        )
    }
}
