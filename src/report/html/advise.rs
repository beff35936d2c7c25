//! The answer for the reader's own workload: a form that computes in the page, from the run's own unit costs, what the command
//! `advise` computes; without a script the table of what wins where.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::table;
use crate::record::Measurement;
use crate::strategy::join::{ARITIES, MAX_STATE_BYTES};
use crate::text::{children, joined, label};
use measure::advise::counts::{FAR_POWER, FAR_TASKS, MOST_TASKS, NEAR_TASKS, SMALL_JOIN_ALL};
use measure::advise::meaning::{candidates, rulings};
use measure::advise::question::Scope;
use measure::advise::sheet::{BOXED_FROM, CHILD_BYTES, LEAST_WORK_NS, LESS_SURE_TASKS, MOST_WAITING, WAIT_NS};
use measure::advise::validation::{Call, HIDDEN};
use measure::advise::{Model, Needs, Question, Wakes, advise};

/// What may be needed: its name in the form and in [`Needs`], and how it is asked for.
const NEEDS: [(&str, &str); 7] = [
    ("borrows", "children borrow from their parent"),
    ("not_send", "they are not Send"),
    ("detach", "they run on when their parent ends"),
    ("stop", "they stop when the fan-out is dropped"),
    ("contain_panics", "a panic of one leaves the others alone"),
    ("parallel", "they compute on several cores at once"),
    ("run_time_count", "their number is known at run time only"),
];

/// The numbers of children of the table.
const NUMBERS: [usize; 6] = [1, 3, 8, 24, 64, 256];

fn question(scope: Scope, wakes: Wakes, tasks: usize) -> Question {
    Question {
        scope,
        tasks,
        wakes,
        times: 1.0,
        payload: 0,
        work_ns: if wakes == Wakes::Never { 1_000.0 } else { 0.0 },
        idle_ns: 0.0,
        wait_ns: 0.0,
    }
}

/// What rules each strategy out, by need: the reason.
fn rules() -> Value {
    let scope = "current_thread/worker".parse().expect("a scope");
    let everywhere = question(scope, Wakes::Together, 8);
    let reasons = |name: &str| -> Value {
        let mut needs = json!(Needs::default());
        *needs.get_mut(name).expect("a need") = true.into();
        let needs: Needs = serde_json::from_value(needs).expect("needs");
        let reason = |strategy: String| {
            let ruling = rulings(&strategy, &everywhere, &needs).into_iter().next()?;
            Some((strategy.split('@').next()?.to_owned(), ruling.reason.into()))
        };
        Value::Object(candidates(Some(64)).into_iter().filter_map(reason).collect())
    };
    Value::Object(
        NEEDS
            .map(|(name, _)| (name.to_owned(), reasons(name)))
            .into_iter()
            .collect(),
    )
}

/// All that the form computes from.
fn sheet(model: &Model) -> Value {
    json!({
        "costs": model.sheet.costs,
        "payload": model.sheet.payload,
        "measured": model.measured_points(),
        "half_width": model.half_width,
        "measured_half_width": model.measured_half_width,
        "rules": rules(),
        "hidden": HIDDEN,
        "small_join_all": SMALL_JOIN_ALL,
        "near": NEAR_TASKS,
        "far": FAR_TASKS,
        "power": FAR_POWER,
        "most": MOST_TASKS,
        "most_waiting": MOST_WAITING,
        "wait": WAIT_NS,
        "less_sure": LESS_SURE_TASKS,
        "least_work": LEAST_WORK_NS,
        "boxed_from": BOXED_FROM,
        "child_bytes": CHILD_BYTES,
        "most_joined": ARITIES.last(),
        "most_state": MAX_STATE_BYTES,
    })
}

/// Under its heading; nothing where the run cannot calibrate a model.
pub(super) fn section(run: &str, measurements: &[&Measurement]) -> Option<Markup> {
    let model = Model::of(run, measurements.iter().copied()).ok()?;
    Some(html! {
        p {
            "From this run's unit costs: what a fan-out takes where no thread is woken, as a sum of what is counted. "
            code { "advise" } " on the command line explains each sum, and answers where threads are woken."
        }
        (form(&model))
        (decisions(&model))
    })
}

fn form(model: &Model) -> Markup {
    html! {
        form #advise-form hidden data-sheet=(sheet(model)) {
            label { "children" input name="tasks" type="number" min="1" max="1000000" value="8"; }
            label { "woken"
                select name="wakes" {
                    @for wakes in [Wakes::Together, Wakes::Separate, Wakes::InTurn, Wakes::Never] {
                        option value=(wakes) { (words(wakes)) }
                    }
                }
            }
            label { "work of each, ns" input name="work" type="number" min="0" value="0" step="any"; }
            label { "their wait, ns" input name="wait" type="number" min="0" value="0" step="any"; }
            label { "bytes each carries" input name="payload" type="number" min="0" value="0"; }
            label { "at most at once" input name="bound" type="number" min="1" placeholder="all"; }
            label { "runtime and site"
                select name="scope" { @for scope in model.scopes() { option { (scope) } } }
            }
            @for (name, what) in NEEDS {
                label.need { input name=(name) type="checkbox"; " " (what) }
            }
            output name="answer" aria-live="polite" tabindex="0" {}
        }
    }
}

fn words(wakes: Wakes) -> &'static str {
    match wakes {
        Wakes::Never => "never",
        Wakes::Together => "together",
        Wakes::Separate => "one at a time",
        Wakes::InTurn => "in turn",
    }
}

/// What wins where: the fastest strategy, and those that are too close to it to call.
fn decisions(model: &Model) -> Markup {
    let cells = |scope: &str, wakes| {
        let scope = scope.parse().ok()?;
        let cells = NUMBERS.map(|tasks| fastest(model, &question(scope, wakes, tasks)));
        cells.iter().any(Option::is_some).then_some(cells)
    };
    let rows = html! {
        @for scope in model.scopes() {
            @for wakes in Wakes::ALL {
                @if let Some(cells) = cells(&scope, wakes) {
                    tr {
                        th scope="row" { (scope) } td { (words(wakes)) }
                        @for cell in cells { td { (cell.as_deref().unwrap_or("–")) } }
                    }
                }
            }
        }
    };
    let caption = "The fastest, and what is too close to it to call; children that never wait work 1 µs each";
    let head = ["where", "woken"].map(str::to_owned).into_iter();
    table("What wins where", caption, head.chain(NUMBERS.map(children)), rows)
}

fn fastest(model: &Model, question: &Question) -> Option<String> {
    let advice = advise(model, &[], question, &Needs::default());
    let first = advice.ranked.first()?;
    let others = advice.ranked.iter().skip(1);
    let close = [first]
        .into_iter()
        .chain(others.filter(|ranked| ranked.call != Some(Call::Sure)));
    joined(close.map(|ranked| label(&ranked.strategy).to_owned()), ", ")
}
