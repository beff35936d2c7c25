//! `http_straggler`: fetches of which the first child's is answered 20 ms late. When does the parent have the first
//! result, when all but the straggler's, when all?
//!
//! A strategy takes a result when it digests it: `join!` and `join_all` have nothing before they have everything,
//! `spawn` awaits its handles in order and so waits for the straggler first, `join_set` and `futures_unordered` take
//! results as they come.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;

use super::began::Began;
use super::fetching::{Kind, fetching_entry};
use super::{Entry, Sweep, http_delay::LATE_MS};
use crate::children::Setup;
use crate::http::client::Client;
use crate::http::content::{self, Resource, sample};
use crate::slice::Totals;

/// Bodies with a straggler among them.
pub struct Stragglers {
    taken: Arc<Taken>,
}

/// When results were taken. Only the parent writes: it makes the children and takes their results.
pub struct Taken {
    tasks: u64,
    began: Began,
    /// Results taken in the iteration under way.
    results: AtomicU64,
    /// Time until the first, over all iterations, in ns.
    first: AtomicU64,
    /// Time until all but one, over all iterations, in ns.
    all_but_one: AtomicU64,
}

impl Taken {
    #[inline]
    fn begin(&self) {
        self.began.now();
        self.results.store(0, Relaxed);
    }

    #[inline]
    fn take(&self) {
        let results = self.results.fetch_add(1, Relaxed) + 1;
        if results == 1 || results + 1 == self.tasks {
            let time = self.began.elapsed_ns();
            if results == 1 {
                self.first.fetch_add(time, Relaxed);
            }
            if results + 1 == self.tasks {
                self.all_but_one.fetch_add(time, Relaxed);
            }
        }
    }
}

impl Kind for Stragglers {
    type Output = (Option<Bytes>, Arc<Taken>);

    fn new(setup: Setup) -> Self {
        Self {
            taken: Arc::new(Taken {
                tasks: setup.tasks as u64,
                began: Began::new(),
                results: AtomicU64::new(0),
                first: AtomicU64::new(0),
                all_but_one: AtomicU64::new(0),
            }),
        }
    }

    fn resource(setup: Setup, index: usize) -> Resource {
        let late_ms = if index == 0 { LATE_MS } else { 0 };
        Resource::of_child(content::Kind::Body, late_ms, setup.payload_bytes, index)
    }

    #[inline]
    fn child(&self, client: Arc<Client>, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        if index == 0 {
            self.taken.begin();
        }
        let taken = self.taken.clone();
        async move { (client.body(index).await, taken) }
    }

    #[inline]
    fn digest((body, taken): Self::Output) -> u64 {
        taken.take();
        body.map_or(0, |body| sample(&body))
    }

    fn expected(resource: &Resource) -> Result<u64, String> {
        Ok(sample(&resource.body()))
    }

    fn add_to(&self, totals: Totals) -> Totals {
        let total = |ns: &AtomicU64| Duration::from_nanos(ns.load(Relaxed));
        Totals {
            first_result: Some(total(&self.taken.first)),
            all_but_one: (self.taken.tasks > 1).then(|| total(&self.taken.all_but_one)),
            ..totals
        }
    }
}

#[inline]
pub(super) fn entry() -> Entry {
    let mut entry = Entry {
        description: "Each child fetches; the answer to the first one comes late.",
        expectation: "All results take the same time with every strategy; the first ones come at once only with join_set and \
                      futures_unordered.",
        lasts: Duration::from_millis(LATE_MS),
        ..fetching_entry::<Stragglers>("http_straggler", &[64], 64)
    };
    // A run of the quick matrix has no time for it.
    entry.axes.quick = Sweep::over_tasks(&[]);
    entry
}
