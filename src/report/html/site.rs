//! The pages of a site: its first one with the answer, all recorded runs in a table, and the documents. The run's own pages are
//! those of `page`. Links are relative, so that the folder works wherever it lies.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::{badge, heads, shell_of_site, table, table_of, with_interval};
use crate::attachments::RecordedRun;
use crate::findings::answer::{Evidence, answer_of};
use crate::findings::headline::headline;
use crate::in_order::unique;
use crate::record::Status;
use crate::text::more;

/// A page of the site, as its navigation has it: its address from the root of the site, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the root, with `/` between folders.
    pub address: String,
    /// What it is called.
    pub name: String,
}

/// What the pages of a site link to.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The documents, in the order of the navigation.
    pub documents: Vec<Entry>,
    /// Builds compared, such as releases of tokio.
    pub comparisons: Vec<Entry>,
    /// Pictures of where the time goes.
    pub flamegraphs: Vec<Entry>,
}

impl Site {
    fn around(&self, address: &str, title: &str, content: Markup) -> String {
        let root = "../".repeat(address.matches('/').count());
        let first = [("index.html", "answer"), ("runs.html", "runs")];
        let documents = self.documents.iter().map(|e| (&*e.address, &*e.name));
        let links: Vec<(String, String)> = first
            .into_iter()
            .chain(documents)
            .map(|(address, name)| (format!("{root}{address}"), name.to_owned()))
            .collect();
        shell_of_site(title, &links, content)
    }

    /// The first page: the answer.
    pub fn index(&self, run: &RecordedRun) -> String {
        let of_run = format!("runs/{}.html", run.name);
        let document = |name: &str| {
            let document = self.documents.iter().find(|e| e.name == name);
            document.map(|e| e.address.clone())
        };
        let link = |evidence: Evidence| match evidence {
            Evidence::Workload(name) => Some(format!("{of_run}#workload-{name}")),
            Evidence::Target(name) => Some(format!("{of_run}#{name}")),
            Evidence::Counts => Some(format!("{of_run}#measurements")),
            Evidence::Statements => document("ARTICLE"),
            Evidence::Document(name, _) => document(name),
        };
        let content = html! {
            header {
                h1 { "tokio::join! or tokio::spawn?" }
                (super::answer::list(&answer_of(run), link))
                (super::answer::openings(&run.parts))
            }
            (part("headline", "The cases that say the most", html! {
                p { "Measured on " (machine(run)) ". " a href=(of_run) { "Every row and chart of this run" } "." }
                (headline_table(run))
            }))
            (part("measure", "On your machine", super::scrolling("Commands", html! {
                pre { code {
                    "cargo bench                          # six targets, one summary at the end\n"
                    "cargo run --release -- report        # the same as a page"
                } }
            })))
            @for (id, heading, before, entries) in [
                ("comparisons", "Builds compared", "", &self.comparisons),
                ("flamegraphs", "Where the time goes", "Flamegraphs of ", &self.flamegraphs),
                ("documents", "Documents", "", &self.documents),
            ] {
                @if !entries.is_empty() {
                    (part(id, heading, html! { ul { @for e in entries { li { a href=(e.address) { (before) (e.name) } } } } }))
                }
            }
        };
        self.around("index.html", "tokio::join! or tokio::spawn?", content)
    }

    /// All recorded runs, by the version of tokio: the same cases in each.
    pub fn runs(&self, runs: &[RecordedRun]) -> String {
        let mut runs: Vec<&RecordedRun> = runs.iter().filter(|run| !run.parts.is_empty()).collect();
        let key = |run: &RecordedRun| {
            let header = &run.parts[0].0;
            let version = semver::Version::parse(&header.environment.built.tokio).ok();
            (version, header.started.clone())
        };
        runs.sort_by_key(|run| key(run));
        let rows = runs.iter().flat_map(|run| headline(run.measurements()));
        let cases = unique(rows.map(|row| row.spawn.case.clone()));
        let head = html! {
            (heads(["case"]))
            @for run in &runs {
                th scope="col" {
                    a href={ "runs/" (run.name) ".html" } { (run.name) }
                    br; small { "tokio " (run.parts[0].0.environment.built.tokio) }
                    br; small { (run.parts[0].0.started.split('T').next().unwrap_or_default()) }
                }
            }
        };
        let rows = html! {
            @for case in &cases {
                tr {
                    th scope="row" { code { (case) } }
                    @for run in &runs {
                        @let found = run.measurements().find(|m| m.case == *case && m.strategy == "spawn" && m.reference == "join");
                        td {
                            @match found.and_then(|m| Some((m.ratio?, m.verdict))) {
                                Some((ratio, verdict)) => {
                                    (with_interval(&ratio)) " "
                                    @if let Some(verdict) = verdict { (badge(verdict.as_str())) }
                                },
                                None => "-",
                            }
                        }
                    }
                }
            }
        };
        let caption = "spawn's time over join!'s in each run, the oldest tokio first";
        let content = html! {
            h1 { "Recorded runs" }
            p { "Ratios are measured side by side within each run, so that they stand beside each other; times would not." }
            (table_of("", "Recorded runs", &caption, head, rows))
            h2 { "Machines" }
            ul {
                @for run in &runs {
                    li { a href={ "runs/" (run.name) ".html" } { (run.name) } ": " (machine(run)) }
                }
            }
        };
        self.around("runs.html", "Recorded runs", content)
    }

    /// A document in Markdown as the page of that address. `link` makes an address of the site of one of the document; what leads
    /// out of the site stays text.
    pub fn document(&self, address: &str, text: &str, link: impl Fn(&str) -> Option<String>) -> String {
        let mut events = Vec::new();
        let mut open: Vec<bool> = Vec::new();
        let mut title = String::new();
        let mut heading: Option<usize> = None;
        let mut words = String::new();
        let scroll = |label: &str| {
            let open = format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">");
            Event::Html(open.into())
        };
        for mut event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match &mut event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let to = link(dest_url);
                    open.push(to.is_some());
                    match to {
                        Some(to) => *dest_url = to.into(),
                        None => continue,
                    }
                }
                Event::End(TagEnd::Link) if open.pop() != Some(true) => continue,
                Event::Start(Tag::Heading { .. }) => {
                    heading = Some(events.len());
                    words.clear();
                }
                Event::End(TagEnd::Heading(_)) => {
                    let start = heading.take().map(|at| &mut events[at]);
                    if let Some(Event::Start(Tag::Heading { id, .. })) = start {
                        *id = Some(CowStr::from(anchor(&words)));
                    }
                    if title.is_empty() {
                        title.clone_from(&words);
                    }
                }
                Event::Text(said) | Event::Code(said) => words += said,
                // The pictures of the answer; markers of what is spliced are comments.
                Event::Html(raw) | Event::InlineHtml(raw) => match picture(raw, &link) {
                    Some(picture) => event = Event::Html(picture.into()),
                    None => continue,
                },
                // A table may be wider than the page.
                Event::Start(Tag::Table(_)) => events.push(scroll("A table")),
                Event::Start(Tag::CodeBlock(_)) => events.push(scroll("Code")),
                Event::End(TagEnd::Table | TagEnd::CodeBlock) => {
                    events.push(std::mem::replace(&mut event, Event::Html("</div>".into())));
                }
                _ => {}
            }
            events.push(event);
        }
        let mut body = String::new();
        pulldown_cmark::html::push_html(&mut body, events.into_iter());
        // Markdown has no row headings; columns have theirs.
        let body = body
            .replace("<th>", "<th scope=\"col\">")
            .replace("<th style", "<th scope=\"col\" style");
        self.around(address, &title, html! { article.document { (PreEscaped(body)) } })
    }
}

/// A part of the first page, under its heading.
fn part(id: &str, heading: &str, content: Markup) -> Markup {
    html! {
        section aria-labelledby={ "h-" (id) } { h2 id={ "h-" (id) } { (heading) } (content) }
    }
}

/// An image in raw HTML, led to where it lies in the site; nothing else of raw HTML comes in.
fn picture(raw: &str, link: impl Fn(&str) -> Option<String>) -> Option<String> {
    let attribute = |name: &str| {
        let (_, rest) = raw.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    if !raw.trim_start().starts_with("<img ") {
        return None;
    }
    let (source, words) = (link(&attribute("src")?)?, attribute("alt")?);
    // The words were escaped by whoever wrote the document.
    Some(format!(
        "<img src=\"{source}\" width=\"410\" align=\"top\" alt=\"{words}\">\n"
    ))
}

/// A heading's anchor, as GitHub makes it.
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn machine(run: &RecordedRun) -> String {
    let Some((header, _)) = run.parts.first() else {
        return "nothing".into();
    };
    let e = &header.environment;
    format!(
        "{}, {} cores, {}; tokio {}, {}",
        e.cpu.as_deref().unwrap_or("an unknown processor"),
        e.cores,
        e.kernel.as_deref().unwrap_or("an unknown kernel"),
        e.built.tokio,
        e.built.rustc
    )
}

fn headline_table(run: &RecordedRun) -> Markup {
    let rows = html! {
        @for row in headline(run.measurements().filter(|m| m.status == Status::Ok)) {
            tr {
                th scope="row" { (row.says) }
                td { (row.spawn.case.flavor) }
                td.n { (row.spawn.difference_ns.map_or("-".into(), |ns| more(ns.median))) }
                td.n { (row.spawn.ratio.as_ref().map_or("-".into(), with_interval)) }
                td { @if let Some(verdict) = row.spawn.verdict { (badge(verdict.as_str())) } }
            }
        }
    };
    let caption = "The time of a fan-out under spawn, over that under join!";
    let head = ["children", "runtime", "more for each child", "ratio", "verdict"];
    table("The cases that say the most", caption, head, rows)
}
