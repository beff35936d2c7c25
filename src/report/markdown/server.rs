//! Requests under load, in Markdown.

use server::table::{self, Rows};

use super::escape;
use crate::attachments::RecordedRun;

/// The chapter: every table, then what is said of them.
pub(super) fn chapter(run: &RecordedRun) -> String {
    let Some(record) = &run.server else {
        return String::new();
    };
    let mut text = String::from("## Server\n");
    for (title, rows) in table::tables(record) {
        if !rows.rows.is_empty() {
            text += &format!("\n{title}:\n\n{}", markdown(&rows));
        }
    }
    let said = table::without_numbers(record)
        .into_iter()
        .chain(table::sentences(record));
    text.push('\n');
    said.for_each(|line| text += &format!("- {}\n", escape(&line)));
    text
}

fn markdown(rows: &Rows) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = (0..rows.head.len()).map(|column| if column < rows.numbers_from { "---" } else { "--:" }.to_owned());
    let mut text = line(rows.head.iter().map(|head| escape(head)).collect());
    text += &line(rule.collect());
    for row in &rows.rows {
        text += &line(row.iter().map(|cell| escape(cell)).collect());
    }
    text
}
