//! The verdict table at the end of a run.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::record::{Header, Measurement, Status};
use crate::stats::{Mode, Verdict};
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
    let mut strategies: Vec<&str> = Vec::new();
    for m in compared() {
        if !strategies.contains(&m.strategy.as_str()) {
            strategies.push(&m.strategy);
        }
    }
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
    let one_strategy = rows.iter().all(|row| row.strategy == first.strategy);
    let machinery = rows.iter().any(|row| row.machinery_ns.is_some());
    let server = rows.iter().any(|row| row.server_cpu_ns.is_some());
    let flags = rows.iter().any(|row| !row.flags.is_empty());
    let reference = label(&first.reference);
    let strategy = if one_strategy {
        label(&first.strategy)
    } else {
        "strategy"
    };

    let mut head = vec!["case".to_owned()];
    if !one_strategy {
        head.push("strategy".into());
    }
    head.extend([
        reference.to_owned(),
        "/child".into(),
        strategy.to_owned(),
        "/child".into(),
    ]);
    head.extend(["more/child", "ratio", "interval", "noise floor", "verdict"].map(String::from));
    if machinery {
        head.push("machinery".into());
    }
    if server {
        head.push("server".into());
    }
    if flags {
        head.push("flags".into());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head);

    for row in rows {
        let control = all
            .iter()
            .find(|m| m.case == row.case && m.is_control())
            .and_then(|m| m.wall_ns);
        let reference = row.reference_ns.or(control);
        let mut cells = vec![Cell::new(row.case.to_string())];
        if !one_strategy {
            cells.push(Cell::new(label(&row.strategy)));
        }
        let mut number = |text: String| {
            cells.push(Cell::new(text).set_alignment(CellAlignment::Right));
        };
        for wall in [reference, row.wall_ns] {
            number(wall.map_or("-".into(), |ns| time(ns.median)));
            number(wall.map_or("-".into(), |ns| time(ns.median / row.case.tasks as f64)));
        }
        number(row.difference_ns.map_or("-".into(), |ns| more(ns.median)));
        number(row.ratio.map_or("-".into(), |ratio| times(ratio.median)));
        number(row.ratio.map_or("-".into(), |ratio| interval(&ratio, "none")));
        number(row.noise_floor.map_or("-".into(), floor));
        cells.push(Cell::new(row.verdict.map_or("-", Verdict::as_str)));
        for (shown, part) in [(machinery, row.machinery_ns), (server, row.server_cpu_ns)] {
            if shown {
                let text = part.map_or("-".into(), |ns| time(ns.median));
                cells.push(Cell::new(text).set_alignment(CellAlignment::Right));
            }
        }
        if flags {
            cells.push(Cell::new(row.flags.join(" ")));
        }
        table.add_row(cells);
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
