//! What a run must be to stand beside other machines' under `results/machines`.

use crate::attachments::RecordedRun;
use crate::record::{Header, Status};
use crate::save::variables;
use crate::selfcheck::bars::{Bar, Limit};
use crate::warnings::not_applicable;

/// Why others could not use it, a line each; none where they can.
pub fn objections(run: &RecordedRun) -> Vec<String> {
    let mut said = Vec::new();
    for (header, measurements) in &run.parts {
        let target = &header.target;
        said.extend(of_header(header).into_iter().map(|what| format!("{target}: {what}")));
        let cores = header.environment.cores;
        let failed = measurements
            .iter()
            .filter(|m| m.status != Status::Ok && not_applicable(&m.case, cores).is_none());
        for m in failed {
            let reason = m.reason.as_deref().unwrap_or("no reason given");
            said.push(format!(
                "{} was not measured: {reason}",
                m.case.measurement_id(&m.strategy)
            ));
        }
    }
    match &run.selfcheck {
        None => said.push("there is no selfcheck.json beside the records: `selfcheck --format json` makes it".into()),
        Some(found) => {
            let missed = found.bars.iter().filter(|bar| surely_missed(bar));
            said.extend(missed.map(|bar| {
                format!(
                    "the self-check found that the suite is wrong on this machine: {}: {}",
                    bar.check, bar.what
                )
            }));
        }
    }
    said
}

fn of_header(header: &Header) -> Vec<String> {
    let mut said = Vec::new();
    let revision = header.environment.git.as_deref();
    if revision.is_none_or(|revision| revision.ends_with("-dirty")) {
        let revision = revision.unwrap_or("unknown");
        said.push(format!(
            "its revision is {revision}, so that nobody else can measure the same"
        ));
    }
    if header.matrix != "default" {
        said.push(format!("the matrix is {}, and others' is default", header.matrix));
    }
    let chosen: Vec<&str> = variables(&header.command)
        .filter(|word| word.starts_with("JVS_"))
        .collect();
    if !chosen.is_empty() {
        said.push(format!("{} chose something else than others measure", chosen.join(" ")));
    }
    // A clock that changes is what most machines have; others' load is what a quiet one has not.
    let disturbed = |trap: &&String| {
        ["Load by others", "Stolen time", "Debug build"]
            .iter()
            .any(|what| trap.starts_with(what))
    };
    said.extend(
        header
            .traps
            .iter()
            .filter(disturbed)
            .map(|trap| format!("it was disturbed: {trap}")),
    );
    said
}

/// Whether a bar is missed by more than luck: where its figure is a share, by the whole of its 95% band.
fn surely_missed(bar: &Bar) -> bool {
    if bar.held != Some(false) {
        return false;
    }
    match (bar.limit, bar.band) {
        (Some(Limit::AtMost(most)), Some((low, _))) => low > most,
        (Some(Limit::AtLeast(least)), Some((_, high))) => high < least,
        _ => true,
    }
}
