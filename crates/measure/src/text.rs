//! Numbers, strategies and tables as text: what every output prints in the same way.

use std::fmt::Display;

use crate::stats::Estimate;

/// Three significant digits.
pub fn significant(value: f64) -> String {
    rounded(value, 3)
}

/// So many significant digits.
fn rounded(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (digits - 1 - magnitude).max(0) as usize;
    // Rounding may carry into the next magnitude: 9.996 is 10.0, not 10.00.
    let rounded = format!("{value:.decimals$}");
    let carried = rounded.parse::<f64>().unwrap_or(value).abs().log10().floor() as i32 > magnitude;
    if carried && decimals > 0 {
        format!("{value:.*}", decimals - 1)
    } else {
        rounded
    }
}

/// So many children, in words.
pub fn children(tasks: usize) -> String {
    format!("{tasks} child{}", if tasks == 1 { "" } else { "ren" })
}

/// A time in ns, with the unit that leaves one to three digits before the point.
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns.abs() {
        ns if ns < 999.5 => (1.0, "ns"),
        ns if ns < 999.5e3 => (1e3, "µs"),
        ns if ns < 999.5e6 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{} {unit}", significant(ns / value))
}

/// An interval, its ends with three significant digits, or with as many more as show how wide it is and on which side of 1 they lie;
/// `none` where there were too few rounds for one.
pub fn interval(ratio: &Estimate, none: &str) -> String {
    const MOST_DIGITS: i32 = 6;
    if ratio.level == 0.0 {
        return none.to_owned();
    }
    let ends = [ratio.low, ratio.high];
    let tell = |digits: &i32| {
        let unit = 10f64.powf(ratio.low.log10().floor() + 1.0 - f64::from(*digits));
        let beside_one = |end: f64| end != 1.0 && rounded(end, *digits).parse() == Ok(1.0);
        let width = ratio.high - ratio.low;
        (width == 0.0 || width >= 4.0 * unit) && !ends.into_iter().any(beside_one)
    };
    let digits = (3..MOST_DIGITS).find(tell).unwrap_or(MOST_DIGITS);
    let [low, high] = ends.map(|end| rounded(end, digits));
    format!("[{low}, {high}]")
}

/// What is known, or `unknown`.
pub fn known(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "unknown".into())
}

/// One thing, or so many: `1 point`, `2 points`.
pub fn counted(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// A ratio: `1.02×`.
pub fn times(ratio: f64) -> String {
    format!("{}×", significant(ratio))
}

/// A ratio with its interval, where it has one: `1.02× [1.01, 1.03]`.
pub fn times_within(ratio: &Estimate) -> String {
    format!("{} {}", times(ratio.median), interval(ratio, ""))
        .trim_end()
        .to_owned()
}

/// A fraction in percent: `1.50%`.
pub fn percent(fraction: f64) -> String {
    format!("{}%", significant(fraction * 100.0))
}

/// A noise floor, a fraction, in percent: `±1.50%`.
pub fn floor(fraction: f64) -> String {
    format!("±{}", percent(fraction))
}

/// A table as text, without the blanks at the ends of its lines.
pub fn lines(table: &comfy_table::Table) -> String {
    let lines = table.lines();
    lines.fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// Aligns these columns of a table to the right, as numbers are.
pub fn numbers_right(table: &mut comfy_table::Table, columns: impl IntoIterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
}

/// A strategy as tables call it.
pub fn label(strategy: &str) -> &str {
    match strategy {
        "join" => "join!",
        other => other,
    }
}

/// A whole number, with commas between thousands.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first `most` of these names, and how many more there are: `a, b and 2 more`.
pub fn first_of(names: impl ExactSizeIterator<Item: AsRef<str>>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let first: Vec<String> = names.take(most).map(|name| name.as_ref().to_owned()).collect();
    let text = first.join(", ");
    match more {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// What is said of several things, in a row; `None` where there is nothing to say of any.
pub fn joined(parts: impl Iterator<Item = String>, between: &str) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(between))
}

/// Words as a sentence joins them, with `and` or `or` before the last one.
pub fn listed(words: &[impl AsRef<str>], last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [most @ .., one] if !most.is_empty() => format!("{} {last} {one}", most.join(", ")),
        few => few.concat(),
    }
}

/// From the least to the most of something, where they are not the same.
pub fn span(least: impl Display, most: impl Display) -> String {
    let [least, most] = [least.to_string(), most.to_string()];
    match least == most {
        true => most,
        false => format!("{least} to {most}"),
    }
}

/// A difference of times, in ns: with its sign.
pub fn more(ns: f64) -> String {
    let sign = if ns < 0.0 { "−" } else { "+" };
    format!("{sign}{}", time(ns.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_first_stand_and_how_many_more_there_are() {
        let names = ["a", "b", "c"];
        assert_eq!(
            [2, 3, 4].map(|most| first_of(names.iter(), most)),
            ["a, b and 1 more", "a, b, c", "a, b, c"]
        );
        assert_eq!(first_of(names[..0].iter(), 2), "");
    }

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (33_152, "33,152"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn an_interval_has_as_many_digits_as_tell_its_ends_from_each_other_and_from_1() {
        for (low, high, text) in [
            (5.1902, 5.2443, "[5.19, 5.24]"),
            (0.2134, 0.2251, "[0.213, 0.225]"),
            (11.43, 48.2, "[11.4, 48.2]"),
            (1.0172, 1.0189, "[1.0172, 1.0189]"),
            (1.012, 1.019, "[1.012, 1.019]"),
            (1.0046, 1.0851, "[1.005, 1.085]"),
            (0.9312, 0.9996, "[0.9312, 0.9996]"),
            (0.9312, 1.0, "[0.931, 1.00]"),
            (1.0, 1.0, "[1.00, 1.00]"),
            (1.01, f64::INFINITY, "[1.01, inf]"),
            (0.0, 1.2, "[0, 1.20]"),
        ] {
            assert_eq!(interval(&within(low, high, 0.95), "none"), text);
        }
        assert_eq!(interval(&within(1.0, 1.0, 0.0), "none"), "none");
    }

    fn within(low: f64, high: f64, level: f64) -> Estimate {
        Estimate {
            median: low,
            low,
            high,
            level,
        }
    }

    #[test]
    fn three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1.00"),
            (9.996, "10.0"),
            (99.96, "100"),
            (0.012345, "0.0123"),
            (1234.0, "1234"),
            (-2.345, "-2.35"),
        ] {
            assert_eq!(significant(value), text);
        }
        for (ns, text) in [
            (0.5, "0.500 ns"),
            (22.04, "22.0 ns"),
            (999.7, "1.00 µs"),
            (63_000.0, "63.0 µs"),
            (1.5e6, "1.50 ms"),
            (2e9, "2.00 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }
}
