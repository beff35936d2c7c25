//! Builds compared: this project with one tokio against another, one revision, flag or allocator against another.
//!
//! Each build is made in a folder of its own ([`make`](mod@make)), all of them are measured block by block in turns ([`measured`]), and what
//! changed from the first to the others is judged beside what the first shows against itself ([`judged`](mod@judged)).

pub mod bisect;
pub mod judged;
pub mod make;
mod manifests;
pub mod measured;
pub mod place;
mod sources;
pub mod spec;

pub use judged::{Judged, judged};
pub use make::{Made, check, make};
pub use sources::Project;
pub use spec::Spec;
