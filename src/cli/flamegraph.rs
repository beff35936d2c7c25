//! `flamegraph`: what differs between the last profiles of two strategies.

use std::path::PathBuf;

use clap::Args;
use regex::Regex;

use super::{Answer, print, write_file};
use crate::bench::criterion_home;
use crate::flamegraph::page;
use crate::flamegraph::stacks::{Taken, taken};
use crate::strategy::Strategy;
use crate::trouble::Trouble;

#[derive(Args)]
#[command(after_help = "scripts/flamegraph takes both profiles and then calls this.\n\n\
                  Example: cargo bench --bench overhead -- --profile-time 5 'yield/current_thread/worker/0B/.*/8$'\n         \
                  cargo run --release -- flamegraph yield/current_thread/worker/0B/8")]
pub(super) struct Arguments {
    /// Which cases, by a regular expression over their ids: WORKLOAD/FLAVOR/SITE/PAYLOAD/TASKS, or those of measurements
    filter: Regex,
    /// The strategy that is compared to
    #[arg(long, default_value = "join", value_parser = strategy)]
    from: String,
    /// The strategy that is compared
    #[arg(long, default_value = "spawn", value_parser = strategy)]
    to: String,
}

fn strategy(text: &str) -> Result<String, String> {
    match text.parse::<Strategy>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("no such strategy; allowed: {}", Strategy::wanted())),
    }
}

pub(super) fn run(arguments: &Arguments) -> Answer {
    if arguments.from == arguments.to {
        return Err(format!(
            "--from {} --to {}: two different strategies are compared",
            arguments.from, arguments.to
        )
        .into());
    }
    let home = criterion_home();
    let all = taken(&home);
    let matches = |taken: &&Taken| {
        let profile = &taken.profile;
        let ids = [profile.case.to_string(), profile.id()];
        ids.iter().any(|id| arguments.filter.is_match(id))
    };
    let of = |strategy: &str| -> Vec<&Taken> {
        let all = all.iter().filter(matches);
        all.filter(|taken| taken.profile.strategy == strategy).collect()
    };
    let (before, after) = (of(&arguments.from), of(&arguments.to));
    let pairs: Vec<(&Taken, &Taken)> = before
        .iter()
        .filter_map(|a| Some((*a, *after.iter().find(|b| b.profile.case == a.profile.case)?)))
        .collect();
    if pairs.is_empty() {
        return Err(format!(
            "no profiles of both {} and {} match `{}` in {}; scripts/flamegraph takes them",
            arguments.from,
            arguments.to,
            arguments.filter,
            home.display()
        )
        .into());
    }
    // All are drawn before the first is written.
    let drawn: Vec<_> = pairs.into_iter().map(|(a, b)| draw(a, b)).collect::<Result<_, _>>()?;
    let mut paths = String::new();
    for (folder, files) in drawn {
        std::fs::create_dir_all(&folder).map_err(Trouble::failed_at(&folder))?;
        for (file, contents) in files {
            write_file(&folder.join(file), &contents)?;
        }
        paths += &format!("{}\n", folder.join("index.html").display());
    }
    print(&paths)
}

/// A case's folder, and name and contents of each file in it, the page last.
type Drawn = (PathBuf, Vec<(String, Vec<u8>)>);

fn draw(a: &Taken, b: &Taken) -> Result<Drawn, String> {
    let one = (&a.profile, a.stacks.as_str());
    let other = (&b.profile, b.stacks.as_str());
    let case = &a.profile.case;
    let pictures = page::pictures(one, other).map_err(|error| format!("{case}: {error}"))?;
    let html = page::page(one, other, &pictures);
    eprint!("{}", page::text(one, other));
    // Beside Criterion's folder, which is cleared by its own rules.
    let home = criterion_home();
    let name = case.to_string().replace('/', "_");
    let mut files: Vec<_> = pictures.into_iter().map(|(file, _, svg)| (file, svg)).collect();
    files.push(("index.html".into(), html.into_bytes()));
    Ok((home.parent().unwrap_or(&home).join("flamegraphs").join(name), files))
}
