//! What goes wrong on purpose, in one call of a hundred: drawn from the seed, the request and the child, so that it is known
//! beforehand which requests it meets.

use crate::delay::one_of;
use crate::named::named;

/// One call in so many goes wrong.
pub const IN: u64 = 100;

named! {
    /// What goes wrong.
    Fault {
        /// Nobody listens where the call goes.
        Refuses: "refuses", "the backend refuses the connection";
        /// The backend never answers.
        Hangs: "hangs", "the backend never answers";
        /// The backend closes the connection in the middle of the document.
        Cuts: "cuts", "the backend cuts the document off";
        /// The backend answers with status 500.
        Answers500: "answers_500", "the backend answers 500";
        /// The child panics.
        Panics: "panics", "the child panics";
    }
}

/// Whether it meets a request with so many children.
pub fn meets(seed: u64, request: u64, tasks: usize) -> bool {
    (0..tasks as u64).any(|child| one_of(IN, seed, request, child))
}
