//! `http_straggler`: fetches of which the first child's is answered 20 ms late. When does the parent have the first
//! result, when all but the straggler's, when all?
//!
//! A strategy takes a result when it digests it: `join!` and `join_all` have nothing before they have everything,
//! `spawn` awaits its handles in order and so waits for the straggler first, `join_set` and `futures_unordered` take
//! results as they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Entry, Setup, Workload, http_delay::LATE_MS};
use crate::http::client::Client;
use crate::http::content::{Kind, Resource, sample};
use crate::slice::Totals;

/// Fetches with a straggler among them.
pub struct Straggler {
    client: Arc<Client>,
    taken: Arc<Taken>,
    expected: Vec<u64>,
}

/// When results were taken. Only the parent writes: it makes the children and takes their results.
pub struct Taken {
    epoch: Instant,
    tasks: u64,
    /// When the iteration under way began, in ns since the epoch.
    began: AtomicU64,
    /// Results taken in it.
    results: AtomicU64,
    /// Time until the first, over all iterations, in ns.
    first: AtomicU64,
    /// Time until all but one, over all iterations, in ns.
    all_but_one: AtomicU64,
}

impl Taken {
    fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    fn begin(&self) {
        self.began.store(self.now(), Relaxed);
        self.results.store(0, Relaxed);
    }

    fn take(&self) {
        let results = self.results.fetch_add(1, Relaxed) + 1;
        if results == 1 || results + 1 == self.tasks {
            let time = self.now() - self.began.load(Relaxed);
            if results == 1 {
                self.first.fetch_add(time, Relaxed);
            }
            if results + 1 == self.tasks {
                self.all_but_one.fetch_add(time, Relaxed);
            }
        }
    }
}

impl Workload for Straggler {
    type Output = (Option<Bytes>, Arc<Taken>);

    const RESTS: bool = true;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let resources: Vec<Resource> = (0..setup.tasks)
            .map(|index| {
                let late_ms = if index == 0 { LATE_MS } else { 0 };
                Resource::of_child(Kind::Body, late_ms, setup.payload_bytes, index)
            })
            .collect();
        Ok(Self {
            client: Client::open(&resources).await?,
            taken: Arc::new(Taken {
                epoch: Instant::now(),
                tasks: setup.tasks as u64,
                began: AtomicU64::new(0),
                results: AtomicU64::new(0),
                first: AtomicU64::new(0),
                all_but_one: AtomicU64::new(0),
            }),
            expected: resources
                .iter()
                .map(|resource| sample(&resource.body()))
                .collect(),
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = Self::Output> + Send + 'static {
        if index == 0 {
            self.taken.begin();
        }
        let (client, taken) = (self.client.clone(), self.taken.clone());
        async move { (client.body(index).await, taken) }
    }

    fn digest((body, taken): Self::Output) -> u64 {
        taken.take();
        body.map_or(0, |body| sample(&body))
    }

    fn expected(&self, index: usize) -> u64 {
        self.expected[index]
    }

    fn totals(&self) -> Totals {
        let total = |ns: &AtomicU64| Duration::from_nanos(ns.load(Relaxed));
        Totals {
            first_result: Some(total(&self.taken.first)),
            all_but_one: (self.taken.tasks > 1).then(|| total(&self.taken.all_but_one)),
            ..self.client.totals()
        }
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
    Entry {
        served: true,
        lasts: Duration::from_millis(LATE_MS),
        ..Entry::of::<Straggler>("http_straggler", &[64])
    }
}
