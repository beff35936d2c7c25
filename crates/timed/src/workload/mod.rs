//! Workloads: what each child does. One file a workload, one line in the list below.

mod began;
mod entry;
#[cfg(feature = "http")]
pub mod fetching;
mod function;
mod inline;
mod opened;

pub use entry::{Axes, Entry, Full, Open, Sweep, Variants};
pub use inline::{INLINE_PAYLOADS, Inline, InlineChild, open_inline};
pub use opened::{Children, MACHINERY, Machinery, Opened, Opening, erased, erased_with, open};

use inline::inline_entry;

/// The workload of that name: one of `entries`, or one of their [variants](Variants).
pub fn find(entries: &[Entry], name: &str) -> Option<Entry> {
    if let Some(entry) = entries.iter().find(|entry| entry.name == name) {
        return Some(entry.clone());
    }
    let (base, parameters) = name.split_once('@')?;
    let mut bases = entries.iter().filter(|entry| entry.name == base);
    bases.find_map(|entry| {
        let variant = (entry.variants?.make)(parameters)?;
        Some(Entry {
            // A target may have made axes of its own.
            target: entry.target,
            axes: Axes {
                on_request: true,
                ..entry.axes
            },
            ..variant
        })
    })
}

/// Declares the modules and the list of their entries. A module offers `entry() -> Entry`.
///
/// `entry()` is `#[inline]`, and so is all that a slice runs and that is not generic: then it is compiled where it is called, in the
/// package of the loops, as a program's own functions are compiled with its loops.
macro_rules! workloads {
    ($($(#[doc = $doc:literal])+ $(#[cfg($condition:meta)])? $module:ident;)+) => {
        $($(#[doc = $doc])+ $(#[cfg($condition)])? pub mod $module;)+

        /// All workloads of the bench targets, in the order in which lists and pages show them. Whoever calls it compiles their loops:
        /// one package does, `jvs-loops`, and the others ask that one.
        #[allow(clippy::vec_init_then_push, reason = "some of them may be left out")]
        #[inline]
        pub fn all_compiled_here() -> Vec<Entry> {
            let mut all = Vec::new();
            $($(#[cfg($condition)])? all.push($module::entry());)+
            all
        }
    };
}

workloads! {
    /// One `yield_now().await`, the payload alive across it.
    r#yield;
    /// Ready in its first poll.
    ready;
    /// Waits for a signal of its own; the signals are fired one at a time.
    wake;
    /// Holds a Mutex that all share, for one yield.
    mutex;
    /// Hashes its payload, which lies on the heap.
    compute;
    /// Computes in its first child; the others wait for it, or not.
    hot;
    /// Sleeps for a millisecond or two.
    timers;
    /// Is dropped half done.
    cancel;
    /// Fetches a body from the mock server.
    #[cfg(feature = "http")]
    http;
    /// The same from a server that answers late.
    #[cfg(feature = "http")]
    http_delay;
    /// Fetches a JSON document and decodes it.
    #[cfg(feature = "http")]
    http_parse;
    /// Fetches of which one is answered late.
    #[cfg(feature = "http")]
    http_straggler;
}

#[cfg(test)]
mod tests {
    use super::{InlineChild, ready::Ready, r#yield::Yield};

    #[test]
    fn an_inline_payload_is_carried_once() {
        fn sizes<K: InlineChild>() -> [(usize, usize); 2] {
            [
                (size_of_val(&K::child::<64>(0)), 64),
                (size_of_val(&K::child::<4096>(0)), 4096),
            ]
        }
        for (size, payload) in [sizes::<Ready>(), sizes::<Yield>()].concat() {
            assert!((payload..=payload + 32).contains(&size), "{size}");
        }
    }
}
