//! `http`: a child fetches a body from the mock server with reqwest, and reads it to its end.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::fetching::{Fetching, Kind};
use super::{Entry, Setup};
use crate::http::client::Client;
use crate::http::content::{self, Resource, sample};

/// Bodies that the server sends after `LATE_MS` milliseconds.
pub struct Bodies<const LATE_MS: u64>;

impl<const LATE_MS: u64> Kind for Bodies<LATE_MS> {
    type Output = Option<Bytes>;

    fn new(_: Setup) -> Self {
        Self
    }

    fn resource(setup: Setup, index: usize) -> Resource {
        Resource::of_child(content::Kind::Body, LATE_MS, setup.payload_bytes, index)
    }

    fn child(
        &self,
        client: Arc<Client>,
        index: usize,
    ) -> impl Future<Output = Option<Bytes>> + Send + 'static {
        client.body(index)
    }

    fn digest(output: Option<Bytes>) -> u64 {
        output.map_or(0, |body| sample(&body))
    }

    fn expected(resource: &Resource) -> Result<u64, String> {
        Ok(sample(&resource.body()))
    }
}

pub(super) fn entry() -> Entry {
    const KIB: usize = 1 << 10;
    Entry {
        served: true,
        ..Entry::of::<Fetching<Bodies<0>>>("http", &[64, 64 * KIB, 1024 * KIB])
    }
}
