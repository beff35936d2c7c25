//! The formulas of the strategies, and whether their counts are what they say.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::census::formulas::Checked;
use crate::text::lines;

/// A formula a line, and after them a line for each that does not hold.
pub fn render(checked: &[Checked]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "strategy",
        "children",
        "count",
        "formula (n children, bound b)",
        "numbers",
        "wrong",
    ]);
    for row in checked {
        let number = |number: usize| Cell::new(number).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(row.strategy),
            Cell::new(row.workload),
            Cell::new(row.column),
            Cell::new(row.formula),
            number(row.numbers),
            number(row.wrong),
        ]);
    }
    let mut text = lines(&table);
    for row in checked {
        if let Some((tasks, wanted, is)) = row.first_wrong {
            text.push_str(&format!(
                "{} {} {}: {is} at {tasks} children, where {} is {wanted}\n",
                row.strategy, row.workload, row.column, row.formula
            ));
        }
    }
    text
}
