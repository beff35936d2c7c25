//! Two runs compared, for the terminal and as Markdown.

use comfy_table::{TableStyle, presets};

use super::columns::table;
use super::markdown;
use crate::compare::{Change, Comparison, Row};
use crate::stats::Estimate;
use crate::text::{label, time, times};

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Aligned columns.
    Text,
    /// A table in Markdown.
    Markdown,
}

impl Style {
    /// What a table of it looks like.
    pub(super) fn preset(self) -> TableStyle {
        match self {
            Style::Text => presets::NOTHING,
            Style::Markdown => presets::ASCII_MARKDOWN,
        }
    }

    /// What makes a line one of its own.
    pub(super) fn bullet(self) -> &'static str {
        match self {
            Style::Text => "",
            Style::Markdown => "- ",
        }
    }

    /// Text that stays text.
    pub(super) fn plain(self, text: &str) -> String {
        match self {
            Style::Text => text.to_owned(),
            Style::Markdown => markdown::escape(text),
        }
    }
}

/// The comparison as text. Rows that did not surely change are counted, and shown where `all`.
pub fn render(comparison: &Comparison, all: bool, style: Style) -> String {
    let [a, b] = &comparison.runs.each_ref().map(|name| style.plain(name.as_str()));
    let mut text = String::new();
    let bullet = style.bullet();
    let count = |change| comparison.rows.iter().filter(|row| row.judged == change).count();
    text += &format!(
        "{b} against {a}, {} measurements in both: slower in {}, faster in {}, unchanged in {}, inconclusive in {}.\n",
        comparison.rows.len(),
        count(Change::Slower),
        count(Change::Faster),
        count(Change::Unchanged),
        count(Change::Inconclusive),
    );
    if count(Change::Host) > 0 {
        text += &format!(
            "{bullet}In {} the host explains the change: waking a thread, or work like a task's, took longer or shorter, \
             by as much.\n",
            count(Change::Host)
        );
    }
    for difference in &comparison.differences {
        text += &format!("{bullet}The runs differ: {}.\n", style.plain(difference));
    }
    if !comparison.same_conditions {
        text += "Absolute times do not carry over from one to the other; only the ratios are compared.\n";
    }
    let rows: Vec<&Row> = comparison
        .rows
        .iter()
        .filter(|row| all || matches!(row.judged, Change::Slower | Change::Faster | Change::Host))
        .collect();
    if !rows.is_empty() {
        text += "\n";
        text += &changes(&rows, [a, b], style);
        text += "\nRatio: time over the reference's, measured side by side in each run. Change: the second ratio over the \
                 first.\nA change of the reference itself shows in the ratios of all others, with the opposite sign.\n";
    }
    if !all && rows.len() < comparison.rows.len() {
        text += &format!(
            "{} measurements without a sure change are not shown (--all shows them).\n",
            comparison.rows.len() - rows.len()
        );
    }
    for missing in &comparison.missing {
        let reason = missing.reason.as_deref().unwrap_or("it was not measured");
        let [run, reason] = [&missing.run, reason].map(|text| style.plain(text));
        text += &format!("{bullet}missing in {run}: {}: {reason}\n", missing.id);
    }
    text
}

fn changes(rows: &[&Row], [a, b]: [&String; 2], style: Style) -> String {
    let head = [
        "case",
        "strategy",
        &format!("time in {a}"),
        &format!("in {b}"),
        &format!("ratio in {a}"),
        &format!("in {b}"),
        "change",
        "interval",
        "judged",
    ];
    let rows = rows.iter().map(|row| {
        let [time_a, time_b] = row.wall_ns.map(|wall| wall.map_or("-".into(), |ns| time(ns.median)));
        let [ratio_a, ratio_b] = row.ratio.map(|ratio| times(ratio.median));
        [
            row.case.to_string(),
            label(&row.strategy).to_owned(),
            time_a,
            time_b,
            ratio_a,
            ratio_b,
            percent(row.change.median),
            interval(&row.change),
            row.judged.as_str().to_owned(),
        ]
    });
    table(style, head, 2..8, rows)
}

/// A factor as a change in percent.
pub(super) fn percent(factor: f64) -> String {
    format!("{:+.1}%", (factor - 1.0) * 100.0)
}

pub(super) fn interval(change: &Estimate) -> String {
    if change.level == 0.0 {
        return "none".into();
    }
    format!("[{}, {}]", percent(change.low), percent(change.high))
}
