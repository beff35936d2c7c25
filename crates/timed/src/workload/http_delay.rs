//! `http_delay`: as `http`, but the server answers after 20 ms: what share of a real request the strategy is.

use std::time::Duration;

use super::fetching::Fetching;
use super::{Entry, http};

/// What a request to a server nearby takes, or a query to a database.
pub(super) const LATE_MS: u64 = 20;

pub(super) fn entry() -> Entry {
    Entry {
        served: true,
        lasts: Duration::from_millis(LATE_MS),
        ..Entry::of::<Fetching<http::Bodies<LATE_MS>>>("http_delay", &[64])
    }
}
