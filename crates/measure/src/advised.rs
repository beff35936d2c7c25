//! `--advise`: what the model says of a reader's own children before they are measured, and both side by side afterwards.

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use crate::advise::predicted::Predicted;
use crate::advise::question::Scope;
use crate::advise::{Model, Question};
use crate::calibration::{CALIBRATION, calibrate};
use crate::case::{Case, Flavor, Site};
use crate::environment::Environment;
use crate::matrix::Target;
use crate::probe::{self, Probed};
use crate::record::{Measurement, Status};
use crate::run::RunError;
use crate::run_store::Run;
use crate::stats::median;
use crate::text::{interval, label, lines, more, percent, significant, time, times};

/// A model of this machine, and what the children are.
pub(crate) struct Advised {
    model: Model,
    children: Vec<(String, Probed, Probed)>,
}

/// How much wider an interval is where children were probed.
const PROBED: f64 = 2.0;

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvisedError {
    /// The calibration could not be measured.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It is of no use.
    #[error(transparent)]
    Model(#[from] crate::advise::ModelError),
    /// The children could not be probed.
    #[error("{0}")]
    Probe(String),
}

/// The calibration that lies in `results`, of this machine and this tokio.
fn kept(results: &Path) -> Option<Model> {
    let run = Run::load(results, CALIBRATION).ok()?;
    let here = Environment::here();
    let of_here = |environment: &Environment| {
        (
            &environment.cpu,
            environment.cores,
            &environment.tokio,
            &environment.rustc,
        ) == (&here.cpu, here.cores, &here.tokio, &here.rustc)
    };
    let same = run.parts.iter().all(|(header, _)| of_here(&header.environment));
    same.then(|| Model::of(CALIBRATION, run.measurements()).ok()).flatten()
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
                Model::of(CALIBRATION, &outcome.measurements)?
            }
        };
        let mut children = Vec::new();
        for entry in &target.workloads {
            let (probed, usual) = probe::probe(entry).map_err(AdvisedError::Probe)?;
            children.push((entry.name.to_string(), probed, usual));
        }
        Ok(Self { model, children })
    }

    fn question(&self, case: &Case) -> Option<Question> {
        let (_, probed, usual) = self.children.iter().find(|(name, ..)| *name == case.workload)?;
        Some(probed.question(usual, Scope::of(case), case.tasks))
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
        ]);
        for (name, probed, usual) in &self.children {
            let question = probed.question(
                usual,
                Scope {
                    flavor: Flavor::CurrentThread,
                    site: Site::Worker,
                },
                1,
            );
            table.add_row([
                name.clone(),
                question.wakes.to_string(),
                significant(probed.times),
                format!("{} B", question.payload),
                time(question.work_ns),
                format!("+{}", time(question.idle_ns)),
                more(question.wait_ns),
            ]);
        }
        format!(
            "Probed, beside a child of the suite that is woken alike: what each carries and works more, what a poll costs more that finds \
             it waiting, and what passes between its parent's polls.\n{}",
            lines(&table)
        )
    }

    /// Predicted and measured side by side, and how far apart they are.
    pub(crate) fn beside(&self, measurements: &[Measurement]) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(["measurement", "predicted", "", "measured", "", "off", ""]);
        let (mut offs, mut covered) = (Vec::new(), 0);
        let mut refused = Vec::new();
        for m in measurements
            .iter()
            .filter(|m| !m.is_control() && m.status == Status::Ok)
        {
            let (Some(question), Some(ratio)) = (self.question(&m.case), m.ratio) else {
                continue;
            };
            let id = m.case.measurement_id(&m.strategy);
            let sum = |strategy: &str| self.model.predict(&question, strategy);
            let pair: Result<(Predicted, Predicted), _> = sum(&m.strategy).and_then(|a| Ok((a, sum(&m.reference)?)));
            let (a, b) = match pair {
                Ok(pair) => pair,
                Err(why) => {
                    refused.push(format!("{id}: {why}"));
                    continue;
                }
            };
            // A probe reaches beyond what was measured, as any other step does.
            let (predicted, half_width) = (a.ns() / b.ns(), self.model.half_width_of(&a, &b) * PROBED);
            let off = (predicted / ratio.median).ln();
            offs.push(off.abs());
            covered += usize::from(off.abs() <= half_width);
            table.add_row([
                id,
                times(predicted),
                format!(
                    "[{}, {}]",
                    significant(predicted * (-half_width).exp()),
                    significant(predicted * half_width.exp())
                ),
                times(ratio.median),
                interval(&ratio, ""),
                percent(off.exp() - 1.0),
                if off.abs() <= half_width { "" } else { "outside" }.to_owned(),
            ]);
        }
        for column in 1..6 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
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
        for line in refused {
            text += &format!("{line}\n");
        }
        text
    }
}
