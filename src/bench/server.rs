//! The `main` of the bench target `server`, which measures processes under load, and not blocks.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;

use server::load::Schedule;
use server::plan::Plan;
use server::point::Level;
use server::record::Record;
use server::run::{self, Outcome, Request};
use server::stand::{Stand, Subject, rate};
use server::trouble::Trouble;
use server::{check, role, table};

use super::arguments::{self, Arguments, Mode};
use super::ending;
use super::profile::{Sampler, writable, write};
use crate::case::parse_measurement_id;
use crate::environment::cores;
use crate::interrupt;
use crate::matrix::SERVER_TARGET;
use crate::program;
use crate::report::summary::{shown, wrapped};
use crate::selection::Selection;
use crate::session;
use crate::targets::targets;
use crate::text::counted;
use crate::variables::VARIABLES;

/// The target's name.
const NAME: &str = SERVER_TARGET;

/// The flag that asks for what is known beforehand to be found again.
const CHECK: &str = "--check";

/// Requests a second by which a server is profiled are this percentage of the greatest throughput, where an id does not say.
const PROFILED_LEVEL: Level = Level::Percent(60);

/// Runs the bench target as the command line says.
pub fn main() -> ExitCode {
    session::end_with_the_reader();
    role::run_if_child(Some(profile_here));
    let mut words: Vec<_> = std::env::args_os().collect();
    let checks = words.iter().any(|word| word == CHECK);
    words.retain(|word| word != CHECK);
    let arguments = match arguments::of_this_program(words) {
        Ok(arguments) => arguments,
        Err(trouble) => return trouble.exit(NAME),
    };
    if arguments.mode == Mode::Help {
        help();
        return ExitCode::SUCCESS;
    }
    let targets = targets();
    let selection = match session::selection(&targets) {
        Ok(selection) => selection,
        Err(error) => return super::refused(NAME, &arguments.mode, error.into()),
    };
    let plan = Plan::of(&selection, cores()).filtered(|id| arguments.filter.matches(id));
    let program = program::this_program();
    if checks && arguments.mode == Mode::Measure {
        return match check::run(&program, &plan.settings) {
            Ok(checked) => {
                print!("{}", check::render(&checked));
                ExitCode::from(u8::from(!checked.iter().all(|one| one.holds)))
            }
            Err(error) => not_run(&error),
        };
    }
    if plan.ids().is_empty() {
        eprintln!(
            "{NAME}: nothing here has the values of the JVS_ variables and matches the filter (--list shows all)"
        );
        if super::is_wrong_name(&arguments, &selection, &targets) {
            return ExitCode::from(2);
        }
        if arguments.mode == Mode::Measure {
            ending::end(NAME, None, None, None, false);
        }
        return ExitCode::SUCCESS;
    }
    match arguments.mode {
        Mode::List => {
            plan.ids().iter().for_each(|id| println!("{id}: benchmark"));
            ExitCode::SUCCESS
        }
        Mode::Test => match run::test(&plan, &program) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => not_run(&error),
        },
        Mode::Profile => profile(&plan, &program, arguments.profile_seconds),
        Mode::Load(_) => {
            eprintln!("{NAME}: Criterion keeps nothing of this target, so that there is no baseline to load");
            ExitCode::SUCCESS
        }
        Mode::Measure | Mode::Help => {
            let (code, record) = measure(&plan, &program, &arguments);
            ending::end(NAME, None, record.as_deref(), None, code != ExitCode::SUCCESS);
            code
        }
    }
}

/// Whether the filter matches anything here.
pub(super) fn knows(selection: &Selection, matches: impl Fn(&str) -> bool) -> bool {
    Plan::of(selection, cores()).ids().iter().any(|id| matches(id))
}

/// Measures; also where the record is, if there is one.
fn measure(plan: &Plan, program: &std::path::Path, arguments: &Arguments) -> (ExitCode, Option<PathBuf>) {
    if plan.shared_out {
        eprintln!("{NAME}: this target is not shared out; run it without JVS_SHARD on one of the machines");
        return (ExitCode::SUCCESS, None);
    }
    let folder = session::folder(arguments.filter.text().is_some());
    let command = session::shell_words(&plan.set, "cargo bench --bench server", &arguments.shown);
    if plan.settings.resume
        && let Ok(Some(Record { header, .. })) = Record::load(&folder)
        && header.complete
    {
        let path = run::path(&folder);
        eprintln!("{NAME}: {} is complete", path.display());
        return (ExitCode::SUCCESS, Some(path));
    }
    let outcome = run::run(&Request {
        plan,
        filter: arguments.filter.text(),
        folder: Some(folder),
        command,
        program,
    });
    match outcome {
        Ok(outcome) => (finish(&outcome, arguments.verbose), outcome.path),
        Err(error) => (not_run(&error), None),
    }
}

fn finish(outcome: &Outcome, verbose: bool) -> ExitCode {
    let Outcome { record, path, trouble } = outcome;
    let header = &record.header;
    if verbose {
        print!("\n{}", table::render(record));
    }
    for sentence in table::sentences(record) {
        // What Markdown sets in a font of its own, a terminal need not.
        print!("{}", wrapped(&format!("{NAME}: {}", sentence.replace('`', "")), "  "));
    }
    if let Some(path) = path {
        let tables = if verbose { "" } else { "; its tables: --verbose" };
        println!("{NAME}: its record: {}{tables}", shown(path));
    }
    if let Some(trouble) = trouble {
        eprintln!("{NAME}: the run ended early: {trouble}; no record was replaced");
        return ExitCode::from(trouble.exit_code());
    }
    let lacking = table::without_numbers(record);
    if let Some(first) = lacking.first() {
        let points = counted(lacking.len(), "point");
        let said = format!("{NAME}: without numbers: {points}. The first, {first}");
        print!("{}", wrapped(&said, "  "));
    }
    ExitCode::from(u8::from(!header.complete || record.failed()))
}

fn not_run(error: &Trouble) -> ExitCode {
    if !matches!(error, Trouble::Interrupted) {
        eprintln!("{NAME}: {error}");
    }
    ExitCode::from(error.exit_code())
}

/// Profiles the server of each point while it is under load.
fn profile(plan: &Plan, program: &std::path::Path, seconds: f64) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for group in &plan.groups {
        for strategy in &group.strategies {
            for level in &group.levels {
                let id = group.shape.id(*level, strategy);
                let profiled = || -> Result<String, Trouble> {
                    let mut stand = Stand::new(program, &group.shape, plan.settings.seed.unwrap_or(0), 1)?;
                    let mut server = stand.serve(&Subject::strategy(strategy))?;
                    let greatest = stand.greatest(&mut server, run::CAPACITY)?.throughput();
                    let open = rate(*level, greatest)
                        .or(rate(PROFILED_LEVEL, greatest))
                        .unwrap_or(greatest);
                    let schedule = Schedule {
                        seed: 0,
                        rate: open,
                        requests: (open * seconds).ceil() as usize,
                    };
                    let picture = stand.profile(&mut server, schedule, &id)?;
                    Ok(picture.unwrap_or_default())
                };
                match profiled() {
                    Ok(picture) => println!("Flamegraph: {picture}"),
                    Err(Trouble::Interrupted) => return ExitCode::from(interrupt::EXIT_CODE),
                    Err(error) => {
                        eprintln!("{NAME}: {id}: {error}");
                        code = ExitCode::from(1);
                    }
                }
            }
        }
    }
    code
}

thread_local! {
    /// The profile being taken, in a server's process, in the thread that answers questions.
    static UNDER_WAY: RefCell<Option<Sampler>> = const { RefCell::new(None) };
}

/// Starts a profile of this process, or ends it and draws the measurement's picture.
fn profile_here(id: Option<&str>) -> Result<Option<String>, String> {
    let Some(id) = id else {
        UNDER_WAY.set(Some(Sampler::start()?));
        return Ok(None);
    };
    let drawn = || -> Result<PathBuf, String> {
        let sampler = UNDER_WAY.take();
        let (profile, stacks) = sampler.ok_or("no profile was started")?.finish(id)?;
        let (case, strategy) = parse_measurement_id(id).map_err(|error| error.to_string())?;
        let folder = super::folder_of(&super::criterion_home(), &case, &strategy).join("profile");
        writable(&folder)?;
        write(&folder, &profile, &stacks)
    };
    drawn().map(|picture| Some(picture.display().to_string()))
}

fn help() {
    println!("The bench target server of join-vs-spawn: a server that fans out, under load (docs/SERVER.md).\n");
    print!("{VARIABLES}");
    println!(
        "\nUsage: cargo bench --bench server -- [FILTER] [--exact] [--list] [--test] [--check] [--profile-time SECONDS]\n\n\
         FILTER   a regular expression over ids: server@60/multi_thread_2/worker/1KiB/spawn/3 (60% of the greatest throughput)\n\
         --check  inject CPU time and delay, compare the load generator with an independent client, a strategy with itself;\n\
         {:9}exit code 1 where a bar does not hold\n\n\
         Rounds: {} by default here. Example: JVS_STRATEGIES=join,join_set JVS_TASKS=8 cargo bench --bench server -- server@",
        "",
        server::plan::ROUNDS
    );
}
