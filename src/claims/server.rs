//! The use cases: a small server whose connections are spawned, or all held in one task, with one slow handler among
//! them. What do the others feel?

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use timed::locked::lock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Claim;
use super::experiment::{Experiment, ONE, Seen, TWO};
use super::scene::{Diary, Patience, Scene};
use crate::case::Flavor;
use crate::text::time;

use Patience::{CannotCome, Depends, MustCome};

/// Where a server's connections live.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Each in a task of its own.
    Spawned,
    /// All in the task that accepts them.
    InOneTask,
}

/// What the slow handler does until it is released.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slow {
    Awaits,
    Blocks,
    SpawnsBlocking,
}

/// The statements.
pub(super) fn claims() -> Vec<Claim> {
    let never = (Held::InOneTask, Slow::Blocks, CannotCome);
    let spawned = |condition, flavor, slow, patience| {
        let two = [(Held::Spawned, slow, patience), never];
        Experiment::of_two(condition, flavor, MEANWHILE, others, two)
    };
    vec![Claim {
        source: "text, spawn",
        statement: "Handling multiple user requests in a web server",
        instead: "Spawn each connection, and never block its thread: a handler that does stops more than its share, in the \
                  worst case the whole server. Handlers that only await serve as well from one task.",
        experiments: vec![
            spawned("the slow handler awaits", ONE, Slow::Awaits, MustCome),
            spawned("the slow handler awaits", TWO, Slow::Awaits, MustCome),
            spawned("it blocks in spawn_blocking", ONE, Slow::SpawnsBlocking, MustCome),
            spawned("it blocks in spawn_blocking", TWO, Slow::SpawnsBlocking, MustCome),
            spawned("it blocks the only thread", ONE, Slow::Blocks, CannotCome),
            Experiment::new(
                "it blocks one of two workers",
                TWO,
                MEANWHILE,
                || in_the_worst_of(50, || others(TWO, (Held::Spawned, Slow::Blocks, Depends))),
                move || others(TWO, never),
            ),
        ],
    }]
}

const MEANWHILE: &str = "the others are answered meanwhile";

/// The first look at which the others waited, or the last of so many.
///
/// Two workers, and yet a handler that blocks one can stop the server: the worker that polls the I/O driver runs the task
/// that it woke itself, and wakes another worker only if it has more than one (tokio 1.54,
/// `runtime/scheduler/multi_thread/worker.rs`, `should_notify_others`); the other sleeps on, and nobody polls the driver.
/// Which worker polls the driver when the slow request comes depends on who fell asleep first, which one look may miss.
fn in_the_worst_of(looks: usize, look: impl Fn() -> Seen) -> Seen {
    let mut seen = look();
    for _ in 1..looks {
        if seen.what != MEANWHILE {
            break;
        }
        seen = look();
    }
    seen
}

fn others(flavor: Flavor, (held, slow, patience): (Held, Slow, Patience)) -> Seen {
    let (tell, told) = mpsc::channel();
    let (release, released) = watch::channel(());
    let (unblock, blocked) = mpsc::channel();
    let scene = Scene::of(flavor, |diary| {
        let handler = Arc::new(Handler {
            diary: diary.clone(),
            slow,
            released,
            blocked: Mutex::new(blocked),
        });
        serve(held, handler, tell)
    });
    let address = told.recv().expect("the server listens on 127.0.0.1");
    let _slow = ask(address, "slow\n");
    scene.diary.must("slow");
    let began = Instant::now();
    let quick = ask(address, "quick\n");
    let _ = quick.set_read_timeout(Some(patience.limit()));
    let mut answer = String::new();
    let answered = BufReader::new(&quick).read_line(&mut answer).is_ok() && answer == "done\n";
    let waited = began.elapsed();
    drop((release, unblock));
    if answered {
        Seen {
            what: MEANWHILE.into(),
            figure: Some(time(waited.as_nanos() as f64)),
            case: None,
        }
    } else {
        Seen::from("the others wait for it")
    }
}

fn ask(address: SocketAddr, line: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server's backlog takes it");
    stream.write_all(line.as_bytes()).expect("it has room");
    stream
}

struct Handler {
    diary: Arc<Diary>,
    slow: Slow,
    released: watch::Receiver<()>,
    blocked: Mutex<mpsc::Receiver<()>>,
}

async fn serve(held: Held, handler: Arc<Handler>, tell: mpsc::Sender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let _ = tell.send(listener.local_addr().expect("an address"));
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => match held {
                Held::Spawned => drop(tokio::spawn(handler.clone().connection(stream))),
                Held::InOneTask => connections.push(handler.clone().connection(stream)),
            },
            Some(()) = connections.next() => {}
            else => return,
        }
    }
}

impl Handler {
    async fn connection(self: Arc<Self>, mut stream: tokio::net::TcpStream) {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            match stream.read_u8().await {
                Ok(byte) => line.push(byte),
                Err(_) => return,
            }
        }
        if line == b"slow\n" {
            self.clone().be_slow().await;
        }
        let _ = stream.write_all(b"done\n").await;
    }

    /// Until the observer drops the other end.
    async fn be_slow(self: Arc<Self>) {
        self.diary.write("slow");
        match self.slow {
            Slow::Awaits => {
                let _ = self.released.clone().changed().await;
            }
            Slow::Blocks => self.block(),
            Slow::SpawnsBlocking => {
                let _ = tokio::task::spawn_blocking(move || self.block()).await;
            }
        }
    }

    fn block(&self) {
        let _ = lock(&self.blocked).recv();
    }
}
