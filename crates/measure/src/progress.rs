//! What a reader sees while something takes long: a line that is redrawn on a terminal, a line a minute elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(60);

/// A line on standard error that says what goes on.
#[derive(Debug)]
pub struct Telling {
    bar: ProgressBar,
    terminal: bool,
    printed: Instant,
}

impl Telling {
    /// A line of words alone.
    pub fn new() -> Self {
        Self::like("{msg}")
    }

    /// Drawn once a second at most, since whoever draws takes time from the machine that is measured.
    fn like(template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(1));
        bar.set_style(ProgressStyle::with_template(template).expect("templates are constants"));
        Self {
            bar,
            terminal: std::io::stderr().is_terminal(),
            printed: Instant::now(),
        }
    }

    /// What goes on now.
    pub fn tell(&mut self, what: &str) {
        if !self.terminal && self.printed.elapsed() >= EVERY {
            self.printed = Instant::now();
            eprintln!("{}{what}", self.bar.prefix());
        }
        self.bar.set_message(what.to_owned());
    }

    /// A line that stays.
    pub fn say(&self, what: &str) {
        self.bar.suspend(|| eprintln!("{what}"));
    }

    /// The line goes.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How long what is `to_come` takes, if as long as the `over` since then: `, about 60 s left`; nothing where none is over.
pub fn left(began: Instant, over: usize, to_come: usize) -> String {
    match over {
        0 => String::new(),
        over => format!(
            ", about {:.0} s left",
            began.elapsed().as_secs_f64() / over as f64 * to_come as f64
        ),
    }
}

impl Default for Telling {
    fn default() -> Self {
        Self::new()
    }
}

/// The progress of a run.
pub(crate) struct Progress {
    line: Telling,
    began: Instant,
    first_round: Option<usize>,
}

impl Progress {
    pub(crate) fn new(name: &str) -> Self {
        let line = Telling::like("{prefix}[{bar:32}] {msg}");
        line.bar.set_prefix(format!("{name}: "));
        Self {
            line,
            began: Instant::now(),
            first_round: None,
        }
    }

    /// So many layouts are made.
    pub(crate) fn layouts(&mut self, made: usize, of: usize) {
        self.line.bar.set_length(of as u64);
        self.line.bar.set_position(made as u64);
        self.line
            .tell(&format!("linking layout {made} of {of}, once for this build"));
    }

    /// `round` rounds of `of` are begun, and `cases` of the last one are done.
    pub(crate) fn tick(&mut self, round: usize, of: usize, cases: usize) {
        let first = *self.first_round.get_or_insert_with(|| {
            self.began = Instant::now();
            round
        });
        let left = left(self.began, round - first, of.saturating_sub(round) + 1);
        let noun = if cases == 1 { "case" } else { "cases" };
        self.line.bar.set_length(of as u64);
        self.line.bar.set_position(round as u64 - 1);
        self.line
            .tell(&format!("round {round} of {of}, {cases} {noun} done in it{left}"));
    }

    pub(crate) fn end(&self) {
        self.line.end();
    }
}
