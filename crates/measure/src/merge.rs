//! Shards merged: the records of shares of one matrix, measured on machines of one kind, as one record.

use std::path::{Path, PathBuf};

use crate::in_order::unique;
use crate::record::{Header, Measurement, RecordError};
use crate::shard::Sharded;
use crate::stats::Estimate;
use crate::text::known;

/// A shard's record, and the file that it is.
pub type ShardRecord = (PathBuf, Header, Vec<Measurement>);

/// Why shards are not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A record does not fit to the others.
    #[error(transparent)]
    Misfit(#[from] RecordError),
    /// The machines measured the same cases, and found something else.
    #[error("the shards' anchors disagree, so that they are not of one kind of machine: {}", .0.join("; "))]
    Disagree(Vec<String>),
}

/// The fields that `--allow` can let differ.
pub const ALLOWED: [&str; 9] = [
    "cpu", "cores", "quota", "kernel", "rustc", "tokio", "profile", "layouts", "revision",
];

/// In what shards must be alike: each field's name, and its value in a header.
fn fields(header: &Header) -> [(&'static str, String); 16] {
    let (e, shard) = (&header.environment, header.shard.as_ref());
    let frame_pointers = if e.built.frame_pointers {
        " with frame pointers"
    } else {
        ""
    };
    let simulated = if header.simulated.is_some() { "yes" } else { "no" };
    [
        ("cpu", known(&e.cpu)),
        ("cores", e.cores.to_string()),
        ("quota", e.quota_in_words()),
        ("kernel", known(&e.kernel)),
        ("rustc", e.built.rustc.clone()),
        ("tokio", e.built.tokio.clone()),
        ("profile", format!("{}{frame_pointers}", e.built.profile)),
        ("layouts", header.layouts.to_string()),
        ("revision", known(&e.git)),
        ("matrix", header.matrix.clone()),
        ("filter", known(&header.filter)),
        ("rounds", header.rounds.to_string()),
        ("simulated", simulated.to_owned()),
        ("seed", header.seed.to_string()),
        ("number of shards", shard.map_or(0, |shard| shard.of).to_string()),
        ("plan", shard.map_or_else(String::new, |shard| shard.whole.clone())),
    ]
}

/// More cases than any matrix has.
const MOST_CASES: usize = 1_000_000;

/// Merges the records of one target. Fields named in `allow` may differ.
///
/// # Errors
///
/// [`MergeError`]: the records are of other runs, machines or shards, or a shard is missing or there twice.
pub fn merge(parts: &[ShardRecord], allow: &[String]) -> Result<(Header, Vec<Measurement>), MergeError> {
    let misfit = |path: &Path, line: usize, problem: String| MergeError::from(RecordError::at(path, line, problem));
    let sharded = |part: &ShardRecord| -> Result<Sharded, MergeError> {
        let (path, header, _) = part;
        if !header.complete {
            return Err(misfit(path, 1, "the run is not complete".into()));
        }
        let none = || misfit(path, 1, "no shard: it was measured without JVS_SHARD".into());
        header.shard.clone().ok_or_else(none)
    };
    let Some(first) = parts.first() else {
        return Err(misfit(Path::new(""), 1, "nothing to merge".into()));
    };
    let whole = sharded(first)?;
    if whole.cases > MOST_CASES {
        let problem = format!("a shard of {} cases, which are more than any matrix has", whole.cases);
        return Err(misfit(&first.0, 1, problem));
    }
    // Each case by its place: its lines, and which record they are from.
    let mut cases: Vec<Option<(usize, Vec<Measurement>)>> = vec![None; whole.cases];
    let mut numbers: Vec<usize> = Vec::new();
    let mut disagree = Vec::new();
    let mut differ = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let (path, header, measurements) = part;
        let own = sharded(part)?;
        for ((name, expected), (_, found)) in fields(&first.1).into_iter().zip(fields(header)) {
            // Rounds of one layout are their own units; of two numbers of layouts one record cannot tell whose a round is.
            let never = name == "layouts" && header.layouts > 1 && first.1.layouts > 1;
            let allowed = allow.iter().any(|allowed| allowed == name) && !never;
            if expected != found && !allowed {
                let mut problem = format!("{name}: {found}, but {expected} in {}", first.0.display());
                if ALLOWED.contains(&name) && !never {
                    problem += &format!(" (--allow {name} lets it differ)");
                }
                return Err(misfit(path, 1, problem));
            }
            if expected != found {
                differ.push(format!(
                    "Merged though {name} differs: {expected} in shard {}, {found} in shard {}.",
                    whole.number, own.number
                ));
            }
        }
        if numbers.contains(&own.number) {
            return Err(misfit(
                path,
                1,
                format!("shard {} of {} is there twice", own.number, own.of),
            ));
        }
        numbers.push(own.number);
        let (measured, of) = (measurements.chunk_by(|a, b| a.case == b.case).count(), own.places.len());
        if measured < of {
            // Which they are the record does not say.
            let problem =
                format!("{measured} of the {of} cases of its shard: where a filter left some out, shards do not merge");
            return Err(misfit(path, 1, problem));
        }
        let mut places = own.places.iter();
        // The header is line 1.
        let mut line = 2;
        for lines in measurements.chunk_by(|a, b| a.case == b.case) {
            let place = places.next().copied().filter(|place| *place < cases.len());
            let Some(place) = place else {
                return Err(misfit(path, line, format!("{}: no case of this shard", lines[0].case)));
            };
            match &cases[place] {
                None => cases[place] = Some((number, lines.to_vec())),
                Some((other, before)) if whole.anchors.contains(&place) => {
                    disagree.extend(
                        disagreement(before, lines)
                            .map(|what| format!("{what} ({} and {})", parts[*other].0.display(), path.display())),
                    );
                }
                Some((other, _)) => {
                    return Err(misfit(
                        path,
                        line,
                        format!("{} is in {} as well", lines[0].case, parts[*other].0.display()),
                    ));
                }
            }
            line += lines.len();
        }
    }
    if let Some(missing) = (1..=whole.of).find(|number| !numbers.contains(number)) {
        return Err(misfit(
            &first.0,
            1,
            format!("shard {missing} of {} is missing", whole.of),
        ));
    }
    if let Some(place) = cases.iter().position(Option::is_none) {
        return Err(misfit(
            &first.0,
            1,
            format!("case {} of {} is in no shard", place + 1, whole.cases),
        ));
    }
    if !disagree.is_empty() {
        return Err(MergeError::Disagree(disagree));
    }
    let measurements = cases.into_iter().flatten().flat_map(|(_, lines)| lines).collect();
    let mut merged = header(parts, &whole);
    merged.traps.extend(differ);
    Ok((merged, measurements))
}

/// How an anchor's ratios differ beyond their intervals, and beyond what the machines themselves stray by: their noise floors.
fn disagreement(a: &[Measurement], b: &[Measurement]) -> impl Iterator<Item = String> {
    let differ = |a: &Measurement, b: &Measurement| -> Option<String> {
        let (one, other): (Estimate, Estimate) = (a.ratio?, b.ratio?);
        let floor = 1.0 + a.noise_floor.unwrap_or(0.0).max(b.noise_floor.unwrap_or(0.0));
        let apart = one.high * floor < other.low || other.high * floor < one.low;
        (apart && !a.is_control() && one.level > 0.0 && other.level > 0.0).then(|| {
            format!(
                "{}: [{:.4}, {:.4}] and [{:.4}, {:.4}]",
                a.case.measurement_id(&a.strategy),
                one.low,
                one.high,
                other.low,
                other.high
            )
        })
    };
    let found: Vec<String> = a
        .iter()
        .filter_map(|one| differ(one, b.iter().find(|other| other.strategy == one.strategy)?))
        .collect();
    found.into_iter()
}

/// The header of the whole.
fn header(parts: &[ShardRecord], whole: &Sharded) -> Header {
    let headers = || parts.iter().map(|(_, header, _)| header);
    let mut merged = parts[0].1.clone();
    merged.shard = None;
    merged.plan = whole.whole.clone();
    merged.started = headers().map(|header| header.started.clone()).min().unwrap_or_default();
    merged.seconds = headers().map(|header| header.seconds).sum();
    merged.minutes = headers().map(|header| header.minutes).sum();
    let timed = headers()
        .map(|header| Some(header.timed_share? * header.seconds))
        .sum::<Option<f64>>();
    merged.timed_share = timed.map(|timed| timed / merged.seconds);
    let without_shard = |word: &&str| !word.starts_with("JVS_SHARD=");
    merged.command = merged
        .command
        .split(' ')
        .filter(without_shard)
        .collect::<Vec<_>>()
        .join(" ");
    // The rounds' layouts, of the shard that made the most of them: a shard of few cases has time for more rounds.
    let most = headers().max_by_key(|header| (header.layouts, header.states.len()));
    merged.states = most.map(|header| header.states.clone()).unwrap_or_default();
    merged.layouts = most.map_or(1, |header| header.layouts);
    merged.only_one_layout = most.and_then(|header| header.only_one_layout.clone());
    merged.cut = unique(headers().flat_map(|header| header.cut.clone()));
    merged.traps = unique(headers().flat_map(|header| header.traps.clone()));
    for header in headers().skip(1) {
        merged.resident_bytes = merged.resident_bytes.or_more(header.resident_bytes);
        merged.conditions = merged.conditions.or_worse(&header.conditions);
    }
    merged
}
