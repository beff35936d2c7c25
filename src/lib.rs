//! `tokio::join!` or `tokio::spawn`?
#![recursion_limit = "512"]

mod arguments;
pub mod bench;
pub mod block;
pub mod case;
pub mod environment;
pub mod matrix;
mod measurement;
pub mod plan;
pub mod record;
pub mod report;
pub mod round;
pub mod run;
pub mod runtime;
pub mod selection;
mod session;
pub mod slice;
pub mod stats;
pub mod strategy;
pub mod workload;
pub use session::measure;
