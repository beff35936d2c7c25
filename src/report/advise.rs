//! Advice, unit costs and validations as text and as Markdown.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::changes::Style;
use super::columns::with_heads;
use crate::in_order::{grouped, unique};
use crate::record::Header;
use crate::text::{children, label, percent, significant, time, times};
use measure::advise::counts::Unit;
use measure::advise::model::Model;
use measure::advise::validation::{Call, Validation};
use measure::advise::{Advice, Question, Wakes};

/// A difference below this share of what children take themselves decides nothing.
const NOTHING: f64 = 0.01;

/// The question in words.
fn asked(question: &Question, needs: &measure::advise::Needs) -> String {
    let woken = match question.wakes {
        Wakes::Never => "that never wait",
        Wakes::Together => "woken together",
        Wakes::Separate => "woken one at a time",
        Wakes::InTurn => "that take turns",
    };
    let mut parts = vec![children(question.tasks), woken.to_owned()];
    if question.times != 1.0 {
        parts.push(format!("{} times each", significant(question.times)));
    }
    if question.work_ns > 0.0 {
        parts.push(format!("{} of work each", time(question.work_ns)));
    }
    if question.wait_ns > 0.0 {
        parts.push(format!("which wait {}", time(question.wait_ns)));
    }
    if question.payload > 0 {
        parts.push(format!("{} carried by each", crate::case::Payload(question.payload)));
    }
    if let Some(bound) = needs.bound {
        parts.push(format!("at most {bound} at once"));
    }
    parts.push(format!("on {} at {}", question.scope.flavor, question.scope.site));
    parts.join(", ")
}

/// An interval in square brackets, as ratios.
fn between(low: f64, high: f64) -> String {
    format!("[{}, {}]", significant(low), significant(high))
}

fn call(call: Option<Call>, ratio: f64) -> &'static str {
    match call {
        None => "the fastest",
        Some(Call::Sure) if ratio > 1.0 => "slower",
        Some(Call::Sure) => "faster",
        Some(Call::TooClose) => "too close to call",
        Some(Call::MeasureIt) => "not sure: measure it",
    }
}

/// Each reason once, with all strategies that it is of, in the order in which they come.
fn together<'a, R: PartialEq>(reasons: impl Iterator<Item = (R, &'a str)>) -> impl Iterator<Item = (R, String)> {
    let reasons = grouped(reasons.map(|(reason, strategy)| (reason, label(strategy))));
    reasons
        .into_iter()
        .map(|(reason, strategies)| (reason, strategies.join(", ")))
}

/// The answer as text; with every sum term by term where `explain`.
pub fn text(advice: &Advice, header: Option<&Header>, explain: bool) -> String {
    let mut text = format!("{}\n", asked(&advice.question, &advice.needs));
    if !advice.ruled_out.is_empty() {
        text += "\nMeaning first: ruled out\n";
        let reasons = advice.ruled_out.iter();
        let reasons = reasons.map(|ruling| ((&ruling.reason, &ruling.statement), ruling.strategy.as_str()));
        for ((reason, statement), strategies) in together(reasons) {
            let tested = statement.as_ref();
            let tested = tested.map_or(String::new(), |statement| {
                format!(" (tested: `claims \"{statement}\"`)")
            });
            let _ = writeln!(text, "  {strategies}: {reason}{tested}");
        }
    }
    if advice.ranked.is_empty() && advice.unpredicted.is_empty() {
        text += "\nNo strategy can do all of that. What is needed has to change: see the reasons above.\n";
    }
    if !advice.ranked.is_empty() {
        text += "\n";
        text += &ranking(advice);
    }
    let reasons = advice.unpredicted.iter();
    for (reason, strategies) in together(reasons.map(|one| (&one.reason, one.strategy.as_str()))) {
        let _ = writeln!(text, "{strategies}: {reason}");
    }
    if !advice.nearest.is_empty() {
        text += "\nThe nearest measured cases, as shares of blocks that were faster, within 5%, and slower:\n";
        text += &nearest(advice);
    } else if advice.ranked.is_empty() && !advice.unpredicted.is_empty() {
        text += "No measured case is near to it either. Measure it: examples/own_project shows how, in ten lines.\n";
    }
    text += &matter(advice);
    for caution in &advice.cautions {
        let _ = writeln!(text, "\n{caution}");
    }
    if explain {
        text += &explained(advice);
    }
    let _ = writeln!(
        text,
        "\nUnit costs of run {}{}.",
        advice.run,
        header.map_or(String::new(), machine)
    );
    text
}

fn machine(header: &Header) -> String {
    let cpu = header.environment.cpu.as_deref().unwrap_or("an unknown machine");
    format!(", {cpu}, {}, tokio {}", header.started, header.environment.built.tokio)
}

fn ranking(advice: &Advice) -> String {
    let head = [
        "strategy",
        "a fan-out",
        "90% of them",
        "for each child",
        "over the first",
        "90% of them",
        "",
    ];
    let rows = advice.ranked.iter().map(|ranked| {
        let first = ranked.call.is_none();
        [
            label(&ranked.strategy).to_owned(),
            time(ranked.ns),
            format!("[{}, {}]", time(ranked.ns_low), time(ranked.ns_high)),
            time(ranked.ns_per_child),
            times(ranked.ratio),
            match first {
                true => String::new(),
                false => between(ranked.ratio_low, ranked.ratio_high),
            },
            call(ranked.call, ranked.ratio).to_owned(),
        ]
    });
    with_heads(Style::Text, head, 1..6, rows)
}

fn nearest(advice: &Advice) -> String {
    let head = [
        "measured",
        "a fan-out",
        "ratio",
        "",
        "faster",
        "same",
        "slower",
        "verdict",
    ];
    let rows = advice.nearest.iter().map(|near| {
        let [faster, same, slower] = near.shares.map(percent);
        [
            near.id.clone(),
            time(near.wall_ns.median),
            times(near.ratio.median),
            between(near.ratio.low, near.ratio.high),
            faster,
            same,
            slower,
            near.verdict.map_or("", |verdict| verdict.as_str()).to_owned(),
        ]
    });
    with_heads(Style::Text, head, 1..7, rows)
}

fn matter(advice: &Advice) -> String {
    let Some(ns) = advice.at_stake_ns else {
        return String::new();
    };
    let (ns, own) = (time(ns), time(advice.question.own_ns()));
    let said = match advice.at_stake_share {
        Some(share) => {
            let (most, end) = match share < NOTHING {
                true => ("At most", ": choose by meaning"),
                false => ("Up to", ""),
            };
            let share = percent(share);
            format!("{most} {ns} of a fan-out, {share} of the {own} that the children themselves take{end}")
        }
        None => format!("Up to {ns} of a fan-out; what the children take themselves was not told (--work, --wait)"),
    };
    format!("\nDoes it matter? {said}.\n")
}

fn explained(advice: &Advice) -> String {
    let mut text = String::new();
    for ranked in &advice.ranked {
        let _ = writeln!(text, "\n{}: {}", label(&ranked.strategy), time(ranked.ns));
        let rows = ranked.terms.iter().map(|term| {
            let plural = if term.count == 1.0 { "" } else { "×" };
            [
                significant_count(term.count),
                format!("{plural} {}", term.what),
                time(term.ns_each),
                time(term.ns()),
            ]
        });
        text += &with_heads(Style::Text, ["count", "", "each", "in all"], [0, 2, 3], rows);
    }
    text
}

/// A count: whole where it is one.
fn significant_count(count: f64) -> String {
    match count.fract() == 0.0 {
        true => count.to_string(),
        false => significant(count),
    }
}

/// The unit costs of a model, each with its interval of 90%, from leaving out each case in turn.
pub fn costs(model: &Model) -> String {
    const UNITS: [(&str, Unit); 6] = [
        ("fan-out", Unit::FanOut),
        ("idle turn", Unit::IdleTurn),
        ("wake", Unit::Signal),
        ("child", Unit::Child),
        ("idle poll", Unit::Repoll),
        ("beyond caches", Unit::Far),
    ];
    let head = ["where", "woken", "strategy", "children"].into_iter();
    let head = head.chain(UNITS.map(|(name, _)| name));
    let rows = model.sheet.costs.iter().zip(&model.spread).map(|(costs, spread)| {
        let row = [
            costs.scope.clone(),
            costs.wakes.to_string(),
            label(&costs.strategy).to_owned(),
            format!("{} to {}", costs.fewest, costs.most),
        ];
        row.into_iter().chain(UNITS.map(|(_, unit)| match costs.of(unit) {
            0.0 => String::new(),
            ns => format!("{} ±{}", time(ns), time(1.645 * spread.of(unit))),
        }))
    });
    let text = with_heads(Style::Text, head, 3..4 + UNITS.len(), rows);
    let names = unique(model.sheet.payload.iter().map(|cost| cost.strategy.as_str()));
    let sizes: BTreeSet<usize> = model.sheet.payload.iter().map(|cost| cost.bytes).collect();
    let rows = sizes.into_iter().map(|bytes| {
        let of = move |name: &&str| {
            let mut all = model.sheet.payload.iter();
            let cost = all.find(|cost| cost.bytes == bytes && cost.strategy == *name);
            cost.map_or(String::new(), |cost| time(cost.ns))
        };
        let size = crate::case::Payload(bytes).to_string();
        [size].into_iter().chain(names.iter().map(of))
    });
    let head = ["carried"].into_iter().chain(names.iter().map(|name| label(name)));
    let carried = with_heads(Style::Text, head, 1..=names.len(), rows);
    format!("{text}\nWhat each child carries adds:\n{carried}")
}

/// Validations as a table.
pub fn validations(all: &[Validation], style: Style) -> String {
    let head = [
        "asked",
        "rows",
        "refused",
        "winner right",
        "median error",
        "within 15%",
        "intervals cover",
        "half width",
        "too close",
        "hides over 25%",
        "measure it",
    ];
    let rows = all.iter().map(|validation| {
        let [winner, error, within, covered, hidden] = validation.bars();
        let held = |text: String, held: bool| if held { text } else { format!("{text} (not held)") };
        let (gaps, right) = validation.gaps;
        [
            validation.what.clone(),
            validation.predicted.to_string(),
            validation.refused.to_string(),
            held(format!("{right} of {gaps}"), winner),
            held(percent(validation.median_error), error),
            held(percent(validation.within_15), within),
            held(percent(validation.covered), covered),
            format!("±{}", percent(validation.half_width)),
            validation.too_close.0.to_string(),
            held(validation.too_close.1.to_string(), hidden),
            validation.measure_it.to_string(),
        ]
    });
    with_heads(style, head, 1..11, rows)
        + "\nBars: the winner right in 95% of the rows whose gap exceeds 10%; median error at most 8%; 90% within 15%; intervals \
           of 90% cover 85 to 95%; none that is too close to call hides a gap over 25%.\n"
}

/// The rows of a validation that are farthest off.
pub fn farthest(validation: &Validation, most: usize) -> String {
    let mut rows: Vec<_> = validation.rows.iter().collect();
    let off = |row: &&measure::advise::validation::Row| row.error.log().unwrap_or(0.0).abs();
    rows.sort_by(|a, b| off(b).total_cmp(&off(a)));
    let head = ["farthest off", "over", "predicted", "measured", "", "off"];
    let rows = rows.into_iter().take(most).map(|row| {
        let error = &row.error;
        [
            error.case.measurement_id(&error.strategy),
            label(&error.reference).to_owned(),
            times(error.predicted.unwrap_or(f64::NAN)),
            times(error.measured.median),
            between(error.measured.low, error.measured.high),
            percent(error.log().unwrap_or(f64::NAN).exp() - 1.0),
        ]
    });
    let table = with_heads(Style::Text, head, 2..6, rows);
    format!("\n{}\n{table}", validation.what)
}
