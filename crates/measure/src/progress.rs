//! What a reader sees while a run goes on: a line that is redrawn on a terminal, a line a minute elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(60);

/// The progress of a run.
pub(crate) struct Progress {
    name: String,
    bar: ProgressBar,
    terminal: bool,
    began: Instant,
    printed: Instant,
    first_round: Option<usize>,
}

impl Progress {
    /// Drawn once a second at most, since whoever draws takes time from the machine that is measured.
    pub(crate) fn new(name: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(1));
        let style = ProgressStyle::with_template("{prefix} [{bar:32}] {msg}");
        bar.set_style(style.expect("the template is a constant"));
        bar.set_prefix(name.to_owned());
        Self {
            name: name.to_owned(),
            bar,
            terminal: std::io::stderr().is_terminal(),
            began: Instant::now(),
            printed: Instant::now(),
            first_round: None,
        }
    }

    /// So many layouts are made.
    pub(crate) fn layouts(&self, made: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(made as u64);
        self.bar
            .set_message(format!("linking layout {made} of {of}, once for this build"));
    }

    /// `round` rounds of `of` are begun, and `cases` of the last one are done.
    pub(crate) fn tick(&mut self, round: usize, of: usize, cases: usize) {
        let first = *self.first_round.get_or_insert_with(|| {
            self.began = Instant::now();
            round
        });
        let elapsed = self.began.elapsed().as_secs_f64();
        let over = (round - first).max(1) as f64;
        let left = elapsed / over * (of.saturating_sub(round) + 1) as f64;
        let left = if round == first {
            String::new()
        } else {
            format!(", about {left:.0} s left")
        };
        let noun = if cases == 1 { "case" } else { "cases" };
        let message = format!("round {round} of {of}, {cases} {noun} done in it{left}");
        if !self.terminal && self.printed.elapsed() >= EVERY {
            self.printed = Instant::now();
            eprintln!("{}: {message}", self.name);
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(round as u64 - 1);
        self.bar.set_message(message);
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
