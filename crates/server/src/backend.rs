//! The backend: a plain hyper server on one thread.
//!
//! Not the mock server of the HTTP case (wiremock 0.6.5). That takes a global lock and copies the body for each request, and it
//! keeps each request that it matched (`MountedMock::matched_requests.push(request.clone())`, recording disabled or not), until
//! it is reset: 500 MB in 4 s of small requests. A fan-out can reset it between slices; a server under load has no
//! such moment. And its delays are one for a URL, not drawn for each call.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use timed::locked::lock;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::content::document;
use crate::delay::{Delay, one_of};
use crate::fault::{Fault, IN};

/// Calls of requests from this number on are held, as long as the backend holds.
pub const HELD: u64 = 1 << 62;

/// Connections that wait to be accepted, at most.
const BACKLOG: u32 = 4096;

/// What a backend does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behaviour {
    /// When it answers.
    pub delay: Delay,
    /// Of what is drawn.
    pub seed: u64,
    /// What goes wrong in one call of a hundred.
    pub fault: Option<Fault>,
}

/// A backend, shared by its connections and whoever asks it.
#[derive(Debug)]
pub struct Backend {
    behaviour: Behaviour,
    documents: Mutex<HashMap<(usize, usize), Bytes>>,
    held: AtomicU64,
    calls: Calls,
    holds: watch::Sender<bool>,
}

/// What became of the calls to it.
#[derive(Debug, Default)]
pub struct Calls {
    /// Were answered.
    pub answered: AtomicU64,
    /// Were given up by the caller before.
    pub given_up: AtomicU64,
}

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// A call under way.
struct Call<'a> {
    calls: &'a Calls,
    answered: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let calls = self.calls;
        let count = if self.answered {
            &calls.answered
        } else {
            &calls.given_up
        };
        count.fetch_add(1, Relaxed);
    }
}

/// A call that is held.
struct Held<'a>(&'a AtomicU64);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Backend {
    /// Of this behaviour.
    pub fn new(behaviour: Behaviour) -> Arc<Self> {
        Arc::new(Self {
            behaviour,
            documents: Mutex::default(),
            held: AtomicU64::new(0),
            calls: Calls::default(),
            holds: watch::Sender::new(true),
        })
    }

    /// Calls that are held now.
    pub fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    /// What became of the calls.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// From now on calls that can be held are, or are let go.
    pub fn hold(&self, holds: bool) {
        self.holds.send_replace(holds);
    }

    /// Serves, until it is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let served = self.clone();
        accept(listener, move |stream| {
            let backend = served.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| backend.clone().answer(request));
                // What a caller does to its connection is the caller's business.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        })
        .await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, std::io::Error> {
        let mut call = Call {
            calls: &self.calls,
            answered: false,
        };
        let Some((bytes, id, child)) = of_path(request.uri().path()) else {
            return Ok(plain(StatusCode::NOT_FOUND));
        };
        let Behaviour { delay, seed, fault } = self.behaviour;
        if id >= HELD {
            let mut holds = self.holds.subscribe();
            self.held.fetch_add(1, Relaxed);
            let _held = Held(&self.held);
            // The sender lives as long as this.
            let _ = holds.wait_for(|holds| !holds).await;
        } else {
            let delay = delay.of(seed, id, child as u64);
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
        }
        let document = self.document(bytes, child);
        let fault = fault.filter(|_| one_of(IN, seed, id, child as u64));
        if fault == Some(Fault::Hangs) {
            std::future::pending::<Infallible>().await;
        }
        call.answered = true;
        Ok(match fault {
            Some(Fault::Answers500) => plain(StatusCode::INTERNAL_SERVER_ERROR),
            Some(Fault::Cuts) => cut_off(&document),
            _ => whole(document),
        })
    }

    fn document(&self, bytes: usize, child: usize) -> Bytes {
        let mut documents = lock(&self.documents);
        let made = documents.entry((bytes, child));
        made.or_insert_with(|| document(bytes, child).into()).clone()
    }
}

/// `/BYTES/REQUEST/CHILD`.
fn of_path(path: &str) -> Option<(usize, u64, usize)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let call = (
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
        parts.next()?.parse().ok()?,
    );
    parts.next().is_none().then_some(call)
}

fn whole(document: Bytes) -> Answer {
    let mut response = Response::new(Full::new(document).map_err(|never| match never {}).boxed_unsync());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn plain(status: StatusCode) -> Answer {
    let mut response = whole(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Promises the whole document, sends half of it, and breaks the connection.
fn cut_off(document: &Bytes) -> Answer {
    let half = Frame::data(document.slice(..document.len() / 2));
    let broken = std::io::Error::other("cut off, as it is told to");
    let frames = futures_util::stream::iter([Ok(half)]).chain(futures_util::stream::once(async {
        // So that the half is sent before.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Err(broken)
    }));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(CONTENT_LENGTH, document.len().into());
    response
}

/// Listens on a free port of 127.0.0.1.
pub fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.listen(BACKLOG)
}

/// Accepts connections for ever, without Nagle's algorithm, as web servers do.
pub(crate) async fn accept(listener: TcpListener, mut connection: impl FnMut(tokio::net::TcpStream)) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                connection(stream);
            }
            Err(error) => not_accepted(&error).await,
        }
    }
}

/// A connection could not be accepted: said once, and tried again, as axum does.
pub(crate) async fn not_accepted(error: &std::io::Error) {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| eprintln!("a connection could not be accepted: {error}; see ulimit -n where files are too many"));
    tokio::time::sleep(Duration::from_millis(50)).await;
}
