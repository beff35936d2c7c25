//! What the `JVS_*` variables ask for.

use measure::case::{FLAVORS, Flavor, MAX_TASKS, Payload, SITES, Site, parse_tasks};
use measure::matrix::Matrix;
use measure::settings::RunSettings;
use measure::strategy::Strategy;
use measure::variables::{VariableError, list, set_variables, value};

use crate::delay::Delay;

/// The values of each axis; `None` where the variable is not set.
pub struct Asked {
    /// How much is measured.
    pub matrix: Matrix,
    /// How it is measured.
    pub settings: RunSettings,
    /// Workloads, those of other targets too.
    pub workloads: Option<Vec<String>>,
    /// The server's runtimes.
    pub flavors: Option<Vec<Flavor>>,
    /// Whether a handler, which is a task, is one of the sites.
    pub at_worker: bool,
    /// Bytes of a child's document.
    pub payloads: Option<Vec<usize>>,
    /// Children of a request.
    pub tasks: Option<Vec<usize>>,
    /// The strategies.
    pub strategies: Option<Vec<Strategy>>,
    /// The one that the others are compared to.
    pub reference: Option<Strategy>,
    /// Whether `JVS_ROUNDS` is set.
    pub rounds: bool,
    /// Whether a matrix is shared out among machines.
    pub shared_out: bool,
    /// The variables that were set, as `NAME=value`.
    pub set: Vec<String>,
}

impl Asked {
    /// Reads the variables through `variable`. `others` are the workloads of other targets, which are no mistake here, but
    /// nothing to do.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>, others: &[String]) -> Result<Self, VariableError> {
        let matrix = Matrix::read(variable)?;
        let known: Vec<&str> = workloads()
            .into_iter()
            .chain(others.iter().map(String::as_str))
            .collect();
        let known_workload = |word: &str| {
            let base = word.split('@').next().unwrap_or(word);
            match known.contains(&word) || others.iter().any(|other| other == base) {
                true => Ok(word.to_owned()),
                false => Err("no such workload".to_owned()),
            }
        };
        let sites = list(variable, "JVS_SITES", || SITES.to_owned(), value::<Site>)?;
        let payload = |word: &str| value::<Payload>(word).map(|payload| payload.0);
        let sizes = || "bytes with a unit, such as 0B 1KiB 64KiB".to_owned();
        let numbers = || format!("numbers from 1 to {MAX_TASKS}");
        let number = |word: &str| parse_tasks(word).map_err(|_| "not a number of tasks".to_owned());
        let reference = |text: String| {
            let wrong = |problem| VariableError::new("JVS_REFERENCE", &text, problem, Strategy::wanted());
            value::<Strategy>(&text).map_err(wrong)
        };
        Ok(Self {
            matrix,
            settings: RunSettings::read(variable, matrix)?,
            workloads: list(variable, "JVS_WORKLOADS", || known.join(" "), known_workload)?,
            flavors: list(variable, "JVS_FLAVORS", || FLAVORS.to_owned(), value::<Flavor>)?,
            at_worker: sites.is_none_or(|sites| sites.contains(&Site::Worker)),
            payloads: list(variable, "JVS_PAYLOADS", sizes, payload)?,
            tasks: list(variable, "JVS_TASKS", numbers, number)?,
            strategies: list(variable, "JVS_STRATEGIES", Strategy::wanted, value::<Strategy>)?,
            reference: variable("JVS_REFERENCE").map(reference).transpose()?,
            rounds: variable("JVS_ROUNDS").is_some(),
            shared_out: variable("JVS_SHARD").is_some(),
            set: set_variables(variable),
        })
    }

    /// Whether a workload of this target is asked for, or none in particular.
    pub fn wants(&self, workload: &str) -> bool {
        self.workloads
            .as_ref()
            .is_none_or(|asked| asked.iter().any(|word| word == workload))
    }
}

/// The workloads of this target, as `JVS_WORKLOADS` names them.
pub fn workloads() -> Vec<&'static str> {
    Delay::ALL
        .map(Delay::workload)
        .into_iter()
        .chain(["serve", "fault"])
        .collect()
}
