//! The self-check's section: the bars, and whether they held.

use maud::{Markup, html};

use super::scrolling;
use crate::selfcheck::{Found, bars};

/// How often the suite was wrong where the truth is known.
pub(super) fn selfcheck(found: &Found) -> Markup {
    let caption = "Each figure, and the bar that it must clear";
    html! {
        p { (found.summary()) }
        (scrolling(
            caption,
            html! {
                table {
                    caption { (caption) }
                    thead { tr {
                        th scope="col" { "check" }
                        @for head in bars::HEAD { th scope="col" { (if head.is_empty() { "verdict" } else { head }) } }
                    } }
                    tbody { @for bar in &found.bars {
                        tr {
                            th scope="row" { (bar.check) }
                            @for cell in bar.cells() { td { (cell) } }
                        }
                    } }
                }
            },
        ))
    }
}
