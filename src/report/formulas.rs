//! The formulas of the strategies, and whether their counts are what they say.

use super::changes::Style;
use super::columns::table;
use crate::census::formulas::Checked;

/// A formula a line, and after them a line for each that does not hold.
pub fn render(checked: &[Checked]) -> String {
    let head = [
        "strategy",
        "children",
        "count",
        "formula (n children, bound b)",
        "numbers",
        "wrong",
    ];
    let rows = checked.iter().map(|row| {
        [
            row.strategy.to_string(),
            row.workload.to_string(),
            row.column.to_string(),
            row.formula.to_string(),
            row.numbers.to_string(),
            row.wrong.to_string(),
        ]
    });
    let mut text = table(Style::Text, head, 4..6, rows);
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
