//! Fan-outs as programs have them, which no unit cost was fitted to: each is predicted from a probe of its children and a
//! calibration of the machine, then measured (docs/ADVISE.md has the table):
//!
//!     JVS_TASKS=8,16,32 JVS_FLAVORS=current_thread,multi_thread_1 JVS_SITES=worker JVS_MINUTES=2 \
//!         cargo run --release -p jvs-programs --example scenarios -- --advise

use std::collections::HashMap;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use measure::workload::Entry;
use measure::{Setup, Target, Workload};
use tokio::sync::{Mutex, RwLock, Semaphore, mpsc, oneshot};

/// A cache that all requests share: its look-ups wait for nobody, and copy what they find.
static CACHE: LazyLock<RwLock<HashMap<String, Vec<u8>>>> = LazyLock::new(|| {
    let entry = |key| (format!("user:{key}"), vec![key as u8; 512]);
    RwLock::new((0..10_000).map(entry).collect())
});

async fn look_up(index: usize) -> Option<Vec<u8>> {
    let key = format!("user:{}", index * 97 % 10_000);
    CACHE.read().await.get(&key).cloned()
}

/// A document as an API answers it, some KiB long.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let item = |id| format!(r#"{{"id":{id},"name":"item {id}","tags":["a","b"],"price":{id}.25}}"#);
    format!("[{}]", (0..64).map(item).collect::<Vec<_>>().join(","))
});

async fn decode(_: usize) -> usize {
    let document: serde_json::Value = serde_json::from_str(&DOCUMENT).expect("it is JSON");
    document.as_array().map_or(0, Vec::len)
}

/// A deadline that comes after a millisecond or two.
async fn deadline(index: usize) -> usize {
    tokio::time::sleep(Duration::from_millis(1 + index as u64 % 2)).await;
    index
}

/// Reads a page, lets others run, and hashes it: 256 bytes live across the await.
async fn page(index: usize) -> u64 {
    let mut buffer = [index as u8; 256];
    buffer[0] = 1;
    tokio::task::yield_now().await;
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    std::hint::black_box(&buffer).iter().fold(0xcbf2_9ce4_8422_2325, hash)
}

/// What is asked of another task: a key, and where the answer goes.
type Request = (usize, oneshot::Sender<u64>);

async fn ask(requests: mpsc::UnboundedSender<Request>, key: usize) -> u64 {
    let (answer, answered) = oneshot::channel();
    if requests.send((key, answer)).is_err() {
        return 0;
    }
    answered.await.unwrap_or_default()
}

/// Another task that answers: an actor that owns a table, or a loader that gathers what is asked for and answers all at once.
struct Asking<const GATHERS: bool> {
    requests: mpsc::UnboundedSender<Request>,
}

async fn act(mut inbox: mpsc::UnboundedReceiver<Request>) {
    let table: HashMap<usize, u64> = (0..1_000).map(|key| (key, key as u64 * 3)).collect();
    while let Some((key, answer)) = inbox.recv().await {
        let _ = answer.send(table.get(&key).copied().unwrap_or_default());
    }
}

async fn load(mut inbox: mpsc::UnboundedReceiver<Request>) {
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, 1_024).await > 0 {
        for (key, answer) in batch.drain(..) {
            let _ = answer.send(key as u64 * 3);
        }
    }
}

impl<const GATHERS: bool> Workload for Asking<GATHERS> {
    type Output = u64;

    async fn set_up(_: Setup) -> Result<Self, String> {
        let (requests, inbox) = mpsc::unbounded_channel();
        match GATHERS {
            true => tokio::spawn(load(inbox)),
            false => tokio::spawn(act(inbox)),
        };
        Ok(Self { requests })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        ask(self.requests.clone(), index)
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index as u64 * 3
    }
}

/// A log that one child at a time may write to, which takes a turn of the runtime.
struct Log {
    lines: Arc<Mutex<Vec<usize>>>,
}

impl Workload for Log {
    type Output = u64;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Ok(Self { lines: Arc::default() })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let lines = self.lines.clone();
        async move {
            let mut lines = lines.lock().await;
            if lines.len() >= 1_024 {
                lines.clear();
            }
            lines.push(index);
            tokio::task::yield_now().await;
            index as u64
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index as u64
    }
}

/// An operation that succeeds at the fourth attempt, and lets others run before each next one.
async fn retry(index: usize) -> u64 {
    let mut state = index as u64;
    for attempt in 0..3 {
        state = state.rotate_left(7) ^ attempt;
        tokio::task::yield_now().await;
    }
    state
}

/// A request that answers at its second poll, within a second or not at all.
async fn timeout(index: usize) -> Option<usize> {
    let answer = async {
        tokio::task::yield_now().await;
        index
    };
    tokio::time::timeout(Duration::from_secs(1), answer).await.ok()
}

/// A child behind a pointer, as a trait object has it.
fn boxed(index: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        index
    })
}

/// Whichever comes first: the answer, which takes a turn, or the end of a second.
async fn select(index: usize) -> Option<usize> {
    tokio::select! {
        () = tokio::task::yield_now() => Some(index),
        () = tokio::time::sleep(Duration::from_secs(1)) => None,
    }
}

/// A buffer that is filled before the child is awaited, and summed after a turn.
fn buffered(index: usize) -> impl Future<Output = u64> + Send + 'static {
    let buffer = vec![index as u8; 1 << 10];
    async move {
        tokio::task::yield_now().await;
        std::hint::black_box(&buffer).iter().map(|byte| u64::from(*byte)).sum()
    }
}

/// A pool of four connections: whoever has one gives it back after a turn of the runtime.
struct Pool {
    permits: Arc<Semaphore>,
}

impl Workload for Pool {
    type Output = u64;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Ok(Self {
            permits: Arc::new(Semaphore::new(4)),
        })
    }

    fn child(&self, index: usize) -> impl Future<Output = u64> + Send + 'static {
        let permits = self.permits.clone();
        async move {
            let _permit = permits.acquire_owned().await;
            tokio::task::yield_now().await;
            index as u64
        }
    }

    fn digest(output: u64) -> u64 {
        output
    }

    fn expected(&self, index: usize) -> u64 {
        index as u64
    }
}

fn main() -> ExitCode {
    let target = Target {
        workloads: vec![
            Entry::of_children("look_up", look_up),
            Entry::of_children("decode", decode),
            Entry::of_children("deadline", deadline),
            Entry::of_children("page", page),
            Entry::of::<Asking<false>>("actor", &[0]),
            Entry::of::<Log>("log", &[0]),
            Entry::of_children("retry", retry),
            Entry::of_children("timeout", timeout),
            Entry::of_children("boxed", boxed),
            Entry::of::<Pool>("pool", &[0]),
            Entry::of_children("select", select),
            Entry::of_children("buffered", buffered),
            Entry::of::<Asking<true>>("loader", &[0]),
        ],
        ..Target::of_children("scenarios", look_up)
    };
    measure::measure(&target)
}
