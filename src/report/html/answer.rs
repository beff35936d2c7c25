//! The first screen: the answer in words, and the figures that carry it.

use maud::{Markup, html};

use super::chart::{Across, Chart, Look, Series, Unit, alone, legend};
use super::data::{Data, Group, Workload};
use super::opening::pictures;
use super::with_interval;
use crate::attachments::RecordedRun;
use crate::case::Site;
use crate::findings::answer::{Evidence, Sentence, answer_of};
use crate::findings::crossover;
use crate::record::{Measurement, Part, Status};
use crate::stats::Verdict;
use crate::text::{children, counted, label, listed, time, times};

/// The sentences of the answer, each with links to its evidence where that has an address.
pub(super) fn list(answer: &[Sentence], link: impl Fn(Evidence) -> Option<String>) -> Markup {
    html! {
        ul.answer {
            @for sentence in answer {
                li {
                    strong { (sentence.lead) } " " (sentence.rest)
                    span.evidence {
                        @for evidence in &sentence.evidence {
                            @if let Some(url) = link(*evidence) { " " a href=(url) { (evidence.name()) } }
                        }
                    }
                }
            }
        }
    }
}

/// The sentences of the answer, each with links to its evidence on this page, and what is to be said of the run.
pub(super) fn opening(data: &Data, run: &RecordedRun) -> Markup {
    let answer = answer_of(run);
    let link = |evidence: Evidence| match evidence {
        Evidence::Workload(name) => Some(format!("#workload-{name}")),
        Evidence::Target(name) => Some(format!("#{name}")),
        Evidence::Counts => Some("#measurements".to_owned()),
        Evidence::Statements => (!run.claims.is_empty()).then(|| "#statements".to_owned()),
        Evidence::Document("SERVER", _) if run.server.is_some() => Some("#server".to_owned()),
        // A page stands alone.
        Evidence::Document(..) => None,
    };
    html! {
        @if !answer.is_empty() {
            (list(&answer, link))
            (openings(&run.parts))
        }
        div.said { @for sentence in sentences(data, !answer.is_empty()) { p { (sentence) } } }
    }
}

/// The pictures, side by side where there is room.
pub(super) fn openings(parts: &[Part]) -> Markup {
    html! {
        div.openings {
            @for picture in pictures(parts) { figure.card { (picture.inline()) } }
        }
    }
}

/// Two to five sentences; where the answer was given, only how often each verdict was, and what failed.
fn sentences(data: &Data, answered: bool) -> Vec<String> {
    let mut sentences: Vec<String> = data.strategies.iter().map(|strategy| counts(data, strategy)).collect();
    if let Some(strategy) = data.headline().filter(|_| !answered) {
        sentences.extend(cost_of_a_child(data, strategy));
        sentences.extend(crossovers(data, strategy));
        sentences.extend(work(data, strategy));
        sentences.extend(requests(data, strategy));
    } else if data.headline().is_none() && data.scale.is_empty() && data.all.iter().any(|m| m.status == Status::Ok) {
        sentences.push(format!(
            "Only {} was measured, against itself: there is nothing to compare.",
            label(data.reference())
        ));
    }
    for (status, what) in [
        (Status::Failed, "failed"),
        (
            Status::Invalid,
            "happened under conditions that make the numbers worthless",
        ),
    ] {
        let number = data.all.iter().filter(|m| m.status == status).count();
        if number > 0 {
            let which = counted(number, "measurement");
            sentences.push(format!("{which} {what}; the reasons are in the table."));
        }
    }
    if data.all.is_empty() {
        sentences.push("This run has no measurements.".into());
    }
    sentences
}

fn counts(data: &Data, strategy: &str) -> String {
    let usable = data.all.iter().filter(|m| m.status == Status::Ok && !m.is_control());
    let rows: Vec<&&Measurement> = usable
        .filter(|m| m.strategy == strategy && m.reference == data.reference())
        .collect();
    let count = |verdict| rows.iter().filter(|m| m.verdict == Some(verdict)).count();
    format!(
        "In {}, {} was slower than {} in {}, faster in {} and the same in {}; {} inconclusive{}.",
        counted(rows.len(), "case"),
        label(strategy),
        label(data.reference()),
        count(Verdict::Slower),
        count(Verdict::Faster),
        count(Verdict::Same),
        match count(Verdict::Inconclusive) {
            1 => "1 is".to_owned(),
            number => format!("{number} are"),
        },
        [
            (Verdict::Depends, "depend on the runtime"),
            (Verdict::Interferes, "interfere")
        ]
        .into_iter()
        .filter(|(verdict, _)| count(*verdict) > 0)
        .map(|(verdict, words)| format!(", {} {words}", count(verdict)))
        .collect::<String>(),
    )
}

/// What a child costs more where it does next to nothing.
fn cost_of_a_child(data: &Data, strategy: &str) -> Option<String> {
    let workload = data.workload("yield").or_else(|| data.workload("ready"))?;
    let parts: Vec<String> = workload
        .at(Site::Worker)
        .filter_map(|group| {
            let least = group.rows.iter().map(|m| m.case.payload).min()?;
            let rows = group
                .of(strategy)
                .filter(|m| m.ratio.is_some() && m.case.payload == least);
            let most = rows.max_by_key(|m| m.case.tasks)?;
            let reference = most.reference_ns.or_else(|| data.control(&most.case)?.wall_ns)?;
            let more = (most.wall_ns?.median - reference.median) / most.case.tasks as f64;
            let direction = if more > 0.0 { "more" } else { "less" };
            Some(format!(
                "{} {direction} on {} ({} at {})",
                time(more.abs()),
                group.flavor,
                times(most.ratio?.median),
                most.case.tasks
            ))
        })
        .collect();
    (!parts.is_empty()).then(|| {
        let (name, strategy) = (workload.name, label(strategy));
        let parts = listed(&parts, "and");
        format!("Per child that does next to nothing ({name}), in a task, {strategy} takes {parts}.")
    })
}

fn crossovers(data: &Data, strategy: &str) -> Option<String> {
    let parts: Vec<String> = data
        .workload("wake")?
        .at(Site::Worker)
        .filter_map(|group| {
            let rows = group.along_tasks(strategy);
            let at = crossover::words(&crossover::crossover(group.header, &rows)?, &rows);
            Some(format!("{at} on {}", group.flavor))
        })
        .collect();
    (!parts.is_empty()).then(|| {
        format!(
            "Where wakes come one at a time, {} overtakes {} from this number of children on: {}.",
            label(strategy),
            label(data.reference()),
            listed(&parts, "and")
        )
    })
}

/// The best that was had from work.
fn work(data: &Data, strategy: &str) -> Option<String> {
    let rows = data.workload("compute")?.rows().filter(|m| m.strategy == strategy);
    let (ratio, best) = rows
        .filter_map(|m| Some((m.ratio?, m)))
        .min_by(|a, b| a.0.median.total_cmp(&b.0.median))?;
    Some(format!(
        "Where children compute, {} takes at best {} of {}'s time: {} of {} on {}{}.",
        label(strategy),
        with_interval(&ratio),
        label(data.reference()),
        children(best.case.tasks),
        best.case.payload,
        best.case.flavor,
        match best.verdict {
            Some(Verdict::Faster) => String::new(),
            Some(verdict) => format!(", which is {}", verdict.as_str()),
            None => String::new(),
        },
    ))
}

fn requests(data: &Data, strategy: &str) -> Option<String> {
    let rows = data.workload("http")?.rows();
    let rows: Vec<&Measurement> = rows.filter(|m| m.strategy == strategy && m.ratio.is_some()).collect();
    let ratios = || rows.iter().filter_map(|m| m.ratio).map(|ratio| ratio.median);
    let (low, high) = (ratios().fold(f64::INFINITY, f64::min), ratios().fold(0.0, f64::max));
    let is_sure = |m: &&&Measurement| m.verdict.is_some_and(|verdict| verdict != Verdict::Inconclusive);
    let sure = rows.iter().filter(is_sure);
    (!rows.is_empty()).then(|| {
        format!(
            "Of an HTTP request, the ratio is between {} and {}, and a verdict was possible in {} of {}.",
            times(low),
            times(high),
            sure.count(),
            counted(rows.len(), "case"),
        )
    })
}

/// The figure that answers a workload's question, and what it is: a line for each flavor.
pub(super) fn figure_of(data: &Data, workload: &Workload) -> Option<(Chart, String)> {
    let strategy = data.headline()?;
    let figure = if workload.name == "compute" {
        along_work(data, workload, strategy)
    } else {
        along_children(data, workload, strategy)
    };
    figure.filter(|(chart, _)| chart.is_drawable())
}

/// The figure with its legend.
pub(super) fn figure_with_legend(data: &Data, (chart, caption): &(Chart, String)) -> Markup {
    let drawn = |name: &str| {
        let mut series = chart.series.iter();
        series.any(|series| series.name == name && !series.points.is_empty())
    };
    let flavors = data.flavors.iter().enumerate();
    let looks = flavors.map(|(index, flavor)| (flavor.to_string(), Look::of_flavor(index)));
    let looks: Vec<(String, Look)> = looks.filter(|(name, _)| drawn(name)).collect();
    let strategy = data.headline().map_or("", label);
    html! {
        figure.card.main {
            figcaption { (caption) }
            (alone(chart))
            (legend(&looks, true))
            p.note {
                "Above 1×, " (strategy) " takes longer than " (label(data.reference())) "; bars are intervals. What lies \
                 inside the grey band, the farthest noise floor of the flavors, tells nothing."
            }
        }
    }
}

fn look_of(data: &Data, group: &Group) -> (Look, f64) {
    let index = data.flavors.binary_search(&group.flavor).unwrap_or(0);
    let middle = (data.flavors.len() - 1) as f64 / 2.0;
    (Look::of_flavor(index), 2.4 * (index as f64 - middle))
}

/// A line for each flavor, and the farthest noise floor of all of them at each place.
fn figure(data: &Data, title: String, across: Across, lines: Vec<(&Group, Vec<(f64, &Measurement)>)>) -> Chart {
    let floors = lines.iter().flat_map(|(_, points)| points);
    let mut floor: Vec<(f64, f64)> = floors.filter_map(|(at, m)| Some((*at, m.noise_floor?))).collect();
    floor.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    floor.dedup_by_key(|(at, _)| *at);
    let series = lines.into_iter().map(|(group, points)| {
        let (look, aside) = look_of(data, group);
        let points = points.iter().filter_map(|(at, m)| Some((*at, m.ratio?)));
        Series {
            name: group.flavor.to_string(),
            look,
            points: points.collect(),
            aside,
        }
    });
    Chart {
        floor,
        ..Chart::new(title, across, Unit::Ratio, series)
    }
}

fn along_children(data: &Data, workload: &Workload, strategy: &str) -> Option<(Chart, String)> {
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    let mut crossings = Vec::new();
    let mut payload = None;
    let mut tasks = Vec::new();
    for group in workload.at(Site::Worker) {
        let rows = group.along_tasks(strategy);
        if rows.is_empty() {
            continue;
        }
        payload = rows.first().map(|m| m.case.payload);
        tasks.extend(rows.iter().map(|m| m.case.tasks));
        if let Some(at) = crossover::crossover(group.header, &rows).filter(|_| workload.name == "wake") {
            let words = crossover::words(&at, &rows);
            crossings.push(format!("{words} on {}", group.flavor));
            marks.push((look_of(data, group).0, at));
        }
        let points = rows.into_iter().map(|m| (m.case.tasks as f64, m));
        lines.push((group, points.collect()));
    }
    let title = format!("{}: ratio against tasks", workload.name);
    let chart = Chart {
        marks,
        ..figure(data, title, tasks_across(tasks), lines)
    };
    let mut caption = format!(
        "{}: {} over {} against the number of children, {} each, in a task",
        workload.name,
        label(strategy),
        label(data.reference()),
        payload?,
    );
    if !crossings.is_empty() {
        caption += &format!(". The lines cross 1× at {}", listed(&crossings, "and"));
    }
    Some((chart, caption + "."))
}

fn along_work(data: &Data, workload: &Workload, strategy: &str) -> Option<(Chart, String)> {
    let work = |m: &Measurement| Some(data.control(&m.case)?.wall_ns?.median);
    let lines = workload.at(Site::Worker).map(|group| {
        let rows = group.of(strategy).filter(|m| m.ratio.is_some());
        let mut points: Vec<_> = rows.filter_map(|m| Some((work(m)?, m))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        (group, points)
    });
    let reference = label(data.reference());
    let across = Across {
        label: format!("work of one fan-out: {reference}'s time for it"),
        ticks: Vec::new(),
        log: true,
    };
    let title = format!("{}: ratio against work", workload.name);
    let chart = figure(data, title, across, lines.collect());
    let caption = format!(
        "{}: {} over {reference} against the work of one fan-out, all numbers of children and payloads.",
        workload.name,
        label(strategy),
    );
    Some((chart, caption))
}

/// The axis of the numbers of children.
pub(super) fn tasks_across(mut tasks: Vec<usize>) -> Across {
    tasks.sort_unstable();
    tasks.dedup();
    let ticks = tasks.iter().map(|&n| (n as f64, n.to_string()));
    Across {
        label: "tasks".into(),
        ticks: ticks.collect(),
        log: true,
    }
}
