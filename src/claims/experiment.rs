//! An experiment: what a statement predicts, what is seen, and a counterpart in which the prediction must fail.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Flavor};

/// A runtime of one thread.
pub(super) const ONE: Flavor = Flavor::CurrentThread;
/// A runtime of two workers.
pub(super) const TWO: Flavor = Flavor::MultiThread(2);

/// How long an experiment may take. Each takes milliseconds; the scenes give up on what must come after 8 s.
const DEADLINE: Duration = Duration::from_secs(15);

/// What is done and seen. The text is one of a few, so that it can be compared with the prediction.
type Look = Arc<dyn Fn() -> Seen + Send + Sync>;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// One of a few texts.
    pub what: String,
    /// A figure beside it, which no verdict depends on.
    pub figure: Option<String>,
    /// The measured case, if it was one.
    pub case: Option<Case>,
}

impl From<&str> for Seen {
    fn from(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            figure: None,
            case: None,
        }
    }
}

/// An experiment that could refute a statement.
#[derive(Clone)]
pub(super) struct Experiment {
    /// Under which condition it looks: `holds when` these.
    pub condition: &'static str,
    /// On which runtime.
    pub flavor: Flavor,
    /// What the statement says will be seen.
    pub predicted: &'static str,
    subject: Look,
    counterpart: Look,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Under which condition it looked.
    pub condition: String,
    /// On which runtime.
    pub flavor: String,
    /// What the statement said would be seen.
    pub predicted: String,
    /// What was seen.
    pub seen: String,
    /// A figure beside it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub figure: Option<String>,
    /// The measured case, if it was one: a recorded run may have measured it as well.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<Case>,
    /// What the same look sees where the prediction must fail.
    pub counterpart: String,
}

impl Outcome {
    /// Whether the statement's prediction came true.
    pub fn agrees(&self) -> bool {
        self.seen == self.predicted
    }

    /// Whether the experiment can fail.
    pub fn can_fail(&self) -> bool {
        self.counterpart != self.predicted
    }
}

impl Experiment {
    /// `subject` is looked at; where `counterpart` is looked at, the prediction must fail.
    pub fn new<S: Into<Seen>, C: Into<Seen>>(
        condition: &'static str,
        flavor: Flavor,
        predicted: &'static str,
        subject: impl Fn() -> S + Send + Sync + 'static,
        counterpart: impl Fn() -> C + Send + Sync + 'static,
    ) -> Self {
        Self {
            condition,
            flavor,
            predicted,
            subject: Arc::new(move || subject().into()),
            counterpart: Arc::new(move || counterpart().into()),
        }
    }

    /// The same on one thread and on two, which both looks are told.
    pub fn on_each<S: Into<Seen>, C: Into<Seen>>(
        condition: &'static str,
        predicted: &'static str,
        subject: impl Fn(Flavor) -> S + Copy + Send + Sync + 'static,
        counterpart: impl Fn(Flavor) -> C + Copy + Send + Sync + 'static,
    ) -> Vec<Self> {
        [ONE, TWO]
            .map(|flavor| {
                Self::new(
                    condition,
                    flavor,
                    predicted,
                    move || subject(flavor),
                    move || counterpart(flavor),
                )
            })
            .into()
    }

    /// One look, at the first of two things and, as the counterpart, at the second.
    pub fn of_two<T: Copy + Send + Sync + 'static, S: Into<Seen> + 'static>(
        condition: &'static str,
        flavor: Flavor,
        predicted: &'static str,
        look: fn(Flavor, T) -> S,
        [one, other]: [T; 2],
    ) -> Self {
        let at = move |thing| move || look(flavor, thing);
        Self::new(condition, flavor, predicted, at(one), at(other))
    }

    /// The same on one thread and on two.
    pub fn of_two_on_each<T: Copy + Send + Sync + 'static, S: Into<Seen> + 'static>(
        condition: &'static str,
        predicted: &'static str,
        look: fn(Flavor, T) -> S,
        two: [T; 2],
    ) -> Vec<Self> {
        [ONE, TWO]
            .map(|flavor| Self::of_two(condition, flavor, predicted, look, two))
            .into()
    }

    /// Runs subject and counterpart. The error says which gave no answer, and why.
    pub fn run(&self) -> Result<Outcome, String> {
        let place = format!("{} ({})", self.condition, self.flavor);
        let seen = look(&self.subject).map_err(|why| format!("{place}: {why}"))?;
        let counterpart = look(&self.counterpart).map_err(|why| format!("the counterpart of {place}: {why}"))?;
        Ok(Outcome {
            condition: self.condition.to_owned(),
            flavor: self.flavor.to_string(),
            predicted: self.predicted.to_owned(),
            seen: seen.what,
            figure: seen.figure,
            case: seen.case,
            counterpart: counterpart.what,
        })
    }
}

/// Looks, on a thread of its own, which is left alone if it does not answer.
fn look(look: &Look) -> Result<Seen, String> {
    let (tell, told) = mpsc::channel();
    let look = look.clone();
    let thread = std::thread::spawn(move || {
        let _ = tell.send(look());
    });
    match told.recv_timeout(DEADLINE) {
        Ok(seen) => Ok(seen),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("no answer within {} s", DEADLINE.as_secs())),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = thread.join().err();
            let panic = panic.and_then(|panic| panic.downcast::<String>().ok());
            Err(panic.map_or_else(|| "it panicked".to_owned(), |text| *text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experiment_that_panics_or_hangs_is_no_answer() {
        let fine = || "a";
        let on = Flavor::CurrentThread;
        let experiment = Experiment::new("here", on, "a", fine, || -> Seen {
            std::panic::resume_unwind(Box::new(String::from("why")))
        });
        assert_eq!(
            experiment.run(),
            Err("the counterpart of here (current_thread): why".into())
        );
        let outcome = Experiment::new("here", on, "b", fine, fine).run().unwrap();
        assert!(!outcome.agrees() && outcome.can_fail());
        let outcome = Experiment::new("here", on, "a", fine, fine).run().unwrap();
        assert!(outcome.agrees() && !outcome.can_fail());
    }
}
