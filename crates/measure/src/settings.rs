//! How a run measures, whatever it measures: rounds, layouts, time.

use std::time::Duration;

use crate::matrix::Matrix;
use crate::stats::FEWEST_ROUNDS;
use crate::variables::{VariableError, number};

/// Rounds of a run that is not quick, where no others are asked for.
pub(crate) const ROUNDS: usize = 320;

/// Layouts of a run that has as many rounds: each costs a quarter of a second once, and disk space.
const LAYOUTS: usize = 50;

/// How a run measures.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Sets how long blocks are and how many a case has, and stands in the record.
    pub matrix: Matrix,
    /// Times that all cases are swept over, each time in fresh processes.
    pub rounds: usize,
    /// Differently linked copies of the program that rounds are made by, at most.
    pub layouts: usize,
    /// Minutes that it may take; `None` for as long as it takes.
    pub minutes: Option<f64>,
    /// The time over which it is spread at least.
    pub span: Duration,
    /// How long a round may be silent.
    pub deadline: Duration,
    /// Seed of orders and data; drawn anew where there is none.
    pub seed: Option<u64>,
    /// Whether strategies of one thread take turns in one runtime, and what that does to them is measured.
    pub one_runtime: bool,
    /// Whether to go on with the run that was cut short.
    pub resume: bool,
}

impl RunSettings {
    /// Those of a matrix where no variable is set, without a limit of time.
    pub fn of(matrix: Matrix) -> Self {
        let rounds = if matrix == Matrix::Quick { 20 } else { ROUNDS };
        Self {
            matrix,
            rounds,
            layouts: LAYOUTS.min(rounds),
            minutes: None,
            span: Duration::from_secs(if matrix == Matrix::Quick { 7 } else { 15 }),
            deadline: Duration::from_secs(30),
            seed: None,
            one_runtime: false,
            resume: false,
        }
    }

    /// Those that the variables ask for.
    ///
    /// # Errors
    ///
    /// [`VariableError`]: which variable, what it is, what is wrong with it, and what is allowed.
    pub fn read(variable: impl Fn(&str) -> Option<String>, matrix: Matrix) -> Result<Self, VariableError> {
        let unset = Self::of(matrix);
        let some_of_many = |&n: &usize| n == 1 || (FEWEST_ROUNDS..=1000).contains(&n);
        let rounds = number(&variable, "JVS_ROUNDS", "1 (a preview), or 6 to 1000", some_of_many)?;
        let rounds = rounds.unwrap_or(unset.rounds);
        let layouts = number(
            &variable,
            "JVS_LAYOUTS",
            "1 (the program as it was built), or 6 to 200",
            |n| some_of_many(n) && *n <= 200,
        )?;
        let seconds = |name, unset, allowed, least: u64| {
            let holds = |seconds: &u64| (least..=86_400).contains(seconds);
            let read = number(&variable, name, allowed, holds)?;
            Ok(read.map_or(unset, Duration::from_secs))
        };
        let switch = |name| Ok(number(&variable, name, "0 or 1", |&n: &u8| n <= 1)? == Some(1));
        let span = if rounds == 1 { Duration::ZERO } else { unset.span };
        Ok(Self {
            matrix,
            rounds,
            layouts: layouts.unwrap_or(rounds.min(LAYOUTS)),
            minutes: number(
                &variable,
                "JVS_MINUTES",
                "minutes above 0, up to 10080; fractions too",
                |&minutes: &f64| minutes > 0.0 && minutes <= 10_080.0,
            )?,
            span: seconds("JVS_SPAN", span, "seconds from 0 to 86400", 0)?,
            deadline: seconds("JVS_DEADLINE", unset.deadline, "seconds from 1 to 86400", 1)?,
            seed: number(&variable, "JVS_SEED", "a number from 0 to 2^64 - 1", |_| true)?,
            one_runtime: switch("JVS_ONE_RUNTIME")?,
            resume: switch("JVS_RESUME")?,
        })
    }
}
