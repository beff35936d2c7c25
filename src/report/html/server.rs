//! The chapter about requests under load.

use maud::{Markup, html};
use server::record::Record;
use server::table;

use super::scrolling;

/// What is said of them, then every table.
pub(super) fn chapter(record: &Record) -> Markup {
    html! {
        @for sentence in table::sentences(record) { p { (sentence) } }
        @for (title, rows) in table::tables(record) {
            @if !rows.rows.is_empty() {
                (scrolling(
                    title,
                    html! {
                        table {
                            caption { (title) }
                            thead { tr { @for head in &rows.head { th scope="col" { (head) } } } }
                            tbody { @for row in &rows.rows {
                                tr { @for (column, cell) in row.iter().enumerate() {
                                    @if column == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                                } }
                            } }
                        }
                    },
                ))
            }
        }
        @for line in table::without_numbers(record) { p.warning { (line) } }
    }
}
