//! `http_parse`: a child fetches a JSON document and decodes it: CPU work between awaits, for which spawned children
//! can use a second worker.

use std::sync::Arc;

use super::{Entry, Setup, Workload};
use crate::http::client::Client;
use crate::http::content::{Kind, Resource, Todo, sample_todos};
use crate::slice::Totals;

/// Fetches of JSON documents.
pub struct Parse {
    client: Arc<Client>,
    expected: Vec<u64>,
}

impl Workload for Parse {
    type Output = Option<Vec<Todo>>;

    const RESTS: bool = true;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let resources: Vec<Resource> = (0..setup.tasks)
            .map(|index| Resource::of_child(Kind::Json, 0, setup.payload_bytes, index))
            .collect();
        let expected = |resource: &Resource| -> Result<u64, String> {
            let todos: Vec<Todo> = serde_json::from_slice(&resource.body())
                .map_err(|error| format!("{}: {error}", resource.path()))?;
            Ok(sample_todos(&todos))
        };
        Ok(Self {
            client: Client::open(&resources).await?,
            expected: resources.iter().map(expected).collect::<Result<_, _>>()?,
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        self.client.clone().json(index)
    }

    fn digest(output: Self::Output) -> u64 {
        output.map_or(0, |todos| sample_todos(&todos))
    }

    fn expected(&self, index: usize) -> u64 {
        self.expected[index]
    }

    fn totals(&self) -> Totals {
        self.client.totals()
    }

    fn before_slice(&self, _children_at_once: usize) {
        self.client.before_slice();
    }

    fn rest(&self) -> impl Future<Output = ()> + Send {
        self.client.rest()
    }

    fn complaint(&self) -> Option<String> {
        self.client.complaint()
    }
}

pub(super) fn entry() -> Entry {
    const KIB: usize = 1 << 10;
    Entry {
        served: true,
        ..Entry::of::<Parse>("http_parse", &[4 * KIB, 64 * KIB, 1024 * KIB])
    }
}
