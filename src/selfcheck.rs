//! The suite measured against itself. So far one bar: its cells against hand-written loops.

use std::fmt::Write;

use crate::case::Case;
use crate::handwritten;
use crate::matrix::Target;
use crate::record::Status;
use crate::report::{label, significant, time};
use crate::run::{Request, RunError, run};
use crate::selection::Selection;
use crate::stats::{Estimate, median};

/// Median difference, as a fraction, that the cells must keep below.
const MEDIAN_BAR: f64 = 0.02;
/// The share of cells that must be close, and what close means: this fraction, or 1 ns per iteration.
const CLOSE_SHARE: f64 = 0.90;
const CLOSE: f64 = 0.10;
const CLOSE_NS: f64 = 1.0;

/// One cell against its hand-written twin.
#[derive(Debug, serde::Serialize)]
pub struct Cell {
    case: Case,
    strategy: String,
    suite_ns: f64,
    /// Hand-written over the suite's.
    ratio: Estimate,
    close: bool,
}

/// What the check found.
#[derive(Debug, serde::Serialize)]
pub struct Handwritten {
    /// Whether both bars hold.
    pub held: bool,
    median_difference: f64,
    close_share: f64,
    cells: Vec<Cell>,
    failed: Vec<String>,
}

/// The target under whose name the rounds of this check run.
pub fn target() -> Target {
    Target::bare("selfcheck", handwritten::entries())
}

/// Measures the suite's cells against hand-written loops.
pub fn handwritten(selection: &Selection) -> Result<Handwritten, RunError> {
    let outcome = run(Request {
        target: &target(),
        selection,
        items: handwritten::items(),
        filter: None,
        folder: None,
        command: "cargo run --release -- selfcheck".into(),
    })?;
    if let Some(trouble) = outcome.trouble {
        return Err(trouble);
    }
    let mut cells = Vec::new();
    let mut failed = Vec::new();
    for m in outcome.measurements {
        match (m.status, m.wall_ns, m.ratio) {
            (Status::Ok, Some(hand), Some(ratio)) => {
                let suite_ns = hand.median / ratio.median;
                let difference = (ratio.median - 1.0).abs();
                cells.push(Cell {
                    case: m.case,
                    strategy: m.reference,
                    suite_ns,
                    ratio,
                    close: difference <= CLOSE || difference * suite_ns <= CLOSE_NS,
                });
            }
            _ => failed.push(format!("{}: {}", m.case, m.reason.unwrap_or_default())),
        }
    }
    cells.sort_by(|a, b| {
        b.ratio
            .median
            .ln()
            .abs()
            .total_cmp(&a.ratio.median.ln().abs())
    });
    let differences: Vec<f64> = cells
        .iter()
        .map(|cell| (cell.ratio.median - 1.0).abs())
        .collect();
    let median_difference = median(&differences);
    let close_share = cells.iter().filter(|cell| cell.close).count() as f64 / cells.len() as f64;
    Ok(Handwritten {
        held: failed.is_empty() && median_difference <= MEDIAN_BAR && close_share >= CLOSE_SHARE,
        median_difference,
        close_share,
        cells,
        failed,
    })
}

impl Handwritten {
    /// The check as text, the farthest cells first.
    pub fn render(&self) -> String {
        let mut text =
            String::from("Hand-written loops over the suite's cells, farthest first\n\n");
        for cell in &self.cells {
            let _ = writeln!(
                text,
                "{:42} {:6} {:>9}  {:.4}× [{:.4}, {:.4}]{}",
                cell.case.to_string(),
                label(&cell.strategy),
                time(cell.suite_ns),
                cell.ratio.median,
                cell.ratio.low,
                cell.ratio.high,
                if cell.close { "" } else { "  not close" }
            );
        }
        for failed in &self.failed {
            let _ = writeln!(text, "failed: {failed}");
        }
        let held = |held: bool| if held { "held" } else { "NOT HELD" };
        let _ = writeln!(
            text,
            "\n{:44} {:>8}  bar {:>6}  {}",
            "median difference",
            format!("{}%", significant(self.median_difference * 100.0)),
            "≤ 2%",
            held(self.median_difference <= MEDIAN_BAR)
        );
        let _ = writeln!(
            text,
            "{:44} {:>8}  bar {:>6}  {}",
            format!("cells within 10% or 1 ns ({} cells)", self.cells.len()),
            format!("{}%", significant(self.close_share * 100.0)),
            "≥ 90%",
            held(self.close_share >= CLOSE_SHARE)
        );
        text
    }
}
