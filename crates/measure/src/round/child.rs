//! The child: what a round's process does.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use timed::locked::lock;

use super::Job;
#[cfg(target_os = "linux")]
use super::core::FreeCore;
#[cfg(target_os = "linux")]
use super::fresh::Copy;
use super::protocol::{ARGUMENT, BlockTask, Event, MARK, Task};
use crate::block::{self, Block, wakes_threads};
#[cfg(target_os = "linux")]
use crate::one_core::OnOneCore;
use crate::runtime::BlockRuntime;
use crate::shared_core;
use crate::workload::{self, Entry};

/// If this process was started as a round or as a mock server, is that and exits; else returns. Comes first in
/// every `main`.
pub fn run_if_child(entries: &[Entry]) {
    #[cfg(feature = "http")]
    crate::http::server::run_if_server();
    if std::env::args_os().nth(1).is_none_or(|first| first != ARGUMENT) {
        return;
    }
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    raise_stack_limit();
    std::panic::set_hook(Box::new(|panic| {
        *lock(&LAST_PANIC) = panic.to_string();
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
    #[cfg(target_os = "linux")]
    let mut free_core = FreeCore::default();
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
        let parts = match parts(&task, entries) {
            Ok(parts) => parts,
            Err(reason) => return say(&Event::Failed(reason)),
        };
        // One thread is left where it is: the kernel moves it for reasons that lie outside of its program.
        #[cfg(target_os = "linux")]
        let _stays = (!task.in_place && on_one_core(&parts))
            .then(|| OnOneCore::stay(free_core.choose(task.core, task.free_ns, task.rested)));
        if !answer(&task, &parts)? {
            return Ok(());
        }
    }
}

/// What a task asks for, with the workload of each.
fn parts<'a>(task: &'a Task, entries: &[Entry]) -> Result<Vec<(&'a BlockTask, Entry)>, String> {
    let with_entry = |part: &'a BlockTask| {
        let workload = &part.job.case.workload;
        let entry = workload::find(entries, workload).ok_or_else(|| format!("no workload {workload}"))?;
        // Servers live as long as the round, and are started by it.
        #[cfg(feature = "http")]
        if entry.served
            && let Some(strategy) = part.job.strategies.first()
        {
            crate::http::server::choose(strategy)?;
        }
        Ok((part, entry))
    };
    task.parts.iter().map(with_entry).collect()
}

/// Measures what a task asks for, in a copy of this process where it can be copied; whether the next one may come.
fn answer(task: &Task, parts: &[(&BlockTask, Entry)]) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    if !task.in_place {
        if let Some(threads) = super::fresh::other_threads() {
            let reason = format!(
                "its process had other threads ({threads}) before anything was measured, and can be copied with one only: what measures \
                 comes first in `main`, before a runtime or a thread is started"
            );
            return say(&Event::Failed(reason)).map(|()| false);
        }
        let before = look_at_core(parts);
        let copy = Copy::make(|| {
            let _ = measure_each(parts, before);
        })?;
        return match copy.wait() {
            None => Ok(true),
            Some(how) => say(&Event::Failed(format!("its process ended with {how}"))).map(|()| false),
        };
    }
    let before = look_at_core(parts);
    measure_each(parts, before)
}

fn on_one_core(parts: &[(&BlockTask, Entry)]) -> bool {
    parts.iter().all(|(part, _)| !wakes_threads(&part.job.case))
}

/// Whether another program shares the core, of what stays on one.
fn look_at_core(parts: &[(&BlockTask, Entry)]) -> Option<f64> {
    on_one_core(parts).then(shared_core::task_ns)
}

/// Measures blocks one after the other in one runtime and tells of each, up to the first that fails; whether none did. `before` is
/// how the core was before them.
fn measure_each(parts: &[(&BlockTask, Entry)], before: Option<f64>) -> io::Result<bool> {
    let [(first, _), ..] = parts else {
        return Ok(true);
    };
    let BlockTask { job, seed, .. } = first;
    let mut runtime = Err("no runtime was made".to_owned());
    for (place, (part, entry)) in parts.iter().enumerate() {
        let measured = catch_unwind(AssertUnwindSafe(|| {
            if place == 0 {
                runtime = BlockRuntime::of(&job.case, *seed);
            }
            measure(runtime.as_ref().map_err(Clone::clone)?, part, entry, place > 0)
        }));
        let measured = measured.unwrap_or_else(|_| Err(lock(&LAST_PANIC).replace('\n', " ")));
        let failed = measured.is_err();
        say(&match measured {
            Ok(block) => Event::Block {
                block: Box::new(block),
                servers: servers(),
                core_ns: before.map(|before| [before, shared_core::task_ns()]),
            },
            Err(reason) => Event::Failed(reason),
        })?;
        if failed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The processes of this one's mock servers.
fn servers() -> Vec<u32> {
    #[cfg(feature = "http")]
    return crate::http::server::started();
    #[cfg(not(feature = "http"))]
    Vec::new()
}

/// The block, or the reason for which there is none.
fn measure(runtime: &BlockRuntime, part: &BlockTask, entry: &Entry, settled: bool) -> Result<Block, String> {
    let Job { case, strategies, .. } = &part.job;
    let strategies: Vec<&str> = strategies.iter().map(String::as_str).collect();
    let shape = if settled { part.shape.again() } else { part.shape };
    block::run_in(runtime, entry, case, &strategies, shape, part.seed)
}
