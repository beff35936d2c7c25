//! `http_parse`: a child fetches a JSON document and decodes it: CPU work between awaits, for which spawned children
//! can use a second worker.

use std::future::Future;
use std::sync::Arc;

use super::Entry;
use super::fetching::{Kind, fetching_entry};
use crate::children::Setup;
use crate::http::client::Client;
use crate::http::content::{self, Resource, Todo, sample_todos};

/// JSON documents, decoded.
pub struct Documents;

impl Kind for Documents {
    type Output = Option<Vec<Todo>>;

    fn new(_: Setup) -> Self {
        Self
    }

    fn resource(setup: Setup, index: usize) -> Resource {
        Resource::of_child(content::Kind::Json, 0, setup.payload_bytes, index)
    }

    #[inline]
    fn child(&self, client: Arc<Client>, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        client.json(index)
    }

    #[inline]
    fn digest(output: Self::Output) -> u64 {
        output.map_or(0, |todos| sample_todos(&todos))
    }

    fn expected(resource: &Resource) -> Result<u64, String> {
        let todos: Vec<Todo> =
            serde_json::from_slice(&resource.body()).map_err(|error| format!("{}: {error}", resource.path()))?;
        Ok(sample_todos(&todos))
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    const KIB: usize = 1 << 10;
    Entry {
        description: "Each child fetches JSON and decodes it.",
        expectation: "The same on one thread; with several workers spawn may win, as decoding then runs in parallel.",
        ..fetching_entry::<Documents>("http_parse", &[4 * KIB, 64 * KIB, 1024 * KIB], 64 * KIB)
    }
}
