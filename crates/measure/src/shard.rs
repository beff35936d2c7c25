//! Shards: shares of a matrix, so that several machines of one kind measure it together.
//!
//! Each target's cases are dealt out by the time that they are expected to take, so that shards take about as long. A few
//! *anchors*, the first case of each flavor, are in every shard: where they disagree, the machines are not of one kind.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::in_order::unique;

/// Nobody has more machines than this: more shards are a mistake.
pub const MOST: usize = 1000;

/// One share of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// What `JVS_SHARD` can be.
pub const WANTED: &str = "K/N, share K of N, with K from 1 to N and N up to 1000";

impl FromStr for Shard {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, of) = text.split_once('/').ok_or(())?;
        let [number, of] = [number, of].map(|part| part.trim().parse::<usize>());
        match (number, of) {
            (Ok(number), Ok(of)) if (1..=of).contains(&number) && of <= MOST => Ok(Self { number, of }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Which part of a target's cases a record holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharded {
    /// The shard's number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Hash of the list of measurements of all shards.
    pub whole: String,
    /// Cases of all shards.
    pub cases: usize,
    /// The places of this record's cases among those, in the order of the record.
    pub places: Vec<usize>,
    /// The places of the cases that every shard has.
    pub anchors: Vec<usize>,
}

/// The places of the cases that every shard measures.
pub fn anchors(cases: &[Case]) -> Vec<usize> {
    let flavors = unique(cases.iter().map(|case| case.flavor)).into_iter();
    let first = |flavor| cases.iter().position(|case| case.flavor == flavor);
    flavors.filter_map(first).collect()
}

impl Shard {
    /// The places of this shard's cases, of all those that take so long: anchors, and its share of the others. The longest are
    /// dealt out first, each to the shard that has least to do.
    ///
    /// # Panics
    ///
    /// Where the shards are none; a shard that was read from text has one at least.
    pub fn places(self, times: &[Duration], anchors: &[usize]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..times.len()).filter(|place| !anchors.contains(place)).collect();
        order.sort_by_key(|&place| (std::cmp::Reverse(times[place]), place));
        let mut loads = vec![Duration::ZERO; self.of];
        let mut own = anchors.to_vec();
        for place in order {
            let least = (0..self.of).min_by_key(|&shard| (loads[shard], shard)).unwrap_or(0);
            loads[least] += times[place];
            if least + 1 == self.number {
                own.push(place);
            }
        }
        own.sort_unstable();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_number_of_a_number() {
        assert_eq!("3/8".parse(), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["", "3", "0/8", "9/8", "3/0", "a/b", "1/1001", "-1/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn shards_have_every_case_once_but_for_anchors_and_take_as_long() {
        let mut random = fastrand::Rng::with_seed(3);
        let times: Vec<Duration> = (0..207)
            .map(|_| Duration::from_micros(random.u64(100..20_000)))
            .collect();
        let anchors = [0, 70, 140];
        for of in [1, 2, 4, 8] {
            let shards: Vec<Vec<usize>> = (1..=of)
                .map(|number| Shard { number, of }.places(&times, &anchors))
                .collect();
            let mut seen = vec![0; times.len()];
            for place in shards.iter().flatten() {
                seen[*place] += 1;
            }
            for (place, seen) in seen.into_iter().enumerate() {
                assert_eq!(seen, if anchors.contains(&place) { of } else { 1 }, "{place} of {of}");
            }
            let long = |shard: &Vec<usize>| shard.iter().map(|place| times[*place]).sum::<Duration>();
            let (least, most) = (shards.iter().map(long).min(), shards.iter().map(long).max());
            assert!(most.expect("shards").as_secs_f64() < 1.1 * least.expect("shards").as_secs_f64());
        }
    }

    #[test]
    fn anchors_are_the_first_case_of_each_flavor() {
        let cases = [
            "yield/current_thread/worker/0B/1",
            "yield/current_thread/worker/0B/8",
            "yield/local/worker/0B/1",
        ];
        let cases = cases.map(|case| case.parse().expect("an id"));
        assert_eq!(anchors(&cases), [0, 2]);
    }
}
