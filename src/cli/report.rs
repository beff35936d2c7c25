//! `report`: a run, or two side by side, as a page, as Markdown, or as the text that a run ends with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{bad_input, print, results};
use crate::attachments::RecordedRun;
use crate::case::Case;
use crate::compare::{DEFAULT_THRESHOLD, compare};
use crate::files;
use crate::report::changes::{Style, render};
use crate::report::{html, markdown};
use crate::run_store::names_of_two;
use crate::table;

#[derive(Args)]
#[command(
    after_help = "The page is one file that needs nothing else; its path is printed.\n\n\
                  Examples: cargo run --release -- report\n          \
                  cargo run --release -- report before latest\n          \
                  cargo run --release -- report NAME --format markdown --splice README.md"
)]
pub(super) struct Arguments {
    /// A run under results/, or the path of a folder with records
    #[arg(default_value = "latest")]
    run: String,
    /// A second run: both side by side, what changed first
    other: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// Where the page goes [default: report.html in the run's folder]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fill the sections of this document that stand between `<!-- BEGIN SECTION -->` and `<!-- END SECTION -->`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["other", "output"])]
    splice: Option<PathBuf>,
    /// With --splice: change nothing, exit 1 where the document is stale
    #[arg(long, requires = "splice")]
    check: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page
    Html,
    /// Text for a repository or a comment
    Markdown,
    /// The table that each target ends with
    Text,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.splice.is_some() && arguments.format != Format::Markdown {
        return bad_input("--splice needs --format markdown");
    }
    if arguments.output.is_some() && arguments.format != Format::Html {
        return bad_input("--output needs --format html; the others go to standard output");
    }
    let load = |name: &String| RecordedRun::load(&results(), name);
    let first = match load(&arguments.run) {
        Ok(run) => run,
        Err(error) => return bad_input(error),
    };
    let Some(second) = &arguments.other else {
        return match (arguments.format, &arguments.splice) {
            (Format::Markdown, Some(document)) => splice(document, &first, arguments),
            (Format::Markdown, None) => print(&markdown::render(&first)),
            (Format::Text, _) => {
                let tables = first.parts.iter().map(|(header, measurements)| {
                    format!("{}\n\n{}", header.target, table::render(header, measurements))
                });
                let server = first.server.iter();
                let server = server.map(|record| format!("server\n\n{}", server::table::render(record)));
                print(&tables.chain(server).collect::<Vec<_>>().join("\n"))
            }
            (Format::Html, _) => {
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
        Format::Html => {
            let page = html::comparison(names, &first.parts, &second.parts, &compared);
            let file = format!("report-against-{}.html", first.name);
            write(arguments, second.folder.join(file), &page)
        }
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
        eprintln!(
            "{}: stale against the run {}; cargo run --release -- report {} --format markdown --splice {}",
            path.display(),
            run.name,
            arguments.run,
            path.display()
        );
        return ExitCode::from(1);
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
    let last = same(&run.folder, &results().join("latest"));
    let link = move |case: &Case, strategy: &str, file: &str| {
        let path = criterion
            .join(case.group().replace('/', "_"))
            .join(strategy)
            .join(case.tasks.to_string())
            .join(file);
        let path = (last && path.exists()).then(|| path.canonicalize().ok()).flatten()?;
        Some(file_url(path.to_str()?))
    };
    let to_flamegraph = link.clone();
    html::Links {
        criterion: Box::new(move |case, strategy| link(case, strategy, "report/index.html")),
        flamegraph: Box::new(move |case, strategy| to_flamegraph(case, strategy, "profile/flamegraph.svg")),
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
