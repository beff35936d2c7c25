//! Charts as inline SVG: lines over an axis. All text in them is also in words, for
//! those who hear the page.

use maud::{Markup, PreEscaped, html};

use super::scale::{Scale, range, ratio_tick, ticks, time_tick, without_overlap};
use super::with_interval;
use crate::stats::Estimate;
use crate::text::{time, times};

pub(super) const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 216.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 332.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 176.0;
/// Of one character of a label.
pub(super) const CHARACTER: f64 = 6.2;

/// How a series looks: a class, which has a colour and a dash pattern, and a marker.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub class: String,
    pub marker: usize,
}

impl Look {
    /// A strategy looks the same in all charts.
    pub fn of_strategy(strategy: &str) -> Self {
        const KNOWN: [&str; 6] = [
            "join",
            "spawn",
            "join_all",
            "join_set",
            "futures_unordered",
            "sequential",
        ];
        let known = KNOWN.iter().position(|&name| name == strategy);
        let marker = known.unwrap_or(KNOWN.len());
        Self {
            class: format!("k{marker}"),
            marker,
        }
    }

    /// So does a flavor, in colours that no strategy has.
    pub fn of_flavor(index: usize) -> Self {
        Self {
            class: format!("f{}", index % 6),
            marker: index % 6,
        }
    }
}

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// ns.
    Time,
    /// Over the reference.
    Ratio,
}

impl Unit {
    fn tick(self, value: f64) -> String {
        match self {
            Unit::Time => time_tick(value),
            Unit::Ratio => ratio_tick(value),
        }
    }

    fn words(self, value: f64) -> String {
        match self {
            Unit::Time => time(value),
            Unit::Ratio => times(value),
        }
    }
}

/// The axis from left to right: its values with their names.
#[derive(Debug, Clone)]
pub(super) struct Across {
    pub label: String,
    pub ticks: Vec<(f64, String)>,
    pub log: bool,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub name: String,
    pub look: Look,
    pub points: Vec<(f64, Estimate)>,
    /// Moves the line aside, so that intervals at the same place do not hide each other.
    pub aside: f64,
}

/// Lines over an axis; both axes are logarithmic, but for payloads, which are steps.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub title: String,
    pub across: Across,
    pub unit: Unit,
    pub series: Vec<Series>,
    /// The noise floor along the axis, a fraction.
    pub floor: Vec<(f64, f64)>,
    /// Where lines cross 1, with the interval.
    pub marks: Vec<(Look, Estimate)>,
}

impl Series {
    /// The points that can be drawn.
    fn drawn(&self) -> impl DoubleEndedIterator<Item = &(f64, Estimate)> {
        self.points.iter().filter(|(_, estimate)| drawable(estimate))
    }
}

pub(super) fn drawable(estimate: &Estimate) -> bool {
    let ends = [estimate.median, estimate.low, estimate.high];
    ends.iter().all(|value| value.is_finite() && *value > 0.0)
}

impl Chart {
    /// Lines alone.
    pub fn new(title: String, across: Across, unit: Unit, series: impl Iterator<Item = Series>) -> Self {
        Self {
            title,
            across,
            unit,
            series: series.collect(),
            floor: Vec::new(),
            marks: Vec::new(),
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let one = (self.unit == Unit::Ratio).then_some(1.0);
        let points = self.series.iter().flat_map(Series::drawn);
        points.flat_map(|(_, e)| [e.low, e.high]).chain(one)
    }

    /// Whether there is a line to draw.
    pub fn is_drawable(&self) -> bool {
        self.series.iter().any(|series| series.drawn().count() > 1)
    }

    /// What the chart shows, in words.
    fn words(&self) -> String {
        let mut sentences = Vec::new();
        for series in &self.series {
            let Some(((x0, first), (x1, last))) = series.drawn().next().zip(series.drawn().last()) else {
                continue;
            };
            let name = |x: f64| {
                let tick = self.across.ticks.iter().find(|(value, _)| *value == x);
                tick.map_or_else(|| time(x), |(_, name)| name.clone())
            };
            sentences.push(format!(
                "{}: from {} at {} to {} at {}.",
                series.name,
                self.unit.words(first.median),
                name(*x0),
                self.unit.words(last.median),
                name(*x1),
            ));
        }
        format!("Across: {}. {}", self.across.label, sentences.join(" "))
    }

    fn draw(&self, values: (f64, f64)) -> Markup {
        let contents = self.contents(values);
        html! {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" { (described(&self.title, &self.words())) (contents) }
        }
    }

    /// All that is drawn.
    fn contents(&self, values: (f64, f64)) -> Markup {
        let positions = self.series.iter().flat_map(|series| &series.points);
        let positions = positions.map(|(x, _)| *x);
        let over = if self.across.log {
            range(positions).unwrap_or((1.0, 10.0))
        } else {
            let last = self.across.ticks.len() as f64 - 1.0;
            (-0.3, last + 0.3)
        };
        let x = Scale::new(over, (LEFT + 6.0, RIGHT - 6.0), self.across.log);
        let y = Scale::new(values, (BOTTOM, TOP), true);
        let middle = (LEFT + RIGHT) / 2.0;
        html! {
            @if let Some(band) = self.band(&x, &y) { path.floor d=(band) {} }
            @for tick in ticks(values) {
                @let at = y.at(tick);
                path.grid d={ "M" (LEFT) " " (n(at)) "H" (RIGHT) } {}
                text.tick x=(LEFT - 6.0) y=(n(at + 3.6)) text-anchor="end" { (self.unit.tick(tick)) }
            }
            @if self.unit == Unit::Ratio { path.one d={ "M" (LEFT) " " (n(y.at(1.0))) "H" (RIGHT) } {} }
            @for (look, at) in &self.marks { (mark(look, at, &x, over)) }
            (self.labels_across(&x, over))
            text.label x=(middle) y=(HEIGHT - 6.0) text-anchor="middle" { (self.across.label) }
            @for series in &self.series { (self.line(series, &x, &y)) }
        }
    }

    /// The noise floor on both sides of 1.
    fn band(&self, x: &Scale, y: &Scale) -> Option<String> {
        let edge = |up: bool| {
            let points = self.floor.iter().map(move |&(at, floor)| {
                let value = if up { 1.0 + floor } else { 1.0 / (1.0 + floor) };
                format!("{} {}", n(x.at(at)), n(y.at(value)))
            });
            points.collect::<Vec<_>>()
        };
        let (above, mut below) = (edge(true), edge(false));
        below.reverse();
        (above.len() > 1).then(|| format!("M{}L{}Z", above.join("L"), below.join("L")))
    }

    fn labels_across(&self, x: &Scale, over: (f64, f64)) -> Markup {
        let named = if self.across.ticks.is_empty() {
            let values = ticks(over).into_iter();
            values.map(|ns| (ns, time_tick(ns))).collect()
        } else {
            self.across.ticks.clone()
        };
        let labels: Vec<(f64, f64, u8)> = named
            .iter()
            .map(|(value, name)| {
                let width = name.chars().count() as f64 * CHARACTER + 5.0;
                let power_of_two = value.log2().fract() == 0.0;
                (x.at(*value), width, u8::from(!power_of_two))
            })
            .collect();
        let kept = without_overlap(&labels);
        html! {
            path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
            @for (((_, name), (at, _, _)), kept) in named.iter().zip(&labels).zip(kept) {
                path.axis d={ "M" (n(*at)) " " (BOTTOM) "v4" } {}
                @if kept {
                    text.tick x=(n(*at)) y=(BOTTOM + 16.0) text-anchor="middle" { (name) }
                }
            }
        }
    }

    fn line(&self, series: &Series, x: &Scale, y: &Scale) -> Markup {
        let points = series
            .drawn()
            .map(|(at, estimate)| (x.at(*at) + series.aside, estimate));
        let points: Vec<(f64, &Estimate)> = points.collect();
        let line: Vec<String> = points
            .iter()
            .map(|(at, estimate)| format!("{} {}", n(*at), n(y.at(estimate.median))))
            .collect();
        let bars: String = points
            .iter()
            .filter(|(_, estimate)| estimate.level > 0.0)
            .map(|(at, e)| {
                let (low, high) = (n(y.at(e.low)), n(y.at(e.high)));
                let (left, at) = (n(at - 2.5), n(*at));
                format!("M{at} {low}V{high}M{left} {low}h5M{left} {high}h5")
            })
            .collect();
        html! {
            g class=(series.look.class) {
                @if line.len() > 1 { path.line d={ "M" (line.join("L")) } {} }
                @if !bars.is_empty() { path.bars d=(bars) {} }
                @for (at, estimate) in &points {
                    path.m d=(marker(series.look.marker, *at, y.at(estimate.median))) {
                        title { (series.name) ": " (self.point_words(estimate)) }
                    }
                }
            }
        }
    }

    fn point_words(&self, estimate: &Estimate) -> String {
        match self.unit {
            Unit::Ratio => with_interval(estimate),
            Unit::Time => time(estimate.median),
        }
    }
}

fn mark(look: &Look, at: &Estimate, x: &Scale, over: (f64, f64)) -> Markup {
    let [low, high] = [at.low, at.high].map(|end| x.at(end.clamp(over.0, over.1)));
    html! {
        @if at.median > 0.0 && at.median.is_finite() {
            g class=(look.class) {
                rect.span x=(n(low)) y=(TOP) width=(n((high - low).max(1.5))) height=(BOTTOM - TOP) {}
                path.crossing d={ "M" (n(x.at(at.median))) " " (TOP) "V" (BOTTOM) } {}
            }
        }
    }
}

/// Charts next to each other, all with the same range of values, so that they can be compared.
pub(super) fn panels(charts: &[(String, Chart)]) -> Markup {
    let all = range(charts.iter().flat_map(|(_, chart)| chart.values()));
    html! {
        @if let Some(all) = all {
            div.panels {
                @for (caption, chart) in charts {
                    figure { figcaption { (caption) } (chart.draw(all)) }
                }
            }
        }
    }
}

/// One chart with a range of its own.
pub(super) fn alone(chart: &Chart) -> Markup {
    html! { @if let Some(all) = range(chart.values()) { (chart.draw(all)) } }
}

/// A chart as a file of its own, with the names of its lines below it.
pub(super) fn standalone(chart: &Chart) -> Option<String> {
    const LINE: f64 = 15.0;
    let all = range(chart.values())?;
    let height = HEIGHT + LINE * chart.series.len() as f64 + 4.0;
    let drawn = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (n(height)) } role="img" {
            (described(&chart.title, &chart.words()))
            style { (PreEscaped(include_str!("style.css"))) }
            rect width="100%" height="100%" fill="var(--bg)" {}
            (chart.contents(all))
            @for (number, series) in chart.series.iter().enumerate() {
                @let y = HEIGHT + LINE * number as f64 + 6.0;
                g class=(series.look.class) {
                    path.line d={ "M" (LEFT) " " (n(y)) "h26" } {}
                    path.m d=(marker(series.look.marker, LEFT + 13.0, y)) {}
                }
                text x=(LEFT + 33.0) y=(n(y + 3.6)) { (series.name) }
            }
        }
    };
    Some(drawn.into_string())
}

/// What a picture is, and what it shows, for those who hear the page.
pub(super) fn described(title: &str, words: &str) -> Markup {
    html! { title { (title) } desc { (words) } }
}

/// What the colours, dashes and markers stand for.
pub(super) fn legend(entries: &[(String, Look)], floor: bool) -> Markup {
    html! {
        ul.legend {
            @for (name, look) in entries {
                li {
                    svg.swatch viewBox="0 0 34 12" aria-hidden="true" {
                        g class=(look.class) {
                            path.line d="M1 6H33" {}
                            path.m d=(marker(look.marker, 17.0, 6.0)) {}
                        }
                    }
                    (name)
                }
            }
            @if floor {
                li {
                    svg.swatch viewBox="0 0 34 12" aria-hidden="true" {
                        rect.floor width="34" height="12" {}
                        path.one d="M0 6H34" {}
                    }
                    "1×, and the noise floor around it"
                }
            }
        }
    }
}

pub(super) fn marker(kind: usize, x: f64, y: f64) -> String {
    let [left, right, up, down] = [x - 3.2, x + 3.2, y - 3.2, y + 3.2].map(n);
    let at = format!("{} {}", n(x), n(y));
    let (x, y) = (n(x), n(y));
    match kind {
        0 => format!("M{left} {y}a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0Z"),
        1 => format!("M{left} {up}h6.4v6.4h-6.4Z"),
        2 => format!("M{x} {up}L{right} {down}H{left}Z"),
        3 => format!("M{x} {up}L{right} {y}L{x} {down}L{left} {y}Z"),
        4 => format!("M{x} {down}L{right} {up}H{left}Z"),
        5 => format!("M{left} {up}H{right}L{left} {down}H{right}Z"),
        _ => format!("M{left} {up}L{at}L{right} {up}V{down}H{left}Z"),
    }
}

/// A place, to a tenth.
pub(super) fn n(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
