//! The answer at the head of a document in the root of the repository: its pictures, and its sentences with their evidence.

use std::fmt::Write;

use super::escape;
use crate::attachments::RecordedRun;
use crate::findings::answer::{Evidence, answer as sentences};
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
    for sentence in sentences(&run.parts) {
        let links: Vec<String> = sentence.evidence.into_iter().map(link).collect();
        let code = |text: &str| escape(text).replace("join!", "`join!`").replace(" spawn ", " `spawn` ");
        let (lead, rest) = (code(sentence.lead), code(&sentence.rest));
        let _ = writeln!(text, "- **{lead}** {rest} ({})", links.join(", "));
    }
    text
}

fn link(evidence: Evidence) -> String {
    match evidence {
        Evidence::Workload(name) => {
            let entries = workload::all();
            let entry = entries.iter().find(|entry| entry.name == name);
            // Sleeps are measured among the large numbers of children.
            let target = entry.map_or("scale", |entry| entry.target);
            format!("[{name}](docs/RESULTS.md#{target})")
        }
        Evidence::Counts => "[counts](docs/RESULTS.md#what-is-counted)".into(),
        Evidence::Statements => "[tested statements](docs/ARTICLE.md)".into(),
    }
}
