//! The tested statements as text and as Markdown.

use std::fmt::Write;

use super::markdown::escape;
use crate::case::Case;
use crate::claims::{Tested, Verdict, evidence};
use crate::record::Measurement;
use crate::text::times_within;

/// Columns of text before a line is broken.
const WIDTH: usize = 110;

/// All of them as text.
pub fn render(all: &[Tested]) -> String {
    let mut text = String::new();
    for tested in all {
        let _ = writeln!(text, "{}: \"{}\"", tested.source, tested.statement);
        for (name, part) in [
            ("verdict", &tested.verdict_in_words()),
            ("evidence", &tested.evidence),
            ("instead", &tested.instead),
        ] {
            let lead = format!("    {name:9}");
            let options = textwrap::Options::new(WIDTH)
                .initial_indent(&lead)
                .subsequent_indent("             ");
            text += &textwrap::fill(part, options);
            text.push('\n');
        }
        text.push('\n');
    }
    let count = |verdict| all.iter().filter(|tested| tested.verdict == verdict).count();
    let experiments: usize = all.iter().map(|tested| tested.experiments.len()).sum();
    let _ = writeln!(
        text,
        "{} statements: {} hold, {} hold under conditions, {} do not. {experiments} experiments, each with a counterpart \
         in which the prediction failed.",
        all.len(),
        count(Verdict::Holds),
        count(Verdict::HoldsWhen),
        count(Verdict::DoesNotHold),
    );
    text
}

/// All of them as a list of Markdown: a table would have cells of hundreds of characters. Where `recorded` measured a case too,
/// its figures are the evidence; `served` is what it saw in a server under load, for the statements about where to use which.
pub fn markdown<'a>(
    all: &[Tested],
    served: Option<&str>,
    recorded: impl Fn(&Case) -> Option<&'a Measurement>,
) -> String {
    let mut text = String::new();
    let mut source = "";
    for tested in all {
        let mut outcomes = tested.experiments.clone();
        for outcome in &mut outcomes {
            let measured = outcome.case.as_ref().and_then(&recorded);
            if let Some(ratio) = measured.and_then(|m| m.ratio) {
                outcome.figure = Some(times_within(&ratio));
            }
        }
        if source != tested.source {
            let gap = if source.is_empty() { "" } else { "\n" };
            source = &tested.source;
            let _ = write!(text, "{gap}### {}\n\n", escape(source));
        }
        let [statement, verdict, evidence, instead] = [
            &tested.statement,
            &tested.verdict_in_words(),
            &evidence(&outcomes),
            &tested.instead,
        ]
        .map(|part| escape(part));
        let _ = writeln!(
            text,
            "- “{statement}” **{verdict}**\n  - seen: {evidence}\n  - better: {instead}"
        );
        let about_use = tested.source.starts_with("Use Case") || tested.statement.contains("web server");
        if let Some(served) = served.filter(|_| about_use) {
            let _ = writeln!(text, "  - under load: a server {}", escape(served));
        }
    }
    text
}
