//! The chapter about requests under load.

use maud::{Markup, html};
use server::record::Record;
use server::table;

/// What is said of them, then every table.
pub(super) fn chapter(record: &Record) -> Markup {
    html! {
        @for sentence in table::sentences(record) { p { (sentence) } }
        @for (title, rows) in table::tables(record) {
            @if !rows.rows.is_empty() {
                (super::table(title, title, &rows.head, html! {
                    @for row in &rows.rows {
                        tr { @for (column, cell) in row.iter().enumerate() {
                            @if column == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                        } }
                    }
                }))
            }
        }
        @for line in table::without_numbers(record) { p.warning { (line) } }
    }
}
