//! Where requests are served: a server whose handler fans out, the backend that it calls, and the load on it.

pub mod backend;
pub mod check;
pub mod client;
pub mod content;
pub mod delay;
pub mod fault;
pub mod faults;
pub mod files;
pub mod handler;
pub mod histogram;
pub mod load;
mod named;
pub mod plan;
pub mod point;
pub mod process;
pub mod record;
pub mod role;
pub mod run;
pub mod serving;
pub mod stand;
pub mod strategy;
pub mod table;
pub mod trouble;
pub mod usage;
