//! A busy machine, made on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::environment::cores;

/// How the machine is kept busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// A thread for each core that never stops.
    Spinning,
    /// A thread for each core that is busy for 50 ms, and then not for as long.
    Bursts,
}

const BURST: Duration = Duration::from_millis(50);

/// Threads that keep the machine busy; dropped, they stop.
pub(super) struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    pub(super) fn begin(load: Load) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..cores())
            .map(|_| {
                let stop = stop.clone();
                std::thread::spawn(move || {
                    while !stop.load(Relaxed) {
                        let began = Instant::now();
                        while began.elapsed() < BURST && !stop.load(Relaxed) {
                            std::hint::spin_loop();
                        }
                        if load == Load::Bursts {
                            std::thread::sleep(BURST);
                        }
                    }
                })
            })
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
