//! Many children, awaited by one strategy again and again on one thread: a program for tools that count what a processor does
//! (`scripts/cache-misses`), with nothing of the suite in it.
//!
//!     cargo run --release --example many_children -- join_all 1000 100
//!
//! awaits 100 fan-outs of 1,000 children that yield once, in a spawned task, as a server's handler would.

use std::hint::black_box;

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    const USAGE: &str =
        "usage: many_children join_all|futures_unordered|buffer_unordered@64|spawn|join_set CHILDREN TIMES";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [strategy, children, times] = arguments.try_into().map_err(|_| USAGE)?;
    let [children, times]: [usize; 2] = match (children.parse(), times.parse()) {
        (Ok(children), Ok(times)) => [children, times],
        _ => return Err(USAGE.into()),
    };
    let sums = tokio::spawn(async move {
        for _ in 0..times {
            let sum = black_box(fan_out(&strategy, black_box(children)).await)?;
            assert_eq!(sum, children * children.saturating_sub(1) / 2);
        }
        Some(())
    });
    sums.await.expect("the task does not panic").ok_or(USAGE.into())
}
