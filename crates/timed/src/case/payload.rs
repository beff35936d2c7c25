//! The axis payload.

use std::fmt;
use std::str::FromStr;

use super::ParseError;

/// Bytes that each child carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payload(
    /// The number of bytes.
    pub usize,
);

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= MIB && bytes % MIB == 0 => write!(f, "{}MiB", bytes / MIB),
            bytes if bytes >= KIB && bytes % KIB == 0 => write!(f, "{}KiB", bytes / KIB),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

impl FromStr for Payload {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const WANTED: &str = "a payload, spelled as a number and B, KiB or MiB in lowest terms (64B, 4KiB, 1MiB)";
        let error = || ParseError::new(text, WANTED);
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match &text[digits.len()..] {
            "B" => 1,
            "KiB" => KIB,
            "MiB" => MIB,
            _ => return Err(error()),
        };
        let number: usize = digits.parse().map_err(|_| error())?;
        let payload = Payload(number.checked_mul(unit).ok_or_else(error)?);
        // One spelling for one value, or the same case would have two ids.
        if payload.to_string() == text {
            Ok(payload)
        } else {
            Err(error())
        }
    }
}
