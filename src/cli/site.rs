//! `site`: a static folder of the answer, all recorded runs and the documents.

use std::fs;
use std::path::{Component, Path, PathBuf};

use clap::Args;

use super::{Answer, builds, print_line, results, write_file};
use crate::attachments::RecordedRun;
use crate::builds::place::MANIFEST;
use crate::environment::package_folder;
use crate::report::html::site::{Entry, Site};
use crate::report::html::{self, Links};
use crate::run_store;
use crate::trouble::{Trouble, at};

#[derive(Args)]
#[command(
    after_help = "Pages have relative links only, so that the folder works wherever it is put. scripts/site empties the folder \
                  first, and can add flamegraphs.\n\n\
                  Example: cargo run --release -- site target/site"
)]
pub(super) struct Arguments {
    /// The folder; what is in it stays, unless a page has its name
    folder: PathBuf,
    /// The recorded run that the first page speaks of [default: the one that the documents speak of]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// A folder with pages of flamegraphs to show
    #[arg(long, value_name = "FOLDER")]
    flamegraphs: Option<PathBuf>,
}

/// Documents of the repository, in the order of the navigation.
const FIRST: [&str; 6] = [
    "README.md",
    "docs/RESULTS.md",
    "docs/ARTICLE.md",
    "docs/USAGE.md",
    "docs/METHODOLOGY.md",
    "docs/PROFILES.md",
];

fn write(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Trouble::failed_at(folder))?;
    }
    write_file(path, bytes)
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    let root = package_folder();
    let folder = &arguments.folder;
    let chosen = match &arguments.run {
        Some(name) => name.clone(),
        None => {
            let path = root.join("docs/RUN");
            fs::read_to_string(&path).map_err(at(&path))?.trim().to_owned()
        }
    };
    let load = |name: &str| RecordedRun::load(&results(), name);
    let run = load(&chosen)?;
    let mut runs = Vec::new();
    for name in run_store::names(&results()) {
        // The last run is of this machine and this moment; folders of another schema are kept as evidence, and are no runs.
        if !name.starts_with("latest") && !name.starts_with("schema-") {
            runs.push(load(&name)?);
        }
    }
    if !runs.iter().any(|known| known.name == run.name) {
        runs.push(run.clone());
    }

    let documents = documents(&root)?;
    let mut site = Site {
        documents: documents.iter().map(|path| entry(path)).collect(),
        ..Site::default()
    };
    let compares = |name: &str| results().join(name).join(MANIFEST).is_file();
    let mut comparisons: Vec<String> = fs::read_dir(results())
        .map_err(at(&results()))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| compares(name))
        // The last one is of this machine and this moment.
        .filter(|name| !name.ends_with("-latest"))
        .collect();
    comparisons.sort();
    for name in comparisons {
        if let Some(page) = builds::page_of(&results().join(&name), "../index.html")? {
            let address = format!("builds/{name}.html");
            write(&folder.join(&address), page.as_bytes())?;
            site.comparisons.push(Entry { address, name });
        }
    }
    if let Some(from) = &arguments.flamegraphs {
        let mut pages: Vec<PathBuf> = fs::read_dir(from)
            .map_err(at(from))?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        pages.retain(|path| path.extension().is_some_and(|end| end == "html"));
        pages.sort();
        for path in pages {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let address = format!("flamegraphs/{name}.html");
            write(&folder.join(&address), &fs::read(&path).map_err(at(&path))?)?;
            site.flamegraphs.push(Entry { address, name });
        }
    }

    write(&folder.join("index.html"), site.index(&run).as_bytes())?;
    write(&folder.join("runs.html"), site.runs(&runs).as_bytes())?;
    for run in &runs {
        let links = Links {
            home: Some("../index.html".into()),
            ..Links::default()
        };
        let page = html::page(run, &links);
        write(&folder.join(format!("runs/{}.html", run.name)), page.as_bytes())?;
    }
    // The page of a folder of results.
    let kept = |name: &str| {
        let comparison = site.comparisons.iter().find(|entry| entry.name == name);
        let run = runs.iter().find(|run| run.name == name);
        comparison
            .map(|entry| format!("../{}", entry.address))
            .or(run.map(|run| format!("../runs/{}.html", run.name)))
    };
    for path in &documents {
        let file = root.join(path);
        let text = fs::read_to_string(&file).map_err(at(&file))?;
        let link = |target: &str| led(path, target, &documents, &kept);
        let address = entry(path).address;
        let page = site.document(&address, &text, link);
        write(&folder.join(address), page.as_bytes())?;
    }
    let charts = root.join("docs/charts");
    for chart in fs::read_dir(&charts).map_err(at(&charts))?.flatten() {
        let drawn = fs::read(chart.path()).map_err(at(&charts))?;
        write(&folder.join("docs/charts").join(chart.file_name()), &drawn)?;
    }
    print_line(folder.join("index.html").display())
}

/// All documents, by their paths in the repository.
fn documents(root: &Path) -> Result<Vec<String>, String> {
    let docs = root.join("docs");
    let mut others: Vec<String> = fs::read_dir(&docs)
        .map_err(at(&docs))?
        .flatten()
        .map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()))
        .chain([
            "CONTRIBUTING.md".to_owned(),
            "CHANGELOG.md".to_owned(),
            "results/README.md".to_owned(),
        ])
        .filter(|path| path.ends_with(".md") && !FIRST.contains(&path.as_str()))
        .collect();
    others.sort();
    let all = FIRST.map(str::to_owned).into_iter().chain(others);
    Ok(all.filter(|path| root.join(path).is_file()).collect())
}

/// The page of a document.
fn entry(path: &str) -> Entry {
    let name = match path {
        "results/README.md" => "RECORDS",
        path => path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md"),
    };
    Entry {
        address: format!("docs/{name}.html"),
        name: name.to_owned(),
    }
}

/// Where a link of a document leads in the site; none where it leads to what the site has not. `kept` has the page
/// of a folder of results.
fn led(document: &str, target: &str, documents: &[String], kept: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    if target.starts_with('#') {
        return Some(target.to_owned());
    }
    let (path, fragment) = match target.split_once('#') {
        Some((path, fragment)) => (path, format!("#{fragment}")),
        None => (target, String::new()),
    };
    let path = resolved(Path::new(document).parent()?, path)?;
    if documents.contains(&path) {
        // Pages of documents lie beside each other.
        let address = entry(&path).address;
        return Some(format!("{}{fragment}", address.trim_start_matches("docs/")));
    }
    match path.split_once('/') {
        Some(("docs", chart)) if chart.starts_with("charts/") => Some(chart.to_owned()),
        Some(("results", name)) => kept(name),
        None if path == "results" => Some("../runs.html".to_owned()),
        _ => None,
    }
}

/// A path from a folder, without the steps up and down.
fn resolved(folder: &Path, path: &str) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?.to_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_within_the_site() {
        let documents = ["README.md", "docs/RESULTS.md", "results/README.md"].map(str::to_owned);
        let kept = |name: &str| match name {
            "one" => Some("../runs/one.html".to_owned()),
            "history" => Some("../builds/history.html".to_owned()),
            _ => None,
        };
        let led = |document: &str, target: &str| led(document, target, &documents, &kept);
        for (document, target, to) in [
            ("README.md", "docs/RESULTS.md#counts", Some("RESULTS.html#counts")),
            ("docs/RESULTS.md", "../README.md", Some("README.html")),
            ("docs/RESULTS.md", "../results/README.md", Some("RECORDS.html")),
            ("docs/RESULTS.md", "../results/one", Some("../runs/one.html")),
            ("README.md", "results/history", Some("../builds/history.html")),
            ("docs/RESULTS.md", "#counts", Some("#counts")),
            ("README.md", "docs/charts/cost.svg", Some("charts/cost.svg")),
            ("README.md", "examples", None),
            ("README.md", "../outside", None),
            ("README.md", "https://example.com", None),
        ] {
            assert_eq!(led(document, target).as_deref(), to, "{target}");
        }
    }
}
