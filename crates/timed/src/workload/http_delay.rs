//! `http_delay`: as `http`, but the server answers after 20 ms: what share of a real request the strategy is.

use std::time::Duration;

use super::Entry;
use super::fetching::fetching_entry;
use super::http::Bodies;

/// What a request to a server nearby takes, or a query to a database.
pub(super) const LATE_MS: u64 = 20;

#[inline]
pub(super) fn entry() -> Entry {
    Entry {
        description: "Each child fetches from a mock server that answers late.",
        expectation: "The same: what both wait for is a thousand times what they cost.",
        lasts: Duration::from_millis(LATE_MS),
        ..fetching_entry::<Bodies<LATE_MS>>("http_delay", &[64], 64)
    }
}
