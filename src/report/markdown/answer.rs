//! The answer at the head of a document in the root of the repository: its pictures, and its sentences with their evidence.

use std::fmt::Write;

use super::escape;
use crate::attachments::RecordedRun;
use crate::findings::answer::{Evidence, answer_of};
use crate::report::html::pictures;
use crate::workload;

/// The pictures, side by side where there is room.
pub(super) fn charts(run: &RecordedRun) -> String {
    let mut text = String::new();
    for picture in pictures(&run.parts) {
        let words = picture.words.replace('&', "&amp;").replace('"', "&quot;");
        let _ = writeln!(
            text,
            "<img src=\"docs/charts/{}\" width=\"410\" align=\"top\" alt=\"{}. {words}\">",
            picture.file, picture.title
        );
    }
    text
}

/// The sentences, each with links to what it rests on.
pub(super) fn answer(run: &RecordedRun) -> String {
    let mut text = String::new();
    for sentence in answer_of(run) {
        let links: Vec<String> = sentence.evidence.into_iter().map(link).collect();
        let code = |text: &str| escape(text).replace("join!", "`join!`").replace(" spawn ", " `spawn` ");
        let (lead, rest) = (code(sentence.lead), code(&sentence.rest));
        let _ = writeln!(text, "- **{lead}** {rest} ({})", links.join(", "));
    }
    text
}

fn link(evidence: Evidence) -> String {
    let address = match evidence {
        Evidence::Workload(workload) => {
            let entries = workload::all();
            let entry = entries.iter().find(|entry| entry.name == workload);
            // Sleeps are measured among the large numbers of children.
            let target = entry.map_or("scale", |entry| entry.target);
            format!("RESULTS.md#{target}")
        }
        Evidence::Target(name) => format!("RESULTS.md#{name}"),
        Evidence::Counts => "RESULTS.md#what-is-counted".into(),
        Evidence::Statements => "ARTICLE.md".into(),
        Evidence::Document(document, _) => format!("{document}.md"),
    };
    format!("[{}](docs/{address})", evidence.name())
}
