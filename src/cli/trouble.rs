//! Why a command has no answer, and the exit code that says so.

use std::fmt::Display;
use std::process::ExitCode;

use super::{bad_input, failed};
use crate::interrupt;

/// Why there is no answer.
pub(super) enum Trouble {
    /// What was asked, or what was to be read, is not as it should be: exit 2.
    Input(String),
    /// A build cannot be made, for a reason that lies in it: exit 2.
    Build(String),
    /// What was asked for rightly failed, such as writing a file: exit 1.
    Failed(String),
    /// Ctrl-C.
    Interrupted(String),
}

impl<E: Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Input(error.to_string())
    }
}

impl Trouble {
    /// Says what it is, and how the program exits then.
    pub(super) fn exit(self) -> ExitCode {
        match self {
            Trouble::Input(reason) | Trouble::Build(reason) => bad_input(reason),
            Trouble::Failed(reason) => failed(reason),
            Trouble::Interrupted(reason) => {
                eprintln!("join-vs-spawn: {reason}");
                ExitCode::from(interrupt::EXIT_CODE)
            }
        }
    }
}
