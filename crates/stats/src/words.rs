//! Enums whose variants are words.

/// An enum of which each variant has a word: the one that tables, records and variables have for it. Said once, it is what
/// `as_str`, `Display`, `FromStr` and serde say; `ALL` has the variants in their order. For packages that have `serde` and `timed`.
#[doc(hidden)]
#[macro_export]
macro_rules! words {
    ($(#[$about:meta])* $visibility:vis enum $name:ident {
        $(#[$of_first:meta])* $first:ident = $first_word:literal,
        $($(#[$of:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        $visibility enum $name {
            $(#[$of_first])* #[serde(rename = $first_word)] $first,
            $($(#[$of])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All, in their order.
            pub const ALL: [Self; [$first_word $(, $word)*].len()] = [Self::$first $(, Self::$variant)*];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::timed::case::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut all = Self::ALL.into_iter();
                all.find(|one| one.as_str() == text).ok_or_else(|| ::timed::case::ParseError {
                    text: text.to_owned(),
                    wanted: concat!("one of ", $first_word $(, ", ", $word)*),
                })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::Verdict;

    #[test]
    fn a_word_stands_for_its_variant_and_what_is_none_is_told_all() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse(), Ok(verdict));
        }
        let error = "quick".parse::<Verdict>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`quick` is not one of slower, faster, same, inconclusive, depends, interferes"
        );
    }
}
