//! The profiler behind `cargo bench -- --profile-time SECONDS FILTER`, and the one place that knows pprof.
//!
//! pprof 0.15 offers three unwinders. That of libgcc is not safe in a signal handler. That by frame pointers begins with
//! the *caller* of the function that was interrupted (its `src/backtrace/frame_pointer.rs` reads return addresses from
//! `rbp` on, and nobody reads `rip`), so that the running function is in no picture: not join!'s loop, not malloc. The
//! third, framehop, reads the unwinding tables that every Rust binary has; it needs no flags, and the build that is
//! profiled is the one that is measured. It allocates when it is first used, which a signal handler must not do in the
//! middle of an allocation: so the first signals come while this module waits for them (`prime`).
//!
//! CPU time is what is sampled (`ITIMER_PROF`), so that a thread that is parked is not in the picture; how much CPU time
//! there was for the wall time is said in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use criterion::profiler::Profiler;
use timed::locked::lock;

use crate::flamegraph::{Profile, draw, stacks};
use crate::trouble::at;

/// Samples a second that are asked for; the kernel's tick allows some 200 to 250 for each core.
#[cfg(unix)]
const FREQUENCY: i32 = 997;

/// Measurements that were profiled, by id: where the picture is, or why there is none.
pub type Made = Vec<(String, Result<PathBuf, String>)>;

pub(super) use sampling::Sampler;

/// Criterion's hook.
pub struct Flamegraphs {
    made: Arc<Mutex<Made>>,
    under_way: Option<sampling::Sampler>,
}

impl Flamegraphs {
    /// A hook that says in `made` what it did.
    pub fn new(made: Arc<Mutex<Made>>) -> Self {
        Self { made, under_way: None }
    }
}

impl Profiler for Flamegraphs {
    fn start_profiling(&mut self, id: &str, folder: &Path) {
        match writable(folder).and_then(|()| sampling::Sampler::start()) {
            Ok(sampler) => self.under_way = Some(sampler),
            Err(error) => lock(&self.made).push((id.to_owned(), Err(error))),
        }
    }

    fn stop_profiling(&mut self, id: &str, folder: &Path) {
        // Why one did not start is said already.
        if let Some(sampler) = self.under_way.take() {
            let finished = sampler.finish(id);
            let drawn = finished.and_then(|(profile, stacks)| write(folder, &profile, &stacks));
            lock(&self.made).push((id.to_owned(), drawn));
        }
    }
}

/// Whether pictures can be written there; found before anything is profiled.
pub(super) fn writable(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    tempfile::tempfile_in(folder).map(drop).map_err(at(folder))
}

/// Writes picture, stacks and what is known of them. All are made before the first is written, so that a failure leaves
/// the earlier ones.
pub(super) fn write(folder: &Path, profile: &Profile, stacks: &str) -> Result<PathBuf, String> {
    let picture = folder.join("flamegraph.svg");
    let svg = draw::flamegraph(profile, stacks).map_err(at(&picture))?;
    let json = serde_json::to_string(profile).map_err(at(folder))?;
    for (file, bytes) in [
        (folder.join(stacks::FOLDED), stacks.as_bytes()),
        (folder.join(stacks::PROFILE), json.as_bytes()),
        (picture.clone(), &svg),
    ] {
        crate::files::replace(&file, bytes).map_err(at(&file))?;
    }
    Ok(picture)
}

#[cfg(unix)]
mod sampling {
    use std::collections::HashMap;
    use std::ffi::c_void;
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use pprof::{ProfilerGuard, ProfilerGuardBuilder};

    use super::FREQUENCY;
    use crate::case::parse_measurement_id;
    use crate::environment::Built;
    use crate::flamegraph::{Profile, stacks};
    use crate::usage::process_cpu_time;

    fn no_profiler(error: impl std::fmt::Display) -> String {
        format!("the profiler: {error}")
    }

    /// A profile being taken.
    pub struct Sampler {
        guard: ProfilerGuard<'static>,
        began: Instant,
        cpu: Duration,
    }

    impl Sampler {
        pub fn start() -> Result<Self, String> {
            let guard = ProfilerGuardBuilder::default()
                .frequency(FREQUENCY)
                .build()
                .map_err(no_profiler)?;
            prime();
            Ok(Self {
                guard,
                began: Instant::now(),
                cpu: process_cpu_time(),
            })
        }

        /// What was sampled since, without the harness.
        pub fn finish(self, id: &str) -> Result<(Profile, String), String> {
            let seconds = self.began.elapsed().as_secs_f64();
            let cpu_seconds = (process_cpu_time() - self.cpu).as_secs_f64();
            let report = self.guard.report().build_unresolved();
            let report = report.map_err(no_profiler)?;
            // No more signals while their addresses are looked up.
            drop(self.guard);
            let mut names = Names::default();
            let sampled = report.data.into_iter().map(|(sample, count)| {
                let frames = sample.frames.iter().enumerate();
                // All but the first are return addresses, and may be those of a function's last instruction.
                let names = frames.map(|(place, frame)| names.of(if place == 0 { frame.ip } else { frame.ip - 1 }));
                (names.collect(), count.unsigned_abs() as u64)
            });
            let folded = stacks::fold(sampled);
            if folded.samples == 0 {
                return Err(format!(
                    "no samples in {seconds:.1} s, of which {cpu_seconds:.3} s on a CPU: the threads were parked; profile it \
                     for longer"
                ));
            }
            let (case, strategy) = parse_measurement_id(id).map_err(no_profiler)?;
            let profile = Profile {
                case,
                strategy,
                samples: folded.samples,
                cut: folded.cut,
                whole: folded.whole,
                seconds,
                cpu_seconds,
                tokio: Built::here().tokio,
            };
            Ok((profile, folded.text))
        }
    }

    /// Uses CPU time until the first signals must have come, and allocates nothing: the unwinder makes its tables in them.
    #[inline(never)]
    fn prime() {
        let began = process_cpu_time();
        let enough = Duration::from_millis(50);
        while process_cpu_time().saturating_sub(began) < enough {
            for number in 0..1000 {
                black_box(number);
            }
        }
    }

    /// Names of functions by address.
    #[derive(Default)]
    struct Names {
        known: HashMap<usize, String>,
        libraries: Option<Vec<(std::ops::Range<usize>, String)>>,
    }

    impl Names {
        fn of(&mut self, address: usize) -> String {
            if let Some(name) = self.known.get(&address) {
                return name.clone();
            }
            // Where debug information tells of inlined functions, the last is the one that was compiled. pprof counts
            // samples by function, so that an address within it stands for all of its samples, and the inlined ones
            // would be those of one of them.
            let mut name = None;
            backtrace::resolve(address as *mut c_void, |symbol| {
                name = symbol.name().map(|name| format!("{name:#}"));
            });
            let name = name.unwrap_or_else(|| self.library(address));
            self.known.insert(address, name.clone());
            name
        }

        /// What has no name of its own (in this program: the stubs that lead into libraries) is called after its file.
        fn library(&mut self, address: usize) -> String {
            let libraries = self.libraries.get_or_insert_with(libraries);
            let found = libraries.iter().find(|(range, _)| range.contains(&address));
            found.map_or_else(|| stacks::UNKNOWN.to_owned(), |(_, name)| format!("[{name}]"))
        }
    }

    /// The files that are mapped, as Linux tells them.
    fn libraries() -> Vec<(std::ops::Range<usize>, String)> {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let program = std::env::current_exe().unwrap_or_default();
        let line = |line: &str| {
            let (range, rest) = line.split_once(' ')?;
            let (from, to) = range.split_once('-')?;
            let number = |text| usize::from_str_radix(text, 16).ok();
            let file = rest.split_whitespace().nth(4)?;
            let name = if program.as_os_str() == file {
                "this program"
            } else {
                file.rsplit('/').next().unwrap_or(file)
            };
            let name = name.trim_matches(['[', ']']);
            Some((number(from)?..number(to)?, name.to_owned()))
        };
        maps.lines().filter_map(line).collect()
    }
}

#[cfg(not(unix))]
mod sampling {
    use crate::flamegraph::Profile;

    const NONE: &str = "no profiler on this platform: it needs SIGPROF, as Linux and macOS have it";

    /// Nothing: there is no profiler here.
    pub struct Sampler;

    impl Sampler {
        pub fn start() -> Result<Self, String> {
            Err(NONE.into())
        }

        pub fn finish(self, _id: &str) -> Result<(Profile, String), String> {
            Err(NONE.into())
        }
    }
}
