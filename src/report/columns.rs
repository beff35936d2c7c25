//! Tables of text, for the terminal and as Markdown.

use comfy_table::{Cell, CellAlignment, Table};

use super::changes::Style;
use crate::text::{lines, numbers_right};

/// A column: its head, and what stands in it.
pub(super) type Column<R> = (&'static str, fn(&R) -> String);

/// A table of such columns, all of numbers, beside the name of each row.
pub(super) fn named<'a, R: 'a>(
    first: &str,
    columns: &[Column<R>],
    rows: impl Iterator<Item = (String, &'a R)>,
) -> String {
    let head = [first].into_iter().chain(columns.iter().map(|(name, _)| *name));
    let rows = rows.map(|(name, row)| [name].into_iter().chain(columns.iter().map(|(_, of)| of(row))));
    table(Style::Text, head, 1..=columns.len(), rows)
}

/// A table; what stands in the columns of `numbers` stands to the right.
pub(super) fn table<R: IntoIterator<Item = String>>(
    style: Style,
    head: impl IntoIterator<Item = impl Into<Cell>>,
    numbers: impl IntoIterator<Item = usize>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let left = |name: Cell| name.set_alignment(CellAlignment::Left);
    with_heads(style, head.into_iter().map(Into::into).map(left), numbers, rows)
}

/// The same, with the heads of numbers above them.
pub(super) fn with_heads<R: IntoIterator<Item = String>>(
    style: Style,
    head: impl IntoIterator<Item = impl Into<Cell>>,
    numbers: impl IntoIterator<Item = usize>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(style.preset())
        .set_header(head.into_iter().map(Into::<Cell>::into));
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    numbers_right(&mut table, numbers);
    lines(&table)
}
