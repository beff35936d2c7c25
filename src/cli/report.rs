//! `report`: a run, two or more side by side, as a page, as Markdown, or as the text that a run ends with.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};

use super::{bad_input, print, results};
use crate::attachments::RecordedRun;
use crate::case::Case;
use crate::compare::{DEFAULT_THRESHOLD, compare};
use crate::environment::cores;
use crate::files;
use crate::report::changes::{Style, render};
use crate::report::summary::{Paths, summary};
use crate::report::{self, html, markdown};
use crate::run_store::{LATEST, Run, StoreError, names_of_two};
use crate::table;
use measure::machines::{Gathered, Machine, Machines};
use timed::locked::lock;

#[derive(Args)]
#[command(
    after_help = "The page is one file that needs nothing else; its path is printed.\n\n\
                  Examples: cargo run --release -- report\n          \
                  cargo run --release -- report before latest\n          \
                  cargo run --release -- report machine-1 machine-2 machine-3 --format text\n          \
                  cargo run --release -- report --format summary\n          \
                  cargo run --release -- report NAME --format markdown --splice README.md"
)]
pub(super) struct Arguments {
    /// A run under results/, or the path of a folder with records; two are compared, what changed first; three and more are
    /// taken as as many machines, and so is a file of `export --format parquet`: the verdict on each, and over them
    #[arg(default_value = LATEST, value_name = "RUN")]
    runs: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// Where the page goes [default: report.html in the run's folder, or report-machines.html under results/]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fill the sections of this document that stand between `<!-- BEGIN SECTION -->` and `<!-- END SECTION -->`
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    splice: Option<PathBuf>,
    /// With --splice or --format svg: change nothing, exit 1 where a file is stale
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page
    Html,
    /// Text for a repository or a comment
    Markdown,
    /// Every row, a table for each target
    Text,
    /// For a machine; of three runs or more
    Json,
    /// What `cargo bench` says at its end
    Summary,
    /// The two charts of the answer, as files in the folder that --output names
    Svg,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.splice.is_some() && arguments.format != Format::Markdown {
        return bad_input("--splice needs --format markdown");
    }
    if arguments.output.is_some() && !matches!(arguments.format, Format::Html | Format::Svg) {
        return bad_input("--output needs --format html or svg; the others go to standard output");
    }
    if arguments.check && arguments.splice.is_none() && arguments.format != Format::Svg {
        return bad_input("--check needs --splice or --format svg");
    }
    if arguments.splice.is_some() && arguments.runs.len() > 1 {
        return bad_input("--splice takes one run");
    }
    let load = |name: &String| RecordedRun::load(&results(), name);
    if arguments.runs.len() > 2 || arguments.runs.iter().any(is_of_many) {
        return machines(arguments);
    }
    if arguments.format == Format::Json {
        return bad_input(
            "--format json needs three runs or more; of one it is `export --format json`, of two `compare --format json`",
        );
    }
    let first = match load(&arguments.runs[0]) {
        Ok(run) => run,
        Err(error) => return bad_input(error),
    };
    let Some(second) = arguments.runs.get(1) else {
        return match (arguments.format, &arguments.splice) {
            (Format::Markdown, Some(_)) if first.is_simulated() => bad_input(format!(
                "{}: simulated, and measured by no machine; a document holds measurements only",
                first.name
            )),
            (Format::Markdown, Some(document)) => splice(document, &first, arguments),
            (Format::Markdown, None) => print(&markdown::render(&first)),
            (Format::Text, _) => {
                let tables = first.parts.iter().map(|(header, measurements)| {
                    let traps: String = header
                        .simulated
                        .iter()
                        .map(|what| format!("SIMULATED: {what}\n"))
                        .collect();
                    format!("{}\n{traps}\n{}", header.target, table::render(header, measurements))
                });
                let server = first.server.iter();
                let server = server.map(|record| format!("server\n\n{}", server::table::render(record)));
                print(&tables.chain(server).collect::<Vec<_>>().join("\n"))
            }
            (Format::Summary, _) => print(&summary(&first.parts, &Paths::default())),
            (Format::Svg, _) => charts(&first, arguments),
            (Format::Html | Format::Json, _) => {
                let page = html::page(&first, &links(&first));
                write(arguments, first.folder.join("report.html"), &page)
            }
        };
    };
    let second = match load(second) {
        Ok(run) => run,
        Err(error) => return bad_input(error),
    };
    let names = names_of_two(&first, &second);
    let compared = compare(names, &first.parts, &second.parts, DEFAULT_THRESHOLD);
    match arguments.format {
        Format::Markdown => print(&render(&compared, true, Style::Markdown)),
        Format::Text => print(&render(&compared, true, Style::Text)),
        Format::Summary | Format::Svg => bad_input("--format summary and svg are of one run"),
        Format::Html | Format::Json => {
            let page = html::comparison(names, &first.parts, &second.parts, &compared);
            let file = format!("report-against-{}.html", first.name);
            write(arguments, second.folder.join(file), &page)
        }
    }
}

/// Three runs and more, or a file of them.
fn machines(arguments: &Arguments) -> ExitCode {
    let machines = match read_machines(&results(), &arguments.runs) {
        Ok(machines) => machines,
        Err(error) => return bad_input(error),
    };
    match arguments.format {
        Format::Markdown => print(&report::machines::render(&machines, Style::Markdown)),
        Format::Text => print(&report::machines::render(&machines, Style::Text)),
        Format::Json => match serde_json::to_string(&machines) {
            Ok(text) => print(&(text + "\n")),
            Err(error) => bad_input(error),
        },
        Format::Summary | Format::Svg => bad_input("--format summary and svg are of one run"),
        Format::Html => write(
            arguments,
            results().join("report-machines.html"),
            &html::machines(&machines),
        ),
    }
}

/// Whether it is a file of many machines, which `export --format parquet` made.
fn is_of_many(name: &String) -> bool {
    cfg!(feature = "parquet") && name.ends_with(".parquet") && Path::new(name).is_file()
}

/// Reads the runs, on all cores: there may be thousands. Of each only what stands beside others is kept.
fn read_machines(results: &Path, names: &[String]) -> Result<Machines, String> {
    let mut gathered = Gathered::default();
    let mut taken = 0;
    #[cfg(feature = "parquet")]
    for name in names.iter().filter(|name| is_of_many(name)) {
        taken = report::parquet::gather(Path::new(name), &mut gathered, taken)?;
    }
    let names: Vec<&String> = names.iter().filter(|name| !is_of_many(name)).collect();
    let progress = indicatif::ProgressBar::new(names.len() as u64);
    let next = AtomicUsize::new(0);
    let gathered = Mutex::new(gathered);
    // Runs of one name are told apart by where they lie.
    let mut named: HashMap<_, usize> = HashMap::new();
    for name in &names {
        *named.entry(Path::new(name).file_name()).or_default() += 1;
    }
    let read = || -> Option<(usize, StoreError)> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let run = match Run::load(results, names.get(number)?) {
                Ok(run) => run,
                Err(error) => {
                    // The first of the wrong ones is told; none before it is unread.
                    next.store(names.len(), Ordering::Relaxed);
                    return Some((number, error));
                }
            };
            let mut machine = Machine::of(&run.name, &run.parts);
            if named[&Path::new(names[number]).file_name()] > 1 {
                machine.name = run.folder.display().to_string();
            }
            let mut gathered = lock(&gathered);
            gathered.take(taken + number, machine);
            progress.inc(1);
        }
    };
    let wrong: Vec<(usize, StoreError)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(read)).collect();
        let joined = threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("reading does not panic"));
        joined.collect()
    });
    progress.finish_and_clear();
    match wrong.into_iter().min_by_key(|(number, _)| *number) {
        Some((_, error)) => Err(error.to_string()),
        None => Ok(gathered.into_inner().unwrap_or_else(PoisonError::into_inner).together()),
    }
}

fn write(arguments: &Arguments, default: PathBuf, page: &str) -> ExitCode {
    let path = arguments.output.clone().unwrap_or(default);
    match files::replace(&path, page.as_bytes()) {
        Ok(()) => {
            println!("{}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => bad_input(format!("{}: {error}", path.display())),
    }
}

/// The charts of the answer, as files.
fn charts(run: &RecordedRun, arguments: &Arguments) -> ExitCode {
    let folder = arguments.output.clone().unwrap_or_else(|| run.folder.clone());
    let pictures = html::pictures(&run.parts);
    if pictures.is_empty() {
        return bad_input(format!("the run {} has no figures for the charts", run.name));
    }
    for picture in pictures {
        let path = folder.join(picture.file);
        let drawn = picture.standalone();
        if fs::read(&path).is_ok_and(|before| before == drawn.as_bytes()) {
            continue;
        }
        if arguments.check {
            return stale(&path, run);
        }
        if let Err(error) = files::replace(&path, drawn.as_bytes()) {
            return bad_input(format!("{}: {error}", path.display()));
        }
    }
    ExitCode::SUCCESS
}

fn stale(path: &Path, run: &RecordedRun) -> ExitCode {
    eprintln!(
        "{}: stale against the run {name}; scripts/documents {name} makes it anew",
        path.display(),
        name = run.name
    );
    ExitCode::from(1)
}

fn splice(path: &Path, run: &RecordedRun, arguments: &Arguments) -> ExitCode {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return bad_input(format!("{}: {error}", path.display())),
    };
    let after = match markdown::splice(&before, run) {
        Ok(text) => text,
        Err(error) => return bad_input(format!("{}: {error}", path.display())),
    };
    if before == after {
        return ExitCode::SUCCESS;
    }
    if arguments.check {
        return stale(path, run);
    }
    match files::replace(path, after.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => bad_input(format!("{}: {error}", path.display())),
    }
}

/// The address of a file, whose path begins with a drive on Windows.
fn file_url(path: &str) -> String {
    let path = path.trim_start_matches(r"\\?\").replace('\\', "/");
    let path = path.replace('%', "%25").replace(' ', "%20").replace('#', "%23");
    let root = if path.starts_with('/') { "" } else { "/" };
    format!("file://{root}{}", path.replace('?', "%3F"))
}

/// Where a measurement's own pages are. Criterion keeps those of the last run only.
fn links(run: &RecordedRun) -> html::Links {
    let criterion = crate::bench::criterion_home();
    let same = |a: &Path, b: &Path| a.canonicalize().ok() == b.canonicalize().ok();
    let last = same(&run.folder, &results().join(LATEST));
    let link = move |case: &Case, strategy: &str, file: &str| {
        let path = crate::bench::folder_of(&criterion, case, strategy).join(file);
        let path = (last && path.exists()).then(|| path.canonicalize().ok()).flatten()?;
        Some(file_url(path.to_str()?))
    };
    let to_flamegraph = link.clone();
    html::Links {
        criterion: Box::new(move |case, strategy| link(case, strategy, "report/index.html")),
        flamegraph: Box::new(move |case, strategy| to_flamegraph(case, strategy, "profile/flamegraph.svg")),
        home: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_address_on_every_system() {
        assert_eq!(file_url("/a b/50%#?.html"), "file:///a%20b/50%25%23%3F.html");
        assert_eq!(file_url(r"\\?\C:\a\b.html"), "file:///C:/a/b.html");
    }
}
