//! The parameters of `wake`: what stands behind `@` in its name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How many signals come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// So many.
    Some(usize),
    /// As many as wait.
    All,
}

/// What stands behind `@`; it prints as it is written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Signals that come before what they woke is polled.
    pub together: Together,
    /// What a child waits on.
    pub leaf: LeafKind,
}

/// A kind of leaf by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// [`Flag`](super::leaf::Flag).
    Flag,
    /// [`Oneshot`](super::leaf::Oneshot).
    Oneshot,
    /// [`Busy`](super::leaf::Busy): polls of one that waits last so much longer.
    Busy(Duration),
}

/// The longest that a poll of a child that waits can be told to last.
const LONGEST_POLL: Duration = Duration::from_millis(1);

/// What the parameters can be.
pub(super) const PARAMETERS: &str = "wake@SIGNALS or wake@SIGNALS_LEAF, SIGNALS that come together from 1 to 1000000 or `all`, LEAF `oneshot`, \
     or what polling a child that waits costs, from 1ns to 1000us, as in wake@1_100ns";

impl Parameters {
    /// Those of `wake` itself.
    pub const USUAL: Self = Self {
        together: Together::Some(1),
        leaf: LeafKind::Flag,
    };
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.together {
            Together::Some(signals) => write!(f, "{signals}")?,
            Together::All => f.write_str("all")?,
        }
        match self.leaf {
            LeafKind::Flag => Ok(()),
            LeafKind::Oneshot => f.write_str("_oneshot"),
            LeafKind::Busy(idle) => {
                let ns = idle.as_nanos();
                match ns % 1000 {
                    0 => write!(f, "_{}us", ns / 1000),
                    _ => write!(f, "_{ns}ns"),
                }
            }
        }
    }
}

impl FromStr for Parameters {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (together, leaf) = match text.split_once('_') {
            None => (text, None),
            Some((together, leaf)) => (together, Some(leaf)),
        };
        let together = match together {
            "all" => Together::All,
            number => {
                let number = number.parse().map_err(|_| ())?;
                if !(1..=crate::case::MAX_TASKS).contains(&number) {
                    return Err(());
                }
                Together::Some(number)
            }
        };
        let leaf = match leaf {
            None => LeafKind::Flag,
            Some("oneshot") => LeafKind::Oneshot,
            Some(idle) => {
                let idle = crate::workload::entry::parse_duration(idle).ok_or(())?;
                if idle.is_zero() || idle > LONGEST_POLL {
                    return Err(());
                }
                LeafKind::Busy(idle)
            }
        };
        let parameters = Self { together, leaf };
        // One spelling for one value, or the same case would have two ids.
        if parameters.to_string() == text && parameters != Self::USUAL {
            Ok(parameters)
        } else {
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_round_trip_and_have_one_spelling() {
        for text in [
            "2",
            "all",
            "1_oneshot",
            "all_oneshot",
            "1_100ns",
            "4_1us",
            "1000000_1000us",
        ] {
            assert_eq!(
                text.parse::<Parameters>().map(|known| known.to_string()).as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            "1",
            "0",
            "01",
            "+2",
            "1000001",
            "every",
            "1_",
            "1_flag",
            "1_0ns",
            "1_1000ns",
            "1_1001us",
            "1_1ms",
            "1_1.5us",
            "1_oneshot_2",
            "1:oneshot",
        ] {
            assert_eq!(text.parse::<Parameters>(), Err(()), "{text}");
        }
    }
}
