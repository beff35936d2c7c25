//! What a reader sees of a run. Everything here is made from records alone.

pub mod changes;
mod crossover;
pub mod export;
pub mod findings;
pub mod html;
pub mod markdown;
pub mod table;
