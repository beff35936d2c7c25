//! Ways to serve connections, and what disturbs them.

use measure::case::Flavor;
use serde::{Deserialize, Serialize};

use crate::delay::Delay;
use crate::point::Shape;
use crate::serving::Way;

/// What some handlers do while others are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Disturbed {
    /// The same as all.
    #[serde(rename = "quiet")]
    Not,
    /// They block their thread for 10 ms.
    #[serde(rename = "block_10ms")]
    Blocked,
    /// The same in `tokio::task::block_in_place`, which hands the worker's place to another thread first.
    #[serde(rename = "block_in_place_10ms")]
    InPlace,
    /// They compute for 1 ms.
    #[serde(rename = "compute_1ms")]
    Computed,
}

impl Disturbed {
    /// All of them.
    pub const ALL: [Disturbed; 4] = [
        Disturbed::Not,
        Disturbed::Blocked,
        Disturbed::InPlace,
        Disturbed::Computed,
    ];

    /// Whether a handler can do that on this runtime.
    pub fn can_be_on(self, flavor: Flavor) -> bool {
        // It panics where there is no other thread to take the place.
        self != Disturbed::InPlace || !flavor.has_one_thread()
    }

    /// As ids have it.
    pub fn name(self) -> &'static str {
        match self {
            Disturbed::Not => "quiet",
            Disturbed::Blocked => "block_10ms",
            Disturbed::InPlace => "block_in_place_10ms",
            Disturbed::Computed => "compute_1ms",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Disturbed::Not => "no handler does",
            Disturbed::Blocked => "a handler blocks its thread for 10 ms",
            Disturbed::InPlace => "a handler blocks for 10 ms in block_in_place",
            Disturbed::Computed => "a handler computes for 1 ms",
        }
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
        format!("serve@{}/{}/worker/1KiB/{}/1", disturbed.name(), self.flavor, self.way)
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
