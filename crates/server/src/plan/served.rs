//! Ways to serve connections, and what disturbs them.

use measure::case::Flavor;

use crate::delay::Delay;
use crate::named::named;
use crate::point::Shape;
use crate::serving::Way;

named! {
    /// What some handlers do while others are timed.
    Disturbed {
        /// The same as all.
        #[serde(rename = "quiet")]
        Not: "quiet", "no handler does";
        /// They block their thread for 10 ms.
        #[serde(rename = "block_10ms")]
        Blocked: "block_10ms", "a handler blocks its thread for 10 ms";
        /// The same in `tokio::task::block_in_place`, which hands the worker's place to another thread first.
        #[serde(rename = "block_in_place_10ms")]
        InPlace: "block_in_place_10ms", "a handler blocks for 10 ms in block_in_place";
        /// They compute for 1 ms.
        #[serde(rename = "compute_1ms")]
        Computed: "compute_1ms", "a handler computes for 1 ms";
    }
}

impl Disturbed {
    /// Whether a handler can do that on this runtime.
    pub fn can_be_on(self, flavor: Flavor) -> bool {
        // It panics where there is no other thread to take the place.
        self != Disturbed::InPlace || !flavor.has_one_thread()
    }
}

/// A way to serve connections on a runtime, with what disturbs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The runtime.
    pub flavor: Flavor,
    /// The way.
    pub way: Way,
    /// What it is disturbed by, [nothing](Disturbed::Not) first.
    pub disturbed: Vec<Disturbed>,
}

impl Served {
    /// What its server is like.
    pub fn shape(&self) -> Shape {
        Shape {
            delay: Delay::Fixed,
            flavor: self.flavor,
            bytes: 1 << 10,
            tasks: 1,
        }
    }

    /// The id of one of its points.
    pub fn id(&self, disturbed: Disturbed) -> String {
        format!("serve@{disturbed}/{}/worker/1KiB/{}/1", self.flavor, self.way)
    }

    /// The ids of all of them.
    pub fn ids(&self) -> impl Iterator<Item = String> {
        self.disturbed.iter().map(|disturbed| self.id(*disturbed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_handed_on_only_where_another_thread_can_take_it() {
        for (flavor, can) in [
            (Flavor::CurrentThread, false),
            (Flavor::Local, false),
            (Flavor::MultiThread(1), true),
            (Flavor::MultiThread(2), true),
        ] {
            assert_eq!(Disturbed::InPlace.can_be_on(flavor), can, "{flavor}");
            assert!(Disturbed::Blocked.can_be_on(flavor), "{flavor}");
        }
    }
}
