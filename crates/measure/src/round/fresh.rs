//! A fresh process for each block, without starting the program again: a copy of the round's process as it
//! was when it had measured nothing yet.
//!
//! What a block measures depends on what its process did before: on where earlier blocks left the heap, and on whether there
//! ever was a second thread (glibc then locks for the rest of the process's life). A program that only uses one strategy has
//! no such past. A copy costs less than a start of the program.
#![allow(unsafe_code, reason = "a process is copied by fork(2), which no safe wrapper offers")]

use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getppid, set_parent_process_death_signal, waitpid};

/// How many threads there are beside this one; `None` for none. Allocates nothing, so that the heap is as it was.
pub(super) fn other_threads() -> Option<u64> {
    // A folder has two links of its own, and one for each folder in it (proc(5)).
    let links = std::fs::metadata("/proc/self/task").map_or(3, |tasks| tasks.nlink());
    links.checked_sub(3).filter(|threads| *threads > 0)
}

/// A copy of this process.
#[must_use = "a copy that nobody waits for stays a zombie"]
pub(super) struct Copy(Pid);

impl Copy {
    /// Makes a copy that runs `task` and ends. `task` must have written all that it has to say when it returns.
    ///
    /// This process may have no other thread ([`other_threads`]): a copy has only the thread that made it, and a lock that another
    /// one held would stay locked.
    pub(super) fn make(task: impl FnOnce()) -> io::Result<Self> {
        let parent = getpid();
        // SAFETY: this process has one thread, so that the copy is whole: no lock is held by a thread that is missing in it.
        match unsafe { libc::fork() } {
            0 => {
                // An original that is killed takes its copies with it; one that was killed before this line is seen by the next.
                let _ = set_parent_process_death_signal(Some(Signal::KILL));
                if getppid() == Some(parent) {
                    task();
                }
                // SAFETY: ends the process at once, without the exit handlers, which are its original's.
                unsafe { libc::_exit(0) }
            }
            copy => Pid::from_raw(copy)
                .filter(|_| copy > 0)
                .map(Self)
                .ok_or_else(io::Error::last_os_error),
        }
    }

    /// Waits for its end: how it ended, where it did not end as it should.
    pub(super) fn wait(self) -> Option<String> {
        let status = loop {
            match waitpid(Some(self.0), WaitOptions::empty()) {
                Ok(Some((_, status))) => break status,
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Some(error.to_string()),
            }
        };
        match (status.exit_status(), status.terminating_signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("exit status: {code}")),
            (None, Some(signal)) => Some(format!("signal: {signal}")),
            (None, None) => Some("neither an exit status nor a signal".to_owned()),
        }
    }
}

/// How long a process looks for its next task before it sleeps: the parent needs some tens of microseconds to send one, unless
/// it is another process's turn.
const LOOK: Duration = Duration::from_micros(200);

/// Waits for standard input without letting the core rest, which would be slow afterwards: on some hosts for tens of
/// milliseconds.
pub(super) fn spin_until_told() {
    let began = Instant::now();
    let stdin = std::io::stdin();
    while began.elapsed() < LOOK {
        let mut waited_for = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut waited_for, Some(&Timespec::default())) != Ok(0) {
            return;
        }
    }
}
