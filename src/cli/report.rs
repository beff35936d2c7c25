//! `report`: a run, two or more side by side, as a page, as Markdown, or as the text that a run ends with.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::{Answer, print, print_line, results, write_file};
use crate::attachments::RecordedRun;
use crate::case::Case;
use crate::compare::{DEFAULT_THRESHOLD, compare};
use crate::report::changes::{Style, render};
use crate::report::summary::{Paths, summary};
use crate::report::{self, html, markdown};
use crate::run_store::{LATEST, Run, names_of_two};
use crate::table;
use crate::text::first_of;
use crate::trouble::{Trouble, at};
use measure::machines::{FIELDS, Gathered, Machine, Machines};
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
    /// Where the page goes [default: report.html in the run's folder, or report-machines.html under results/]; with
    /// --format svg the folder of the charts [default: the run's folder]
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

/// Of what reports that draw a run's answer speak.
const OF_ONE_RUN: &str = "--format summary and svg are of one run";

pub(super) fn run(arguments: &Arguments) -> Answer {
    if arguments.splice.is_some() && arguments.format != Format::Markdown {
        return Err("--splice needs --format markdown".into());
    }
    if arguments.output.is_some() && !matches!(arguments.format, Format::Html | Format::Svg) {
        return Err("--output needs --format html or svg; the others go to standard output".into());
    }
    if arguments.check && arguments.splice.is_none() && arguments.format != Format::Svg {
        return Err("--check needs --splice or --format svg".into());
    }
    if arguments.splice.is_some() && arguments.runs.len() > 1 {
        return Err("--splice takes one run".into());
    }
    let load = |name: &String| RecordedRun::load(&results(), name);
    if arguments.runs.len() > 2 || arguments.runs.iter().any(is_of_many) {
        return machines(arguments);
    }
    if arguments.format == Format::Json {
        return Err(
            "--format json needs three runs or more; of one it is `export --format json`, of two `compare --format json`"
                .into(),
        );
    }
    let first = load(&arguments.runs[0])?;
    let second = arguments.runs.get(1).map(load).transpose()?;
    let alone = second.is_none() && !matches!(arguments.format, Format::Summary | Format::Svg);
    let mut runs = std::iter::once(&first).chain(&second);
    if !alone && let Some(run) = runs.find(|run| run.parts.is_empty()) {
        return Err(format!(
            "{}: only the target server was measured; a page, --format text and --format markdown show it by itself",
            run.name
        )
        .into());
    }
    let Some(second) = second else {
        return match (arguments.format, &arguments.splice) {
            (Format::Markdown, Some(_)) if first.is_simulated() => Err(format!(
                "{}: simulated, and measured by no machine; a document holds measurements only",
                first.name
            )
            .into()),
            (Format::Markdown, Some(document)) => splice(document, &first, arguments),
            (Format::Markdown, None) => print(&markdown::render(&first)),
            (Format::Text, _) => {
                let tables = first.parts.iter().map(|(header, measurements)| {
                    format!("{}\n\n{}", header.target, table::render(header, measurements))
                });
                let server = first.server.iter();
                let server = server.map(|record| format!("server\n\n{}", server::table::render(record)));
                let tables = tables.chain(server).collect::<Vec<_>>().join("\n");
                print(&(simulated(&first) + &tables))
            }
            (Format::Summary, _) => print(&(simulated(&first) + &summary(&first.parts, &Paths::default()))),
            (Format::Svg, _) => charts(&first, arguments),
            (Format::Html | Format::Json, _) => {
                let page = html::page(&first, &links(&first));
                write(arguments, first.folder.join("report.html"), &page)
            }
        };
    };
    let names = names_of_two(&first, &second);
    let compared = compare(names, &first.parts, &second.parts, DEFAULT_THRESHOLD);
    match arguments.format {
        Format::Markdown => print(&render(&compared, true, Style::Markdown)),
        Format::Text => print(&render(&compared, true, Style::Text)),
        Format::Summary | Format::Svg => Err(OF_ONE_RUN.into()),
        Format::Html | Format::Json => {
            let page = html::comparison(names, &first.parts, &second.parts, &compared);
            let file = format!("report-against-{}.html", first.name);
            write(arguments, second.folder.join(file), &page)
        }
    }
}

/// What a report of a run begins with that no machine measured: a line for each of its machines.
fn simulated(run: &RecordedRun) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (header, _) in &run.parts {
        let line = header.simulated.iter().map(|what| format!("SIMULATED: {what}\n"));
        lines.extend(line.filter(|line| !lines.contains(line)).collect::<Vec<_>>());
    }
    lines.concat()
}

/// Three runs and more, or a file of them.
fn machines(arguments: &Arguments) -> Answer {
    let machines = read_machines(&results(), &arguments.runs)?;
    match arguments.format {
        Format::Markdown => print(&report::machines::render(&machines, Style::Markdown)),
        Format::Text => print(&report::machines::render(&machines, Style::Text)),
        Format::Json => print(&(serde_json::to_string(&machines)? + "\n")),
        Format::Summary | Format::Svg => Err(OF_ONE_RUN.into()),
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
fn read_machines(results: &Path, names: &[String]) -> Result<Machines, Trouble> {
    #[cfg_attr(not(feature = "parquet"), expect(unused_mut))]
    let (mut gathered, mut taken) = (Gathered::default(), 0);
    #[cfg(feature = "parquet")]
    for name in names.iter().filter(|name| is_of_many(name)) {
        taken = report::parquet::gather(Path::new(name), &mut gathered, taken)?;
    }
    let names: Vec<&String> = names.iter().filter(|name| !is_of_many(name)).collect();
    let progress = indicatif::ProgressBar::new(names.len() as u64);
    let gathered = Mutex::new((gathered, Seen::default()));
    // Runs of one name are told apart by where they lie.
    let mut named: HashMap<_, usize> = HashMap::new();
    for name in &names {
        *named.entry(Path::new(name).file_name()).or_default() += 1;
    }
    let read = |number: usize, name: &String| -> Result<(), Trouble> {
        let run = Run::load(results, name)?;
        let mut machine = Machine::of(&run.name, &run.parts);
        if named[&Path::new(name).file_name()] > 1 {
            machine.name = run.folder.display().to_string();
        }
        let (gathered, seen) = &mut *lock(&gathered);
        seen.take(name, &run, &machine)?;
        gathered.take(taken + number, machine);
        progress.inc(1);
        Ok(())
    };
    let all = names.par_iter().enumerate();
    // The first of the wrong ones is told.
    let wrong = all.find_map_first(|(number, name)| read(number, name).err());
    progress.finish_and_clear();
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let (gathered, seen) = gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
    for alike in seen.alike() {
        eprintln!("warning: {alike}");
    }
    Ok(gathered.together())
}

/// The runs that were read as machines, to find one that counts twice.
#[derive(Default)]
struct Seen {
    /// The run of each record, by the record's checksum.
    records: HashMap<String, String>,
    /// The runs of each processor, number of cores and kernel.
    machines: BTreeMap<[String; 3], Vec<String>>,
}

impl Seen {
    /// Takes a run; an error where one of its records was in a run before it.
    fn take(&mut self, name: &str, run: &Run, machine: &Machine) -> Result<(), String> {
        for (header, _) in run.parts.iter().filter(|(header, _)| !header.checksum.is_empty()) {
            if let Some(other) = self.records.insert(header.checksum.clone(), name.to_owned()) {
                let mut both = [other.as_str(), name];
                both.sort_unstable();
                return Err(format!(
                    "{} and {}: the same record of {}; a machine counts once",
                    both[0], both[1], header.target
                ));
            }
        }
        if machine.simulated.is_none() {
            let of = ["processor", "cores", "kernel"].map(|field| {
                let place = FIELDS.iter().position(|(known, _)| *known == field);
                place.map_or(String::new(), |place| machine.fields[place].clone())
            });
            self.machines.entry(of).or_default().push(name.to_owned());
        }
        Ok(())
    }

    /// Which runs may be of one machine, a sentence each.
    fn alike(self) -> impl Iterator<Item = String> {
        const SHOWN: usize = 5;
        let several = self.machines.into_iter().filter(|(_, names)| names.len() > 1);
        several.map(|([cpu, cores, kernel], mut names)| {
            names.sort();
            format!(
                "{}: of one kind ({cpu}, {cores} cores, {kernel}); if they are one machine, it counts as several",
                first_of(names.iter(), SHOWN)
            )
        })
    }
}

fn write(arguments: &Arguments, default: PathBuf, page: &str) -> Answer {
    let path = arguments.output.clone().unwrap_or(default);
    write_file(&path, page.as_bytes())?;
    print_line(path.display())
}

/// The charts of the answer, as files; prints the paths of those that were written.
fn charts(run: &RecordedRun, arguments: &Arguments) -> Answer {
    if run.is_simulated() {
        return Err(format!(
            "{}: measured by no machine, and --format svg has no place that says so",
            run.name
        )
        .into());
    }
    let folder = arguments.output.clone().unwrap_or_else(|| run.folder.clone());
    let pictures = html::pictures(&run.parts);
    if pictures.is_empty() {
        return Err(format!("the run {} has no figures for the charts", run.name).into());
    }
    let mut written = String::new();
    for picture in pictures {
        let path = folder.join(picture.file);
        let drawn = picture.standalone();
        if fs::read(&path).is_ok_and(|before| before == drawn.as_bytes()) {
            continue;
        }
        if arguments.check {
            return stale(&path, run);
        }
        write_file(&path, drawn.as_bytes())?;
        written += &format!("{}\n", path.display());
    }
    print(&written)
}

fn stale(path: &Path, run: &RecordedRun) -> Answer {
    eprintln!(
        "{}: stale against the run {name}; scripts/documents {name} makes it anew",
        path.display(),
        name = run.name
    );
    Ok(ExitCode::from(1))
}

fn splice(path: &Path, run: &RecordedRun, arguments: &Arguments) -> Answer {
    let before = fs::read_to_string(path).map_err(at(path))?;
    let after = markdown::splice(&before, run).map_err(at(path))?;
    if before != after {
        if arguments.check {
            return stale(path, run);
        }
        write_file(path, after.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
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
