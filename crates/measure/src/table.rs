//! The verdict table at the end of a run.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::in_order::unique;
use crate::record::{Header, Measurement, Status};
use crate::stats::{Estimate, Mode, Verdict};
use crate::text::{floor, interval, label, lines, more, significant, time, times};

/// The table, its legend and the list of failures, most telling rows first.
pub fn render(header: &Header, measurements: &[Measurement]) -> String {
    let mut rows: Vec<&Measurement> = measurements
        .iter()
        .filter(|m| m.status == Status::Ok && !m.is_control())
        .collect();
    let controls_only = rows.is_empty();
    if controls_only {
        rows = measurements.iter().filter(|m| m.status == Status::Ok).collect();
    }
    rows.sort_by(|a, b| telling(b).total_cmp(&telling(a)));

    let mut text = String::new();
    if let Some(first) = rows.first() {
        text += &table(&rows, measurements, first);
        text += &legend(header, &rows, controls_only);
    }
    for row in &rows {
        text += &withheld(row);
    }
    for failed in measurements.iter().filter(|m| m.status != Status::Ok) {
        text += &format!(
            "{}: {}: {}\n",
            failed.status.as_str(),
            failed.case.measurement_id(&failed.strategy),
            failed.reason.as_deref().unwrap_or("no reason given")
        );
    }
    text
}

/// How often each verdict was given to each strategy, a sentence for each.
pub fn counts(measurements: &[Measurement]) -> Vec<String> {
    let compared = || {
        measurements
            .iter()
            .filter(|m| m.status == Status::Ok && !m.is_control())
    };
    let sentence = |strategy: &str| {
        let of = || compared().filter(|m| m.strategy == strategy);
        let count = |verdict| of().filter(|m| m.verdict == Some(verdict)).count();
        let more = [Verdict::Depends, Verdict::Interferes].map(|verdict| match count(verdict) {
            0 => String::new(),
            cases => format!(", {} in {cases}", verdict.as_str()),
        });
        format!(
            "{} against {} in {} cases: slower in {}, faster in {}, same in {}, inconclusive in {}{}.",
            label(strategy),
            of().next().map_or("", |m| label(&m.reference)),
            of().count(),
            count(Verdict::Slower),
            count(Verdict::Faster),
            count(Verdict::Same),
            count(Verdict::Inconclusive),
            more.concat(),
        )
    };
    let strategies = unique(compared().map(|m| m.strategy.as_str()));
    strategies.into_iter().map(sentence).collect()
}

/// How far apart two modes' parks per iteration are, if they tell the modes apart.
const TELLING_PARKS: f64 = 0.1;

/// Two modes of a ratio in words, with what its workers did in each where that tells them apart.
pub fn in_two_modes(fast: &Mode, slow: &Mode) -> String {
    let [in_fast, in_slow] = [fast, slow].map(|mode| format!("{} in {:.0}%", times(mode.ratio), mode.share * 100.0));
    let parked = match (fast.parks, slow.parks) {
        (Some(one), Some(other)) if (one - other).abs() >= TELLING_PARKS => {
            let [one, other] = [one, other].map(significant);
            format!(" (its workers parked {one} and {other} times an iteration)")
        }
        _ => String::new(),
    };
    format!("{in_fast} of runtimes, {in_slow}{parked}")
}

/// Why a row has no verdict of slower or faster, where there is more to say.
fn withheld(row: &Measurement) -> String {
    let case = &row.case;
    let mut text = String::new();
    if let (Some(Verdict::Depends), [fast, slow]) = (row.verdict, row.modes.as_slice()) {
        text += &format!("depends: {case}: {}\n", in_two_modes(fast, slow));
    }
    if let (Some(Verdict::Interferes), Some(carried)) = (row.verdict, &row.carry_over) {
        text += &format!(
            "interferes: {case}: in one runtime the ratio is {} {} of what it is apart\n",
            times(carried.median),
            interval(carried, "")
        );
    }
    if let [low, high] = row.states.as_slice() {
        text += &format!(
            "state changed: {case}: {} in {:.0}% of the rounds, {} in the others, in stretches\n",
            times(low.value),
            low.share * 100.0,
            times(high.value)
        );
    }
    text
}

/// How far the nearer end of the interval lies from 1, in the log; verdicts first.
pub fn telling(measurement: &Measurement) -> f64 {
    let Some(ratio) = &measurement.ratio else {
        return f64::MIN;
    };
    let beyond = ratio.low.ln().max(-ratio.high.ln());
    match measurement.verdict {
        Some(Verdict::Slower | Verdict::Faster) => 1e6 + beyond,
        Some(Verdict::Same) => 1e3 + beyond,
        _ => beyond,
    }
}

fn table(rows: &[&Measurement], all: &[Measurement], first: &Measurement) -> String {
    type Text<'a> = &'a dyn Fn(&Measurement) -> Option<String>;
    let one_strategy = rows.iter().all(|row| row.strategy == first.strategy);
    let any = |has: fn(&Measurement) -> bool| rows.iter().any(|row| has(row));
    let strategy = if one_strategy {
        label(&first.strategy)
    } else {
        "strategy"
    };
    let reference_ns = |row: &Measurement| {
        let control = || all.iter().find(|m| m.case == row.case && m.is_control());
        row.reference_ns.or_else(|| control()?.wall_ns)
    };
    let whole = |ns: Option<Estimate>| Some(time(ns?.median));
    let each = |ns: Option<Estimate>, row: &Measurement| Some(time(ns?.median / row.case.tasks as f64));
    // Its head, whether it is shown, whether it has numbers, and its text.
    let columns: [(&str, bool, bool, Text<'_>); 14] = [
        ("case", true, false, &|row| Some(row.case.to_string())),
        ("strategy", !one_strategy, false, &|row| {
            Some(label(&row.strategy).to_owned())
        }),
        (label(&first.reference), true, true, &|row| whole(reference_ns(row))),
        ("/child", true, true, &|row| each(reference_ns(row), row)),
        (strategy, true, true, &|row| whole(row.wall_ns)),
        ("/child", true, true, &|row| each(row.wall_ns, row)),
        ("more/child", true, true, &|row| Some(more(row.difference_ns?.median))),
        ("ratio", true, true, &|row| Some(times(row.ratio?.median))),
        ("interval", true, true, &|row| Some(interval(&row.ratio?, "none"))),
        ("noise floor", true, true, &|row| row.noise_floor.map(floor)),
        ("verdict", true, false, &|row| Some(row.verdict?.to_string())),
        ("machinery", any(|row| row.machinery_ns.is_some()), true, &|row| {
            whole(row.machinery_ns)
        }),
        ("server", any(|row| row.server_cpu_ns.is_some()), true, &|row| {
            whole(row.server_cpu_ns)
        }),
        ("flags", any(|row| !row.flags.is_empty()), false, &|row| {
            Some(row.flags.join(" "))
        }),
    ];
    let shown = || columns.iter().filter(|(_, is_shown, ..)| *is_shown);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(shown().map(|(head, ..)| *head));
    for row in rows {
        table.add_row(shown().map(|(_, _, is_number, text)| {
            let cell = Cell::new(text(row).unwrap_or_else(|| "-".to_owned()));
            match is_number {
                true => cell.set_alignment(CellAlignment::Right),
                false => cell,
            }
        }));
    }
    lines(&table)
}

/// What the columns of some rows mean; there is one at least.
fn legend(header: &Header, rows: &[&Measurement], controls_only: bool) -> String {
    let reference = label(&rows[0].reference);
    // Each row has its own: a case that was stopped early is surer.
    let levels = rows.iter().filter_map(|row| row.ratio).map(|ratio| ratio.level);
    let level = levels.filter(|level| *level > 0.0).reduce(f64::min).unwrap_or(0.0);
    let mut text = format!(
        "\nTimes: wall time of one iteration (a whole fan-out), then divided by its children. More/child: how much longer it\n\
         takes than {reference}, for each child. Ratio: time over {reference}'s, "
    );
    text += &if level > 0.0 {
        format!(
            "with an interval of {:.1}% or more over {}.",
            level * 100.0,
            match header.layouts_made() {
                1 => "rounds, each a process of its own".to_owned(),
                layouts => format!("{layouts} layouts of the code, in processes of their own"),
            }
        )
    } else {
        "fewer than 6 rounds are a preview: no interval, and every verdict is inconclusive.".to_owned()
    };
    text += &format!(" Noise\nfloor: how far {reference} strayed from itself in other processes and layouts.\n");
    if rows.iter().any(|row| row.machinery_ns.is_some()) {
        text += "Machinery: what signals and wakes cost without any children, over the same iteration; part of both times.\n";
    }
    if rows.iter().any(|row| row.server_cpu_ns.is_some()) {
        text += "Server: CPU time of the mock server, a process of its own with one serving thread, over the same iteration.\n";
    }
    if controls_only {
        text += "Only the reference was measured: the ratios are its control, of it against itself.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parks_are_said_where_they_tell_two_modes_apart() {
        let mode = |share, ratio, parks| Mode { share, ratio, parks };
        let said = |one, other| in_two_modes(&mode(0.31, 0.51, one), &mode(0.64, 2.6, other));
        let modes = "0.510× in 31% of runtimes, 2.60× in 64%";
        assert_eq!(
            said(Some(0.25), Some(2.0)),
            format!("{modes} (its workers parked 0.250 and 2.00 times an iteration)")
        );
        for (one, other) in [(None, None), (Some(2.0), None), (Some(0.001), Some(0.05))] {
            assert_eq!(said(one, other), modes);
        }
    }
}
