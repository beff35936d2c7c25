//! What goes wrong on purpose, in one call of a hundred: drawn from the seed, the request and the child, so that it is known
//! beforehand which requests it meets.

use serde::{Deserialize, Serialize};

use crate::delay::one_of;

/// One call in so many goes wrong.
pub const IN: u64 = 100;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nobody listens where the call goes.
    Refuses,
    /// The backend never answers.
    Hangs,
    /// The backend closes the connection in the middle of the document.
    Cuts,
    /// The backend answers with status 500.
    Answers500,
    /// The child panics.
    Panics,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 5] = [
        Fault::Refuses,
        Fault::Hangs,
        Fault::Cuts,
        Fault::Answers500,
        Fault::Panics,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Fault::Refuses => "the backend refuses the connection",
            Fault::Hangs => "the backend never answers",
            Fault::Cuts => "the backend cuts the document off",
            Fault::Answers500 => "the backend answers 500",
            Fault::Panics => "the child panics",
        }
    }
}

/// Whether it meets a request with so many children.
pub fn meets(seed: u64, request: u64, tasks: usize) -> bool {
    (0..tasks as u64).any(|child| one_of(IN, seed, request, child))
}
