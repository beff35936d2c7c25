//! What the workloads that fetch have in common: a client with a connection for each child, which settles between
//! iterations. What they fetch, and what they do with it, is their [`Kind`].

use std::future::Future;
use std::sync::Arc;

use super::entry::WORKER;
use super::{Axes, Entry, Full, Sweep};
use crate::children::{Setup, Workload};
use crate::http::client::Client;
use crate::http::content::Resource;
use crate::slice::Totals;

/// A kind of fetching.
pub trait Kind: Send + Sync + Sized + 'static {
    /// What one child returns.
    type Output: Send + 'static;

    /// [`Workload::MOST_JOINED`]: a reqwest future is large, and so is each `join!` of them.
    const MOST_JOINED: usize = 8;

    /// Made for one block.
    fn new(setup: Setup) -> Self;

    /// What child `index` fetches.
    fn resource(setup: Setup, index: usize) -> Resource;

    /// Child `index`.
    fn child(&self, client: Arc<Client>, index: usize) -> impl Future<Output = Self::Output> + Send + 'static;

    /// [`Workload::digest`].
    fn digest(output: Self::Output) -> u64;

    /// The digest of a child that fetches this. The error is the reason for which the case failed.
    ///
    /// # Errors
    ///
    /// Where the resource is not what the workload takes.
    fn expected(resource: &Resource) -> Result<u64, String>;

    /// What it counts beside the client, in the client's totals.
    fn add_to(&self, totals: Totals) -> Totals {
        totals
    }
}

/// Fetches of a kind.
pub struct Fetching<K> {
    client: Arc<Client>,
    expected: Vec<u64>,
    kind: K,
}

impl<K: Kind> Workload for Fetching<K> {
    type Output = K::Output;

    const MOST_JOINED: usize = K::MOST_JOINED;
    const SETTLES: bool = true;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        let resources: Vec<Resource> = (0..setup.tasks).map(|index| K::resource(setup, index)).collect();
        Ok(Self {
            client: Client::open(&resources).await?,
            expected: resources.iter().map(K::expected).collect::<Result<_, _>>()?,
            kind: K::new(setup),
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = K::Output> + Send + 'static {
        self.kind.child(self.client.clone(), index)
    }

    fn digest(output: K::Output) -> u64 {
        K::digest(output)
    }

    fn expected(&self, index: usize) -> u64 {
        self.expected[index]
    }

    fn totals(&self) -> Totals {
        self.kind.add_to(self.client.totals())
    }

    fn before_slice(&self, _children_at_once: usize) {
        self.client.before_slice();
    }

    fn settle(&self) -> impl Future<Output = ()> + Send {
        self.client.settle()
    }

    fn failure_reason(&self) -> Option<String> {
        self.client.failure_reason()
    }
}

/// The part of a fetching workload's entry that is the same for all: three children, as in the article, over one payload
/// (bytes).
pub(super) fn fetching_entry<K: Kind>(name: &'static str, payloads: &'static [usize], payload: usize) -> Entry {
    let sweep = Sweep {
        tasks_at: payload,
        payloads_at: 3,
        ..Sweep::over_tasks(&[3])
    };
    Entry {
        target: "http",
        served: true,
        axes: Axes {
            quick: sweep,
            default: sweep,
            full: Full {
                tasks: &[3],
                sites: WORKER,
            },
            ..Axes::OWN
        },
        ..Entry::of::<Fetching<K>>(name, payloads)
    }
}
