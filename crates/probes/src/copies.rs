//! Copies: the same source compiled once more, for the same children, into code that lies elsewhere.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::slice::Totals;
use crate::{Setup, Workload};

/// A workload under another type, so that whatever is generic over it is compiled again: the strategy, the timed loop,
/// tokio's tasks.
pub(crate) struct Copied<W>(Arc<W>);

impl<W> Copied<W> {
    /// A copy that shares what was set up.
    pub(crate) fn of(workload: Arc<W>) -> Self {
        Self(workload)
    }
}

pin_project! {
    /// A child under another type.
    struct CopiedChild<F> {
        #[pin]
        child: F,
    }
}

impl<F: Future> Future for CopiedChild<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().child.poll(cx)
    }
}

impl<W: Workload> Workload for Copied<W> {
    type Output = W::Output;
    const INLINE_BYTES: usize = W::INLINE_BYTES;
    const SETTLES: bool = W::SETTLES;

    async fn set_up(setup: Setup) -> Result<Self, String> {
        Ok(Self(Arc::new(W::set_up(setup).await?)))
    }

    fn child(&self, index: usize) -> impl Future<Output = W::Output> + Send + 'static {
        CopiedChild {
            child: self.0.child(index),
        }
    }

    fn digest(output: W::Output) -> u64 {
        W::digest(output)
    }

    fn expected(&self, index: usize) -> u64 {
        self.0.expected(index)
    }

    fn before_slice(&self, children_at_once: usize) {
        self.0.before_slice(children_at_once);
    }

    fn totals(&self) -> Totals {
        self.0.totals()
    }

    fn settle(&self) -> impl Future<Output = ()> + Send {
        self.0.settle()
    }

    fn failure_reason(&self) -> Option<String> {
        self.0.failure_reason()
    }
}
