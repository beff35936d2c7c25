//! `builds --bisect`: which build was the first to change, from a good one to a bad one.

use std::path::PathBuf;

use super::arguments::Arguments;
use super::asked::{selection, wanted, words};
use super::{Comparing, folder_of};
use crate::builds::bisect::{self, Told};
use crate::builds::{Judged, Spec};
use crate::cli::{Answer, print, print_answer, print_line};
use crate::compare::Change;
use crate::environment::package_folder;
use crate::report::builds::{Style, render};
use crate::stats::Estimate;
use crate::targets::without_scale;
use crate::text::{interval, times};
use crate::trouble::Trouble;

/// How many times more rounds a candidate gets that cannot be told.
const AGAIN: [usize; 2] = [1, 4];

/// The builds that are searched, and how they are measured.
struct Search<'a> {
    comparing: Comparing<'a>,
    candidates: Vec<Spec>,
    folder: PathBuf,
    /// Builds that were measured.
    measured: usize,
}

impl Search<'_> {
    /// Measures a candidate beside the good one, in a folder of that name.
    fn beside_the_good_one(&mut self, place: usize, name: &str) -> Result<Judged, Trouble> {
        let specs = [&self.candidates[0], &self.candidates[place]].map(Spec::clone);
        let compared = self.comparing.compared(&specs, &self.folder.join(name));
        compared.map(|(_, judged)| judged)
    }

    /// Whether a candidate is on the good or on the bad side of half of the `whole` change of what is measured.
    fn ask(&mut self, place: usize, whole: &Estimate) -> Result<Told, Trouble> {
        let candidate = self.candidates[place].clone();
        let strategy = self.comparing.wanted.targets[0].1[0].1[0].clone();
        let half = whole.median.ln() / 2.0;
        for more in AGAIN {
            self.comparing.wanted.more_rounds = more;
            let name = format!("{}-{more}", candidate.file_name());
            let judged = match self.beside_the_good_one(place, &name) {
                Err(Trouble {
                    reason, of_build: true, ..
                }) => {
                    print_line(format_args!("  {candidate}: passed over: {reason}"))?;
                    return Ok(Told::Unknown(reason));
                }
                judged => judged?,
            };
            self.measured += usize::from(more == AGAIN[0]);
            let row = judged.rows.iter().find(|row| row.strategy == strategy);
            let Some(change) = row.and_then(|row| row.cells[0].change) else {
                return Ok(Told::Unknown("it could not be measured".into()));
            };
            let [low, high] = [change.low.ln() / half, change.high.ln() / half];
            let (answer, said) = if low.min(high) > 1.0 {
                (Told::Bad, "changed")
            } else if low.max(high) < 1.0 {
                (Told::Good, "as the good one")
            } else {
                continue;
            };
            let shown = interval(&change, "no interval");
            print_line(format_args!("  {candidate}: {} {shown}: {said}", times(change.median)))?;
            return Ok(answer);
        }
        print_line(format_args!(
            "  {candidate}: not to be told, with {} times as many rounds",
            AGAIN[AGAIN.len() - 1]
        ))?;
        Ok(Told::Unknown("its interval holds half of the change".into()))
    }
}

pub(super) fn bisected(arguments: &Arguments) -> Answer {
    let (specs, filter) = words(&arguments.words)?;
    let [good, bad] = &specs[..] else {
        return Err("--bisect takes two SPECs, a good and a bad one, and a filter".into());
    };
    let targets = without_scale();
    let selection = selection(&targets)?;
    let mut search = Search {
        candidates: bisect::candidates(good, bad, &package_folder())?,
        folder: folder_of("bisect", &arguments.name)?,
        comparing: Comparing::new(arguments, wanted(&targets, &selection, &specs, filter)?)?,
        measured: 2,
    };
    let last = search.candidates.len() - 1;
    let judged = search.beside_the_good_one(last, "ends")?;
    print(&render(&judged, false, Style::Text))?;
    let surest = judged
        .cells(0)
        .filter(|(_, cell)| matches!(cell.judged, Change::Slower | Change::Faster))
        .filter_map(|(row, cell)| Some((row, cell.change?)))
        .max_by(|(_, a), (_, b)| a.median.ln().abs().total_cmp(&b.median.ln().abs()));
    let Some((row, whole)) = surest else {
        return print_answer(
            &format!(
                "Nothing changed for sure from {good} to {bad}, so that there is nothing to look for between them.\n"
            ),
            false,
        );
    };
    let id = row.case.measurement_id(&row.strategy);
    print_line(format_args!(
        "Looking for what changed {id}, among {} builds.",
        last + 1
    ))?;
    let of_case = |(target, _): &(&crate::Target, _)| target.entry(&row.case.workload).is_some();
    let measured = &mut search.comparing.wanted.targets;
    measured.retain(of_case);
    for (_, measurements) in measured {
        *measurements = vec![(row.case.clone(), vec![row.strategy.clone()])];
    }
    let found = bisect::search(last, |place| search.ask(place, &whole))?;
    let mut said = format!(
        "{id} changed from {} to {}; {} of {} builds were measured.\n",
        search.candidates[found.last_good],
        search.candidates[found.first_bad],
        search.measured,
        last + 1
    );
    for (place, why) in &found.unknown {
        said += &format!("Between them, and not told: {}: {why}\n", search.candidates[*place]);
    }
    print(&said)
}
