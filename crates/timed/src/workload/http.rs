//! `http`: a child fetches a body from the mock server with reqwest, and reads it to its end.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::entry::WORKER;
use super::fetching::{Kind, fetching_entry};
use super::{Axes, Entry, Full, Sweep};
use crate::case::Site;
use crate::children::Setup;
use crate::http::client::Client;
use crate::http::content::{self, Resource, sample};

/// Bodies that the server sends after `LATE_MS` milliseconds.
pub struct Bodies<const LATE_MS: u64>;

impl<const LATE_MS: u64> Kind for Bodies<LATE_MS> {
    type Output = Option<Bytes>;

    const MOST_JOINED: usize = 32;

    fn new(_: Setup) -> Self {
        Self
    }

    fn resource(setup: Setup, index: usize) -> Resource {
        Resource::of_child(content::Kind::Body, LATE_MS, setup.payload_bytes, index)
    }

    #[inline]
    fn child(&self, client: Arc<Client>, index: usize) -> impl Future<Output = Option<Bytes>> + Send + 'static {
        client.body(index)
    }

    #[inline]
    fn digest(output: Option<Bytes>) -> u64 {
        output.map_or(0, |body| sample(&body))
    }

    fn expected(resource: &Resource) -> Result<u64, String> {
        Ok(sample(&resource.body()))
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    const KIB: usize = 1 << 10;
    let sweep = |tasks, payloads| Sweep {
        tasks_at: 64,
        payloads,
        ..Sweep::over_tasks(tasks)
    };
    Entry {
        description: "Each child fetches from a mock server on this machine, which answers at once.",
        expectation: "On one thread within some percents of each other: a request takes a hundred times as long as a spawn. \
                      With several workers either may win, as the kernel places the threads.",
        axes: Axes {
            quick: sweep(&[3], &[]),
            default: sweep(&[1, 3, 8, 32], &[64 * KIB]),
            full: Full {
                tasks: &[1, 3, 8, 32],
                sites: WORKER,
            },
            // The article's own: three fetches, directly in main.
            also: &[(Site::BlockOn, 64, 3)],
            ..Axes::OWN
        },
        ..fetching_entry::<Bodies<0>>("http", &[64, 64 * KIB, 1024 * KIB], 64)
    }
}
