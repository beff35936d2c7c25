//! Enumerations whose values have a name, as ids have it, and are said in words by tables. `stats::words!` has one word for both, and
//! serde's: records spell a fault otherwise than ids do (`answers500`).

/// Such an enumeration: behind each value its name and its words.
macro_rules! named {
    ($(#[$of_all:meta])* $Named:ident { $($(#[$of_one:meta])* $Value:ident: $name:literal, $words:literal;)+ }) => {
        $(#[$of_all])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $Named {
            $($(#[$of_one])* $Value,)+
        }

        impl $Named {
            /// All of them.
            pub const ALL: &[$Named] = &[$($Named::$Value),+];

            /// As ids have it.
            pub fn name(self) -> &'static str {
                match self {
                    $($Named::$Value => $name,)+
                }
            }

            /// In words.
            pub fn words(self) -> &'static str {
                match self {
                    $($Named::$Value => $words,)+
                }
            }
        }

        impl std::fmt::Display for $Named {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use named;
