//! The tested statements as text and as Markdown.

use std::fmt::Write;

use super::{Tested, Verdict, cost, evidence};
use crate::record::Measurement;
use crate::report::markdown::escape;

/// Columns of text before a line is broken.
const WIDTH: usize = 110;

/// The verdict in words, with its conditions.
pub(super) fn verdict(tested: &Tested) -> String {
    match (tested.verdict, &tested.when) {
        (Verdict::HoldsWhen, Some(when)) => format!("holds when {when}"),
        (Verdict::HoldsWhen, None) => "holds under conditions".into(),
        (Verdict::Holds, _) => "holds".into(),
        (Verdict::DoesNotHold, _) => "does not hold".into(),
    }
}

/// All of them as text.
pub fn render(all: &[Tested]) -> String {
    let mut text = String::new();
    for tested in all {
        let _ = writeln!(text, "{}: \"{}\"", tested.source, tested.statement);
        for (name, part) in [
            ("verdict", &verdict(tested)),
            ("evidence", &tested.evidence),
            ("instead", &tested.instead),
        ] {
            let lead = format!("    {name:9}");
            let lines = broken(part, WIDTH - lead.len());
            text += &lead;
            text += &lines.join(&format!("\n{:13}", ""));
            text.push('\n');
        }
        text.push('\n');
    }
    let count = |verdict| {
        all.iter()
            .filter(|tested| tested.verdict == verdict)
            .count()
    };
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

/// A text in lines of at most `width` characters, where words allow.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// All of them as a table of Markdown. Where `recorded` measured a case too, its figures are the evidence.
pub fn markdown<'a>(
    all: &[Tested],
    recorded: impl Fn(&crate::case::Case) -> Option<&'a Measurement>,
) -> String {
    let mut text = String::new();
    for tested in all {
        if text.is_empty() {
            text += "| where | the article says | verdict | evidence | better |\n|---|---|---|---|---|\n";
        }
        let mut outcomes = tested.experiments.clone();
        for outcome in &mut outcomes {
            let measured = outcome.case.as_ref().and_then(&recorded);
            if let Some(ratio) = measured.and_then(|m| m.ratio) {
                outcome.figure = Some(cost::figure(&ratio));
            }
        }
        let cells = [
            &tested.source,
            &tested.statement,
            &verdict(tested),
            &evidence(&outcomes),
            &tested.instead,
        ];
        let [source, statement, verdict, evidence, instead] = cells.map(|cell| escape(cell));
        let _ = writeln!(
            text,
            "| {source} | {statement} | **{verdict}** | {evidence} | {instead} |"
        );
    }
    text
}
