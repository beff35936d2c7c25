//! The end of the page: on what machine and how this was measured.

use maud::{Markup, html};

use super::{heads, table_of};
use crate::machine_state::State;
use crate::record::{Header, SCHEMA};
use crate::report::waiting::mebibytes;
use crate::stats::{median, sorted};
use crate::text::{known, percent, significant, time};

/// What a header says, in words, by field.
fn fields(header: &Header) -> Vec<(&'static str, String)> {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let e = &header.environment;
    let memory = header.resident_bytes;
    let grown = |(first, last)| format!("{}, then {}", mebibytes(first), mebibytes(last));
    let grown = |part: Option<(u64, u64)>| part.map_or("none".into(), grown);
    let cores = |cores: f64| format!("{} cores", significant(cores));
    let conditions = &header.conditions;
    vec![
        ("processor", known(&e.cpu)),
        ("cores", e.cores.to_string()),
        ("CPU quota", e.quota.map_or("none".into(), cores)),
        ("kernel", known(&e.kernel)),
        ("clock governor", known(&e.governor)),
        ("load at the start", known(&e.load.map(|load| load.to_string()))),
        ("rustc", e.built.rustc.clone()),
        ("tokio", e.built.tokio.clone()),
        ("Criterion", e.built.criterion.clone()),
        ("profile", e.built.profile.clone()),
        ("frame pointers", yes(e.built.frame_pointers)),
        ("revision", known(&e.git)),
        ("command", header.command.clone()),
        ("matrix", header.matrix.clone()),
        ("filter", header.filter.clone().unwrap_or_else(|| "none".into())),
        ("complete", yes(header.complete)),
        ("started", header.started.clone()),
        ("took", time(header.seconds * 1e9)),
        ("rounds", rounds(header)),
        ("layouts of the code", layouts(header)),
        (
            "time that it might take",
            header.minutes.map_or("no limit".into(), |minutes| time(minutes * 60e9)),
        ),
        ("waking a thread", spread(header, |state| Some(state.wake_ns))),
        ("work like a task's", spread(header, |state| state.task_ns)),
        ("checksum", header.checksum.clone()),
        ("seed", header.seed.to_string()),
        ("plan", header.plan.clone()),
        (
            "time inside timed slices",
            known(&header.timed_share.map(|share| format!("{:.1}%", share * 100.0))),
        ),
        ("memory of the run's process", grown(memory.run)),
        ("memory of a round", grown(memory.round)),
        ("memory of the server", grown(memory.server)),
        ("stolen time", known(&conditions.stolen.map(percent))),
        ("CPU time of other processes", known(&conditions.others.map(cores))),
        (
            "a fixed piece of work, fastest and slowest",
            known(
                &conditions
                    .step_ns
                    .map(|(least, most)| format!("{} and {} a step", time(least), time(most))),
            ),
        ),
        (
            "schema of the record",
            format!("{} (this page: {SCHEMA})", header.schema),
        ),
    ]
}

/// The headers as a table, one column for each; what is the same in all of them is said once.
pub(super) fn environment(caption: &str, headers: &[(String, &Header)]) -> Markup {
    let columns: Vec<Vec<(&str, String)>> = headers.iter().map(|(_, header)| fields(header)).collect();
    let Some(first) = columns.first() else {
        return html! { p { "No target was recorded." } };
    };
    let values = |row: usize| columns.iter().map(|column| column[row].1.clone()).collect();
    let rows = first.iter().enumerate().map(|(row, (field, _))| (*field, values(row)));
    fields_of(caption, headers.iter().map(|(name, _)| name), rows)
}

/// Fields with a column for each of what has them; what is the same in all of them is said once.
pub(super) fn fields_of<'a>(
    caption: &str,
    names: impl Iterator<Item = &'a String>,
    rows: impl IntoIterator<Item = (&'a str, Vec<String>)>,
) -> Markup {
    let head = html! { (heads(["field"])) (heads(names)) };
    let rows = html! {
        @for (field, values) in rows {
            tr {
                th scope="row" { (field) }
                @if values.iter().all(|value| *value == values[0]) {
                    td colspan=(values.len()) { (values[0]) }
                } @else {
                    @for value in &values { td { (value) } }
                }
            }
        }
    };
    table_of("environment", caption, &caption, head, rows)
}

/// How to read the numbers.
pub(super) fn method() -> Markup {
    html! {
        dl {
            dt { "iteration" } dd { "One whole fan-out of all children. Times are of its wall time." }
            dt { "block" } dd {
                "Some slices of one case and strategy, in a runtime that has run until it is in its steady state. On one thread \
                that is a fresh one, in a process of its own; where threads are woken up to 24 cases follow each other in one \
                runtime of each strategy, but for those that fetch."
            }
            dt { "round" } dd {
                "Fresh processes of one layout of the code that sweep over all cases in a random order. Intervals allow for \
                rounds that share a layout."
            }
            dt { "layout" } dd {
                "The same objects linked with their functions in another order: one build is one sample of what a build may be."
            }
            dt { "ratio" } dd {
                "The strategy's time over the reference's: the pseudo-median of Hodges and Lehmann over the rounds, and its \
                interval from Wilcoxon's signed ranks. Above 1×, the strategy takes longer."
            }
            dt { "noise floor" } dd {
                "How far the reference strayed from itself in other processes and layouts. Rows marked control are \
                that measurement."
            }
            dt { "verdict" } dd {
                "slower or faster where the whole interval lies beyond 1% and the noise floor; same where both lie within 1%; \
                depends where there are two modes, one slower and one faster; interferes where the strategies change each \
                other's times in a shared runtime; else inconclusive, which never means that there is no difference."
            }
            dt { "flags" } dd {
                "bimodal: the rounds have a second mode or a long tail. oversubscribed: more workers than cores. driver_races: \
                signals may share a poll, so that the cost of re-polling is an upper bound. server_bound: the server is what \
                is waited for. state_changed: the ratio has two states that dwell for several rounds."
            }
            dt { "parks" } dd { "How often a worker of the runtime had nothing to run and waited, per fan-out: each time it must be woken, which takes longer than a child." }
            dt { "machinery" } dd { "What signals and wakes cost without any children; part of both times." }
        }
    }
}

/// How many were made, and how many were planned where that is another number.
fn rounds(header: &Header) -> String {
    match header.states.len() {
        made if made == header.rounds || made == 0 => header.rounds.to_string(),
        made => format!("{made} ({} were planned)", header.rounds),
    }
}

/// How many there are, and why only one.
fn layouts(header: &Header) -> String {
    let why = header.only_one_layout.iter().map(|why| format!(": {why}"));
    header.layouts.to_string() + &why.collect::<String>()
}

/// The least, the middle and the most of something over the rounds' beginnings.
fn spread(header: &Header, of: fn(&State) -> Option<f64>) -> String {
    let all = sorted(&header.states.iter().filter_map(of).collect::<Vec<_>>());
    match (all.first(), all.last()) {
        (Some(least), Some(most)) => format!("{} to {}, median {}", time(*least), time(*most), time(median(&all))),
        _ => "unknown".into(),
    }
}
