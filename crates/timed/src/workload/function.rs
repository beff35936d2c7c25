//! Children made by a function: the shortest way to have a child of one's own measured.

use std::hint::black_box;
use std::sync::Arc;

use super::{Entry, Opening, erased};
use crate::children::{Setup, Workload};

/// Children made by `F`, which have nothing to set up.
struct FromFunction<F>(Arc<F>);

impl<F, C> Workload for FromFunction<F>
where
    F: Fn(usize) -> C + Send + Sync + 'static,
    C: Future<Output: Send> + Send + 'static,
{
    type Output = C::Output;

    // Each is compiled into the reader's own build, and a future may be large.
    const MOST_JOINED: usize = 64;

    async fn set_up(_: Setup) -> Result<Self, String> {
        Err("a function has nothing to set up: its entry opens it".into())
    }

    fn child(&self, index: usize) -> impl Future<Output = C::Output> + Send + 'static {
        (self.0)(index)
    }

    /// Nothing is known of the output but that it is there.
    fn digest(output: C::Output) -> u64 {
        black_box(output);
        1
    }

    fn expected(&self, _index: usize) -> u64 {
        1
    }
}

impl Entry {
    /// A workload whose child `index` is `child(index)`, in a bench target of its own name, over 2 to 32 children.
    pub fn of_children<F, C>(name: &'static str, child: F) -> Self
    where
        F: Fn(usize) -> C + Send + Sync + 'static,
        C: Future<Output: Send> + Send + 'static,
    {
        let child = Arc::new(child);
        Entry {
            open: Arc::new(move |setup| -> Opening {
                let child = child.clone();
                Box::pin(async move { Ok(erased(Arc::new(FromFunction(child)), setup.tasks)) })
            }),
            ..Entry::of::<FromFunction<F>>(name, &[0])
        }
    }
}
