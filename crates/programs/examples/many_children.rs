//! Many children, awaited by one strategy again and again on one thread: a program for tools that count what a processor does
//! (`scripts/cache-misses`), with nothing of the suite in it.
//!
//!     cargo run --release -p jvs-programs --example many_children -- join_all 1000 100
//!
//! awaits 100 fan-outs of 1,000 children that yield once, in a spawned task, as a server's handler would.

use std::hint::black_box;
use std::process::ExitCode;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::{self, FuturesUnordered};
use tokio::task::{JoinSet, yield_now};

async fn child(index: usize) -> usize {
    yield_now().await;
    index
}

/// The sum of what so many children return; `None` where there is no such strategy.
async fn fan_out(strategy: &str, children: usize) -> Option<usize> {
    let indices = 0..children;
    Some(match strategy {
        "join_all" => join_all(indices.map(child)).await.into_iter().sum(),
        "futures_unordered" => {
            let children: FuturesUnordered<_> = indices.map(child).collect();
            children.fold(0, async |sum, index| sum + index).await
        }
        "buffer_unordered@64" => {
            let children = stream::iter(indices.map(child)).buffer_unordered(64);
            children.fold(0, async |sum, index| sum + index).await
        }
        "spawn" => {
            let handles: Vec<_> = indices.map(|index| tokio::spawn(child(index))).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.expect("a child does not panic");
            }
            sum
        }
        "join_set" => {
            let mut set: JoinSet<usize> = indices.map(child).collect();
            let mut sum = 0;
            while let Some(index) = set.join_next().await {
                sum += index.expect("a child does not panic");
            }
            sum
        }
        _ => return None,
    })
}

const USAGE: &str = "usage: many_children join_all|futures_unordered|buffer_unordered@64|spawn|join_set CHILDREN TIMES";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.as_slice() {
        [strategy, children, times] => match (children.parse(), times.parse()) {
            (Ok(children), Ok(times)) => tokio::spawn(again(strategy.clone(), children, times)).await,
            _ => Ok(None),
        },
        _ => Ok(None),
    };
    if ended.expect("the task does not panic").is_none() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// Awaits the fan-out so many times; `None` where there is no such strategy.
async fn again(strategy: String, children: usize, times: usize) -> Option<()> {
    for _ in 0..times {
        let sum = black_box(fan_out(&strategy, black_box(children)).await)?;
        assert_eq!(sum, children * children.saturating_sub(1) / 2);
    }
    Some(())
}
