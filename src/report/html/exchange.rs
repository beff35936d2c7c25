//! What only HTTP workloads have: a server with a share of the time, connections, and results that come in stages.

use maud::{Markup, html};

use super::data::{Data, Workload};
use super::{badge, ratio_of, table, time_of};
use crate::record::Measurement;
use crate::text::{floor, label, span};

/// What the two ends of a request had to do, and when results were there.
pub(super) fn exchange(data: &Data, workload: &Workload) -> Markup {
    let rows: Vec<&Measurement> = workload
        .rows()
        .filter(|m| m.server_cpu_ns.is_some() || !m.connections_opened.is_empty())
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let stages = rows.iter().any(|m| m.first_result_ns.is_some());
    let share = |m: &Measurement| Some(m.server_cpu_ns?.median / m.wall_ns?.median);
    let mut head = vec!["case", "strategy", "all results"];
    if stages {
        head.extend(["first result", "all but one"]);
    }
    head.extend([
        "ratio",
        "noise floor",
        "verdict",
        "server's CPU time",
        "share of the time",
        "connections",
    ]);
    let rows = html! {
        @for m in rows {
            tr {
                th scope="row" { code { (m.case) } }
                td { (label(&m.strategy)) }
                td.n { (time_of(m.wall_ns)) }
                @if stages { td.n { (time_of(m.first_result_ns)) } td.n { (time_of(m.all_but_one_ns)) } }
                td.n { @if let Some(ratio) = m.ratio { (ratio_of(&ratio)) } }
                td.n { (m.noise_floor.map_or("-".into(), floor)) }
                td { @if let Some(verdict) = m.verdict { (badge(verdict.as_str())) } }
                td.n { (time_of(m.server_cpu_ns)) }
                td.n { (share(m).map_or("-".into(), |share| format!("{:.0}%", share * 100.0))) }
                td.n { (connections(m)) }
            }
        }
    };
    let caption = format!("{}: the server's share, and its connections", workload.name);
    html! {
        h3 { "Server and connections" }
        p.note {
            "The server is a process of its own; its share is its CPU time over the whole fan-out's time. Connections: \
            opened by the end of each round's blocks, fewest to most. Against " (label(data.reference())) "."
        }
        (table(&format!("Server and connections of {}", workload.name), &caption, head, rows))
    }
}

fn connections(m: &Measurement) -> String {
    let all = || m.connections_opened.iter().flatten();
    let ends = all().min().zip(all().max());
    ends.map_or("-".into(), |(least, most)| span(least, most))
}
