//! The child: what a round's process does.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::Job;
#[cfg(target_os = "linux")]
use super::fresh::{Copy, OnOneCore};
use super::protocol::{ARGUMENT, Event, MARK, Task};
use crate::block::{self, Block, wakes_threads};
use crate::shared_core;
use crate::workload::{self, Entry};

/// If this process was started as a round or as a mock server, is that and exits; else returns. Comes first in
/// every `main`.
pub fn run_if_child(entries: &[Entry]) {
    #[cfg(feature = "http")]
    crate::http::server::run_if_server();
    if std::env::args().nth(1).as_deref() != Some(ARGUMENT) {
        return;
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    raise_stack_limit();
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(|poison| poison.into_inner()) = panic.to_string();
    }));
    // A parent that is gone takes its round with it, by whichever end of the pipes is noticed first.
    let said = answer_tasks(entries);
    std::process::exit(if said.is_ok() { 0 } else { 3 });
}

/// A join! of a MiB passes through the main thread's stack, which may be limited to as much. On Linux the main thread's
/// stack grows up to the limit of the moment, so that it can be raised from inside.
fn raise_stack_limit() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const WANTED: u64 = 64 << 20;
        let limit = getrlimit(Resource::Stack);
        if limit.current.is_some_and(|current| current < WANTED) {
            let current = Some(limit.maximum.map_or(WANTED, |most| most.min(WANTED)));
            let _ = setrlimit(Resource::Stack, Rlimit { current, ..limit });
        }
    }
}

/// What the panic hook of a round heard last: the reason of a case that panicked.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Tells the parent. Locked for one line at a time, since children may print as well, from any thread.
fn say(event: &Event) -> io::Result<()> {
    let mut line = vec![MARK];
    serde_json::to_writer(&mut line, event)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Measures what it is told to, up to the first failure or the end of standard input.
fn answer_tasks(entries: &[Entry]) -> io::Result<()> {
    say(&Event::Ready)?;
    let mut input = io::stdin().lock();
    let mut line = String::new();
    loop {
        line.clear();
        #[cfg(target_os = "linux")]
        super::fresh::spin_until_told();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let task: Task = match serde_json::from_str(&line) {
            Ok(task) => task,
            Err(error) => {
                eprintln!("a round is started by the suite, which tells it what to do: {error}");
                std::process::exit(2);
            }
        };
        let workload = &task.job.case.workload;
        let Some(entry) = workload::find(entries, workload) else {
            return say(&Event::Failed(format!("no workload {workload}")));
        };
        // Servers live as long as the round, and are started by it.
        #[cfg(feature = "http")]
        if entry.served
            && let Some(strategy) = task.job.strategies.first()
            && let Err(reason) = crate::http::server::choose(strategy)
        {
            return say(&Event::Failed(reason));
        }
        #[cfg(target_os = "linux")]
        if task.rested {
            super::fresh::warm(task.core);
        }
        if !answer(&task, &entry)? {
            return Ok(());
        }
    }
}

/// Measures what a task asks for, in copies of this process where it can be copied; whether the next one may come.
fn answer(task: &Task, entry: &Entry) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    if !task.in_place {
        // One thread is left where it is: the kernel moves it for reasons that lie outside of its program.
        let _stays = (!wakes_threads(&task.job.case)).then(|| OnOneCore::stay(task.core));
        let before = look_at_core(task);
        let copy = Copy::make(|| {
            let _ = say(&event(measured_from(task, entry, before)));
        })?;
        return match copy.wait() {
            None => Ok(true),
            Some(how) => say(&Event::Failed(format!("its process ended with {how}"))).map(|()| false),
        };
    }
    let before = look_at_core(task);
    let measured = measured_from(task, entry, before);
    let goes_on = measured.is_ok();
    say(&event(measured)).map(|()| goes_on)
}

/// Whether another program shares the core, of a task that stays on one.
fn look_at_core(task: &Task) -> Option<f64> {
    (!wakes_threads(&task.job.case)).then(shared_core::task_ns)
}

/// A task's block, and how its core was before and after it.
fn measured_from(task: &Task, entry: &Entry, before: Option<f64>) -> Result<(Block, Option<[f64; 2]>), String> {
    let block = measure(task, entry)?;
    Ok((block, before.map(|before| [before, shared_core::task_ns()])))
}

fn event(measured: Result<(Block, Option<[f64; 2]>), String>) -> Event {
    match measured {
        Ok((block, core_ns)) => Event::Block {
            block: Box::new(block),
            servers: servers(),
            core_ns,
        },
        Err(reason) => Event::Failed(reason),
    }
}

/// The processes of this one's mock servers.
fn servers() -> Vec<u32> {
    #[cfg(feature = "http")]
    return crate::http::server::started();
    #[cfg(not(feature = "http"))]
    Vec::new()
}

/// The block, or the reason for which there is none.
fn measure(task: &Task, entry: &Entry) -> Result<Block, String> {
    let Job { case, strategies, .. } = &task.job;
    let strategies: Vec<&str> = strategies.iter().map(String::as_str).collect();
    catch_unwind(AssertUnwindSafe(|| {
        block::run(entry, case, &strategies, task.shape, task.seed)
    }))
    .unwrap_or_else(|_| {
        let panic = LAST_PANIC.lock();
        let panic = panic.unwrap_or_else(|poison| poison.into_inner());
        Err(panic.replace('\n', " "))
    })
}
