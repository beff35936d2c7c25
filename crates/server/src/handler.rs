//! The handler under test: fans out to the backend by reqwest, and answers with what it makes of the documents.
//!
//! One `async fn` for all strategies, which are its type parameter: which one it is, is chosen where the router is made, outside of
//! what runs for each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use timed::strategy::{Local, Shared, Spawner, Strategy};
use timed::usage::thread_cpu_time;

use crate::content::{Part, Todo, answer};
use crate::delay::one_of;
use crate::fault::{Fault, IN};
use crate::strategy::{BufferUnordered, Count, Fetched, FuturesUnordered, Gather, Join, JoinSet, Sequential, Spawn};

/// What a handler needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// How children are awaited: a strategy's id.
    pub strategy: String,
    /// Children of a request.
    pub tasks: usize,
    /// Bytes of each child's document.
    pub bytes: usize,
    /// Where the backend listens.
    pub backend: SocketAddr,
    /// Where nobody listens.
    pub refusing: Option<SocketAddr>,
    /// Of what is drawn.
    pub seed: u64,
    /// What is added on purpose, to be found again.
    pub injected: Injected,
    /// What goes wrong on purpose.
    pub fault: Option<Fault>,
}

/// What is added to a request on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// CPU time of each request.
    pub cpu: Duration,
    /// Delay of one child in a hundred.
    pub delay: Duration,
}

/// What became of handlers and their children: counted where somebody asks.
#[derive(Debug, Default)]
pub struct Watched {
    /// Handlers.
    pub handlers: Fates,
    /// Their children.
    pub children: Fates,
}

/// How many began, ended, and were dropped before they did.
#[derive(Debug, Default)]
pub struct Fates {
    /// Began.
    pub began: AtomicU64,
    /// Came to their end.
    pub ended: AtomicU64,
    /// Were dropped before.
    pub dropped: AtomicU64,
}

/// One that is watched.
struct Fate<'a> {
    fates: &'a Fates,
    ended: bool,
}

impl Fates {
    fn begin(&self) -> Fate<'_> {
        self.began.fetch_add(1, Relaxed);
        Fate {
            fates: self,
            ended: false,
        }
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        let fates = self.fates;
        let count = if self.ended { &fates.ended } else { &fates.dropped };
        count.fetch_add(1, Relaxed);
    }
}

/// What all requests share.
struct App {
    setup: Setup,
    count: Count,
    http: reqwest::Client,
    watched: Option<Arc<Watched>>,
}

/// Why there is no answer.
enum Trouble {
    /// A call to the backend failed.
    Call(reqwest::Error),
    /// A child panicked in a task of its own.
    Child(tokio::task::JoinError),
}

impl App {
    fn url(&self, request: u64, child: usize) -> String {
        let Setup { bytes, seed, .. } = self.setup;
        let mut address = self.setup.backend;
        if let (Some(Fault::Refuses), Some(refusing)) = (self.setup.fault, self.setup.refusing)
            && one_of(IN, seed, request, child as u64)
        {
            address = refusing;
        }
        format!("http://{address}/{bytes}/{request}/{child}")
    }

    async fn child(self: Arc<Self>, request: u64, child: usize) -> Fetched {
        let mut fate = self.watched.as_ref().map(|watched| watched.children.begin());
        let Setup {
            seed, injected, fault, ..
        } = self.setup;
        if !injected.delay.is_zero() && one_of(100, seed, request, child as u64) {
            tokio::time::sleep(injected.delay).await;
        }
        if fault == Some(Fault::Panics) && one_of(IN, seed, request, child as u64) {
            panic!("child {child} of request {request} panics, as it is told to");
        }
        let response = self.http.get(self.url(request, child)).send().await?;
        let todos: Vec<Todo> = response.error_for_status()?.json().await?;
        if let Some(fate) = &mut fate {
            fate.ended = true;
        }
        Ok(Part::of(child, &todos))
    }
}

async fn work<G: Gather>(State(app): State<Arc<App>>, Path(request): Path<u64>) -> Response {
    let mut fate = app.watched.as_ref().map(|watched| watched.handlers.begin());
    let results = G::gather(app.count, |child| app.clone().child(request, child)).await;
    if !app.setup.injected.cpu.is_zero() {
        compute(app.setup.injected.cpu);
    }
    let parts: Result<Vec<Part>, Trouble> = results
        .into_iter()
        .map(|joined| joined.map_err(Trouble::Child)?.map_err(Trouble::Call))
        .collect();
    if let Some(fate) = &mut fate {
        fate.ended = true;
    }
    match parts {
        Ok(parts) => respond(StatusCode::OK, "application/json", answer(parts)),
        Err(Trouble::Call(error)) => respond(StatusCode::BAD_GATEWAY, "text/plain", error.to_string().into()),
        Err(Trouble::Child(error)) => respond(
            StatusCode::INTERNAL_SERVER_ERROR,
            "text/plain",
            error.to_string().into(),
        ),
    }
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A handler that blocks its thread, as a call of the standard library or of a database driver does.
async fn block(ms: Path<u64>) -> Response {
    std::thread::sleep(blocked_for(ms));
    respond(StatusCode::OK, "text/plain", b"blocked".to_vec())
}

/// The same, where the worker's place was handed to another thread.
async fn block_in_place(ms: Path<u64>) -> Response {
    tokio::task::block_in_place(|| std::thread::sleep(blocked_for(ms)));
    respond(StatusCode::OK, "text/plain", b"blocked".to_vec())
}

fn blocked_for(Path(ms): Path<u64>) -> Duration {
    Duration::from_millis(ms.min(1_000))
}

/// A handler that computes.
async fn busy(Path(us): Path<u64>) -> Response {
    compute(Duration::from_micros(us.min(1_000_000)));
    respond(StatusCode::OK, "text/plain", b"computed".to_vec())
}

/// Uses so much CPU time of this thread.
fn compute(time: Duration) {
    thread_local!(static BEGAN: Instant = Instant::now());
    // Where there is no such clock, as long as that.
    let now = || thread_cpu_time().unwrap_or_else(|| BEGAN.with(Instant::elapsed));
    let began = now();
    while now().saturating_sub(began) < time {
        std::hint::spin_loop();
    }
}

/// Whether a handler can have that strategy with so many children.
pub fn has(strategy: Strategy, tasks: usize) -> bool {
    let named = |one: &&str| one.split('@').next() == Some(strategy.name());
    crate::strategy::ALL.iter().any(named)
        && (strategy.name() != "join_set" || strategy.bound().is_none())
        && (strategy.name() != "join" || crate::strategy::ARITIES.contains(&tasks))
}

/// The router of a server; children are spawned by `spawn_local` where `local` says so.
pub fn router(setup: &Setup, local: bool, watched: Option<Arc<Watched>>) -> Result<Router, String> {
    if local {
        router_that_spawns::<Local>(setup, watched)
    } else {
        router_that_spawns::<Shared>(setup, watched)
    }
}

fn router_that_spawns<S: Spawner>(setup: &Setup, watched: Option<Arc<Watched>>) -> Result<Router, String> {
    let wrong = || format!("no handler awaits {} children by {}", setup.tasks, setup.strategy);
    let strategy: Strategy = setup.strategy.parse().map_err(|_| wrong())?;
    if !has(strategy, setup.tasks) {
        return Err(wrong());
    }
    let work = match (strategy.name(), setup.tasks) {
        ("join", 1) => get(work::<Join<1>>),
        ("join", 2) => get(work::<Join<2>>),
        ("join", 3) => get(work::<Join<3>>),
        ("join", 4) => get(work::<Join<4>>),
        ("join", 8) => get(work::<Join<8>>),
        ("join", 16) => get(work::<Join<16>>),
        ("join", 32) => get(work::<Join<32>>),
        ("spawn", _) => get(work::<Spawn<S>>),
        ("join_set", _) => get(work::<JoinSet<S>>),
        ("futures_unordered", _) => get(work::<FuturesUnordered>),
        ("buffer_unordered", _) => get(work::<BufferUnordered>),
        ("sequential", _) => get(work::<Sequential>),
        _ => return Err(wrong()),
    };
    let client = reqwest::Client::builder().no_proxy().build();
    let app = App {
        // As `crates/timed/src/http/client.rs` holds it: no proxy, no TLS, no timeout, connections kept alive.
        http: client.map_err(|error| format!("no client: {error}"))?,
        count: Count {
            tasks: setup.tasks,
            bound: strategy.bound().unwrap_or(usize::MAX),
        },
        setup: setup.clone(),
        watched,
    };
    Ok(Router::new()
        .route("/answer/{request}", work)
        .route("/block/{ms}", get(block))
        .route("/block_in_place/{ms}", get(block_in_place))
        .route("/compute/{us}", get(busy))
        .with_state(Arc::new(app)))
}
