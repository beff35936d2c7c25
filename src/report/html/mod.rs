//! A run as one page, and two runs side by side: files that need nothing but themselves.
//!
//! Charts are drawn here, as inline SVG; scripts filter and sort rows that are in the page without them, and compute
//! the answer for a workload that was not measured.

mod advise;
mod answer;
mod builds;
mod chart;
mod comparison;
mod data;
mod environment;
mod exchange;
mod growth;
mod intervals;
mod machines;
mod opening;
mod page;
mod rows;
mod scale;
mod selfcheck;
mod server;
pub mod site;
mod workload;

use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::case::Case;
use crate::stats::Estimate;
use crate::text;

pub use builds::{builds, builds_chart};
pub use comparison::comparison;
pub use machines::machines;
pub use opening::{Picture, pictures};
pub use page::page;

/// Where a page about a case and a strategy is; none where it does not exist.
pub type Link = Box<dyn Fn(&Case, &str) -> Option<String>>;

/// Where a case's own pages are.
pub struct Links {
    /// Criterion's page of a case and a strategy.
    pub criterion: Link,
    /// The flamegraph of a case and a strategy.
    pub flamegraph: Link,
    /// The first page of the site that the page is in.
    pub home: Option<String>,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            criterion: Box::new(|_, _| None),
            flamegraph: Box::new(|_, _| None),
            home: None,
        }
    }
}

/// Nothing in a page may be fetched, so that opening it tells nobody, and shows the same everywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// A part of a page.
struct Section {
    id: String,
    /// What the navigation calls it; nothing where it does not lead there.
    name: String,
    content: Markup,
}

impl Section {
    /// With its heading.
    fn new(id: impl Into<String>, name: impl Into<String>, heading: &str, content: Markup) -> Self {
        let (id, name) = (id.into(), name.into());
        let content = html! {
            section id=(id) aria-labelledby={ "h-" (id) } {
                h2 id={ "h-" (id) } { (heading) }
                (content)
            }
        };
        Self { id, name, content }
    }
}

/// The page: the answer, and what is below it.
fn shell(title: &str, answer: Markup, sections: Vec<Section>) -> String {
    let answer = Section {
        id: "answer".into(),
        name: "answer".into(),
        content: html! { header id="answer" { (answer) } },
    };
    let sections: Vec<Section> = std::iter::once(answer).chain(sections).collect();
    let named = sections.iter().filter(|section| !section.name.is_empty());
    let links: Vec<(String, String)> = named
        .map(|section| (format!("#{}", section.id), section.name.clone()))
        .collect();
    let content = html! { @for section in &sections { (section.content) } };
    around(title, ("Sections", &links), POLICY, content)
}

/// A page of a site, whose pictures may be files beside it.
fn shell_of_site(title: &str, links: &[(String, String)], content: Markup) -> String {
    let policy = POLICY.replace("img-src data:", "img-src 'self' data:");
    around(title, ("Site", links), &policy, content)
}

fn around(title: &str, (label, links): (&str, &[(String, String)]), policy: &str, content: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Or the browser asks for one.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                @if !links.is_empty() {
                    nav aria-label=(label) {
                        ul { @for (address, name) in links { li { a href=(address) { (name) } } } }
                    }
                }
                main id="main" { (content) }
                script { (PreEscaped(include_str!("script.js"))) (PreEscaped(include_str!("advise.js"))) }
            }
        }
    };
    page.into_string()
}

/// A box that scrolls where the page must not, and that the keyboard can reach.
fn scrolling(label: &str, content: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (content) } }
}

/// A table in such a box.
fn table<H: Render>(label: &str, caption: &str, head: impl IntoIterator<Item = H>, rows: Markup) -> Markup {
    table_of("", label, &caption, heads(head), rows)
}

/// A table with what the style makes of this class, or of none.
fn table_of(class: &str, label: &str, caption: &dyn Render, head: Markup, rows: Markup) -> Markup {
    let content = html! {
        table class=[Some(class).filter(|class| !class.is_empty())] {
            caption { (*caption) }
            thead { tr { (head) } }
            tbody { (rows) }
        }
    };
    scrolling(label, content)
}

/// The heads of columns.
fn heads<H: Render>(names: impl IntoIterator<Item = H>) -> Markup {
    html! { @for name in names { th scope="col" { (name) } } }
}

/// A ratio and its interval.
fn ratio_of(ratio: &Estimate) -> Markup {
    html! { (text::times(ratio.median)) " " span.interval { (interval(ratio)) } }
}

/// The middle of a time, where there is one.
fn time_of(estimate: Option<Estimate>) -> String {
    estimate.map_or("-".into(), |estimate| text::time(estimate.median))
}

fn interval(ratio: &Estimate) -> String {
    text::interval(ratio, "no interval")
}

fn with_interval(ratio: &Estimate) -> String {
    let about = if ratio.level > 0.0 { "" } else { "about " };
    format!("{about}{}", text::times_within(ratio))
}

/// A verdict or a change is told by a sign and a word.
fn signed(word: &str) -> Markup {
    html! { span aria-hidden="true" { (sign(word)) } " " (word) }
}

fn sign(word: &str) -> &'static str {
    match word {
        "slower" => "▲",
        "faster" => "▼",
        "same" | "unchanged" => "=",
        "inconclusive" => "?",
        "depends" | "differs" => "±",
        "interferes" => "!",
        "host" => "~",
        _ => "✕",
    }
}

/// Its colour only repeats them.
fn badge(word: &str) -> Markup {
    let class = match word {
        "differs" => "depends",
        "invalid" => "failed",
        word => word,
    };
    html! { span class={ "badge v-" (class) } { (signed(word)) } }
}
