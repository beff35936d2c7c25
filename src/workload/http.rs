//! `http`: a child fetches a body from the mock server with reqwest, and reads it to its end.

use std::sync::Arc;

use bytes::Bytes;

use super::{Entry, Setup, Workload};
use crate::http::client::Client;
use crate::http::content::{Kind, Resource, sample};
use crate::slice::Totals;

/// Fetches of bodies that the server sends after `LATE_MS` milliseconds.
pub struct Fetch<const LATE_MS: u64> {
    client: Arc<Client>,
    expected: Vec<u64>,
}

impl<const LATE_MS: u64> Workload for Fetch<LATE_MS> {
    type Output = Option<Bytes>;

    const RESTS: bool = true;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let resources: Vec<Resource> = (0..setup.tasks)
            .map(|index| Resource::of_child(Kind::Body, LATE_MS, setup.payload_bytes, index))
            .collect();
        Ok(Self {
            client: Client::open(&resources).await?,
            expected: resources
                .iter()
                .map(|resource| sample(&resource.body()))
                .collect(),
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = Option<Bytes>> + Send + 'static {
        self.client.clone().body(index)
    }

    fn digest(output: Option<Bytes>) -> u64 {
        output.map_or(0, |body| sample(&body))
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
        ..Entry::of::<Fetch<0>>("http", &[64, 64 * KIB, 1024 * KIB])
    }
}
