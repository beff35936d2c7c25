//! The answer for a workload that was not measured: what a fan-out of each strategy takes, as a sum of counts × unit costs.
//!
//! The counts are those of the census ([`counts`]); the unit costs are fitted to the measurements of one run (`fit`), so that
//! they are those of one machine. How far a prediction may be off is learned by leaving out each case in turn ([`validation`]).
//! What no sum can describe, several workers with two modes of their own, is answered from the nearest measured cases
//! ([`nearest`]). No clock, no file.

pub mod answer;
pub mod counts;
mod fit;
pub mod meaning;
pub mod model;
pub mod nearest;
pub mod predicted;
pub mod question;
mod samples;
pub mod sheet;
pub mod validation;

pub use answer::{Advice, advise};
pub use meaning::{Needs, Ruling};
pub use model::{Model, ModelError};
pub use question::{Question, Wakes};
