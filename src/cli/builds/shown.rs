//! What was measured is judged, printed, and drawn.

use std::collections::HashSet;
use std::path::Path;

use super::arguments::{Arguments, FailOn, THRESHOLD};
use super::folder_of;
use crate::builds::place::{self, Manifest};
use crate::builds::{Judged, judged};
use crate::cli::{Answer, print_answer, threshold, write_file};
use crate::report::builds::render;
use crate::report::html;
use crate::trouble::Trouble;

/// The page of a comparison that was measured before, with a way back to a site's first page; `None` where the folder holds
/// none, or one that was cut short.
pub(in crate::cli) fn page_of(folder: &Path, home: &str) -> Result<Option<String>, Trouble> {
    let manifest = Manifest::read(&folder.join(place::MANIFEST))?;
    let Some(manifest) = manifest.filter(|manifest| manifest.complete) else {
        return Ok(None);
    };
    let judged = judge(folder, &manifest, THRESHOLD / 100.0)?;
    Ok(Some(html::builds(&manifest, &judged, Some(home))))
}

pub(super) fn judge(folder: &Path, manifest: &Manifest, threshold: f64) -> Result<Judged, Trouble> {
    match &place::read(folder, manifest)?[..] {
        [base, others @ .., null] => Ok(judged(base, others, null, threshold)),
        _ => Err(format!("{}: no builds in {}", folder.display(), place::MANIFEST).into()),
    }
}

pub(super) fn show(arguments: &Arguments, name: &str) -> Answer {
    let path = Path::new(name);
    let folder = match folder_of("builds", name) {
        Ok(folder) if folder.is_dir() || !path.is_dir() => folder,
        _ if path.is_dir() => path.to_owned(),
        folder => folder?,
    };
    let path = folder.join(place::MANIFEST);
    let Some(manifest) = Manifest::read(&path)? else {
        return Err(format!("{name}: no comparison of builds ({} does not exist)", path.display()).into());
    };
    if !manifest.complete {
        return Err(format!("{name}: it was cut short; `{}` goes on with it", manifest.command).into());
    }
    let judged = judge(&folder, &manifest, threshold(&arguments.threshold)?)?;
    end(arguments, &folder, &manifest, &judged)
}

/// Whether the measurements to be drawn are among these.
pub(super) fn has_charted(arguments: &Arguments, ids: impl Iterator<Item = String>) -> Result<(), Trouble> {
    let known: HashSet<String> = ids.collect();
    match arguments.chart.iter().find(|id| !known.contains(*id)) {
        Some(wrong) => Err(format!("--chart {wrong}: no such measurement").into()),
        None => Ok(()),
    }
}

/// Prints what was found, draws its page, and says where both are.
pub(super) fn end(arguments: &Arguments, folder: &Path, manifest: &Manifest, judged: &Judged) -> Answer {
    let rows = judged.rows.iter();
    has_charted(arguments, rows.map(|row| row.case.measurement_id(&row.strategy)))?;
    if let Some(drawn) = html::builds_chart(judged, &arguments.chart).filter(|_| !arguments.chart.is_empty()) {
        let path = folder.join("chart.svg");
        write_file(&path, drawn.as_bytes())?;
        eprintln!("Chart: {}", path.display());
    }
    // A comparison may lie where nothing can be written, and is still to be seen.
    let page = folder.join("index.html");
    let written = write_file(&page, html::builds(manifest, judged, None).as_bytes());
    let text = arguments
        .format
        .shown(judged, |style| render(judged, arguments.all, style));
    let failed = arguments
        .fail_on
        .is_some_and(|FailOn(beyond)| judged.any_slower(beyond));
    let answer = print_answer(&text, !failed);
    match written {
        Ok(()) => eprintln!("Page: {}", page.display()),
        Err(trouble) => eprintln!("warning: the page was not written: {}", trouble.reason),
    }
    eprintln!("Records: {}", folder.display());
    answer
}
