//! The client: reqwest, as a user would hold it, one for the runtime of each block.
//!
//! No proxy, whatever the environment says; no TLS; connections opened before anything is timed, kept alive, and
//! counted. No timeouts: the time that a request may take is watched from outside (`src/watchdog.rs`), since a timer
//! for each request would be measured with it.

use std::error::Error;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;
use tower::util::MapResponseLayer;

use super::content::Resource;
use super::server::{Server, server};
use crate::slice::Totals;

/// Milliseconds that the server makes the first requests wait: as long as all are under way, each needs a
/// connection of its own.
const HOLD_MS: u64 = 2;
/// How long settling may last. It is some microseconds, unless the machine is busy.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// A client and what its children fetch.
pub struct Client {
    http: reqwest::Client,
    server: &'static Server,
    /// The URL of each child.
    urls: Vec<String>,
    /// Connections opened so far.
    opened: Arc<AtomicU64>,
    /// The first error that a child met.
    failure_reason: OnceLock<String>,
    /// Tasks alive in the runtime while nothing is fetched, beside one for each connection.
    tasks_at_rest: AtomicUsize,
    _in_use: OwnedMutexGuard<()>,
}

impl Client {
    /// Opens a connection for each child. `resources` are what the children fetch; bodies are compared whole here.
    ///
    /// # Errors
    ///
    /// Why there is no client: no server, or one that does not answer as it should.
    pub async fn open(resources: &[Resource]) -> Result<Arc<Self>, String> {
        check_limit(resources.len() as u64)?;
        let server = server()?;
        let in_use = server.in_use.clone().lock_owned().await;
        server.reset()?;
        let opened = Arc::new(AtomicU64::new(0));
        let count = opened.clone();
        let http = reqwest::Client::builder()
            .no_proxy()
            .connector_layer(MapResponseLayer::new(move |connection| {
                count.fetch_add(1, Relaxed);
                connection
            }))
            .build()
            .map_err(|error| format!("no client: {}", whole(&error)))?;
        let base = format!("http://{}", server.address());
        let client = Arc::new(Self {
            http,
            server,
            urls: resources
                .iter()
                .map(|resource| format!("{base}{}", resource.path()))
                .collect(),
            opened,
            failure_reason: OnceLock::new(),
            tasks_at_rest: AtomicUsize::new(0),
            _in_use: in_use,
        });
        let bodies: Vec<Vec<u8>> = resources.iter().map(Resource::body).collect();
        let urls = |late_ms| -> Vec<String> {
            let late = resources.iter().map(|resource| Resource { late_ms, ..*resource });
            late.map(|resource| format!("{base}{}", resource.path())).collect()
        };
        client.fetch_all(urls(HOLD_MS), &bodies, false).await?;
        // Nothing says when the connections are back in the pool; soon after, they are.
        tokio::time::sleep(Duration::from_millis(1)).await;
        client.at_rest();
        for spawned in [false, true] {
            client.fetch_all(urls(0), &bodies, spawned).await?;
            client.settle().await;
        }
        Ok(client)
    }

    fn other_tasks(&self) -> usize {
        let tasks = Handle::current().metrics().num_alive_tasks();
        tasks.saturating_sub(self.opened.load(Relaxed) as usize)
    }

    /// To be called while nothing is fetched, in the task that will fetch: what is alive then is no fetch.
    fn at_rest(&self) {
        self.tasks_at_rest.store(self.other_tasks(), Relaxed);
    }

    /// Before each slice. The server forgets what it served, so that its memory stays that of one slice's requests.
    pub fn before_slice(&self) {
        self.at_rest();
        // A server that is gone fails the fetches, which say more.
        let _ = self.server.reset();
    }

    /// Waits until all connections are back in the pool.
    ///
    /// hyper-util hands a body to its reader before the connection is free again, and leaves the connection to a task
    /// that puts it into the pool when it is (hyper-util 0.1, `client/legacy/client.rs`, `on_idle`). A fan-out that
    /// follows at once finds the pool empty and opens up to N more: then it is that what is measured. So the tasks
    /// that are alive are counted.
    pub async fn settle(&self) {
        let began = Instant::now();
        loop {
            let tasks = self.other_tasks();
            // The last slice's task may have been alive still when this slice's began to count.
            if tasks <= self.tasks_at_rest.fetch_min(tasks, Relaxed) || began.elapsed() > LONGEST_REST {
                return;
            }
            // In block_on the runtime's own yield returns at once; this thread must not take the core from the
            // one that it waits for.
            std::thread::yield_now();
            tokio::task::yield_now().await;
        }
    }

    /// Fetches all at once, in this task or in tasks of their own, and compares every body.
    async fn fetch_all(&self, urls: Vec<String>, expected: &[Vec<u8>], spawned: bool) -> Result<(), String> {
        let fetches = urls.iter().cloned().map(|url| {
            let http = self.http.clone();
            async move { get(&http, &url).await }
        });
        let bodies: Vec<Result<Bytes, reqwest::Error>> = if spawned {
            let tasks: Vec<_> = fetches.map(tokio::spawn).collect();
            join_all(tasks)
                .await
                .into_iter()
                .map(|joined| joined.expect("a fetch does not panic"))
                .collect()
        } else {
            join_all(fetches).await
        };
        for (body, (url, expected)) in bodies.into_iter().zip(urls.iter().zip(expected)) {
            let body = body.map_err(|error| whole(&error))?;
            if body != *expected {
                return Err(format!(
                    "GET {url}: {} bytes, not the body of {}",
                    body.len(),
                    expected.len()
                ));
            }
        }
        Ok(())
    }

    /// Child `index`: fetches a body to its end. An error is noted, as a user would log it.
    pub async fn body(self: Arc<Self>, index: usize) -> Option<Bytes> {
        match get(&self.http, &self.urls[index]).await {
            Ok(body) => Some(body),
            Err(error) => self.note(&error),
        }
    }

    /// Child `index`: fetches a JSON document and decodes it.
    pub async fn json<T: serde::de::DeserializeOwned>(self: Arc<Self>, index: usize) -> Option<T> {
        match get_json(&self.http, &self.urls[index]).await {
            Ok(document) => Some(document),
            Err(error) => self.note(&error),
        }
    }

    #[cold]
    fn note<T>(&self, error: &reqwest::Error) -> Option<T> {
        self.failure_reason.get_or_init(|| whole(error));
        None
    }

    /// The first error that a child met.
    pub fn failure_reason(&self) -> Option<String> {
        self.failure_reason.get().cloned()
    }

    /// The server's CPU time and the connections opened.
    pub fn totals(&self) -> Totals {
        Totals {
            server_cpu: self.server.cpu_time().ok(),
            connections: Some(self.opened.load(Relaxed)),
            ..Totals::default()
        }
    }
}

/// Files that a process has open beside its connections: a dozen, and room.
const OTHER_FILES: u64 = 24;

/// Whether so many connections can be open, here and in the server, which has the same limit. wiremock stops to
/// accept where it is reached, and the client would learn of no more than closed connections.
fn check_limit(connections: u64) -> Result<(), String> {
    #[cfg(unix)]
    if let Some(limit) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current
        && connections + OTHER_FILES > limit
    {
        return Err(format!(
            "{connections} connections do not fit into the limit of {limit} open files (ulimit -n), of which \
             {OTHER_FILES} are kept for others"
        ));
    }
    Ok(())
}

async fn get(client: &reqwest::Client, url: &str) -> Result<Bytes, reqwest::Error> {
    client.get(url).send().await?.error_for_status()?.bytes().await
}

async fn get_json<T: serde::de::DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, reqwest::Error> {
    client.get(url).send().await?.error_for_status()?.json().await
}

/// An error with all its sources: reqwest's own says that something failed, its sources say what.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}
