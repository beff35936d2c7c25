//! Why something was not measured.

use measure::interrupt;

/// Why something was not measured.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There was a Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// What was asked for cannot be had here: a limit of the system, a folder that cannot be written.
    #[error("{0}")]
    NotHere(String),
    /// A process, a server or a client did not do what it is there for.
    #[error("{0}")]
    Failed(String),
}

impl Trouble {
    /// The exit code of a program that ends with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Trouble::Interrupted => interrupt::EXIT_CODE,
            Trouble::NotHere(_) => 2,
            Trouble::Failed(_) => 1,
        }
    }

    /// Hears a Ctrl-C from now on.
    pub(crate) fn of_interrupts() -> Result<(), Trouble> {
        interrupt::listen().map_err(|error| Trouble::Failed(format!("cannot listen for Ctrl-C: {error}")))
    }
}

impl From<measure::record::RecordError> for Trouble {
    fn from(error: measure::record::RecordError) -> Self {
        Trouble::NotHere(error.to_string())
    }
}
