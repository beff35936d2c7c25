//! `builds`: this project with one tokio against another, one flag against another, one revision against another.

mod bisect;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use clap::Args;
use measure::progress::Telling;
use regex::Regex;

use super::{TableFormat, bad_input, print, results, threshold};
use crate::builds::make::bytes_below;
use crate::builds::measured::{self, Wanted};
use crate::builds::place::{self, Manifest, MeasureError, Place};
use crate::builds::spec::{WANTED, looks_like_one};
use crate::builds::{Judged, Made, Project, Spec, judged, make};
use crate::case::Flavor;
use crate::environment::{cores, package_folder, target_folder};
use crate::interrupt;
use crate::matrix::{Matrix, Target};
use crate::report::builds::{Style, render};
use crate::report::html;
use crate::run::RunError;
use crate::selection::Selection;
use crate::session;
use crate::targets::without_scale;
use crate::variables::variable;

#[derive(Args)]
#[command(
    after_help = "A SPEC is tokio=VERSION, tokio=path:DIR, tokio=git:DIR@REVISION (a local clone), rev:REVISION (of this project),\n\
                  flags:FLAGS (for rustc), allocator:mimalloc|jemalloc|system, or same (this project as it is); several of them\n\
                  with + between. The first build is what the others are compared with, and is measured a second time, in\n\
                  other layouts: what that shows is no change.\n\n\
                  Builds are kept in target/builds and used again. A comparison is kept in results/builds-NAME, with a page;\n\
                  each build's folder there is a run that `report` and `compare` read. Killed, it goes on when it is started\n\
                  again. The JVS_ variables count as in `cargo bench`, but the matrix is quick unless JVS_MATRIX is set.\n\n\
                  Examples: cargo run --release -- builds tokio=1.50.0 tokio=1.51.0 tokio=1.52.2\n          \
                  cargo run --release -- builds same flags:-Ctarget-cpu=native 'yield/current_thread'\n          \
                  cargo run --release -- builds --bisect tokio=1.50.0 tokio=1.54.1 'yield/multi_thread_2/worker/0B/spawn/4$'\n\n\
                  Exit code 0: fine; 1: --fail-on found what it looked for, or --bisect found nothing; 2: bad input."
)]
pub(super) struct Arguments {
    /// Two builds or more; the last word may be a filter instead, a regular expression on the ids of measurements
    #[arg(value_name = "SPEC", required_unless_present_any = ["clean", "show"])]
    words: Vec<String>,
    /// Keep the comparison as results/builds-NAME (with --bisect all of them in results/bisect-NAME), which nothing overwrites
    #[arg(long, default_value = LATEST)]
    name: String,
    /// Changes of a time below this many percent are none
    #[arg(long, default_value_t = THRESHOLD)]
    threshold: f64,
    /// Exit 1 where a time rose for sure, or by more than so many percent: slower or slower:PERCENT
    #[arg(long, value_name = "slower[:PERCENT]")]
    fail_on: Option<FailOn>,
    /// Show rows that did not surely change, too
    #[arg(long)]
    all: bool,
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
    /// Find the first of the builds from a good to a bad one that changed, over tokio's releases or over revisions
    #[arg(long)]
    bisect: bool,
    /// Show a comparison that was measured before, by its name or its folder, and measure nothing
    #[arg(long, value_name = "NAME", conflicts_with_all = ["words", "bisect", "clean"])]
    show: Option<String>,
    /// Draw these measurements over the builds, as an SVG file beside the page: ids with commas between
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    chart: Vec<String>,
    /// Remove all builds that are kept in target/builds
    #[arg(long, conflicts_with_all = ["words", "bisect"])]
    clean: bool,
}

const LATEST: &str = "latest";

/// Changes of fewer percent are none.
const THRESHOLD: f64 = 3.0;

/// Rounds of the quick matrix.
const QUICK_ROUNDS: usize = 30;

/// By how much a time must have risen, as a fraction.
#[derive(Clone, Copy)]
struct FailOn(f64);

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("`{text}` is not slower or slower:PERCENT");
        let Some(rest) = text.strip_prefix("slower") else {
            return Err(wanted());
        };
        if rest.is_empty() {
            return Ok(Self(0.0));
        }
        let percent = rest.strip_prefix(':').and_then(|percent| percent.parse::<f64>().ok());
        match percent {
            Some(percent) if (0.0..1000.0).contains(&percent) => Ok(Self(percent / 100.0)),
            _ => Err(wanted()),
        }
    }
}

/// Why there is no answer.
enum Trouble {
    Input(String),
    Interrupted(String),
}

impl<E: Display> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Input(error.to_string())
    }
}

fn measuring(error: MeasureError) -> Trouble {
    match error {
        MeasureError::Run(RunError::Interrupted { .. }) => {
            Trouble::Interrupted("interrupted; what it measured is kept, and the same command goes on with it".into())
        }
        error => Trouble::Input(error.to_string()),
    }
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let done = match &arguments.show {
        Some(name) => show(arguments, name),
        None if arguments.clean => return clean(),
        None if arguments.bisect => bisect::bisected(arguments),
        None => compared(arguments),
    };
    match done {
        Ok(code) => code,
        Err(Trouble::Input(reason)) => bad_input(reason),
        Err(Trouble::Interrupted(reason)) => {
            eprintln!("join-vs-spawn: {reason}");
            ExitCode::from(interrupt::EXIT_CODE)
        }
    }
}

/// Where builds are kept: cargo is run in another folder to make them.
fn cache() -> PathBuf {
    let folder = target_folder().join("builds");
    std::path::absolute(&folder).unwrap_or(folder)
}

fn clean() -> ExitCode {
    let cache = cache();
    let bytes = bytes_below(&cache);
    match fs::remove_dir_all(&cache) {
        Ok(()) => println!("{} freed", gigabytes(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => println!("no builds are kept"),
        Err(error) => return bad_input(format!("{}: {error}", cache.display())),
    }
    ExitCode::SUCCESS
}

fn gigabytes(bytes: u64) -> String {
    format!("{} GB", crate::text::significant(bytes as f64 / 1e9))
}

/// The builds of the command line, and its filter.
fn words(words: &[String]) -> Result<(Vec<Spec>, Option<String>), Trouble> {
    let (specs, filter) = match words.split_last() {
        Some((last, others)) if !looks_like_one(last) => (others, Some(last.clone())),
        _ => (words, None),
    };
    let specs: Vec<Spec> = specs.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    if specs.len() < 2 {
        let filter = filter.map_or(String::new(), |filter| {
            format!(", and `{filter}` is none, so that it was taken as the filter")
        });
        return Err(Trouble::Input(format!(
            "builds: two SPECs at least are compared{filter}; a SPEC is {WANTED}"
        )));
    }
    Ok((specs, filter))
}

/// What the variables choose; where they say nothing, the quick matrix, in more rounds than a run has: builds share no process.
fn selection(targets: &[Target]) -> Result<Selection, Trouble> {
    let quick = variable("JVS_MATRIX").is_none_or(|matrix| matrix == "quick");
    let unset = |name: &str| match name {
        "JVS_MATRIX" => Some(Matrix::Quick.to_string()),
        "JVS_ROUNDS" if quick => Some(QUICK_ROUNDS.to_string()),
        _ => None,
    };
    Ok(Selection::read(|name| variable(name).or_else(|| unset(name)), targets)?)
}

fn wanted<'a>(
    targets: &'a [Target],
    selection: &'a Selection,
    specs: &[Spec],
    filter: Option<String>,
) -> Result<Wanted<'a>, Trouble> {
    let expression = match &filter {
        Some(filter) => Some(Regex::new(filter).map_err(|error| {
            // The last of its lines says what is wrong; those before draw where.
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the filter `{filter}`: {said}")
        })?),
        None => None,
    };
    let matches = |id: &str| expression.as_ref().is_none_or(|expression| expression.is_match(id));
    let mut all = Vec::new();
    for target in targets {
        let measurements = selection.measurements(target, cores(), matches)?;
        if !measurements.is_empty() {
            all.push((target, measurements));
        }
    }
    if all.is_empty() {
        return Err(Trouble::Input(match &filter {
            Some(filter) => format!(
                "the filter `{filter}` matches no measurement of the {} matrix (and it is no SPEC: {WANTED})",
                selection.settings.matrix
            ),
            None => "no case has the values of the JVS_ variables".to_owned(),
        }));
    }
    let specs: Vec<String> = specs.iter().map(Spec::to_string).collect();
    Ok(Wanted {
        targets: all,
        selection,
        command: session::shell_words(
            &selection.set,
            "cargo run --release",
            &[&["builds".to_owned()][..], &specs, filter.as_slice()].concat(),
        ),
        filter,
        more_rounds: 1,
    })
}

/// Makes each of the builds.
fn make_all(
    project: &Project,
    specs: &[Spec],
    wanted: &Wanted<'_>,
    telling: &mut Telling,
) -> Result<Vec<Made>, Trouble> {
    // Builds without the loops of a flavor that is not measured are the sooner made, and alike whatever their tokio has.
    let local = wanted.targets.iter().any(|(_, measurements)| {
        let mut cases = measurements.iter().map(|(case, _)| case);
        cases.any(|case| case.flavor == Flavor::Local)
    });
    let cache = cache();
    let mut made: Vec<Made> = Vec::new();
    for (number, spec) in specs.iter().enumerate() {
        if let Some(before) = made.iter().find(|other| other.spec == *spec) {
            made.push(before.clone());
            continue;
        }
        let began = Instant::now();
        let of = format!("build {} of {}, {spec}", number + 1, specs.len());
        telling.tell(&of);
        let one = make(spec, local, project, &cache, &mut |what| {
            telling.tell(&format!("{of}: {what}"))
        })?;
        telling.say(&format!(
            "{of}: tokio {}{}, {:.0} s",
            one.built().tokio,
            one.revision
                .as_ref()
                .map_or(String::new(), |revision| format!(", revision {revision}")),
            began.elapsed().as_secs_f64()
        ));
        made.push(one);
    }
    let folders: std::collections::BTreeSet<&Path> = made.iter().map(|made| made.folder.as_path()).collect();
    let bytes = folders.iter().map(|folder| bytes_below(folder)).sum();
    telling.say(&format!(
        "{} in target/builds for these builds; `builds --clean` frees all of it",
        gigabytes(bytes)
    ));
    Ok(made)
}

/// Measures builds in a folder, or reads what was measured there.
fn compare_in(
    folder: &Path,
    replace: bool,
    made: &[Made],
    wanted: &Wanted<'_>,
    threshold: f64,
    telling: &mut Telling,
) -> Result<(Manifest, Judged), Trouble> {
    let manifest = measured::manifest(made, wanted).map_err(measuring)?;
    let mut place = Place::take(folder, manifest, wanted.selection.settings.seed, replace).map_err(measuring)?;
    if place.resumed {
        telling.say("going on with what an earlier start of the same measured");
    } else {
        telling.say(&format!("measuring {}", measured::in_words(wanted, made.len())));
    }
    for made in made {
        if let Some(left_out) = measured::left_out(made, wanted) {
            telling.say(&left_out);
        }
    }
    telling.end();
    measured::count(&place, made, wanted, &mut |what| telling.tell(what)).map_err(measuring)?;
    telling.end();
    measured::measure(&place, made, wanted).map_err(measuring)?;
    place.complete().map_err(measuring)?;
    let judged = judge(folder, &place.manifest, threshold)?;
    Ok((place.manifest, judged))
}

/// The page of a comparison that was measured before, with a way back to a site's first page; `None` where the folder holds
/// none, or one that was cut short.
pub(super) fn page_of(folder: &Path, home: &str) -> Result<Option<String>, String> {
    let said = |error: &dyn Display| format!("{}: {error}", folder.display());
    let manifest = Manifest::read(&folder.join(place::MANIFEST)).map_err(|error| said(&error))?;
    let Some(manifest) = manifest.filter(|manifest| manifest.complete) else {
        return Ok(None);
    };
    match judge(folder, &manifest, THRESHOLD / 100.0) {
        Ok(judged) => Ok(Some(html::builds(&manifest, &judged, Some(home)))),
        Err(Trouble::Input(reason) | Trouble::Interrupted(reason)) => Err(said(&reason)),
    }
}

fn judge(folder: &Path, manifest: &Manifest, threshold: f64) -> Result<Judged, Trouble> {
    let mut all = place::read(folder, manifest)?;
    let null = all.pop().unwrap_or_default();
    let base = if all.is_empty() {
        Default::default()
    } else {
        all.remove(0)
    };
    Ok(judged(&base, &all, &null, threshold))
}

fn folder_of(kind: &str, name: &str) -> Result<PathBuf, Trouble> {
    let folder = format!("{kind}-{name}");
    if measure::run_store::is_run_name(&folder) {
        Ok(results().join(folder))
    } else {
        Err(Trouble::Input(format!(
            "--name {name}: not a name of letters, digits and ._- (57 of them at most)"
        )))
    }
}

fn compared(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let (specs, filter) = words(&arguments.words)?;
    let (threshold, folder) = (threshold(arguments.threshold)?, folder_of("builds", &arguments.name)?);
    let targets = without_scale();
    let selection = selection(&targets)?;
    let wanted = wanted(&targets, &selection, &specs, filter)?;
    let replace = arguments.name == LATEST;
    // Before the builds are made, which takes minutes.
    if let (false, Some(before)) = (replace, Manifest::read(&folder.join(place::MANIFEST))?)
        && before.complete
    {
        return Err(MeasureError::Exists { folder }.into());
    }
    let mut telling = Telling::new();
    let made = make_all(&Project::new(package_folder()), &specs, &wanted, &mut telling)?;
    let (manifest, judged) = compare_in(&folder, replace, &made, &wanted, threshold, &mut telling)?;
    end(arguments, &folder, &manifest, &judged)
}

fn show(arguments: &Arguments, name: &str) -> Result<ExitCode, Trouble> {
    let folder = match Path::new(name) {
        folder if folder.is_dir() && name.contains(std::path::MAIN_SEPARATOR) => folder.to_owned(),
        _ => folder_of("builds", name)?,
    };
    let path = folder.join(place::MANIFEST);
    let Some(manifest) = Manifest::read(&path)? else {
        return Err(Trouble::Input(format!(
            "{name}: no comparison of builds ({} does not exist)",
            path.display()
        )));
    };
    if !manifest.complete {
        return Err(Trouble::Input(format!(
            "{name}: it was cut short; `{}` goes on with it",
            manifest.command
        )));
    }
    let judged = judge(&folder, &manifest, threshold(arguments.threshold)?)?;
    end(arguments, &folder, &manifest, &judged)
}

/// Prints what was found, draws its page, and says where both are.
fn end(arguments: &Arguments, folder: &Path, manifest: &Manifest, judged: &Judged) -> Result<ExitCode, Trouble> {
    let page = folder.join("index.html");
    crate::files::replace(&page, html::builds(manifest, judged, None).as_bytes())
        .map_err(|error| format!("{}: {error}", page.display()))?;
    if !arguments.chart.is_empty() {
        let Some(drawn) = html::builds_chart(judged, &arguments.chart) else {
            return Err(Trouble::Input(format!(
                "--chart {}: no such measurements in this comparison",
                arguments.chart.join(",")
            )));
        };
        let path = folder.join("chart.svg");
        crate::files::replace(&path, drawn.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("Chart: {}", path.display());
    }
    let text = match arguments.format {
        TableFormat::Text => render(judged, arguments.all, Style::Text),
        TableFormat::Markdown => render(judged, arguments.all, Style::Markdown),
        TableFormat::Json => format!("{:#}\n", serde_json::json!(judged)),
    };
    let code = print(&text);
    eprintln!("Page: {}", page.display());
    eprintln!("Records: {}", folder.display());
    let failed = arguments
        .fail_on
        .is_some_and(|FailOn(beyond)| judged.any_slower(beyond));
    Ok(if failed { ExitCode::from(1) } else { code })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_last_word_may_be_a_filter() {
        let (specs, filter) = words(&given("same tokio=1.50.0 yield/")).ok().expect("builds");
        assert_eq!((specs.len(), filter.as_deref()), (2, Some("yield/")));
        let (specs, filter) = words(&given("same same")).ok().expect("builds");
        assert_eq!((specs.len(), filter), (2, None));
        for wrong in ["same", "same yield/", "yield/ same", "same tokyo=1 same"] {
            let Err(Trouble::Input(said)) = words(&given(wrong)) else {
                panic!("{wrong}");
            };
            assert!(said.contains("rev:REVISION"), "{said}");
        }
    }

    #[test]
    fn what_fails_is_slower_or_slower_by_some_percent() {
        assert_eq!("slower".parse::<FailOn>().map(|FailOn(by)| by), Ok(0.0));
        assert_eq!("slower:5".parse::<FailOn>().map(|FailOn(by)| by), Ok(0.05));
        for wrong in ["faster", "slower:", "slower:x", "slower:-1", "slower5"] {
            assert!(wrong.parse::<FailOn>().is_err(), "{wrong}");
        }
    }
}
