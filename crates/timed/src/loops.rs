//! Which loops of a workload are compiled. The suite's own are some hundred, and take most of its build: a project that measures
//! children of its own needs of them those that a prediction of its ratios measures (feature `suite`): in its calibration, and beside
//! its own children.

/// The numbers of children of the `join!`s that a prediction measures.
pub const CALIBRATED_TASKS: &[usize] = &[1, 8, 16, 24, 64];

/// The strategies that a prediction measures.
pub const CALIBRATED: &[&str] = &[
    "join",
    "spawn",
    "join_all",
    "join_set",
    "futures_unordered",
    "buffer_unordered",
];

/// Which loops of a workload are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loops {
    /// Of every strategy, and of each number of children that a `join!` can have.
    All,
    /// Those of [`CALIBRATED`], a `join!` of [`CALIBRATED_TASKS`].
    Calibrated,
    /// None: it can be set up, and its children be counted.
    None,
}

impl Loops {
    /// Those of a workload of the suite, which a prediction measures or not: all of them with the feature `suite`.
    pub const fn of_suite(calibrated: bool) -> Self {
        if cfg!(feature = "suite") {
            Loops::All
        } else if calibrated {
            Loops::Calibrated
        } else {
            Loops::None
        }
    }

    /// Whether a strategy has any.
    pub const fn have(self, strategy: &str) -> bool {
        match self {
            Loops::All => true,
            Loops::Calibrated => {
                let mut place = 0;
                while place < CALIBRATED.len() {
                    if is_same(CALIBRATED[place].as_bytes(), strategy.as_bytes()) {
                        return true;
                    }
                    place += 1;
                }
                false
            }
            Loops::None => false,
        }
    }

    /// Whether there are those of a `join!` of so many children.
    pub const fn have_joined(self, tasks: usize) -> bool {
        match self {
            Loops::All => true,
            Loops::Calibrated => is_among(CALIBRATED_TASKS, tasks),
            Loops::None => false,
        }
    }
}

/// Whether a number is in a list, for constants.
pub const fn is_among(list: &[usize], number: usize) -> bool {
    let mut place = 0;
    while place < list.len() {
        if list[place] == number {
            return true;
        }
        place += 1;
    }
    false
}

/// Whether two texts are the same, for constants.
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut place = 0;
    while place < a.len() {
        if a[place] != b[place] {
            return false;
        }
        place += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_calibrated_is_compiled_without_the_suite() {
        for strategy in CALIBRATED {
            assert!(crate::strategy::NAMES.contains(strategy));
            assert!(Loops::Calibrated.have(strategy) && !Loops::None.have(strategy));
        }
        assert!(!Loops::Calibrated.have("join_") && !Loops::Calibrated.have("join_biased"));
        for tasks in crate::strategy::join::ARITIES {
            assert_eq!(Loops::Calibrated.have_joined(*tasks), CALIBRATED_TASKS.contains(tasks));
        }
    }
}
