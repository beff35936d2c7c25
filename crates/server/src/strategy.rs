//! The strategies, as a handler has them: the expressions of `crates/timed/src/strategy`, but that results are kept. There an
//! iteration is a sum of digests, which no response can be made of.
//!
//! A child of `join!` and its kin is polled in the handler's own task, so that its panic is the handler's; whoever awaits a
//! handle gets a `JoinError` in its place. So a result may be one.

use std::future::Future;
use std::marker::PhantomData;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered as Unordered;
use tokio::task::{JoinError, JoinSet as Set};

use timed::strategy::Spawner;

use crate::content::Part;

/// The strategies that a handler can have, in the order of tables; `buffer_unordered` with a bound that holds all children.
pub const ALL: [&str; 6] = [
    "join",
    "spawn",
    "join_set",
    "futures_unordered",
    "buffer_unordered@64",
    "sequential",
];

/// How many children a request has, and how many of them a strategy with a bound holds at once.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// The children.
    pub tasks: usize,
    /// The most that are held at once.
    pub bound: usize,
}

/// What a child fetches.
pub type Fetched = Result<Part, reqwest::Error>;

/// What becomes of a child.
pub type Outcome = Result<Fetched, JoinError>;

/// What makes the child of a number.
pub trait Child: Fn(usize) -> Self::Future + Send + Sync {
    /// The child.
    type Future: Future<Output = Fetched> + Send + 'static;
}

impl<M, C> Child for M
where
    M: Fn(usize) -> C + Send + Sync,
    C: Future<Output = Fetched> + Send + 'static,
{
    type Future = C;
}

/// A way to await the children of one request.
pub trait Gather: Send + Sync + 'static {
    /// Makes the children, awaits them all, and returns their results in any order.
    fn gather(count: Count, child: impl Child) -> impl Future<Output = Vec<Outcome>> + Send;
}

/// `tokio::join!` of `N` children.
pub struct Join<const N: usize>;

macro_rules! joins {
    ($($n:literal)+) => {
        /// The numbers of children for which a `tokio::join!` is compiled in.
        pub const ARITIES: &[usize] = &[$($n),+];

        $(seq_macro::seq!(I in 0..$n {
            impl Gather for Join<$n> {
                async fn gather(_: Count, child: impl Child) -> Vec<Outcome> {
                    let (#(result~I,)*) = tokio::join!(#(child(I),)*);
                    vec![#(Ok(result~I),)*]
                }
            }
        });)+
    };
}
joins! { 1 2 3 4 8 16 32 }

/// `tokio::spawn` for each child, every handle awaited in order.
pub struct Spawn<S>(PhantomData<S>);

impl<S: Spawner> Gather for Spawn<S> {
    async fn gather(count: Count, child: impl Child) -> Vec<Outcome> {
        let handles: Vec<_> = (0..count.tasks).map(|index| S::spawn(child(index))).collect();
        let mut results = Vec::with_capacity(count.tasks);
        for handle in handles {
            results.push(handle.await);
        }
        results
    }
}

/// A `JoinSet`, results taken as they come.
pub struct JoinSet<S>(PhantomData<S>);

impl<S: Spawner> Gather for JoinSet<S> {
    async fn gather(count: Count, child: impl Child) -> Vec<Outcome> {
        let mut set = Set::new();
        for index in 0..count.tasks {
            S::spawn_in(&mut set, child(index));
        }
        let mut results = Vec::with_capacity(count.tasks);
        while let Some(result) = set.join_next().await {
            results.push(result);
        }
        results
    }
}

/// A `FuturesUnordered`, drained.
pub struct FuturesUnordered;

impl Gather for FuturesUnordered {
    async fn gather(count: Count, child: impl Child) -> Vec<Outcome> {
        let mut children: Unordered<_> = (0..count.tasks).map(child).collect();
        let mut results = Vec::with_capacity(count.tasks);
        while let Some(result) = children.next().await {
            results.push(Ok(result));
        }
        results
    }
}

/// `StreamExt::buffer_unordered`, drained.
pub struct BufferUnordered;

impl Gather for BufferUnordered {
    async fn gather(count: Count, child: impl Child) -> Vec<Outcome> {
        let mut children = futures_util::stream::iter((0..count.tasks).map(child)).buffer_unordered(count.bound);
        let mut results = Vec::with_capacity(count.tasks);
        while let Some(result) = children.next().await {
            results.push(Ok(result));
        }
        results
    }
}

/// One child after the other.
pub struct Sequential;

impl Gather for Sequential {
    async fn gather(count: Count, child: impl Child) -> Vec<Outcome> {
        let mut results = Vec::with_capacity(count.tasks);
        for index in 0..count.tasks {
            results.push(Ok(child(index).await));
        }
        results
    }
}
