//! The HTTP case: a mock server that is a process of its own, and the client that fetches from it.
//!
//! The server is wiremock's, on 127.0.0.1, started by the process that measures and ended by it; so its CPU time and
//! its memory are not the client's. The client is reqwest's, one for each runtime, its connections opened before
//! anything is timed and kept alive.

pub mod client;
pub mod content;
pub mod server;
