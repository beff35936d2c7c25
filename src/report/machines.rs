//! Many machines side by side, for the terminal and as Markdown.

use super::changes::Style;
use super::columns::table;
use crate::in_order::grouped;
use crate::stats::Verdict;
use crate::text::{first_of, interval, label, percent, times};
use measure::machines::{Machines, OnMachine, Row, Together};
use measure::stats::random_effects::RandomEffects;

/// More machines than this are counted instead of standing side by side.
const SIDE_BY_SIDE: usize = 8;

/// So many machines are named in one place; the others are counted.
const NAMED: usize = 8;

/// Machines as text. What only one machine measured is counted.
pub fn render(machines: &Machines, style: Style) -> String {
    let mut text = format!("{}\n", summary(machines));
    for line in [simulated(machines)].into_iter().flatten().chain(differences(machines)) {
        text += &format!("{}{}\n", style.bullet(), style.plain(&line));
    }
    let rows: Vec<&Row> = machines.rows.iter().filter(|row| row.on.len() > 1).collect();
    if !rows.is_empty() {
        text += "\n";
        text += &rows_of(machines, &rows, style);
        text += &format!("\n{HOW_TO_READ}\n");
    }
    let alone = machines.rows.len() - rows.len();
    if alone > 0 {
        text += &format!("{alone} measurements were made on one machine only, and are not shown.\n");
    }
    text
}

/// What the columns are.
pub const HOW_TO_READ: &str = "On each machine: its own record's verdict on the strategy, and the ratio of the strategy's time to \
     the reference's. All: the machines' centre, each machine with the same weight, and its interval. One more: where the ratio of \
     one more machine lies with the same probability. I²: share of the scatter that is the machines' and not their errors'. Holds on: \
     how many machines have the verdict that most have. Together: what the centre's interval says beyond 1%; `differs` where some \
     machines are surely slower and others surely faster, which no centre sums up.";

/// How many there are, and what they say.
pub fn summary(machines: &Machines) -> String {
    let rows = || machines.rows.iter().filter(|row| row.on.len() > 1);
    let count = |together| rows().filter(|row| row.judged == together).count();
    format!(
        "{} machines, {} measurements on more than one of them: slower in {}, faster in {}, same in {}, inconclusive in {}; in {} it \
         differs from machine to machine.",
        machines.names.len(),
        rows().count(),
        count(Together::Slower),
        count(Together::Faster),
        count(Together::Same),
        count(Together::Inconclusive),
        count(Together::Differs),
    )
}

/// That some machines do not exist.
pub fn simulated(machines: &Machines) -> Option<String> {
    let numbers: Vec<usize> = machines.simulated.iter().map(|(number, _)| *number).collect();
    let named = named(machines, &numbers);
    (!numbers.is_empty()).then(|| format!("SIMULATED, measured by no machine: {named}."))
}

/// In what they differ, a line for each field.
pub fn differences(machines: &Machines) -> impl Iterator<Item = String> {
    machines.differences.iter().map(|difference| {
        let mut values: Vec<&String> = difference.values.iter().collect();
        if values.len() <= SIDE_BY_SIDE {
            return format!(
                "{}: {}.",
                difference.field,
                machines
                    .names
                    .iter()
                    .zip(values)
                    .map(|(name, value)| format!("{value} ({name})"))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        values.sort();
        values.dedup();
        let shown: Vec<&str> = values.iter().take(NAMED).map(|value| value.as_str()).collect();
        let more = match values.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!(
            "{}: {} different ones: {}{more}.",
            difference.field,
            values.len(),
            shown.join(", ")
        )
    })
}

/// Machines' names; of many the first ones and how many more.
pub fn named(machines: &Machines, numbers: &[usize]) -> String {
    first_of(numbers.iter().map(|number| &machines.names[*number]), NAMED)
}

/// How many machines have the verdict that most have: `slower on 4 of 5`.
pub fn holds(row: &Row) -> String {
    match row.leading {
        Some(verdict) => format!("{} on {} of {}", verdict.as_str(), row.holds, row.of),
        None => format!("no verdict on {}", row.of),
    }
}

/// How many machines say what, of many.
pub fn counts(row: &Row) -> String {
    let mut said = grouped(row.on.iter().map(|(_, on)| (word(on), ())));
    said.sort_by_key(|(verdict, all)| (std::cmp::Reverse(all.len()), *verdict));
    let words: Vec<String> = said
        .iter()
        .map(|(verdict, all)| format!("{verdict} {}", all.len()))
        .collect();
    words.join(", ")
}

/// A machine's verdict.
pub fn word(on: &OnMachine) -> &'static str {
    match on.ratio {
        None => "failed",
        Some(_) => on.verdict.map_or("none", Verdict::as_str),
    }
}

fn rows_of(machines: &Machines, rows: &[&Row], style: Style) -> String {
    let side_by_side = machines.names.len() <= SIDE_BY_SIDE;
    let on_each = |row: &Row| match side_by_side {
        true => (0..machines.names.len()).map(|number| on_one(row, number)).collect(),
        false => vec![counts(row)],
    };
    let each = match side_by_side {
        true => machines.names.iter().map(|name| style.plain(name)).collect(),
        false => vec!["machines".to_owned()],
    };
    let numbers = each.len() + 2..each.len() + 5;
    let mut head = ["case", "strategy"].map(str::to_owned).to_vec();
    head.extend(each);
    head.extend(["all", "one more", "I²", "holds on", "together", "the opposite on"].map(str::to_owned));
    let rows = rows.iter().map(|row| {
        let effects = |of: fn(&RandomEffects) -> String| row.effects.as_ref().map_or("-".to_owned(), of);
        let mut cells = vec![row.case.clone(), label(&row.strategy).to_owned()];
        cells.extend(on_each(row));
        cells.extend([
            effects(|e| format!("{} {}", times(e.ratio.median), interval(&e.ratio, "none"))),
            effects(|e| interval(&e.prediction, "none")),
            effects(|e| percent(e.i_squared)),
            holds(row),
            row.judged.as_str().to_owned(),
            style.plain(&named(machines, &row.opposite)),
        ]);
        cells
    });
    table(style, head, numbers, rows)
}

/// What a machine says.
fn on_one(row: &Row, number: usize) -> String {
    let on = row.on.iter().find(|(of, _)| *of == number);
    on.map_or("-".into(), |(_, on)| match on.ratio {
        Some(ratio) => format!("{} {}", word(on), times(ratio.median)),
        None => word(on).to_owned(),
    })
}
