//! A program that measures, and nothing else: what it is, and how another one learns it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde::{Deserialize, Serialize};

use crate::environment::Built;
use crate::round::{self, PROTOCOL};
use crate::runtime::HAS_LOCAL;
use crate::workload;

/// The program that is running.
pub fn this_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from(std::env::args_os().next().unwrap_or_default()))
}

/// What a program that measures says of itself when it is started by hand: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// How rounds and their parent talk; only a program of the same number can be a round of this one.
    pub protocol: u32,
    /// What it was built from.
    #[serde(flatten)]
    pub built: Built,
    /// Whether it has the flavor `local`.
    pub has_local: bool,
}

impl Program {
    /// This program.
    pub fn here() -> Self {
        Self {
            protocol: PROTOCOL,
            built: Built::here(),
            has_local: HAS_LOCAL,
        }
    }

    /// Asks the program at `path` what it is.
    ///
    /// # Errors
    ///
    /// What the program said instead, or why it could not be started.
    pub fn of(path: &Path) -> Result<Self, String> {
        let output = Command::new(path).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("{}: {error}", path.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let program: Self = serde_json::from_str(said.trim())
            .map_err(|error| format!("{} does not say what it is: {error}", path.display()))?;
        if program.protocol != PROTOCOL {
            return Err(format!(
                "its program talks to rounds by version {} of the protocol, this one by {PROTOCOL}",
                program.protocol
            ));
        }
        Ok(program)
    }
}

/// The `main` of a program that measures all workloads as the rounds of another one: started by that, it is a round; started by
/// hand, it says what it is.
pub fn main() -> ExitCode {
    round::run_if_child(&workload::all());
    match serde_json::to_string(&Program::here()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}
