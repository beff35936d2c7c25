//! The self-check's section: the bars, and whether they held.

use maud::{Markup, html};

use super::table;
use crate::selfcheck::{Found, bars};

/// How often the suite was wrong where the truth is known.
pub(super) fn selfcheck(found: &Found) -> Markup {
    let caption = "Each figure, and the bar that it must clear";
    let named = bars::HEAD.map(|head| if head.is_empty() { "verdict" } else { head });
    let rows = html! {
        @for bar in &found.bars {
            tr {
                th scope="row" { (bar.check) }
                @for cell in bar.cells() { td { (cell) } }
            }
        }
    };
    html! {
        p { (found.summary()) }
        (table(caption, caption, ["check"].into_iter().chain(named), rows))
    }
}
