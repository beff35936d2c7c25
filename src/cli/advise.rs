//! `advise`: the answer for the reader's own workload.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::{Args, Parser};

use super::{Answer, TableFormat, print, print_answer, results};
use crate::advise::{Calibrated, dialogue};
use crate::case::{FLAVORS, Flavor, MAX_TASKS, Payload, SITES, Site};
use crate::environment::cores;
use crate::in_order::unique;
use crate::report::advise as report;
use crate::run_store::Run;
use crate::session;
use crate::trouble::Trouble;
use measure::advise::question::Scope;
use measure::advise::validation;
use measure::advise::{Model, Needs, Question, Wakes, advise};
use measure::calibration::{CALIBRATION, calibrate};

#[derive(Args)]
#[command(
    after_help = "Unit costs come from a run of this machine: that of --calibrate (about a minute), else the last one, else a kept\n\
                  one; --run names another. Sums hold where no thread is woken (one thread, or a task of one worker); elsewhere\n\
                  the nearest measured cases are shown.\n\n\
                  Examples: cargo run --release -- advise --tasks 40 --wakes separate --work 2us --payload 1KiB\n          \
                  cargo run --release -- advise --tasks 8 --wait 20ms --contain-panics --explain\n          \
                  cargo run --release -- advise --ask\n          \
                  cargo run --release -- advise --calibrate\n          \
                  cargo run --release -- advise --validate tokio-1.54.1-7\n\n\
                  Exit code 0: answered; 1: --validate found a bar that does not hold; 2: bad input."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    /// Ask for all of that, one question at a time
    #[arg(long, conflicts_with_all = ["calibrate", "validate", "costs", "Asked"])]
    ask: bool,
    /// Print each sum term by term, with the counts
    #[arg(long, conflicts_with_all = ["calibrate", "validate", "costs"])]
    explain: bool,
    /// Print the unit costs, each with its interval of 90%
    #[arg(long, conflicts_with_all = ["calibrate", "validate"])]
    costs: bool,
    /// Measure the unit costs of this machine: ten cases of each --flavor, 3 s each at most
    #[arg(long, conflicts_with_all = CHOSEN_BY_CALIBRATION)]
    calibrate: bool,
    /// Predict each case of a run from its other cases; with further runs, those from the first
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with_all = ["run", "Asked"])]
    validate: Vec<String>,
    /// The run whose unit costs are taken
    #[arg(long)]
    run: Option<String>,
    /// How it is printed; markdown with --validate only
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// Flags that say nothing to a calibration, whose cases are its own.
const CHOSEN_BY_CALIBRATION: [&str; 17] = [
    "run",
    "validate",
    "tasks",
    "wakes",
    "times",
    "work",
    "wait",
    "idle_poll",
    "payload",
    "bound",
    "borrows",
    "not_send",
    "detach",
    "stop",
    "contain_panics",
    "parallel",
    "run_time_count",
];

/// What is asked about.
#[derive(Args, Clone)]
struct Asked {
    /// Children of a fan-out
    #[arg(long, value_name = "N", default_value = "8", value_parser = tasks, allow_hyphen_values = true)]
    tasks: usize,
    /// How they are woken: never, together, separate (one at a time), in_turn (a Mutex that all share)
    #[arg(long, default_value = "together", value_parser = wakes)]
    wakes: Wakes,
    /// How often each is woken
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = times, allow_hyphen_values = true)]
    times: f64,
    /// CPU time of each child's own work: 500ns, 2us, 1.5ms
    #[arg(long, value_name = "TIME", default_value = "0ns", value_parser = time, allow_hyphen_values = true)]
    work: f64,
    /// How long the children wait, all at once, for a server or a timer
    #[arg(long, value_name = "TIME", default_value = "0ns", value_parser = time, allow_hyphen_values = true)]
    wait: f64,
    /// What a poll of a child that still waits costs beyond a look at a flag
    #[arg(long, value_name = "TIME", default_value = "0ns", value_parser = time, allow_hyphen_values = true)]
    idle_poll: f64,
    /// Bytes that each child carries in its future: 64B, 1KiB
    #[arg(long, value_name = "SIZE", default_value = "0B", value_parser = payload)]
    payload: usize,
    /// current_thread, local, or multi_thread_K; --calibrate takes several
    #[arg(long, value_delimiter = ',', value_parser = flavor)]
    flavor: Vec<Flavor>,
    /// worker: in a spawned task; block_on: directly in main
    #[arg(long, default_value = "worker", value_parser = site)]
    site: Site,
    /// The most children that may be under way at once
    #[arg(long, value_name = "N", value_parser = tasks)]
    bound: Option<usize>,
    /// Children borrow from their parent
    #[arg(long)]
    borrows: bool,
    /// Children are not Send
    #[arg(long)]
    not_send: bool,
    /// Children must run on when their parent ends
    #[arg(long)]
    detach: bool,
    /// Children must stop when the fan-out is dropped
    #[arg(long)]
    stop: bool,
    /// A panic of one child must leave the others alone
    #[arg(long)]
    contain_panics: bool,
    /// Children should compute on several cores at once
    #[arg(long)]
    parallel: bool,
    /// The number of children is known at run time only
    #[arg(long)]
    run_time_count: bool,
}

/// The flags of a dialogue's answers, read as a command line's.
#[derive(Parser)]
#[command(name = "advise", no_binary_name = true)]
struct Answered {
    #[command(flatten)]
    asked: Asked,
}

fn tasks(text: &str) -> Result<usize, String> {
    crate::case::parse_tasks(text).map_err(|_| format!("a whole number from 1 to {MAX_TASKS}"))
}

fn wakes(text: &str) -> Result<Wakes, String> {
    text.parse()
        .map_err(|error: crate::case::ParseError| error.wanted.to_owned())
}

fn times(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|times: &f64| (1.0..=1000.0).contains(times));
    number.ok_or_else(|| "a number from 1 to 1000; children that never wait are --wakes never".to_owned())
}

fn payload(text: &str) -> Result<usize, String> {
    let payload: Payload = text
        .parse()
        .map_err(|error: crate::case::ParseError| error.wanted.to_owned())?;
    Ok(payload.0)
}

fn flavor(text: &str) -> Result<Flavor, String> {
    text.parse().map_err(|_| FLAVORS.to_owned())
}

fn site(text: &str) -> Result<Site, String> {
    text.parse().map_err(|_| SITES.to_owned())
}

/// The longest time that is asked about.
const LONGEST: Duration = Duration::from_secs(3600);

/// A time in ns.
fn time(text: &str) -> Result<f64, String> {
    const WANTED: &str = "a time with its unit, ns, us, ms or s, of an hour at most: 500ns, 2us, 1.5ms";
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = match &text[digits.len()..] {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return Err(WANTED.to_owned()),
    };
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: Option<f64> = digits.parse().ok().filter(|_| plain);
    let ns = number
        .map(|number| number * unit)
        .filter(|ns| *ns <= LONGEST.as_nanos() as f64);
    ns.ok_or_else(|| WANTED.to_owned())
}

impl Asked {
    fn question(&self) -> Result<Question, String> {
        let flavor = match self.flavor[..] {
            [] => Flavor::CurrentThread,
            [flavor] => flavor,
            _ => return Err("--flavor: one flavor is asked about; several only with --calibrate".to_owned()),
        };
        if self.wakes == Wakes::Never && (self.wait > 0.0 || self.times != 1.0) {
            return Err(
                "--wakes never: children that wait (--wait, --times) are woken: together, separate or in_turn"
                    .to_owned(),
            );
        }
        if self.detach && self.stop {
            return Err(
                "--detach and --stop: children that run on when their parent ends, or that stop with it: one of both"
                    .to_owned(),
            );
        }
        if self.detach && self.borrows {
            return Err("--detach and --borrows: what outlives its parent cannot borrow from it".to_owned());
        }
        if self.parallel && flavor.workers() == 1 {
            return Err(format!(
                "--parallel: {flavor} has one thread, so that nothing runs in parallel; give --flavor multi_thread_K \
                 with K of 2 or more"
            ));
        }
        Ok(Question {
            scope: Scope {
                flavor,
                site: self.site,
            },
            tasks: self.tasks,
            wakes: self.wakes,
            times: self.times,
            payload: self.payload,
            work_ns: self.work,
            idle_ns: self.idle_poll,
            wait_ns: self.wait,
        })
    }

    fn needs(&self) -> Needs {
        Needs {
            borrows: self.borrows,
            not_send: self.not_send,
            detach: self.detach,
            stop: self.stop,
            contain_panics: self.contain_panics,
            parallel: self.parallel,
            run_time_count: self.run_time_count,
            bound: self.bound,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    if arguments.format == TableFormat::Markdown && arguments.validate.is_empty() {
        return Err("--format markdown: only --validate prints it; text or json here".into());
    }
    let format = arguments.format;
    if arguments.calibrate {
        return run_calibration(&arguments.asked, format);
    }
    if !arguments.validate.is_empty() {
        return validate(&arguments.validate, format);
    }
    let asked = if arguments.ask {
        answers()?
    } else {
        arguments.asked.clone()
    };
    let question = asked.question()?;
    let calibrated = Calibrated::load(&results(), arguments.run.as_deref())?;
    if arguments.costs {
        return print(&costs(&calibrated.model, format));
    }
    let mut advice = advise(&calibrated.model, &calibrated.measurements(), &question, &asked.needs());
    advice.cautions.extend(of_machine(&calibrated, question.scope.flavor));
    print(&format.shown(&advice, |_| {
        report::text(&advice, calibrated.header(), arguments.explain)
    }))
}

/// What is to be said of the machine that the unit costs are of.
fn of_machine(calibrated: &Calibrated, flavor: Flavor) -> Vec<String> {
    let mut said = Vec::new();
    let Some(header) = calibrated.header() else {
        return said;
    };
    let environment = &header.environment;
    if flavor.workers() > environment.cores {
        said.push(format!(
            "{flavor}: more workers than the {} cores of that machine; nothing there says how they would share them.",
            environment.cores
        ));
    }
    let here = crate::environment::Environment::here();
    if here.cpu != environment.cpu || here.cores != environment.cores {
        said.push(
            "Those are the unit costs of another machine than this one: `advise --calibrate` measures this one's."
                .to_owned(),
        );
    }
    said
}

/// The dialogue.
fn answers() -> Result<Asked, String> {
    let check = |flags: &[String]| match Answered::try_parse_from(flags) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            Err(text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned())
        }
    };
    let input = io::stdin().lock();
    if input.is_terminal() {
        eprintln!("An empty line means what stands in brackets.");
    }
    match dialogue::ask(input, io::stderr(), check) {
        Ok(Some(flags)) => Answered::try_parse_from(flags)
            .map(|answered| answered.asked)
            .map_err(|error| error.to_string()),
        Ok(None) => Err("--ask: the input ended before the last question".to_owned()),
        Err(error) => Err(format!("--ask: {error}")),
    }
}

/// The unit costs.
fn costs(model: &Model, format: TableFormat) -> String {
    format.shown(&model.sheet, |_| report::costs(model))
}

fn run_calibration(asked: &Asked, format: TableFormat) -> Answer {
    let flavors = match &asked.flavor[..] {
        [] => vec![Flavor::CurrentThread, Flavor::MultiThread(1)],
        // One that was given twice would be measured twice, in a record that nobody reads then.
        given => unique(given.iter().copied()),
    };
    let wakes_threads = |flavor: &&Flavor| {
        let scope = Scope {
            flavor: **flavor,
            site: asked.site,
        };
        scope.wakes_threads()
    };
    if let Some(flavor) = flavors.iter().find(wakes_threads) {
        return Err(format!(
            "--calibrate --flavor {flavor} --site {}: fan-outs there wake threads, and no sum describes them; allowed: \
             current_thread, local, and multi_thread_1 at site worker",
            asked.site
        )
        .into());
    }
    let seed = session::selection(&[])?.settings.seed;
    let names: Vec<String> = flavors.iter().map(Flavor::to_string).collect();
    let command = format!(
        "cargo run --release -- advise --calibrate --flavor {} --site {}",
        names.join(","),
        asked.site
    );
    let outcome = calibrate(&results(), &flavors, asked.site, seed, command);
    let outcome = outcome.map_err(|error| Trouble::not_run(&error))?;
    if let Some(trouble) = &outcome.trouble {
        return Err(Trouble::not_run(trouble));
    }
    let model = Model::of(CALIBRATION, &outcome.measurements)
        .map_err(|error| Trouble::failed(format_args!("what was measured is not enough for unit costs: {error}")))?;
    let printed = print(&costs(&model, format));
    if let Some(record) = &outcome.record {
        eprintln!(
            "{:.0} s on {} cores. Record: {}",
            outcome.header.seconds,
            cores(),
            record.display()
        );
    }
    printed
}

/// Predicts each case of the first run by its others, and those of the other runs by the first.
fn validate(names: &[String], format: TableFormat) -> Answer {
    let mut validations = Vec::new();
    if let [first, others @ ..] = names {
        let model = Calibrated::load(&results(), Some(first))?.model;
        let what = format!("{first}, each case by its others");
        validations.push(validation::leave_one_out(&what, &model));
        for name in others {
            let run = Run::load(&results(), name)?;
            let measurements: Vec<_> = run.measurements().collect();
            let what = format!("{name}, by {first}");
            validations.push(validation::asked_about(&what, &model, &measurements));
        }
    }
    let held = validations
        .iter()
        .all(|validation| validation.bars().iter().all(|held| *held));
    let mut text = format.shown(&validations, |style| report::validations(&validations, style));
    if format == TableFormat::Text {
        text.extend(validations.iter().map(|validation| report::farthest(validation, 5)));
    }
    print_answer(&text, held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibration_refuses_all_that_it_does_not_look_at() {
        let asked = Asked::augment_args(clap::Command::new("asked"));
        let ids = asked.get_arguments().map(|argument| argument.get_id().as_str());
        let refused = ids.filter(|id| !matches!(*id, "flavor" | "site"));
        assert!(["run", "validate"].into_iter().chain(refused).eq(CHOSEN_BY_CALIBRATION));
    }
}
