//! Points that have no axis to be drawn over: their ratios with intervals, one below the other.

use maud::{Markup, html};

use super::chart::{CHARACTER, Look, WIDTH, described, drawable, marker, n};
use super::scale::{Scale, range, ratio_tick, ratio_ticks};
use super::with_interval;
use crate::stats::Estimate;
use crate::text::times;

/// Ratios of single points: a line each, with its name above it.
pub(super) fn intervals(title: &str, points: &[(String, Look, Estimate)]) -> Markup {
    const ROW: f64 = 36.0;
    let points: Vec<_> = points.iter().filter(|(_, _, e)| drawable(e)).collect();
    let values = points.iter().flat_map(|(_, _, e)| [e.low, e.high]);
    let Some(over) = range(values.chain([1.0])).filter(|_| !points.is_empty()) else {
        return html! {};
    };
    let x = Scale::new(over, (12.0, WIDTH - 12.0), true);
    let bottom = ROW * points.len() as f64 + 8.0;
    let words: Vec<String> = points
        .iter()
        .map(|(name, _, estimate)| format!("{name}: {}.", with_interval(estimate)))
        .collect();
    let ticks = ratio_ticks(over, &x, CHARACTER);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (bottom + 24.0) } role="img" {
            (described(title, &words.join(" ")))
            @for (tick, kept) in &ticks {
                path.grid d={ "M" (n(x.at(*tick))) " 4V" (bottom) } {}
                @if *kept {
                    text.tick x=(n(x.at(*tick))) y=(bottom + 15.0) text-anchor="middle" { (ratio_tick(*tick)) }
                }
            }
            path.one d={ "M" (n(x.at(1.0))) " 4V" (bottom) } {}
            @for (row, (name, look, estimate)) in points.iter().enumerate() {
                @let top = ROW * row as f64 + 15.0;
                @let at = top + 12.0;
                text.name x="4" y=(top) { (name) }
                text.name x=(WIDTH - 4.0) y=(top) text-anchor="end" { (times(estimate.median)) }
                g class=(look.class) {
                    @if estimate.level > 0.0 {
                        path.bars d={ "M" (n(x.at(estimate.low))) " " (n(at)) "H" (n(x.at(estimate.high))) } {}
                    }
                    path.m d=(marker(look.marker, x.at(estimate.median), at)) {}
                }
            }
        }
    }
}
