//! The two pictures of the answer, for the page and, as files of their own, for documents: what a child costs by the number of
//! children, and where spawn starts to pay.

use maud::{Markup, PreEscaped, html};

use super::chart::{described, drawable, marker, n};
use super::scale::{Scale, range, ratio_tick, ratio_ticks, ticks, time_tick};
use crate::case::Flavor;
use crate::findings::answer::threads;
use crate::findings::crossover::{crossover, none_seen, words};
use crate::findings::headline::{Headline, headline};
use crate::findings::in_task;
use crate::record::{Measurement, Part, Status};
use crate::stats::{Estimate, Verdict};
use crate::text::{label, time, times};

const WIDTH: f64 = 420.0;
/// Of one character.
const CHARACTER: f64 = 6.3;

/// A picture.
pub struct Picture {
    /// The name of its file.
    pub file: &'static str,
    /// What it is.
    pub title: String,
    /// What it shows, in words.
    pub words: String,
    height: f64,
    contents: Markup,
}

impl Picture {
    /// For a page, which has the colours.
    pub(super) fn inline(&self) -> Markup {
        html! {
            svg.opening viewBox={ "0 0 " (WIDTH) " " (n(self.height)) } role="img" aria-label=(self.title) {
                (described(&self.title, &self.words))
                (self.contents)
            }
        }
    }

    /// As a file of its own, light or dark as its reader has it.
    pub fn standalone(&self) -> String {
        let drawn = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (n(self.height)) }
                width=(WIDTH) height=(n(self.height)) role="img" {
                (described(&self.title, &self.words))
                style { (PreEscaped(include_str!("picture.css"))) }
                rect.paper width="100%" height="100%" rx="6" {}
                (self.contents)
            }
        };
        drawn.into_string() + "\n"
    }
}

/// The pictures that the run has figures for.
pub fn pictures(parts: &[Part]) -> Vec<Picture> {
    [cost(parts), pays(parts)].into_iter().flatten().collect()
}

fn measured(parts: &[Part]) -> impl Iterator<Item = &Measurement> {
    let rows = parts.iter().flat_map(|(_, rows)| rows);
    rows.filter(|m| m.status == Status::Ok && m.reference == "join")
}

/// One strategy's line of a workload.
struct Line<'a> {
    workload: &'static str,
    strategy: &'static str,
    /// The strategy, and what the children do.
    name: String,
    /// Blue and a circle for join!, red and a square for spawn.
    look: (&'static str, usize),
    /// How it is drawn.
    class: &'static str,
    /// Of spawn, beside which join! was measured, as tables have it.
    rows: Vec<&'a Measurement>,
}

impl Line<'_> {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.rows.iter().filter_map(|m| {
            let ns = match self.strategy {
                "join" => m.reference_ns,
                _ => m.wall_ns,
            };
            let ns = ns.filter(drawable)?;
            Some((m.case.tasks as f64, ns.median / m.case.tasks as f64))
        })
    }
}

/// What a child costs against the number of children, on one thread.
fn cost(parts: &[Part]) -> Option<Picture> {
    const LEFT: f64 = 52.0;
    const RIGHT: f64 = 408.0;
    const TOP: f64 = 34.0;
    const BOTTOM: f64 = 292.0;
    let all: Vec<&Measurement> = measured(parts).filter(|m| m.case.payload.0 == 0).collect();
    let workloads = [
        ("wake", "woken one at a time", "line"),
        ("yield", "yield once", "line dashed"),
    ];
    let lines = workloads.into_iter().flat_map(|(workload, children, class)| {
        [("join", ("k0", 0)), ("spawn", ("k1", 1))].map(|(strategy, look)| Line {
            workload,
            strategy,
            name: format!("{}, {children}", label(strategy)),
            look,
            class,
            rows: in_task(&all, workload, Flavor::CurrentThread),
        })
    });
    let lines: Vec<Line> = lines.filter(|line| line.points().count() > 1).collect();
    let over = range(lines.iter().flat_map(Line::points).map(|(tasks, _)| tasks))?;
    let values = range(lines.iter().flat_map(Line::points).map(|(_, ns)| ns))?;
    let (x, y) = (
        Scale::new(over, (LEFT, RIGHT), true),
        Scale::new(values, (BOTTOM, TOP), true),
    );
    let crossing = lines
        .iter()
        .find(|line| (line.workload, line.strategy) == ("wake", "spawn"))
        .and_then(|line| {
            let of_wakes = |(_, rows): &&Part| rows.iter().any(|m| m.case == line.rows[0].case);
            let (header, _) = parts.iter().find(of_wakes)?;
            let at = crossover(header, &line.rows)?;
            let said = match none_seen(&at, &line.rows) {
                Some(none) => format!("Woken one at a time, {none}."),
                None => format!(
                    "Woken one at a time, spawn is the cheaper one from {} children on.",
                    words(&at, &line.rows)
                ),
            };
            Some((at, words(&at, &line.rows), said))
        });
    let sentences = lines.iter().filter_map(|line| {
        let ((from, first), (to, last)) = line.points().next().zip(line.points().last())?;
        let (name, first, last) = (&line.name, time(first), time(last));
        Some(format!("{name}: {first} per child at {from}, {last} at {to}."))
    });
    let sentences = sentences.chain(crossing.iter().map(|(.., said)| said.clone()));
    let tasks: Vec<(f64, f64)> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0]
        .into_iter()
        .filter(|tasks| (over.0..=over.1).contains(tasks))
        .map(|tasks| (x.at(tasks), tasks))
        .collect();
    let contents = html! {
        text.heading x="12" y="20" { "Cost of a child, on one thread" }
        @for tick in ticks(values) {
            path.grid d={ "M" (LEFT) " " (n(y.at(tick))) "H" (RIGHT) } {}
            text x=(LEFT - 6.0) y=(n(y.at(tick) + 4.0)) text-anchor="end" { (time_tick(tick)) }
        }
        @if let Some((at, words, _)) = &crossing {
            @if drawable(at) {
                @let [low, at_, high] = [at.low, at.median, at.high].map(|value| x.at(value.clamp(over.0, over.1)));
                rect.span x=(n(low)) y=(TOP) width=(n((high - low).max(2.0))) height=(BOTTOM - TOP) {}
                text.name x=(n(at_ - 6.0)) y=(BOTTOM - 8.0) text-anchor="end" { "spawn wins from " (words) }
            }
        }
        path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
        @for (at, tasks) in &tasks {
            path.axis d={ "M" (n(*at)) " " (BOTTOM) "v4" } {}
            text x=(n(*at)) y=(BOTTOM + 17.0) text-anchor="middle" { (tasks) }
        }
        text x=((LEFT + RIGHT) / 2.0) y=(BOTTOM + 34.0) text-anchor="middle" { "number of children" }
        @for line in &lines {
            @let points: Vec<(f64, f64)> = line.points().map(|(tasks, ns)| (x.at(tasks), y.at(ns))).collect();
            @let path: Vec<String> = points.iter().map(|(x, y)| format!("{} {}", n(*x), n(*y))).collect();
            g class=(line.look.0) {
                path class=(line.class) d={ "M" (path.join("L")) } {}
                @for (x, y) in &points { path.m d=(marker(line.look.1, *x, *y)) {} }
            }
        }
        @for (row, line) in lines.iter().enumerate() {
            @let left = 12.0 + 204.0 * (row % 2) as f64;
            @let at = BOTTOM + 53.0 + 18.0 * (row / 2) as f64;
            g class=(line.look.0) {
                path class=(line.class) d={ "M" (n(left)) " " (n(at)) "h26" } {}
                path.m d=(marker(line.look.1, left + 13.0, at)) {}
            }
            text.name x=(n(left + 33.0)) y=(n(at + 4.0)) { (line.name) }
        }
    };
    Some(Picture {
        file: "cost.svg",
        title: "What a child costs against the number of children, on one thread".into(),
        words: sentences.collect::<Vec<String>>().join(" "),
        height: BOTTOM + 84.0,
        contents,
    })
}

/// The heading of a workload's rows.
fn group(workload: &str) -> &'static str {
    match workload {
        "yield" => "tiny children (yield once)",
        "wake" => "woken one at a time",
        "compute" => "hashing",
        _ => "HTTP calls",
    }
}

/// Where spawn starts to pay: its time over join!'s in the headline's cases.
fn pays(parts: &[Part]) -> Option<Picture> {
    const ROW: f64 = 16.5;
    const LEFT: f64 = 206.0;
    const RIGHT: f64 = 366.0;
    const TOP: f64 = 46.0;
    let rows: Vec<(Headline, Estimate)> = headline(measured(parts))
        .into_iter()
        .filter_map(|row| Some((row, row.spawn.ratio.filter(drawable)?)))
        .collect();
    let ends = rows.iter().flat_map(|(_, ratio)| [ratio.low, ratio.high]);
    let over = range(ends.chain([1.0])).filter(|_| !rows.is_empty())?;
    let x = Scale::new(over, (LEFT, RIGHT), true);
    let groups: Vec<&[(Headline, Estimate)]> = rows
        .chunk_by(|(a, _), (b, _)| group(&a.spawn.case.workload) == group(&b.spawn.case.workload))
        .collect();
    let bottom = TOP + ROW * (rows.len() + groups.len()) as f64 + 1.5 * groups.len() as f64 + 6.0;
    let mut sentences = Vec::new();
    let mut drawn = Vec::new();
    let mut at = TOP;
    for rows in &groups {
        let name = group(&rows[0].0.spawn.case.workload);
        at += ROW;
        drawn.push(html! { text.group x="12" y=(n(at)) { (name) } });
        at += 1.5;
        for (row, ratio) in *rows {
            at += ROW;
            let m = row.spawn;
            let verdict = m.verdict.map_or("-", Verdict::as_str);
            let place = threads(m.case.flavor);
            sentences.push(format!(
                "{name}: {}, {place}: {}, {verdict}.",
                row.short,
                super::with_interval(ratio)
            ));
            let sure = matches!(m.verdict, Some(Verdict::Slower | Verdict::Faster));
            // The colour is that of who wins.
            let (look, kind) = if ratio.median > 1.0 { ("k0", 0) } else { ("k1", 1) };
            let y = at - 4.0;
            drawn.push(html! {
                text.name x="22" y=(n(at)) { (row.short) }
                text x=(LEFT - 12.0) y=(n(at)) text-anchor="end" { (place) }
                g class=(look) {
                    @if ratio.level > 0.0 {
                        path.bars d={ "M" (n(x.at(ratio.low))) " " (n(y)) "H" (n(x.at(ratio.high))) } {}
                    }
                    path class={ "m" @if !sure { " unsure" } } d=(marker(kind, x.at(ratio.median), y)) {}
                }
                text.name x="408" y=(n(at)) text-anchor="end" { (times(ratio.median)) }
            });
        }
    }
    let ticks = ratio_ticks(over, &x, CHARACTER);
    let one = x.at(1.0);
    let contents = html! {
        text.heading x="12" y="20" { "Where spawn starts to pay: its time over join!’s" }
        text x=(n(one - 5.0)) y="40" text-anchor="end" { "◂ spawn is faster" }
        text x=(n(one + 5.0)) y="40" { "join! is faster ▸" }
        @for (tick, kept) in &ticks {
            path.grid d={ "M" (n(x.at(*tick))) " " (TOP) "V" (n(bottom)) } {}
            @if *kept {
                text x=(n(x.at(*tick))) y=(n(bottom + 16.0)) text-anchor="middle" { (ratio_tick(*tick)) }
            }
        }
        path.one d={ "M" (n(one)) " " (TOP) "V" (n(bottom)) } {}
        @for row in drawn { (row) }
        text x="12" y=(n(bottom + 34.0)) { "Filled: a sure difference. Hollow: the same, or not sure. Bars: intervals." }
    };
    Some(Picture {
        file: "pays.svg",
        title: "Where spawn starts to pay: its time over join!’s in cases that tell most".into(),
        words: format!(
            "Spawn's time over join!'s; above 1× join! is faster. {}",
            sentences.join(" ")
        ),
        height: bottom + 44.0,
        contents,
    })
}
