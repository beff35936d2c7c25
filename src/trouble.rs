//! Why something has no answer, and the exit code that says so.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use crate::run::RunError;

/// Why there is no answer. Whatever can be shown becomes one of bad input; what else it is, is said where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In words.
    pub reason: String,
    /// How the program exits: 2 where what was asked, or what was to be read, is not as it should be; 1 where what was asked
    /// for rightly failed, such as writing a file; 130 after Ctrl-C.
    pub code: u8,
    /// Whether it is a build that cannot be made, for a reason that lies in it.
    pub of_build: bool,
}

impl<E: Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble {
            reason: error.to_string(),
            code: 2,
            of_build: false,
        }
    }
}

/// What is said of an error of a file or folder.
pub fn at<E: Display>(path: &Path) -> impl Fn(E) -> String {
    move |error| format!("{}: {error}", path.display())
}

impl Trouble {
    /// What was asked for rightly failed.
    pub fn failed(reason: impl Display) -> Self {
        Trouble {
            code: 1,
            ..reason.into()
        }
    }

    /// What was asked for rightly failed at a file or folder, such as one that cannot be written.
    pub fn failed_at(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::failed(at(path)(error))
    }

    /// Nothing was measured.
    pub fn not_run(error: &RunError) -> Self {
        Trouble {
            code: error.exit_code(),
            ..error.into()
        }
    }

    /// Says for a program what it is, and how that exits then.
    pub fn exit(self, program: &str) -> ExitCode {
        eprintln!("{program}: {}", self.reason);
        ExitCode::from(self.code)
    }
}
