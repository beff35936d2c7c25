//! The partial file: begun, gone on with, or set aside.

use super::{Request, RunError};
use crate::collected::Collected;
use crate::record::{self, Folder, Header, PartialLine, Stream};

/// Begins the partial file, or goes on with the one that is there.
pub(super) fn open_stream(
    folder: &Folder,
    request: &Request<'_>,
    header: &mut Header,
    collected: &mut Collected,
) -> Result<Stream, RunError> {
    let cut_short = folder.cut_short();
    if request.settings.resume {
        // A run that was killed before it wrote its first line has measured nothing.
        let Some(lines) = cut_short?.filter(|lines| !lines.is_empty()) else {
            // Of several targets some may have been complete when the run was cut short, and some not begun.
            return match record::read(folder.record()) {
                Ok((before, _)) if same_run(&before, header, request.settings.seed).is_ok() => {
                    Err(RunError::Complete(before.started))
                }
                _ => begin_stream(folder, header),
            };
        };
        let Some(PartialLine::Run(before)) = lines.first() else {
            return Err(RunError::Resume(format!(
                "{} has no header",
                folder.partial().display()
            )));
        };
        same_run(before, header, request.settings.seed).map_err(RunError::Resume)?;
        header.seed = before.seed;
        header.started = before.started.clone();
        for line in lines.iter().chain([&PartialLine::Resumed]) {
            collected.take(line);
        }
        let mut stream = folder.stream(true)?;
        stream.write(&PartialLine::Resumed)?;
        return Ok(stream);
    }
    match cut_short {
        // What cannot be read is set aside as well: it may be all there is of a long run.
        Ok(None) => {}
        Ok(Some(lines)) => {
            let started = match lines.first() {
                Some(PartialLine::Run(before)) => before.started.clone(),
                _ => header.started.clone(),
            };
            let aside = folder.set_aside(&started)?;
            eprintln!(
                "{}: the run of {started} was cut short; it is kept as {} (JVS_RESUME=1 would have gone on with it)",
                request.plan.name,
                aside.display()
            );
        }
        Err(error) => {
            let aside = folder.set_aside(&header.started)?;
            eprintln!("{error}; kept as {}", aside.display());
        }
    }
    begin_stream(folder, header)
}

fn begin_stream(folder: &Folder, header: &Header) -> Result<Stream, RunError> {
    let mut stream = folder.stream(false)?;
    stream.write(&PartialLine::Run(Box::new(header.clone())))?;
    Ok(stream)
}

/// Whether `now` would measure what `before` began to.
fn same_run(before: &Header, now: &Header, seed: Option<u64>) -> Result<(), String> {
    let mut here = now.environment.clone();
    here.load = before.environment.load;
    let differs = [
        ("the measurements", before.plan != now.plan),
        ("the rounds", before.rounds != now.rounds),
        ("the layouts", before.layouts != now.layouts),
        ("the seed", seed.is_some_and(|seed| seed != before.seed)),
        ("the machine or the build", before.environment != here),
        ("the schema", before.schema != now.schema),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => Err(format!(
            "{what} of the run of {} differ from this one's; run it with the same variables, filter and build, \
             or without JVS_RESUME to begin anew",
            before.started
        )),
    }
}
