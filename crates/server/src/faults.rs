//! Faults, counted: what becomes of requests when calls go wrong, and of calls when a client goes away.
//!
//! No clock decides anything here. Which calls go wrong is drawn beforehand, so that it is known which requests are met; and
//! what is awaited is events, with a limit that only a program that hangs reaches.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use measure::strategy::Strategy;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::backend::{Backend, Behaviour, HELD, listen};
use crate::content::expected;
use crate::delay::Delay;
use crate::fault::{Fault, meets};
use crate::files::make_room;
use crate::handler::{Injected, Setup, Watched, router};
use crate::plan::{FAULTY_TASKS, Faulty};
use crate::record::FaultSeen;
use crate::serving::{Way, serve};
use crate::trouble::Trouble;

/// Requests of a fault that meets one call of a hundred.
const REQUESTS: u64 = 200;

/// Clients that disconnect.
const DISCONNECTING: u64 = 20;

/// Bytes of a child's document.
const BYTES: usize = 1 << 10;

/// Whatever keeps a fault from being tried.
type Failure = Box<dyn std::error::Error>;

/// No event takes so long.
const LIMIT: Duration = Duration::from_secs(10);

/// Tries a fault under a strategy.
pub fn see(faulty: &Faulty, seed: u64) -> Result<FaultSeen, Trouble> {
    tried(faulty, seed).map_err(|error| Trouble::Failed(format!("{}: {error}", faulty.id())))
}

fn tried(faulty: &Faulty, seed: u64) -> Result<FaultSeen, Failure> {
    say_no_wanted_panics();
    // Both ends of all its connections are in this process. Where that is too many, a count shows it.
    let _ = make_room(0);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let seen = runtime.block_on(async {
        match faulty.fault {
            None => disconnected(faulty, seed).await,
            Some(fault) => wrong_calls(faulty, fault, seed).await,
        }
    });
    // Calls that hang are tasks of it.
    runtime.shutdown_background();
    seen
}

/// A panic that was asked for is no news.
fn say_no_wanted_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.payload_as_str().unwrap_or_default().ends_with("as it is told to") {
                before(panic);
            }
        }));
    });
}

/// A server and its backend, in this process.
pub struct Place {
    /// Where the server listens.
    pub address: SocketAddr,
    /// What it calls.
    pub backend: Arc<Backend>,
    /// What becomes of handlers and children.
    pub watched: Arc<Watched>,
    _deaf: TcpSocket,
}

impl Place {
    /// Serves on the current runtime.
    pub async fn begin(
        strategy: &str,
        tasks: usize,
        way: Way,
        fault: Option<Fault>,
        seed: u64,
    ) -> Result<Self, Failure> {
        let backend = Backend::new(Behaviour {
            delay: Delay::None,
            seed,
            fault: fault.filter(|fault| matches!(fault, Fault::Hangs | Fault::Cuts | Fault::Answers500)),
        });
        let listener = listen()?;
        // A port that is taken, and at which nobody listens.
        let deaf = TcpSocket::new_v4()?;
        deaf.bind(([127, 0, 0, 1], 0).into())?;
        let setup = Setup {
            strategy: strategy.to_owned(),
            tasks,
            bytes: BYTES,
            backend: listener.local_addr()?,
            refusing: Some(deaf.local_addr()?),
            seed,
            injected: Injected::default(),
            fault,
        };
        tokio::spawn(backend.clone().serve(listener));
        let watched = Arc::new(Watched::default());
        let router = router(&setup, false, Some(watched.clone()))?;
        let listener = listen()?;
        let address = listener.local_addr()?;
        tokio::spawn(serve(listener, router, way, false));
        Ok(Self {
            address,
            backend,
            watched,
            _deaf: deaf,
        })
    }
}

fn hangs(what: &str) -> Failure {
    format!("{what} within {} s", LIMIT.as_secs()).into()
}

async fn until(what: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !what() {
        if began.elapsed() > LIMIT {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    true
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answered,
    Answered502,
    Answered500,
    Closed,
    Other,
}

/// Requests to a server whose calls go wrong, one in a hundred.
async fn wrong_calls(faulty: &Faulty, fault: Fault, seed: u64) -> Result<FaultSeen, Failure> {
    let place = Place::begin(
        &faulty.strategy,
        FAULTY_TASKS,
        Way::TaskPerConnection,
        Some(fault),
        seed,
    )
    .await?;
    // A connection for each request: on one that was used before, a client may try again by itself.
    let http = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()?;
    let body = Arc::new(expected(FAULTY_TASKS, BYTES));
    let mut requests = JoinSet::new();
    for request in 0..REQUESTS {
        let (http, body) = (http.clone(), body.clone());
        let url = format!("http://{}/answer/{request}", place.address);
        requests.spawn(async move {
            match http.get(url).send().await {
                Err(_) => Outcome::Closed,
                Ok(response) => match (response.status().as_u16(), response.bytes().await) {
                    (200, Ok(bytes)) if bytes[..] == body[..] => Outcome::Answered,
                    (502, Ok(_)) => Outcome::Answered502,
                    (500, Ok(_)) => Outcome::Answered500,
                    _ => Outcome::Other,
                },
            }
        });
    }
    let met = (0..REQUESTS)
        .filter(|request| meets(seed, *request, FAULTY_TASKS))
        .count() as u64;
    let awaited = if fault == Fault::Hangs {
        REQUESTS - met
    } else {
        REQUESTS
    };
    let mut outcomes = Vec::new();
    let _ = timeout(LIMIT, async {
        while (outcomes.len() as u64) < awaited
            && let Some(outcome) = requests.join_next().await
        {
            outcomes.push(outcome.unwrap_or(Outcome::Other));
        }
    })
    .await;
    // More than are awaited, where calls were answered that hang.
    while let Some(outcome) = requests.try_join_next() {
        outcomes.push(outcome.unwrap_or(Outcome::Other));
    }
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count() as u64;
    let ended = outcomes.len() as u64;
    if ended < awaited || count(Outcome::Other) > 0 {
        return Err(hangs(&format!(
            "{ended} of {awaited} requests were answered, or closed, as can be"
        )));
    }
    Ok(FaultSeen {
        answered: count(Outcome::Answered),
        answered_502: count(Outcome::Answered502),
        answered_500: count(Outcome::Answered500),
        closed: count(Outcome::Closed),
        unanswered: REQUESTS - ended,
        ..nothing(faulty, REQUESTS, met)
    })
}

/// Clients that go away while the backend holds all calls of their requests.
async fn disconnected(faulty: &Faulty, seed: u64) -> Result<FaultSeen, Failure> {
    let place = Place::begin(&faulty.strategy, FAULTY_TASKS, Way::TaskPerConnection, None, seed).await?;
    let (backend, watched) = (&place.backend, &place.watched);
    let at_once = if faulty.strategy == "sequential" {
        1
    } else {
        FAULTY_TASKS as u64
    };
    let mut clients = Vec::new();
    for request in 0..DISCONNECTING {
        let mut client = TcpStream::connect(place.address).await?;
        let request = format!(
            "GET /answer/{} HTTP/1.1\r\nhost: {}\r\n\r\n",
            HELD + request,
            place.address
        );
        client.write_all(request.as_bytes()).await?;
        clients.push(client);
    }
    let calls = DISCONNECTING * at_once;
    if !until(|| backend.held() == calls).await {
        return Err(hangs("not all calls came to the backend"));
    }
    drop(clients);
    let handlers = &watched.handlers;
    if !until(|| handlers.dropped.load(Relaxed) == DISCONNECTING).await {
        return Err(hangs("not all handlers were dropped whose clients went away"));
    }
    let stops = faulty
        .strategy
        .parse()
        .is_ok_and(|strategy: Strategy| strategy.kind().stops_on_drop);
    let given_up = &backend.calls().given_up;
    if stops && !until(|| given_up.load(Relaxed) == calls).await {
        return Err(hangs("not all calls were given up whose handlers were dropped"));
    }
    // Whatever still waits for an answer has it now.
    backend.hold(false);
    let answered = &backend.calls().answered;
    let children = &watched.children;
    let ended = || children.ended.load(Relaxed) + children.dropped.load(Relaxed);
    let over = || answered.load(Relaxed) + given_up.load(Relaxed) == calls && ended() == children.began.load(Relaxed);
    if !until(over).await {
        return Err(hangs("not all calls ended"));
    }
    Ok(FaultSeen {
        calls,
        ran_on: children.ended.load(Relaxed),
        stopped: children.dropped.load(Relaxed),
        ..nothing(faulty, DISCONNECTING, DISCONNECTING)
    })
}

fn nothing(faulty: &Faulty, requests: u64, met: u64) -> FaultSeen {
    FaultSeen {
        id: faulty.id(),
        fault: faulty.fault,
        strategy: faulty.strategy.clone(),
        requests,
        met,
        ..FaultSeen::default()
    }
}
