//! `--advise`: what the model says of a reader's own children before they are measured, and both side by side afterwards.

use std::path::Path;

use comfy_table::{Table, presets};

use crate::advise::counts::{Family, Kind};
use crate::advise::predicted::{Predicted, Term};
use crate::advise::question::Scope;
use crate::advise::sheet::WAIT_NS;
use crate::advise::{Model, Question, Wakes};
use crate::calibration::{CALIBRATION, calibrate};
use crate::case::{Flavor, Site};
use crate::environment::Environment;
use crate::matrix::Target;
use crate::probe::{self, Probed, Tried};
use crate::record::Measurement;
use crate::run::RunError;
use crate::run_store::Run;
use crate::stats::median;
use crate::text::{interval, label, lines, more, numbers_right, percent, significant, time, times};
use crate::workload::Entry;

/// A model of this machine, and what the children are.
pub(crate) struct Advised {
    model: Model,
    children: Vec<Child>,
}

/// A target's children.
struct Child {
    /// The workload's name.
    name: String,
    /// What was found of them.
    probed: Probed,
    /// What was found of the suite's that are woken alike.
    usual: Probed,
    /// What they took when they were tried, in each scope that the model has.
    tried: Vec<Tried>,
}

impl Child {
    /// Probes a workload's.
    fn probe(entry: &Entry, model: &Model) -> Result<Self, String> {
        let (probed, usual, of_suite) = probe::probe(entry)?;
        let scopes = model
            .scopes()
            .into_iter()
            .map(|scope| scope.parse().expect("a model's scope"));
        // The noise of a wait hides it, and children of the suite that are ready at once have no sum.
        let is_told = probed.between_ns < WAIT_NS && probed.wakes != Wakes::Never && probed.more_are_woken.is_none();
        let tried = match is_told {
            true => probe::try_out(entry, &of_suite, &scopes.collect::<Vec<Scope>>())?,
            false => Vec::new(),
        };
        Ok(Self {
            name: entry.name.to_string(),
            probed,
            usual,
            tried,
        })
    }

    /// The question that so many of them are.
    fn question(&self, scope: Scope, tasks: usize) -> Question {
        self.probed.question(&self.usual, scope, tasks)
    }

    /// The sum of a strategy, with what a child took more, when it was tried, than polling it shows.
    fn predict(&self, model: &Model, scope: Scope, tasks: usize, strategy: &str) -> Result<Predicted, String> {
        if let Some(wakes) = self.probed.more_are_woken {
            return Err(format!(
                "not predictable: few of these children are woken {}, more of them {wakes}, so that they hand something on \
                 that is scarce",
                self.probed.wakes
            ));
        }
        let question = self.question(scope, tasks);
        let mut predicted = model
            .predict(&question, strategy)
            .map_err(|refused| refused.to_string())?;
        let family = Kind::of(strategy, tasks).map(|kind| kind.family);
        let beyond = family.and_then(|family| self.beyond(model, scope, family, tasks));
        let term = |ns_each| Term::new("what it took more when it was tried", tasks as f64, ns_each);
        predicted.terms.extend(beyond.map(term));
        Ok(predicted)
    }

    /// What each of so many took more, when they were tried, than their sum has.
    fn beyond(&self, model: &Model, scope: Scope, family: Family, tasks: usize) -> Option<f64> {
        let tried = self.tried.iter().find(|tried| tried.scope == scope)?;
        let strategy = match family {
            Family::Polled | Family::Woken => "join",
            Family::Spawned => "spawn",
        };
        tried.beyond(family, tasks, |tasks| {
            let mine = self.question(scope, tasks);
            let usual = Question {
                times: 1.0,
                payload: 0,
                work_ns: 0.0,
                idle_ns: 0.0,
                wait_ns: 0.0,
                ..mine
            };
            let [usual, mine] = [usual, mine].map(|question| model.predict(&question, strategy).ok());
            Some([usual?.ns(), mine?.ns()])
        })
    }
}

/// How much wider an interval is where children were probed.
const PROBED: f64 = 2.0;

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvisedError {
    /// The calibration could not be measured.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It is of no use, or the children could not be probed.
    #[error("{0}")]
    Failed(String),
}

/// The calibration that lies in `results`, where this machine measured it with this build.
fn kept(results: &Path) -> Option<Model> {
    let run = Run::load(results, CALIBRATION).ok()?;
    let here = Environment::here();
    let mut headers = run.parts.iter().map(|(header, _)| header);
    let same = headers.all(|header| is_alike(&header.environment, &here));
    same.then(|| Model::of(CALIBRATION, run.measurements()).ok()).flatten()
}

/// Whether what was measured in one of them holds in the other.
fn is_alike(one: &Environment, other: &Environment) -> bool {
    let [one, other] = [one, other].map(|Environment { built, cpu, cores, .. }| {
        (
            (cpu, cores, &built.tokio),
            (&built.rustc, &built.profile, built.frame_pointers),
        )
    });
    one == other
}

impl Advised {
    /// Calibrates where that was not done on this machine yet, and probes the target's children.
    pub(crate) fn of(target: &Target, results: &Path, command: String) -> Result<Self, AdvisedError> {
        let model = match kept(results) {
            Some(model) => model,
            None => {
                eprintln!(
                    "{}: calibrating, about a minute; it is kept in {}",
                    target.name,
                    results.join(CALIBRATION).display()
                );
                let flavors = [Flavor::CurrentThread, Flavor::MultiThread(1)];
                let outcome = calibrate(results, &flavors, Site::Worker, None, command)?;
                if let Some(trouble) = outcome.trouble {
                    return Err(trouble.into());
                }
                let model = Model::of(CALIBRATION, &outcome.measurements);
                model.map_err(|error| AdvisedError::Failed(error.to_string()))?
            }
        };
        let children = target.workloads.iter().map(|entry| Child::probe(entry, &model));
        let children = children.collect::<Result<_, _>>().map_err(AdvisedError::Failed)?;
        Ok(Self { model, children })
    }

    /// What was found of the children.
    pub(crate) fn found(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header([
            "child",
            "woken",
            "times",
            "carries",
            "work",
            "idle poll",
            "between",
            "joined",
            "spawned",
        ]);
        for child in &self.children {
            let scope = Scope {
                flavor: Flavor::CurrentThread,
                site: Site::Worker,
            };
            let question = child.question(scope, 1);
            let [joined, spawned] = [Family::Polled, Family::Spawned].map(|family| {
                let beyond = child.beyond(&self.model, scope, family, probe::FEW);
                beyond.map_or_else(String::new, more)
            });
            table.add_row([
                child.name.clone(),
                match child.probed.more_are_woken {
                    None => question.wakes.to_string(),
                    Some(more) => format!("{}, then {more}", question.wakes),
                },
                significant(child.probed.times),
                format!("{} B", question.payload),
                time(question.work_ns),
                format!("+{}", time(question.idle_ns)),
                more(question.wait_ns),
                joined,
                spawned,
            ]);
        }
        format!(
            "Probed, beside a child of the suite that is woken alike: what each carries and works more, what a poll costs more that finds \
             it waiting, what passes between its parent's polls, and what each took more than that when eight were tried, joined and spawned.\n{}",
            lines(&table)
        )
    }

    /// Predicted and measured side by side, and how far apart they are.
    pub(crate) fn beside(&self, measurements: &[Measurement]) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(["measurement", "predicted", "", "measured", "", "off", ""]);
        let (mut offs, mut covered, mut refused) = (Vec::new(), 0, String::new());
        for m in measurements {
            let child = self.children.iter().find(|child| child.name == m.case.workload);
            let (Some(child), Some(ratio), false) = (child, m.ratio, m.is_control()) else {
                continue;
            };
            let id = m.case.measurement_id(&m.strategy);
            let sum = |strategy: &str| child.predict(&self.model, Scope::of(&m.case), m.case.tasks, strategy);
            let (a, b) = match sum(&m.strategy).and_then(|a| Ok((a, sum(&m.reference)?))) {
                Ok(both) => both,
                Err(why) => {
                    refused += &format!("{id}: {why}\n");
                    continue;
                }
            };
            // A probe reaches beyond what was measured, as any other step does.
            let (predicted, half_width) = (a.ns() / b.ns(), self.model.half_width_of(&a, &b) * PROBED);
            let ends = [-half_width, half_width].map(|log| significant(predicted * log.exp()));
            let off = (predicted / ratio.median).ln();
            offs.push(off.abs());
            covered += usize::from(off.abs() <= half_width);
            table.add_row([
                id,
                times(predicted),
                format!("[{}]", ends.join(", ")),
                times(ratio.median),
                interval(&ratio, ""),
                percent(off.exp() - 1.0),
                if off.abs() <= half_width { "" } else { "outside" }.to_owned(),
            ]);
        }
        numbers_right(&mut table, 1..6);
        let mut text = String::new();
        if !offs.is_empty() {
            let within = offs.iter().filter(|off| **off <= 1.15f64.ln()).count();
            let reference = measurements
                .iter()
                .find(|m| m.is_control())
                .map_or("the reference", |m| label(&m.reference));
            text += &format!(
                "Ratio to {reference}, predicted by {} and measured:\n{}Off by {} at the median; {within} of {} within 15%; {covered} intervals of 90% hold \
                 what was measured.\n",
                self.model.run,
                lines(&table),
                percent(median(&offs).exp() - 1.0),
                offs.len(),
            );
        }
        text + &refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibration_is_of_its_machine_and_build_only() {
        let here = Environment::here();
        let with = |change: &dyn Fn(&mut Environment)| {
            let mut other = here.clone();
            change(&mut other);
            is_alike(&other, &here)
        };
        assert!(with(&|other| other.git = Some("another".into())));
        assert!(with(&|other| other.load = Some(7.0)));
        assert!(!with(&|other| other.cpu = Some("another".into())));
        assert!(!with(&|other| other.cores += 1));
        assert!(!with(&|other| other.built.tokio = "1.0.0".into()));
        assert!(!with(&|other| other.built.rustc = "rustc 1.0.0".into()));
        assert!(!with(&|other| other.built.profile = "another".into()));
        assert!(!with(&|other| other.built.frame_pointers ^= true));
    }
}
