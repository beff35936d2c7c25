//! Stacks, folded: a line for each that was seen, outermost function first, with the number of its samples.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::Profile;

/// The file of the folded stacks, beside the picture.
pub const FOLDED: &str = "stacks.folded";
/// The file of what is known of them.
pub const PROFILE: &str = "profile.json";

/// A frame that nothing is known of.
pub(crate) const UNKNOWN: &str = "[unknown]";

/// Stacks that were sampled, without those of the harness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// A line a stack.
    pub text: String,
    /// Samples in it.
    pub samples: u64,
    /// Samples that were cut.
    pub cut: u64,
    /// Samples in it that go to their thread's entry through named frames.
    pub whole: u64,
}

/// Folds samples, each with its frames from the innermost on.
///
/// What is cut, since it is the harness's and not the strategy's: whole stacks outside of a runtime (building and ending
/// it, Criterion), and those of a workload's set-up; of the others the frames between the thread's entry and the runtime,
/// in whose place stands what thread it is. Hashes are cut from names, and type arguments that are long.
pub fn fold(sampled: impl IntoIterator<Item = (Vec<String>, u64)>) -> Folded {
    let mut folded = Folded::default();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (frames, count) in sampled {
        if frames.iter().any(|frame| is_set_up(frame)) {
            folded.cut += count;
            continue;
        }
        let Some((place, thread)) = root(&frames) else {
            folded.cut += count;
            continue;
        };
        let whole = frames.iter().any(|frame| is_entry(frame)) && !frames.iter().any(|f| f == UNKNOWN);
        let mut line = if whole {
            thread.to_owned()
        } else {
            format!("{thread} (stack cut short)")
        };
        for frame in frames[..=place].iter().rev() {
            line.push(';');
            line.push_str(&readable(frame));
        }
        *lines.entry(line).or_default() += count;
        folded.samples += count;
        folded.whole += if whole { count } else { 0 };
    }
    for (line, count) in lines {
        let _ = writeln!(folded.text, "{line} {count}");
    }
    folded
}

/// Where a stack enters the runtime, and on which thread.
fn root(frames: &[String]) -> Option<(usize, &'static str)> {
    let outermost = |is: fn(&str) -> bool| frames.iter().rposition(|frame| is(frame));
    let worker = outermost(|frame| frame.contains("multi_thread::worker::run"));
    if let Some(place) = worker {
        return Some((place, "worker thread"));
    }
    let block_on = outermost(|frame| frame.contains("tokio::runtime") && frame.contains("block_on"));
    block_on.map(|place| (place, "thread in block_on"))
}

/// The harness's own: the profiler's first signals, and what is made ready before the iterations.
fn is_set_up(frame: &str) -> bool {
    [
        "profile::sampling::prime",
        "::set_up",
        "client::Client::open",
        "Client::fetch_all",
    ]
    .iter()
    .any(|name| frame.contains(name))
}

/// Where threads begin: the main one, and those of the standard library.
fn is_entry(frame: &str) -> bool {
    frame == "main"
        || frame.contains("std::rt::lang_start")
        || frame.contains("thread_start")
        || frame.contains("__rust_begin_short_backtrace")
}

/// The most characters that type arguments may have.
const MOST_ARGUMENTS: usize = 24;

/// A name without hash and long type arguments, fit for a line of stacks.
fn readable(name: &str) -> String {
    let mut short = String::new();
    let mut rest = without_hash(name);
    // A name that begins with `<` is that of a type's method: the type is what one wants to read.
    if rest.starts_with('<') {
        short.push('<');
        rest = &rest[1..];
    }
    while let Some(open) = rest.find('<') {
        let (before, arguments) = rest.split_at(open);
        short.push_str(before);
        let end = closing(arguments);
        let (arguments, after) = arguments.split_at(end);
        if arguments.len() > MOST_ARGUMENTS {
            short.push_str("<..>");
        } else {
            short.push_str(arguments);
        }
        rest = after;
    }
    short.push_str(rest);
    // `;` separates frames, and `[u8; 64]` has one.
    short.replace(';', ",").replace('\n', " ")
}

/// The length of type arguments, of which the text begins with the first bracket.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let mut before = ' ';
    for (place, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        before = c;
        if depth == 0 {
            return place + c.len_utf8();
        }
    }
    text.len()
}

/// Without `::h0123456789abcdef`.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

/// The stacks of a folded text.
pub fn read(text: &str) -> impl Iterator<Item = (Vec<&str>, u64)> {
    text.lines().filter_map(|line| {
        let (frames, count) = line.rsplit_once(' ')?;
        Some((frames.split(';').collect(), count.parse().ok()?))
    })
}

/// A profile that was taken, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// What is known of it.
    pub profile: Profile,
    /// Its folder.
    pub folder: PathBuf,
    /// Its stacks.
    pub stacks: String,
}

/// The profiles below Criterion's folder, in the order of their cases.
pub fn taken(home: &Path) -> Vec<Taken> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut all = Vec::new();
    let strategies = folders(home).into_iter().flat_map(|group| folders(&group));
    for tasks in strategies.flat_map(|strategy| folders(&strategy)) {
        let folder = tasks.join("profile");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let profile = read(PROFILE).and_then(|text| serde_json::from_str(&text).ok());
        if let (Some(profile), Some(stacks)) = (profile, read(FOLDED)) {
            all.push(Taken {
                profile,
                folder,
                stacks,
            });
        }
    }
    all.sort_by_cached_key(|taken| (taken.profile.case.clone(), taken.profile.strategy.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(innermost_first: &[&str]) -> Vec<String> {
        innermost_first.iter().map(|frame| (*frame).to_owned()).collect()
    }

    #[test]
    fn the_harness_is_cut_and_the_rest_is_kept() {
        let worker = [
            "malloc",
            "tokio::runtime::task::core::Cell<T,S>::new::h0123456789abcdef",
            "tokio::runtime::scheduler::multi_thread::worker::run",
            "std::sys::thread::unix::Thread::new::thread_start",
            "[libc.so.6]",
        ];
        let main = [
            "timed::slice::fan_outs::{{closure}}",
            "tokio::runtime::runtime::Runtime::block_on_inner",
            "timed::block::run_alone",
            "main",
        ];
        let set_up = [
            "fastrand::Rng::fill",
            "<X as Workload>::set_up::{{closure}}",
            "tokio::runtime::runtime::Runtime::block_on_inner",
            "main",
        ];
        let criterion = ["criterion::bench", "main"];
        let torn = [UNKNOWN, "tokio::runtime::scheduler::multi_thread::worker::run"];
        let folded = fold([
            (frames(&worker), 3),
            (frames(&main), 2),
            (frames(&set_up), 5),
            (frames(&criterion), 7),
            (frames(&torn), 1),
        ]);
        assert_eq!((folded.samples, folded.cut, folded.whole), (6, 12, 5));
        assert_eq!(
            folded.text,
            "thread in block_on;tokio::runtime::runtime::Runtime::block_on_inner;timed::slice::fan_outs::{{closure}} 2\n\
             worker thread (stack cut short);tokio::runtime::scheduler::multi_thread::worker::run;[unknown] 1\n\
             worker thread;tokio::runtime::scheduler::multi_thread::worker::run;tokio::runtime::task::core::Cell<T,S>::new;malloc 3\n"
        );
        let read: Vec<_> = read(&folded.text).collect();
        assert_eq!(read[1].1, 1);
        assert_eq!(read[2].0.last(), Some(&"malloc"));
    }

    #[test]
    fn names_are_readable() {
        for (name, short) in [
            ("malloc", "malloc"),
            ("a::b::h0123456789abcdef", "a::b"),
            ("a::b::hello", "a::b::hello"),
            (
                "core::ptr::drop_in_place<[u8; 64]>",
                "core::ptr::drop_in_place<[u8, 64]>",
            ),
            (
                "core::ptr::drop_in_place<core::option::Option<alloc::boxed::Box<u8>>>",
                "core::ptr::drop_in_place<..>",
            ),
            (
                "<tokio::runtime::task::join::JoinHandle<T> as core::future::future::Future>::poll",
                "<tokio::runtime::task::join::JoinHandle<T> as core::future::future::Future>::poll",
            ),
            ("f<fn(u8) -> alloc::vec::Vec<core::option::Option<u8>>>::g", "f<..>::g"),
        ] {
            assert_eq!(readable(name), short);
        }
    }
}
