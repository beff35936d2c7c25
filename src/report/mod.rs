//! What a reader sees of a run. Everything here is made from records alone, and from what lies beside them.

pub mod advise;
pub mod builds;
pub mod census;
pub mod changes;
pub mod claims;
mod columns;
pub mod export;
pub mod formulas;
pub mod html;
pub mod machines;
pub mod markdown;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod selfcheck;
pub mod summary;
pub mod waiting;
